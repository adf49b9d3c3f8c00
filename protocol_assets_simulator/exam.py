"""What happens in a study: when and how its protocols run, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from random import Random
from typing import Final

from protocol_assets_simulator import wording
from protocol_assets_simulator.catalogue import Protocol, Scanner
from protocol_assets_simulator.device_protocols import Setting
from protocol_assets_simulator.exam_plan import Derivation, ExamPlan, Measurement, diligence
from protocol_assets_simulator.randomness import seeded
from protocol_assets_simulator.scan import Defect, Purpose, Scan, Sibling, Study, TimeText

# shares of scans; the defects of real archives
OVERRIDE: Final = 0.06
MORE_SLICES: Final = 0.10
NEX_MISSING: Final = {"philips": 0.20}
NEX_MISSING_ELSEWHERE: Final = 0.03
BODY_PART_NULL: Final = 0.33
BODY_PART_WRONG: Final = 0.10
DIRTY: Final = 0.01
RAW_OBJECT: Final = 0.02
TIME_TOO_SHORT: Final = 0.01
TIME_MULTIPLIED: Final = 0.03
TR_OFF: Final = 1.35
"""Factor of the repetition time that was set wrong in one study."""

GAP_S: Final = (25.0, 40.0)
CONTRAST_GAP_S: Final = (90.0, 180.0)
PAUSE: Final = 0.16
"""How often something holds an exam up between two scans, at a technologist of average pace."""
PAUSE_S: Final = (50.0, 210.0)

Settings = Callable[[Scanner, Protocol, date], Setting]
"""The setting of a scanner's protocol on a day."""


def scans(study: Study, plan: ExamPlan, settings: Settings) -> tuple[Scan, ...]:
    """All series of a study in the order of their series numbers; deterministic in `study.seed`."""
    rng = seeded(study.seed, "scans")
    pace = diligence(study.operator)
    first, last = plan.part(study)
    kept: list[Scan] = []
    firsts: dict[int, Scan] = {}
    number, now, was_injected = 1, float(study.start_s), False
    for position, measurement in enumerate(plan.measurements):
        if measurement.step.after_contrast and not was_injected:
            now += rng.uniform(*CONTRAST_GAP_S)
            was_injected = True
        setting = settings(study.scanner, measurement.step.protocol, study.day)
        series = _series(study, rng, measurement, setting, number, now)
        firsts[position] = series[0]
        if first <= position < last:
            kept += series
        number += len(series)
        now += series[0].duration_s + rng.uniform(*GAP_S)
        if rng.random() < PAUSE * pace:
            now += rng.uniform(*PAUSE_S) * pace
    for derivation in plan.derivations:
        derived = _derived(study, rng, firsts[derivation.source], derivation, number)
        if first <= derivation.source < last:
            kept.append(derived)
        number += 1
    return (*kept, *_documents(study, rng, kept[0], number, now))


def _series(
    study: Study, rng: Random, done: Measurement, setting: Setting, number: int, start_s: float
) -> list[Scan]:
    """The series of one measurement."""
    step, vendor = done.step, study.scanner.vendor
    protocol = step.protocol
    nex, is_override = _overridden(rng, setting.nex, protocol)
    slices, tr_ms = protocol.slices, setting.tr_ms
    if protocol.potential is not None and rng.random() < MORE_SLICES:
        # a larger patient needs more slices, and their repetition time
        more = rng.choice((2, 3, 4))
        tr_ms = round(tr_ms * (slices + more) / slices / 10) * 10
        slices += more
    protocol_name = wording.protocol_text(study.scanner, step)
    omits_nex = rng.random() < NEX_MISSING.get(vendor, NEX_MISSING_ELSEWHERE)
    scan = Scan(
        study=study,
        number=number,
        uid_root=_uid_root(rng, study),
        purpose="localizer" if protocol.role == "localizer" else "image",
        protocol=protocol,
        series_description=_text(rng, protocol_name, done, study, done.siblings[0]),
        protocol_name=protocol_name,
        body_part=_body_part(rng, study),
        has_contrast=step.after_contrast,
        tr_ms=tr_ms,
        nex=nex,
        slices=slices,
        phase_oversampling=setting.phase_oversampling,
        partial_fourier=setting.partial_fourier,
        acceleration=setting.acceleration,
        preparation_s=setting.preparation_s,
        tilt_deg=round(rng.uniform(-10, 10), 2),
        start_s=start_s,
        acquisition=number,
        sibling=done.siblings[0],
        has_no_phase_wrap=setting.has_no_phase_wrap,
        is_rescan=done.is_rescan,
        is_override=is_override,
        omits_nex=omits_nex,
        omits_private_nex=omits_nex and rng.random() < 0.75,
        has_raw_object=_has_raw_object(rng, study.scanner),
        time_text=_time_text(rng, study.scanner, protocol),
        defect=_dirty(rng),
    )
    scan = _planted(scan)
    others = (
        replace(
            scan,
            number=number + place,
            uid_root=_uid_root(rng, study),
            series_description=_text(rng, protocol_name, done, study, sibling),
            sibling=sibling,
            is_second=True,
            has_raw_object=False,
        )
        for place, sibling in enumerate(done.siblings[1:], start=1)
    )
    return [scan, *others]


