"""What goes wrong with whole studies: late, sent twice, split, at midnight, when clocks change.

Each befalls a fixed share of the studies, rounded, so that small fleets have few and tiny ones
none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Final

from protocol_assets_simulator import clock, exam_plan
from protocol_assets_simulator.randomness import seeded
from protocol_assets_simulator.scan import Planted, Study

# shares of studies
LATE: Final = 0.04
MIDNIGHT: Final = 0.01
SPLIT: Final = 0.005
RESENT_SAME_UIDS: Final = 0.01
RESENT_NEW_UIDS: Final = 0.005
LATE_DAYS: Final = (1, 7)
SCANNERS_AT_NIGHT: Final = 16
"""One of so many scanners examines somebody while the clocks change."""

SERIES_A_STUDY: Final = 70_874 / 11_249

_PLANTED: Final[dict[Planted, str]] = {
    "tr_off": "",
    "te_missing": "",
    "nex_in_one_image": "classic",
    "enhanced_nex": "enhanced",
}
"""What is planted, and the encoding that can show it (empty for any)."""


def additional(total: int) -> int:
    """How many of `total` studies are second parts or sent again under new UIDs."""
    return round(SPLIT * total) + round(RESENT_NEW_UIDS * total)


def disturbed(seed: int, studies: Sequence[Study], total: int) -> list[Study]:
    """`total` studies in order of their start, made of `total - additional(total)` orderly ones.

    Args:
        seed: The fleet's seed.
        studies: The orderly studies, by their index.
        total: How many studies the fleet has.
    """
    rng = seeded(seed, "incidents")
    by_index = {study.index: study for study in _with_late(rng, studies)}
    free = [study.index for study in studies]
    rng.shuffle(free)
    for index in _at_night(seed, studies):
        free.remove(index)
        by_index[index] = _moved_to_night(by_index[index])
    nights: set[tuple[str, date]] = set()
    for index in free[: round(MIDNIGHT * total)]:
        study = by_index[index]
        night = study.scanner.station, study.day
        if night not in nights:
            start_s = 86_400 - rng.randint(120, 480)
            by_index[index] = replace(
                study, start_s=start_s, registered_s=start_s, incident="midnight"
            )
            nights.add(night)
    free = free[round(MIDNIGHT * total) :]
    sites = sorted({study.scanner.site.name for study in studies})
    for _ in range(round(RESENT_SAME_UIDS * total) if len(sites) > 1 and free else 0):
        index = free.pop()
        by_index[index] = _held_elsewhere(rng, by_index[index], sites)
    for _ in range(min(round(RESENT_NEW_UIDS * total), len(free))):
        copy = _sent_again(rng, by_index[free.pop()], len(by_index))
        by_index[copy.index] = copy
    for _ in range(min(round(SPLIT * total), len(free))):
        index = free.pop()
        by_index[index], second = _split(rng, by_index[index], len(by_index))
        by_index[second.index] = second
    _plant(seed, by_index, free)
    done = _with_localizers(seed, by_index, free, round(SERIES_A_STUDY * total))
    return sorted(done, key=lambda study: (study.day, study.registered_s, study.index))


def _with_late(rng: Random, studies: Sequence[Study]) -> list[Study]:
    late = set(rng.sample(range(len(studies)), round(LATE * len(studies))))
    return [
        replace(study, held=((study.scanner.site.name, _later(rng, study.day)),))
        if position in late
        else study
        for position, study in enumerate(studies)
    ]


def _later(rng: Random, day: date) -> date:
    return day + timedelta(days=rng.randint(*LATE_DAYS))


def _at_night(seed: int, studies: Sequence[Study]) -> list[int]:
    """Studies of the days when the clocks change, at most one a scanner."""
    if not studies:
        return []
    stations = {study.scanner.station for study in studies}
    most = max(len(stations) // SCANNERS_AT_NIGHT, 1)
    days = [study.day for study in studies]
    chosen = []
    for day, _ in clock.transitions(min(days), max(days)):
        one_each = {s.scanner.station: s.index for s in studies if s.day == day}
        order = sorted(one_each, key=lambda station: seeded(seed, "night", station).random())
        chosen += [one_each[station] for station in order[:most]]
    return chosen


def _moved_to_night(study: Study) -> Study:
    ((_, change_s),) = clock.transitions(study.day, study.day)
    start_s = change_s - 240 - study.index % 180
    return replace(study, start_s=start_s, registered_s=start_s, incident="dst")


def _held_elsewhere(rng: Random, study: Study, sites: Sequence[str]) -> Study:
    own, since = study.held[0]
    other = rng.choice([site for site in sites if site != own])
    return replace(
        study, held=(*study.held, (other, _later(rng, since))), incident="resent_same_uids"
    )


def _sent_again(rng: Random, study: Study, index: int) -> Study:
    site, since = study.held[0]
    return replace(
        study,
        index=index,
        study_uid=f"2.25.{rng.getrandbits(126)}",
        salt=rng.getrandbits(116),
        held=((site, _later(rng, since)),),
        incident="resent_new_uids",
    )


def _split(rng: Random, study: Study, index: int) -> tuple[Study, Study]:
    first = replace(study, part=1, has_report=False, has_phoenix=False, incident="split")
    second = replace(
        study,
        index=index,
        study_uid=f"2.25.{rng.getrandbits(126)}",
        registered_s=study.start_s + 300,
        part=2,
        incident="split",
    )
    return first, second


def _plant(seed: int, by_index: dict[int, Study], free: Sequence[int]) -> None:
    """Plant each deviation in one study whose scanner can show it."""
    taken: set[int] = set()
    for planted, encoding in _PLANTED.items():
        places = [
            index
            for index in sorted(free)
            if index not in taken
            and by_index[index].exam.name == "lumbar"
            and encoding in ("", by_index[index].scanner.encoding)
        ]
        if places:
            index = seeded(seed, "planted", planted).choice(places)
            taken.add(index)
            by_index[index] = replace(by_index[index], planted=planted)


def _with_localizers(
    seed: int, by_index: dict[int, Study], free: Sequence[int], series: int
) -> list[Study]:
    """The studies, as many of them with a second localizer as make the number of series."""
    missing = series - sum(exam_plan.plan_exam(one).series(one) for one in by_index.values())
    lumbar = [index for index in free if by_index[index].exam.anatomy == "lumbar_spine"]
    lumbar.sort(key=lambda index: seeded(seed, "localizer", index).random())
    for index in lumbar[: max(missing, 0)]:
        by_index[index] = replace(by_index[index], localizers=2)
    return list(by_index.values())
