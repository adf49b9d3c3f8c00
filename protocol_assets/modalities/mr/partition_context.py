"""What needs the partition as a whole: clocks, acquisitions, exams, contrast phases, repeats.

Each step reads what the steps before have settled and adds its columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from protocol_assets.modalities.mr.acquisitions.counting import Candidate, derived_only, is_named
from protocol_assets.modalities.mr.acquisitions.grouping import (
    Acquired,
    Membership,
    group,
    signature,
)
from protocol_assets.modalities.mr.acquisitions.parts import DIXON, bare_name, is_split, parts
from protocol_assets.modalities.mr.acquisitions.repeats import (
    Repeatable,
    is_dynamic,
    named,
    repeat_kinds,
    slab,
)
from protocol_assets.modalities.mr.roles.contrast import contrast_phases
from protocol_assets.modalities.mr.series import ORIGINAL, Series
from protocol_assets.modalities.mr.vendors.numbering import scan_number
from protocol_assets.modalities.shared.clock_jumps import Numbered, clock_jumps
from protocol_assets.modalities.shared.clocks import clocked, later, settle
from protocol_assets.modalities.shared.exams import ExamPlace, Scan, place_in_exams
from protocol_assets.modalities.shared.limits import duration, limit
from protocol_assets.modalities.shared.row import number, text, tokens
from protocol_assets.modalities.shared.starts import (
    Shared,
    Start,
    read_registration,
    read_registrations,
    shared_starts,
)

__all__ = ["complete"]

_SCANNED = (*ORIGINAL, "spectroscopy")
_NO_START = Start()


def complete(partition: Sequence[Series], zone: tzinfo | None) -> None:
    """Add to every series of one partition the columns that need the others.

    Args:
        partition: The series of one study day and PACS.
        zone: Time zone of the scanners, None where unknown.
    """
    _settle_clocks(partition, zone)
    _admit_exported(partition)
    memberships = _group(partition)
    _count(partition, memberships)
    _drop_shared_starts(partition)
    _drop_jumped_starts(partition)
    _add_up_volumes(partition)
    places = place_in_exams([_scan(series) for series in partition])
    for series, place in zip(partition, places, strict=True):
        _add_exam(series, place)
    _add_contrast_phases(partition, places)
    _add_repeats(partition)
    _lower_confidence(partition)


def _settle_clocks(partition: Sequence[Series], zone: tzinfo | None) -> None:
    studies = read_registrations(series.row for series in partition)
    starts = settle(
        [
            clocked(
                series.row,
                studies.get(text(series.row, "StudyInstanceUID") or "")
                or read_registration(series.row),
                zone,
                patient=series.term("patient_id"),
                device=series.term("device_id"),
                number=number(series.row, "SeriesNumber"),
                scan_time_s=series.scan_time_s,
                is_scan=series.is_exported or series.reason in ORIGINAL,
            )
            for series in partition
        ],
        zone,
    )
    for series, start in zip(partition, starts, strict=True):
        _set_start(series, start)


def _set_start(series: Series, start: Start) -> None:
    series.start = start
    series.columns["clock_flag"] = start.flag if series.is_image else None


def _drop_shared_starts(partition: Sequence[Series]) -> None:
    """A start that headers write for different scans, or almost, is none."""
    shared = shared_starts(
        [
            Shared(
                study=text(series.row, "StudyInstanceUID"),
                acquisition=series.term("acquisition_id"),
                moment=series.start.moment,
                is_scan=series.reason in ORIGINAL,
                tr_ms=number(series.row, "RepetitionTime"),
            )
            for series in partition
        ]
    )
    for place in shared:
        _set_start(partition[place], Start(None, "shared_start"))


def _drop_jumped_starts(partition: Sequence[Series]) -> None:
    """A start after a jump of the clock is none, and the whole exam is flagged.

    Acquisitions are formed before, so that the series of one scan stay together without a start.
    """
    jumps = clock_jumps([_numbered(series) for series in partition])
    for place in jumps.before | jumps.after:
        series = partition[place]
        series.has_jumped = True
        start = series.start if place in jumps.before else Start()
        _set_start(series, Start(start.moment, start.flag or "clock_jump"))


def _numbered(series: Series) -> Numbered:
    start = series.start.moment
    is_stated = start is not None and _is_stated(series.columns)
    return Numbered(
        study=text(series.row, "StudyInstanceUID"),
        acquisition=series.term("acquisition_id"),
        number=number(series.row, "SeriesNumber"),
        start=start,
        end=later(start, series.scan_time_s or 0.0) if start and is_stated else start,
        is_localizer=series.reason == "localizer",
        is_scan=series.reason in ORIGINAL,
    )


def _admit_exported(partition: Sequence[Series]) -> None:
    """Scans that an export marked as derived are scans, where they have a start."""
    for series in partition:
        series.is_exported = series.is_exported and series.start.moment is not None
        if series.is_exported:
            series.reason = "localizer" if series.columns["role"] == "localizer" else None


def _group(partition: Sequence[Series]) -> list[Membership]:
    memberships = group([_acquired(series) for series in partition])
    together: dict[str, list[Series]] = defaultdict(list)
    for series, membership in zip(partition, memberships, strict=True):
        series.columns["acquisition_id"] = membership.acquisition
        series.columns["acquisition_part"] = None
        if series.is_image:
            # A series without identifiers is alone.
            together[membership.acquisition or f"#{id(series)}"].append(series)
    for members in together.values():
        for series, part in zip(members, parts([one.look for one in members]), strict=True):
            series.columns["acquisition_part"] = part
    return memberships


def _acquired(series: Series) -> Acquired:
    row, columns = series.row, series.columns
    is_scanned = series.reason in _SCANNED
    nex = columns["nex"]
    return Acquired(
        patient=series.term("patient_id"),
        device=series.term("device_id"),
        study=text(row, "StudyInstanceUID"),
        series=text(row, "SeriesInstanceUID"),
        uid=text(row, "AcquisitionUID"),
        kind="scanned" if is_scanned else "made" if series.is_image else None,
        start=series.start.moment,
        scan_time_s=series.scan_time_s,
        tr_ms=number(row, "RepetitionTime"),
        signature=signature(
            row,
            sop_class=series.term("sop_class"),
            has_contrast=bool(columns["has_contrast_agent"]),
        ),
        nex=nex if isinstance(nex, float) else None,
        name=bare_name(series.texts[0]) if series.texts else (),
        look=series.look.key,
        number=number(row, "SeriesNumber"),
        scan_number=scan_number(row, series.term("vendor")),
        is_split=is_split(series.look),
    )


def _count(partition: Sequence[Series], memberships: Sequence[Membership]) -> None:
    """Set ``exclusion_reason`` and ``is_derived_only``."""
    only = derived_only(
        [
            Candidate(
                reason=series.reason,
                acquisition=membership.acquisition,
                has_original=membership.has_original,
                has_start=series.start.moment is not None,
                shows_anatomy=series.columns["acquisition_part"] in DIXON,
                content=(number(series.row, "SeriesNumber"), series.look.key),
                is_named=is_named(series.row),
            )
            for series, membership in zip(partition, memberships, strict=True)
        ]
    )
    for series, is_only in zip(partition, only, strict=True):
        if is_only:
            series.reason = "localizer" if series.columns["role"] == "localizer" else None
        is_only = is_only or series.is_exported
        series.columns["is_derived_only"] = is_only and series.reason is None
        series.columns["exclusion_reason"] = series.reason


def _scan(series: Series) -> Scan:
    return Scan(
        patient_id=series.term("patient_id"),
        device_id=series.term("device_id"),
        study=text(series.row, "StudyInstanceUID"),
        series=text(series.row, "SeriesInstanceUID"),
        acquisition=series.term("acquisition_id"),
        start=series.start.moment,
        scan_time_s=series.scan_time_s,
        is_original=series.reason in ORIGINAL,
        is_flagged=series.start.flag is not None,
        has_jumped=series.has_jumped,
    )


def _add_exam(series: Series, place: ExamPlace) -> None:
    columns = series.columns
    columns["exam_id"] = place.exam_id
    columns["start_offset_s"] = place.start_offset_s
    columns["idle_before_s"] = place.idle_before_s
    bound, known = place.next_start_s, _seconds(columns["scan_time_s"])
    if _assumes_too_little(columns["scan_time_method"], known, bound):
        columns["scan_time_confidence"] = "low"
    if bound is None or (known is not None and known <= bound + _lag_s(columns)):
        return
    # No scan lasts beyond the start of the next: what says so is wrong, or cut to seconds.
    columns["scan_time_s"] = bound
    if known is None or known > bound + duration("same_start").total_seconds():
        columns["scan_time_method"] = "next_start"
        columns["scan_time_confidence"] = "low"


def _assumes_too_little(method: object, known: float | None, bound: float | None) -> bool:
    """Whether a formula that assumes one package of slices leaves a long gap to the next start."""
    if method != "formula" or known is None or bound is None:
        return False
    return bound > limit("formula_gap") * known


def _add_up_volumes(partition: Sequence[Series]) -> None:
    """The scan time of a scan whose volumes are series of their own: that of all of them.

    What the volumes state is the whole scan's where it covers their starts, else their own.
    """
    scans: dict[str, list[Series]] = defaultdict(list)
    for series in partition:
        acquisition = series.term("acquisition_id")
        has_start = series.start.moment is not None and series.reason in ORIGINAL
        if acquisition and has_start and is_split(series.look):
            scans[acquisition].append(series)
    for members in scans.values():
        starts = [series.start.moment for series in members if series.start.moment is not None]
        first = {start: series for series, start in zip(members, starts, strict=True)}
        total = _whole([series.scan_time_s for series in first.values()], _span_s(starts))
        if len(first) < 2 or total is None:
            continue
        formulas = [_seconds(one.columns["scan_time_formula_s"]) for one in first.values()]
        for series, start in zip(members, starts, strict=True):
            series.columns["scan_time_s"] = total
            series.columns["scan_time_formula_s"] = _whole(formulas, 0.0, is_whole=False)
            series.columns["scan_time_confidence"] = "low"
            # What of it is left when this volume starts, so that the scan ends once.
            series.scan_time_s = total - _span_s([min(starts), start])


def _whole(
    volumes: Sequence[float | None], span_s: float, *, is_whole: bool = True
) -> float | None:
    known = [seconds for seconds in volumes if seconds is not None]
    if not known or len(known) < len(volumes):
        return None
    return max(known) if is_whole and max(known) >= span_s else round(sum(known), 3)


def _span_s(starts: Sequence[datetime]) -> float:
    return (max(starts) - min(starts)).total_seconds()


def _lower_confidence(partition: Sequence[Series]) -> None:
    """What derived images say of their scan is at second hand."""
    for series in partition:
        if series.columns["is_derived_only"]:
            for column in ("scan_time_confidence", "role_confidence"):
                if series.columns[column] is not None:
                    series.columns[column] = "low"


def _seconds(value: object) -> float | None:
    return value if isinstance(value, float) else None


def _lag_s(columns: Mapping[str, object]) -> float:
    """What a stated scan time may hold before the start, which is that of the first image."""
    return duration("start_lag").total_seconds() if _is_stated(columns) else 0.0


def _is_stated(columns: Mapping[str, object]) -> bool:
    """Whether the scanner itself states the scan time, and is believed."""
    return columns["scan_time_method"] != "formula" and columns["scan_time_confidence"] != "low"


def _add_contrast_phases(partition: Sequence[Series], places: Sequence[ExamPlace]) -> None:
    exams: dict[str | None, list[Series]] = defaultdict(list)
    for series, place in zip(partition, places, strict=True):
        series.columns["contrast_phase"] = None
        if series.is_image:
            exams[place.exam_id].append(series)
    for members in exams.values():
        phases = contrast_phases(
            [
                replace(series.contrast, start=series.start.moment, role=series.term("role"))
                for series in members
            ]
        )
        for series, phase in zip(members, phases, strict=True):
            series.columns["contrast_phase"] = phase


def _add_repeats(partition: Sequence[Series]) -> None:
    for series, kind in zip(
        partition, repeat_kinds([_repeatable(one) for one in partition]), strict=True
    ):
        series.columns["repeat_kind"] = kind


def _repeatable(series: Series) -> Repeatable | None:
    columns = series.columns
    exam, acquisition = series.term("exam_id"), series.term("acquisition_id")
    role, start = columns["role"], series.start.moment
    if series.reason is not None or role is None or start is None or not exam or not acquisition:
        return None
    if columns["is_derived_only"] or is_dynamic(series.row, series.texts):
        return None
    return Repeatable(
        exam=exam,
        acquisition=acquisition,
        start=start,
        purpose=(
            role,
            columns["contrast_phase"],
            columns["fat_suppression"],
            columns["dimension"],
            number(series.row, "DiffusionBValue_max"),
            "MTC" in tokens(series.row, "SequenceVariant"),
        ),
        anatomy=series.term("anatomy"),
        slab=slab(series.row),
        station=named("station", series.texts),
        direction=named("direction", series.texts),
    )
