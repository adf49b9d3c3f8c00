"""How many labels are released, and whether any of them names anybody.

Hospitals of six languages scan patients whose protocol texts are contaminated the way real ones
are: with the patient's own names and numbers, with the name of the patient before, with names of
staff that stay for months; in any case, with and without accents, with letters of other scripts,
run together with what stands beside them. The texts themselves are real-world-like descriptions.
"""

from __future__ import annotations

import csv
import random
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.labels import judge_labels, register_texts
from protocol_assets.deidentify.own_identifiers import OwnIdentifiers
from protocol_assets.deidentify.vocabulary import unknown_words
from protocol_assets_simulator.catalogue import rows

TEXTS: Final = Path(__file__).parents[1] / "tests" / "unit" / "modalities" / "descriptions.csv"
LANGUAGES: Final = ("en", "pt", "es", "de", "fr", "it")
SCANNERS: Final = 3
SERIES: Final = 6
CONTAMINATED: Final = 0.06
OF_BEFORE: Final = 0.02
_LOOK_ALIKES: Final = str.maketrans("AEOPCTXHKMaeopcx", "АЕОРСТХНКМаеорсх")


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        contaminated: Distinct contaminated texts.
        leaked: Contaminated texts among the released ones.
        frequent: Clean texts with at least ``K_PATIENTS`` patients on two scanners.
        released: Those among them that are released.
    """

    contaminated: int
    leaked: list[str]
    frequent: int
    released: int

    @property
    def released_share(self) -> float:
        """Share of the frequent labels that may be read."""
        return self.released / self.frequent


@dataclass
class _Ward:
    """One hospital: its texts, its people, its persistent names."""

    language: str
    rng: random.Random
    texts: Sequence[str]
    families: Sequence[str]
    given: Sequence[str]
    before: str = "NOBODY"
    staff: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # One of the staff on each scanner, whatever the name; another on all, where it is no word.
        names = [name for name in self.families if unknown_words(name)]
        self.shared = self.rng.choice(names)
        self.staff = {n: self.rng.choice(self.families) for n in range(SCANNERS)}


def run(studies: int, seed: int = 1) -> Outcome:
    """Scan so many patients and judge the labels."""
    rng = random.Random(seed)
    wards = [_ward(language, rng) for language in LANGUAGES]
    pseudonyms = Pseudonyms.from_secret(rng.randbytes(32).hex(), demo=False)
    rows: list[dict[str, Any]] = []
    clean: defaultdict[str, set[str]] = defaultdict(set)
    scanners: defaultdict[str, set[str]] = defaultdict(set)
    contaminated: set[str] = set()
    for number in range(studies):
        ward = rng.choice(wards)
        scanner = rng.randrange(SCANNERS)
        for text, is_contaminated, row in _study(ward, number, scanner):
            rows.append(row)
            if is_contaminated:
                contaminated.add(text)
            else:
                clean[text].add(row["patient_id"])
                scanners[text].add(row["device_id"])
    judged = judge_labels([register_texts(rows, pseudonyms)], {})
    released = {one.text for one in judged if one.is_released}
    frequent = {
        text
        for text, patients in clean.items()
        if len(patients) >= K_PATIENTS and len(scanners[text]) > 1
    }
    return Outcome(
        contaminated=len(contaminated),
        leaked=sorted((released & contaminated) - frequent),
        frequent=len(frequent),
        released=len(frequent & released),
    )


def _ward(language: str, rng: random.Random) -> _Ward:
    with TEXTS.open(encoding="utf-8") as file:
        texts = [
            row["SeriesDescription"] for row in csv.DictReader(file) if row["language"] == language
        ]
    names = {
        row["kind"]: row["text"].split(";") for row in rows("people") if row["language"] == language
    }
    return _Ward(language, rng, texts, names["family"], [*names["female"], *names["male"]])


def _study(ward: _Ward, number: int, scanner: int) -> Iterator[tuple[str, bool, dict[str, Any]]]:
    rng = ward.rng
    family, given = rng.choice(ward.families), rng.choice(ward.given)
    birth = f"{rng.randrange(1930, 2010)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}"
    identifiers = {
        "00100010": ("PN", {"Alphabetic": f"{family}^{given}"}),
        "00100020": ("LO", f"{ward.language.upper()}{number:06d}"),
        "00080050": ("SH", f"A{rng.randrange(10**6):06d}"),
        "00100030": ("DA", birth),
        "0020000E": ("UI", f"1.2.{number}"),
    }
    instance = {tag: {"vr": vr, "Value": [value]} for tag, (vr, value) in identifiers.items()}
    own = OwnIdentifiers()
    list(own.watch([instance]))
    own_words = [family, given, family.split("-")[0], str(identifiers["00100020"][1])]
    own_words += [str(identifiers["00080050"][1]), birth, f"{birth[6:]}.{birth[4:6]}.{birth[:4]}"]
    for _ in range(SERIES):
        text, is_contaminated = _text(ward, scanner, own_words)
        clean = None if own.are_in(text) else "SeriesDescription"
        row = {
            "SeriesDescription": text,
            "clean_texts": clean,
            "patient_id": f"{ward.language}{number}",
            "device_id": f"{ward.language}{scanner}",
        }
        yield text, is_contaminated, row
    ward.before = family


def _text(ward: _Ward, scanner: int, own_words: Sequence[str]) -> tuple[str, bool]:
    rng = ward.rng
    # A few texts are frequent, most are rare.
    text = ward.texts[min(int(rng.expovariate(3 / len(ward.texts))), len(ward.texts) - 1)]
    chance = rng.random()
    if chance < CONTAMINATED:
        return _beside(text, _disguised(rng.choice(own_words), rng), rng), True
    if chance < CONTAMINATED + OF_BEFORE:
        return _beside(text, _disguised(ward.before, rng), rng), True
    if text == ward.texts[0]:
        return f"{text} {ward.shared}", True
    if text == ward.texts[1 + scanner]:
        return f"{text} Dr {ward.staff[scanner]}", True
    return text, False


def _disguised(word: str, rng: random.Random) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    return rng.choice((word, word.upper(), word.lower(), plain, plain.translate(_LOOK_ALIKES)))


def _beside(text: str, word: str, rng: random.Random) -> str:
    return rng.choice((f"{text} {word}", f"{word} {text}", f"{text}_{word}", f"{text}{word}"))


def main() -> None:
    """Print the figures."""
    for studies in (300, 1000, 4000):
        outcome = run(studies)
        print(
            f"{studies:6} studies: {outcome.contaminated} contaminated texts, "
            f"{len(outcome.leaked)} leaked; {outcome.released} of {outcome.frequent} frequent "
            f"labels released ({outcome.released_share:.1%})"
        )


if __name__ == "__main__":
    main()