def _text(rng: Random, name: str, done: Measurement, study: Study, sibling: Sibling) -> str:
    return wording.series_text(rng, name, study, done.is_rescan, sibling)


def _uid_root(rng: Random, study: Study) -> int:
    # the low bits number the instances; a series of this fleet holds fewer than 1,023
    return (rng.getrandbits(116) ^ study.salt) << 10


def _overridden(rng: Random, nex: float, protocol: Protocol) -> tuple[float, bool]:
    if protocol.potential is None or rng.random() >= OVERRIDE:
        return nex, False
    return (2.0 if nex < 2 else nex - 1), True


def _body_part(rng: Random, study: Study) -> str | None:
    draw = rng.random()
    if draw < BODY_PART_NULL:
        return None
    wrong = draw < BODY_PART_NULL + BODY_PART_WRONG
    return study.exam.wrong_body_part if wrong else study.exam.body_part


def _dirty(rng: Random) -> Defect:
    draw = rng.random()
    if draw < DIRTY / 2:
        return "text_number"
    return "empty_element" if draw < DIRTY else ""


def _time_text(rng: Random, scanner: Scanner, protocol: Protocol) -> TimeText:
    # syngo shows the shortest repetition of an echo planar scan, and rarely of others
    draw = rng.random()
    if scanner.vendor != "siemens" or scanner.encoding != "classic":
        return ""
    if protocol.kind == "epi" or draw < TIME_TOO_SHORT:
        return "too_short"
    return "multiplied" if draw < TIME_TOO_SHORT + TIME_MULTIPLIED else ""


def _has_raw_object(rng: Random, scanner: Scanner) -> bool:
    # Philips files raw data objects in the series of their images
    draw = rng.random()
    return scanner.vendor == "philips" and scanner.encoding == "classic" and draw < RAW_OBJECT


def _planted(scan: Scan) -> Scan:
    """The scan with the deviation planted in its study, which only the sagittal T2 has."""
    if scan.protocol.name != "sag_t2" or scan.is_rescan:
        return scan
    match scan.study.planted:
        case "tr_off":
            return replace(scan, tr_ms=round(scan.tr_ms * TR_OFF / 10) * 10, defect="tr_off")
        case "te_missing":
            return replace(scan, defect="te_missing")
        case "nex_in_one_image":
            return replace(scan, defect="nex_in_one_image", omits_nex=False)
        case "enhanced_nex":
            return replace(scan, nex=scan.nex + 2, omits_nex=False, defect="enhanced_nex")
        case _:
            return scan


def _derived(study: Study, rng: Random, source: Scan, derivation: Derivation, number: int) -> Scan:
    sibling: Sibling = "trace" if derivation.what == "trace" else ""
    language = study.scanner.language
    return _beside(
        source,
        rng,
        number,
        "derived",
        wording.derived_text(source.series_description, language, derivation.what),
        slices=min(source.slices, 24),
        sibling=sibling,
        is_composed=derivation.what == "composed",
    )


def _documents(study: Study, rng: Random, source: Scan, number: int, now: float) -> list[Scan]:
    """The scanner's protocol report and the radiologist's report."""
    found = []
    if study.has_phoenix:
        found.append(_beside(source, rng, number, "phoenix", "PhoenixZIPReport", start_s=now))
        number += 1
    if study.has_report:
        text, later = study.description, now + 3600
        found.append(_beside(source, rng, number, "report", text, start_s=later))
    return found


def _beside(
    source: Scan, rng: Random, number: int, purpose: Purpose, text: str, **changes: object
) -> Scan:
    """A series that was not measured, with what it keeps of its source."""
    common: dict[str, object] = {
        "uid_root": _uid_root(rng, source.study),
        "number": number,
        "purpose": purpose,
        "series_description": text,
        "sibling": "",
        "is_second": False,
        "is_rescan": False,
        "defect": "",
        "has_raw_object": False,
    }
    return replace(source, **{**common, **changes})  # type: ignore[arg-type]
