"""Which protocols of which scanners average more than needed, and which have a reason to.

Numbers and means are those of the source project at 63 scanners, and keep their proportions in a
fleet of any size.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from protocol_assets_simulator import catalogue
from protocol_assets_simulator.catalogue import Protocol, Scanner
from protocol_assets_simulator.randomness import seeded

Kind = Literal[
    "potential",
    "legitimate_no_oversampling",
    "legitimate_old_coil",
    "legitimate_acceleration",
    "none",
]
Place = tuple[int, str]
"""A scanner's number in the fleet and a protocol's name."""

DESCRIBED: Final = 63
# of 63 scanners
CONTROLS: Final = 9
ACCELERATED: Final = 8
# of the places without potential
LEGITIMATE: Final = 0.25
# of the places with potential: half of them at old coils, half where one averages
# for want of oversampling
TWO_AFTER: Final = 0.085
NEX_BEFORE_MEAN: Final = 1.82
HALF_AVERAGES: Final = frozenset({"ge", "philips"})
"""The vendors whose scanners can average one and a half times."""
LITTLE_USED: Final = 10
"""Scans in 90 days below which a protocol is less often one that was found to have potential."""
LITTLE_USED_WEIGHT: Final = 0.5

_PLANTED_IN: Final = "sag_t1"
_Stratum = tuple[str, float, bool]
_Key = TypeVar("_Key", str, _Stratum)


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """The decision for every place whose averages vary between scanners.

    Attributes:
        controls: Scanners that never change.
        changing: All others.
        kinds: Potential, or the reason to average twice; absent for none.
        nex: Averages at the start of the period.
        two_after: The places with potential that keep two averages.
        oversampled: The places with 100 % phase oversampling (GE: No Phase Wrap).
        planted: The one place whose 3 averages compliance checks must find.
    """

    controls: frozenset[int]
    changing: tuple[int, ...]
    kinds: dict[Place, Kind]
    nex: dict[Place, float]
    two_after: frozenset[Place]
    oversampled: frozenset[Place]
    planted: Place | None


def draw_ground_truth(
    seed: int, scanners: Sequence[Scanner], use: dict[Place, float]
) -> GroundTruth:
    """Distribute potential and reasons over a fleet; deterministic in the arguments.

    Args:
        seed: The fleet's seed.
        scanners: The fleet.
        use: How often a scanner runs a protocol in 90 days; places it never runs are absent.
    """
    draft = _Draft(seed, scanners, use)
    potential, two_after = draft.potential()
    kinds: dict[Place, Kind] = dict.fromkeys(potential, "potential")
    kinds |= draft.legitimate(potential)
    planted = draft.planted(potential - two_after)
    nex = draft.averages(kinds, two_after if planted is None else two_after | {planted})
    oversampled = frozenset(
        place
        for place in draft.places
        if draft.is_oversampled(place) and kinds.get(place) != "legitimate_no_oversampling"
    )
    changing = tuple(draft.changing)
    return GroundTruth(draft.controls, changing, kinds, nex, two_after, oversampled, planted)


def averages_instead(scanner: Scanner) -> bool:
    """Whether the scanner averages twice where others oversample, for the same measurement.

    GE's displayed averages pay for its No Phase Wrap, and Canon's headers tell no oversampling.
    """
    return scanner.vendor in {"ge", "canon"}


def scaled(of: int, count: int, described: int = DESCRIBED) -> int:
    """A number of `described` things, in proportion for `count` of them."""
    return min(round(of * count / described), count)


class _Draft:
    def __init__(self, seed: int, scanners: Sequence[Scanner], use: dict[Place, float]) -> None:
        self._seed = seed
        self._scanners = scanners
        self._use = use
        self.places = [place for place in sorted(use) if _protocol(place).potential is not None]
        self.controls = self._controls()
        self.changing = [n for n in range(len(scanners)) if n not in self.controls]
        # where the number of averages can fall to one
        self._plain = [
            place
            for place in self.places
            if place[0] not in self.controls and not self._is_old(place) and not self._wraps(place)
        ]

    def potential(self) -> tuple[frozenset[Place], frozenset[Place]]:
        """The places with potential, and those of them that keep two averages.

        Each protocol has its number of places, spread over field strengths and usage.
        """
        names = [name for name in catalogue.protocols() if any(p[1] == name for p in self.places)]
        weights = {name: catalogue.protocols()[name].potential or 0 for name in names}
        total = round(sum(weights.values()) * len(self._scanners) / DESCRIBED)
        two_after = self._two_after(round(TWO_AFTER * total))
        chosen = set(two_after)
        plain = self._preferred(self._plain, "potential")
        for name, quota in _shared_out(total, weights).items():
            strata: dict[_Stratum, float] = defaultdict(float)
            for place in self.places:
                if place[1] == name:
                    stratum = self._stratum(place)
                    weight = LITTLE_USED_WEIGHT if stratum[2] else 1.0
                    strata[stratum] += weight / 3 if self._is_old(place) else weight
            for stratum, share in _shared_out(quota, strata).items():
                have = sum(self._stratum(place) == stratum for place in chosen)
                free = [place for place in plain if self._stratum(place) == stratum]
                chosen.update(free[: max(share - have, 0)])
        # a stratum may be too small for its share, or hold more places that keep two averages
        more = [place for place in plain if place not in chosen]
        chosen.update(more[: max(total - len(chosen), 0)])
        less = [place for place in reversed(plain) if place in chosen]
        chosen.difference_update(less[: max(len(chosen) - total, 0)])
        return frozenset(self._spread(chosen, two_after)), two_after

    def legitimate(self, potential: frozenset[Place]) -> dict[Place, Kind]:
        """The places without potential that average twice for a reason."""
        rest = [place for place in self.places if place not in potential]
        modern = [
            place
            for place in rest
            if self._scanners[place[0]].reconstruction == "standard" and not self._is_old(place)
        ]
        kinds: dict[Place, Kind] = {}
        kinds |= dict.fromkeys(filter(self._is_old, rest), "legitimate_old_coil")
        kinds |= dict.fromkeys(filter(self._wraps, modern), "legitimate_no_oversampling")
        oversampled = [p for p in modern if self.is_oversampled(p) and not self._wraps(p)]
        wanted = max(round(LEGITIMATE * len(rest)) - len(kinds), 0)
        few = self._shuffled(oversampled, "not oversampled")[:wanted]
        kinds |= dict.fromkeys(few, "legitimate_no_oversampling")
        parallel = [
            place
            for place in modern
            if not self.is_oversampled(place)
            and self._scanners[place[0]].vendor in {"siemens", "ge", "philips"}
        ]
        few = self._shuffled(parallel, "parallel")[: scaled(ACCELERATED, len(self._scanners))]
        return kinds | dict.fromkeys(few, "legitimate_acceleration")

    def planted(self, places: Iterable[Place]) -> Place | None:
        """One place of the sagittal T1, where nobody else has three averages."""
        return next(
            iter(self._shuffled((p for p in places if p[1] == _PLANTED_IN), "planted")), None
        )

    def averages(self, kinds: dict[Place, Kind], threes: frozenset[Place]) -> dict[Place, float]:
        """Averages of all places at the start: 1.5 as often as the mean before change needs."""
        nex = {place: 2.0 if place in kinds else 1.0 for place in self.places}
        nex |= dict.fromkeys(threes, 3.0)
        potential = [place for place in sorted(kinds) if kinds[place] == "potential"]
        half = [
            place
            for place in potential
            if place not in threes and self._scanners[place[0]].vendor in HALF_AVERAGES
        ]
        surplus = sum(nex[place] - NEX_BEFORE_MEAN for place in potential)
        return nex | dict.fromkeys(self._shuffled(half, "half")[: max(round(2 * surplus), 0)], 1.5)

    def is_oversampled(self, place: Place) -> bool:
        """Whether scanners of this field strength oversample in this protocol."""
        return not self._is_old(place) and _protocol(place).is_oversampled_at(self._field(place))

    def _controls(self) -> frozenset[int]:
        """The scanner with deep learning, and others of which few can average 1.5 times."""
        order = list(range(len(self._scanners)))
        seeded(self._seed, "controls").shuffle(order)
        order.sort(key=lambda n: self._scanners[n].reconstruction != "deep_learning")
        wanted = scaled(CONTROLS, len(order))
        left = dict.fromkeys(HALF_AVERAGES, (wanted + 4) // CONTROLS)
        chosen: list[int] = []
        for number in order:
            scanner = self._scanners[number]
            if len(chosen) == wanted or scanner.has_old_coils or left.get(scanner.vendor) == 0:
                continue
            if scanner.vendor in left:
                left[scanner.vendor] -= 1
            chosen.append(number)
        return frozenset(chosen)

    def _two_after(self, wanted: int) -> frozenset[Place]:
        changing = [place for place in self.places if place[0] not in self.controls]
        by_scanner: dict[int, list[Place]] = defaultdict(list)
        # the sagittal T1 is left to the place planted
        old_coils = (p for p in changing if self._is_old(p) and p[1] != _PLANTED_IN)
        for place in self._preferred(old_coils, "old"):
            by_scanner[place[0]].append(place)
        # every old scanner has one before any has two, and most of its protocols have none
        ranks = max(map(len, by_scanner.values()), default=0)
        old = [own[rank] for rank in range(ranks // 3) for own in by_scanner.values()]
        old = old[: max(wanted // 2, len(by_scanner))]
        wrapping = self._preferred(filter(self._wraps, changing), "wrapping")
        return frozenset(old + wrapping[: min(max(wanted - len(old), 0), len(wrapping) // 2)])

    def _spread(self, chosen: set[Place], kept: frozenset[Place]) -> set[Place]:
        """As many places, moved within a protocol so that every changing scanner has one."""
        have = Counter(place[0] for place in chosen)
        plain = set(self._plain)
        for number in self.changing:
            if have[number]:
                continue
            field = self._scanners[number].field_strength_t
            givers = sorted(
                (p for p in chosen - kept if have[p[0]] > 1 and (number, p[1]) in plain),
                key=lambda place: (self._field(place) != field, -have[place[0]], place),
            )
            for given in givers[:1]:
                chosen.remove(given)
                chosen.add((number, given[1]))
                have[given[0]] -= 1
                have[number] += 1
        return chosen

    def _stratum(self, place: Place) -> _Stratum:
        return place[1], self._field(place), self._use[place] < LITTLE_USED

    def _field(self, place: Place) -> float:
        return self._scanners[place[0]].field_strength_t

    def _is_old(self, place: Place) -> bool:
        return self._scanners[place[0]].has_old_coils

    def _wraps(self, place: Place) -> bool:
        """Whether it averages twice where others oversample."""
        return averages_instead(self._scanners[place[0]]) and self.is_oversampled(place)

    def _shuffled(self, places: Iterable[Place], what: str) -> list[Place]:
        return sorted(places, key=lambda place: seeded(self._seed, what, *place).random())

    def _preferred(self, places: Iterable[Place], what: str) -> list[Place]:
        """In weighted random order (Efraimidis and Spirakis, doi 10.1016/j.ipl.2005.11.003).

        Those that can average one and a half times come early, for the mean needs them.
        """

        def key(place: Place) -> float:
            weight = 6.0 if self._scanners[place[0]].vendor in HALF_AVERAGES else 1.0
            return -float(seeded(self._seed, what, *place).random() ** (1 / weight))

        return sorted(places, key=key)


def _protocol(place: Place) -> Protocol:
    return catalogue.protocols()[place[1]]


def _shared_out(total: int, weights: Mapping[_Key, float]) -> dict[_Key, int]:
    """`total` in proportion to the weights, by largest remainder."""
    whole = sum(weights.values())
    shares = {key: total * weight / whole for key, weight in weights.items()}
    result = {key: int(share) for key, share in shares.items()}
    remainders = sorted(shares, key=lambda key: result[key] - shares[key])
    for key in remainders[: total - sum(result.values())]:
        result[key] += 1
    return result
