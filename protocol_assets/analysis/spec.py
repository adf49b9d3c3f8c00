"""What the analysis asks of a modality: its measure, and what only that modality knows.

The analysis itself knows levels, peers, changes and intervals, and no physics. Each modality gives
an ``AnalysisSpec`` for each of its measures (``measures.toml``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol_assets.analysis.parameters import Parameter
from protocol_assets.analysis.statistics import Floats

__all__ = ["AnalysisSpec", "CostModel", "Group", "Matrix", "Measure", "Reading"]

Matrix = npt.NDArray[np.bool]
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Reading:
    """A column of the acquisitions, and the one that is read where it is reported too rarely.

    Attributes:
        column: Where the measure is known exactly.
        otherwise: Its substitute. One scanner protocol is never judged by both.
    """

    column: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that is judged: less of it costs less.

    Attributes:
        name: What the measure is called.
        unit: UCUM unit; ``1`` where it has none.
        setting: The column with what is set at the console, which every acquisition should report.
        past: Compares a scanner with its own past.
        peers: Compares scanners; its substitute is a lower bound of it.
        cost: The column with what an acquisition costs, such as its scan time.
        cost_unit: UCUM unit of the cost.
        ranged: Settings of which the facts also hold the least and the greatest value of the
            images of a series (``_min``, ``_max``).
    """

    name: str
    unit: str
    setting: str
    past: Reading
    peers: Reading
    cost: str
    cost_unit: str
    ranged: tuple[str, ...]

    @property
    def parameters(self) -> tuple[str, str, str]:
        """The columns that a target may be signed for, the one that decides first."""
        return self.peers.column, self.past.column, self.setting

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that hold the measure."""
        return tuple(dict.fromkeys((*self.parameters, self.past.otherwise, self.peers.otherwise)))


@dataclass(frozen=True, slots=True)
class Group:
    """Scanner protocols of one purpose and their relations; [i, j] is what j is to i.

    Attributes:
        at: Their positions in the levels.
        candidates: On another scanner, with a level, and known well enough to judge.
        similar: Candidates that also make a similar image.
        tiers: Peers by tier, one matrix for each of ``TIERS``.
        carried: Factor from 1 on that carries the level of j over to what i needs, by tier.
        short_of: What keeps candidates out of the first tier, by name.
    """

    at: npt.NDArray[np.intp]
    candidates: Matrix
    similar: Matrix
    tiers: dict[int, Matrix]
    carried: dict[int, Floats]
    short_of: dict[str, Matrix]


class CostModel(Protocol):
    """Predicts what an acquisition costs from its parameters."""

    @property
    def groups(self) -> pd.DataFrame:
        """What was fitted, a row per kind of acquisition."""
        ...

    @property
    def series(self) -> pd.DataFrame:
        """What was fitted, a row per scanner protocol."""
        ...

    def predict(self, rows: pd.DataFrame, nominal_s: pd.Series) -> pd.DataFrame:
        """Predicted cost of rows at the given nominal cost; see ``TimeModel.predict``."""
        ...


@dataclass(frozen=True, slots=True)
class AnalysisSpec:
    """What a modality knows of one of its measures.

    Attributes:
        measure: What is watched.
        terms: Columns of the acquisitions that hold terms.
        numbers: Columns of the acquisitions that hold numbers.
        flags: Columns of the acquisitions that hold yes or no; absent is no.
        renamed: The column of the acquisitions, by the name that the analysis uses.
        derive: Adds the columns that are calculated: ``is_eligible`` (has a vote on the measure),
            ``is_uniform`` (all images of a series share their settings), ``observed_cost``
            (NaN where it is merely inferred), ``stated_cost`` (by the header itself),
            ``nominal_cost`` (by formula), ``sequence`` (what an exam may lack), ``region``,
            ``is_enhanced`` (after a contrast agent), and the columns of ``measure`` and ``image``.
        identity: Columns that are the same for all acquisitions of a protocol on a scanner.
        variant: Columns whose values never share a level.
        case_mix: Columns whose values may be mixed from exam to exam without a change of protocol.
        image: Numbers whose medians at the level describe the image.
        purpose: What scanners have in common that may judge each other, with the name people use.
        controls: What a scanner protocol has in common with those it is compared with over time.
        parameters: The settings that are watched for drift.
        judged_as: The levels as they are judged: what is not reported takes a careful value.
        purposes: The groups of scanner protocols that may judge each other.
        carry_targets: Signed targets by parameter, carried over to the level of each scanner
            protocol, in the order of ``Measure.parameters``.
        settling: Number of the image that, where known, makes a lower bound of the measure exact
            enough to call a level good.
        unsettled_reason: Why a level is not assessed where it is not known.
        rare_reason: Why a level is not assessed where the measure is reported too rarely.
        set_what_if: Adds to the assessed levels the level that is proposed (``what_if_level``), its
            kind (``what_if_kind``) and what it costs in signal (``snr_ratio``).
        set_costs: Adds what one acquisition costs now, then, and less, with the model's error.
        fit_cost: Calibrates the cost model.
        is_aborted: Which acquisitions were broken off.
        further_findings: Findings of compliance that only this modality knows.
    """

    measure: Measure
    terms: tuple[str, ...]
    numbers: tuple[str, ...]
    flags: tuple[str, ...]
    renamed: Mapping[str, str]
    derive: Callable[[pd.DataFrame], pd.DataFrame]
    identity: tuple[str, ...]
    variant: tuple[str, ...]
    case_mix: tuple[str, ...]
    image: tuple[str, ...]
    purpose: Mapping[str, str]
    controls: tuple[str, ...]
    parameters: Callable[[], tuple[Parameter, ...]]
    judged_as: Callable[[pd.DataFrame], pd.DataFrame]
    purposes: Callable[[pd.DataFrame], Iterator[Group]]
    carry_targets: Callable[[pd.DataFrame, Mapping[str, pd.Series]], Mapping[str, pd.Series]]
    settling: str
    unsettled_reason: str
    rare_reason: str
    set_what_if: Callable[[pd.DataFrame], None]
    set_costs: Callable[[pd.DataFrame, CostModel], None]
    fit_cost: Callable[[pd.DataFrame], CostModel]
    is_aborted: Callable[[pd.DataFrame, CostModel], pd.Series]
    further_findings: Callable[[pd.DataFrame], Rows]
