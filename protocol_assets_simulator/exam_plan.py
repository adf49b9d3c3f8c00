"""The plan of an exam: which protocols run, how often, and which series come of them.

It is drawn apart from everything else in a study, so that the series of a whole fleet can be
counted without generating one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from protocol_assets_simulator.catalogue import ExamStep
from protocol_assets_simulator.randomness import seeded
from protocol_assets_simulator.scan import Sibling, Study

# shares of scans or of studies
RESCAN: Final = 0.055
DERIVED: Final = 0.10
COMPOSED: Final = 0.5
"""Of the derived: the others are reformats."""

_DIXON: Final[tuple[Sibling, ...]] = ("in_phase", "out_phase", "water", "fat")
_UNFILTERED_OF: Final = "sag_t2"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One scan of the exam; `siblings` has one entry for each series that shows its images."""

    step: ExamStep
    is_rescan: bool
    siblings: tuple[Sibling, ...]


@dataclass(frozen=True, slots=True)
class Derivation:
    """A series computed from the measurement with this position in the plan."""

    source: int
    what: str


@dataclass(frozen=True, slots=True)
class ExamPlan:
    """What an exam consists of, in order."""

    measurements: tuple[Measurement, ...]
    derivations: tuple[Derivation, ...]

    def part(self, study: Study) -> tuple[int, int]:
        """The measurements (first, behind the last) that a study holds: all, or a split part."""
        count = len(self.measurements)
        half = (count + 1) // 2
        return ((0, count), (0, half), (half, count))[study.part]

    def series(self, study: Study) -> int:
        """How many series a study holds of it, reports included."""
        first, last = self.part(study)
        measured = sum(len(one.siblings) for one in self.measurements[first:last])
        derived = sum(first <= one.source < last for one in self.derivations)
        return measured + derived + study.has_report + study.has_phoenix


def diligence(operator: str) -> float:
    """How a technologist works, about 1: above it pauses are longer and repeats more frequent."""
    return min(max(seeded("technologist", operator).lognormvariate(-0.1, 0.45), 0.4), 2.4)


def plan_exam(study: Study) -> ExamPlan:
    """Plan the exam of a study; deterministic in its seed, technologist and scanner."""
    rng = seeded(study.seed, "course")
    writes = study.scanner.writes
    repeats = RESCAN * diligence(study.operator)
    measurements: list[Measurement] = []
    derivations: list[Derivation] = []
    for step in study.exam.steps:
        runs, again = rng.random() < step.probability, rng.random() < repeats
        if not runs or (step.needs and step.needs != writes):
            continue
        is_localizer = step.protocol.role == "localizer"
        count = study.localizers if is_localizer else 1 + again
        for repeat in range(count):
            siblings = _siblings(step, writes)
            measurement = Measurement(step, repeat > 0 and not is_localizer, siblings)
            position = len(measurements)
            measurements.append(measurement)
            if step.protocol.b_value:
                derivations.append(Derivation(position, "adc"))
                if step.needs:
                    derivations.append(Derivation(position, "trace"))
            if step.protocol.partitions:
                derivations.append(Derivation(position, "reformat"))
    if rng.random() < DERIVED:
        what = "composed" if rng.random() < COMPOSED else "reformat"
        images = [n for n, one in enumerate(measurements) if one.step.protocol.role != "localizer"]
        derivations.append(Derivation(rng.choice(images), what))
    return ExamPlan(tuple(measurements), tuple(derivations))


def _siblings(step: ExamStep, writes: str) -> tuple[Sibling, ...]:
    if step.protocol.fat_suppression == "dixon":
        return _DIXON
    if writes == "nd" and step.protocol.name == _UNFILTERED_OF:
        return ("", "unfiltered")
    return ("",)
