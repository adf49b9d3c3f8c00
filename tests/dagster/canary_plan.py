"""What the canary plants into the answers of the PACS, and which studies it spoils."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from protocol_assets_simulator import Answer, Request

from .canary import MARK, STRUCTURE, Planter
from .canary_numbers import NumberPlanter

# In every study: names, numbers, texts, terms, a dirty number.
PLANTED = {
    "00100010": "PN",
    "00100020": "LO",
    "00100021": "LO",
    "00080050": "SH",
    "00080080": "LO",
    "00080090": "PN",
    "00081010": "SH",
    "00081030": "LO",
    "0008103E": "LO",
    "00081070": "PN",
    "00181000": "LO",
    "00181020": "LO",
    "00181030": "LO",
    "00181250": "SH",
    "00180015": "CS",
    "00180022": "CS",
    "00180081": "DS",
    "00104000": "LT",
    "00324000": "LT",
    "00100030": "DA",
}


@dataclass
class Plan:
    """What is planted where, and which studies the PACS spoils."""

    classic: str
    enhanced: str
    broken: str
    refused: str
    planter: Planter = field(default_factory=Planter)
    unreceived: Planter = field(default_factory=lambda: Planter(first=1_000_000))
    numbers: NumberPlanter = field(default_factory=NumberPlanter)
    _planted: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, request: Request, answer: Answer) -> Answer:
        if not request.path.endswith("metadata") or answer.status != 200:
            return answer
        if self.broken in request.path:
            return Answer(200, self._not_utf8(), answer.headers)
        if self.refused in request.path:
            return Answer(500, MARK.encode() + b"BODYXX", answer.headers)
        instances = json.loads(answer.body)
        (uid,) = instances[0]["0020000D"]["Value"]
        planted = self._planted.setdefault(uid, self._of_study(uid))
        for instance in instances:
            instance |= deepcopy({tag: planted[tag] for tag in PLANTED})
        instances[0] |= deepcopy(planted)
        if uid not in (self.classic, self.enhanced):
            for instance in instances:
                self.numbers(instance)
        return Answer(200, json.dumps(instances).encode(), answer.headers)

    def _of_study(self, uid: str) -> dict[str, Any]:
        planted: dict[str, Any] = {}
        if uid == self.classic:
            planted = self.planter.every_attribute(STRUCTURE | {"00400275"})
            planted["00400275"] = {"vr": "SQ", "Value": [self.planter.every_attribute()]}
        if uid == self.enhanced:
            deep = {"vr": "SQ", "Value": [self.planter.every_attribute()]}
            planted["52009229"] = {"vr": "SQ", "Value": [{"00189112": deep}]}
        missing = {tag: vr for tag, vr in PLANTED.items() if tag not in planted}
        return planted | {tag: self.planter.element(vr) for tag, vr in missing.items()}

    def _not_utf8(self) -> bytes:
        word = self.unreceived.word().encode()
        return b'[{"00100010": {"vr": "PN", "Value": [{"Alphabetic": "' + word + b'\xfc\xe4"}]}}]'
