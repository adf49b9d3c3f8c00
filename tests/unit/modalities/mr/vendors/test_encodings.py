"""The same scan, classic and enhanced, gives the same facts, and they are the simulator's truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets_simulator.encode import encode
from protocol_assets_simulator.fleet import Fleet
from protocol_assets_simulator.scan import Scan

SAME = (
    "vendor",
    "role",
    "nex",
    "nex_min",
    "nex_max",
    "nex_distinct",
    "field_strength_t",
    "echo_train_length",
    "dimension",
    "sequence_family",
    "matrix_phase",
    "RepetitionTime",
    "EchoTime",
    "InversionTime",
)
VENDORS = ("siemens", "ge", "philips", "canon", "hitachi", "uih")
OPEN = {"oversampling_unknown", "acceleration_unknown", "partial_fourier_unknown"}

Facts = dict[str, Any]


@pytest.fixture(scope="module")
def both() -> dict[str, list[tuple[Scan, Facts, Facts]]]:
    """By vendor: scans with what their classic and their enhanced objects tell."""
    found = defaultdict(list)
    for scan in _scans():
        found[scan.study.scanner.vendor].append(
            (scan, _facts(scan, "classic"), _facts(scan, "enhanced"))
        )
    return found


def _scans() -> Iterator[Scan]:
    fleet = Fleet(seed=2, scanners=63, studies=126)
    for study in fleet.studies(None, fleet.start, fleet.end):
        for scan in fleet.scans(study):
            if scan.purpose in ("image", "localizer") and not (scan.defect or scan.time_text):
                yield replace(scan, has_raw_object=False)


def _facts(scan: Scan, encoding: str) -> Facts:
    scanner = replace(scan.study.scanner, encoding=encoding)
    as_encoded = replace(scan, study=replace(scan.study, scanner=scanner))
    (row,) = flatten_study(list(encode(as_encoded)), MR.series_columns).rows
    (facts,) = describe_partition([row])
    assert facts["encoding"] == encoding
    return {**row, **facts}


@pytest.mark.parametrize("vendor", VENDORS)
def test_same_scan_same_facts(
    both: dict[str, list[tuple[Scan, Facts, Facts]]], vendor: str
) -> None:
    kinds = set()
    for scan, classic, enhanced in both[vendor]:
        kinds.add(scan.protocol.kind)
        for column in SAME:
            assert classic[column] == enhanced[column], (column, scan.protocol.name)
        if scan.protocol.kind != "epi":
            assert classic["scan_time_s"] == pytest.approx(enhanced["scan_time_s"], abs=1)
        if not {classic["effective_averages_state"], enhanced["effective_averages_state"]} & OPEN:
            assert classic["effective_averages"] == enhanced["effective_averages"]
    assert {"tse", "gre_sequential"} <= kinds


@pytest.mark.parametrize("vendor", VENDORS)
def test_effective_averages_are_the_truth(
    both: dict[str, list[tuple[Scan, Facts, Facts]]], vendor: str
) -> None:
    states: Counter[str] = Counter()
    for scan, *encodings in both[vendor]:
        for facts in encodings:
            if scan.omits_nex and facts["nex"] is None:
                assert facts["effective_averages_state"] == "nex_missing"
                continue
            if scan.is_spin_echo_train:
                states[facts["effective_averages_state"]] += 1
            # A diffusion EPI is no vote, and its partial Fourier is told by few.
            if facts["effective_averages"] is not None and scan.protocol.kind != "epi":
                assert facts["effective_averages"] == pytest.approx(
                    scan.effective_averages, rel=0.02
                ), scan.protocol.name
    known = states["told"] + states["from_scan_time"]
    assert known / states.total() > 0.95, states


@pytest.mark.parametrize("vendor", VENDORS)
def test_stated_times_agree_with_the_formula(
    both: dict[str, list[tuple[Scan, Facts, Facts]]], vendor: str
) -> None:
    agreements = Counter(
        facts["scan_time_agreement"]
        for scan, *encodings in both[vendor]
        for facts in encodings
        # What a United Imaging scanner adds to its matrix stands in no attribute.
        if scan.is_spin_echo_train
        and facts["nex"] is not None
        and not (vendor == "uih" and scan.phase_oversampling)
    )
    assert agreements["agrees"] / agreements.total() > 0.95, agreements
