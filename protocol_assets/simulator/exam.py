"""What happens in a study: which protocols run, how and when, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Final

from protocol_assets.simulator import catalogue
from protocol_assets.simulator.catalogue import ExamStep, Protocol, Scanner
from protocol_assets.simulator.randomness import seeded
from protocol_assets.simulator.scan import Defect, Scan, Study

# shares of scans; the defects of real archives
RESCAN: Final = 0.05
OVERRIDE: Final = 0.04
MORE_SLICES: Final = 0.15
NEX_MISSING: Final = {"philips": 0.20}
NEX_MISSING_ELSEWHERE: Final = 0.03
BODY_PART_NULL: Final = 0.33
BODY_PART_WRONG: Final = 0.10
DIRTY: Final = 0.01
DERIVED: Final = 0.15
RAW_OBJECT: Final = 0.02
NOISY_TEXT: Final = 0.12
PATIENT_IN_TEXT: Final = 0.005

GAP_S: Final = (25.0, 40.0)
CONTRAST_GAP_S: Final = (90.0, 180.0)


@dataclass(frozen=True, slots=True)
class Setting:
    """How a device runs a protocol: averages, acceleration, phase oversampling, repetition time."""

    nex: float
    acceleration: int
    phase_oversampling: float
    tr_ms: float


Settings = Callable[[Scanner, Protocol, date], Setting]
"""The setting of a device's protocol on a day."""


def device_setting(seed: int, scanner: Scanner, protocol: Protocol, day: date) -> Setting:
    """The fixed setting of a device and protocol, drawn once from the fleet's seed.

    `day` is where a change of protocol will enter; this fleet never changes.
    """
    del day
    rng = seeded(seed, "setting", scanner.serial, protocol.name)
    tr_ms = protocol.tr_ms
    if protocol.kind != "gre_sequential":
        tr_ms = round(tr_ms * rng.uniform(0.95, 1.06) / 10) * 10
    if not protocol.follows_device:
        return Setting(protocol.nex, 1, 0.0, tr_ms)
    nex = rng.choices(*catalogue.averages_mix(scanner.averaging, scanner.vendor))[0]
    accelerated = rng.random() < (0.3 if scanner.field_strength_t >= 3 else 0.12)
    oversampling = rng.choices((0.0, 0.5, 1.0), (70, 22, 8))[0] if _oversamples(scanner) else 0.0
    if oversampling == 1.0:
        # 100 % oversampling measures every line twice: what NEX 2 does elsewhere
        nex = 1.0
    return Setting(nex, 2 if accelerated and nex >= 2 else 1, oversampling, tr_ms)


def _oversamples(scanner: Scanner) -> bool:
    # only Siemens' phase encoding steps tell oversampling; elsewhere it stays out of the header
    return scanner.vendor == "siemens"


def scans(study: Study, settings: Settings) -> tuple[Scan, ...]:
    """All series of a study in the order of their series numbers; deterministic in `study.seed`."""
    rng = seeded(study.seed)
    done: list[Scan] = []
    now = float(study.start_s)
    injected = False
    for step in study.exam.steps:
        if rng.random() >= step.probability:
            continue
        if step.after_contrast and not injected:
            now += rng.uniform(*CONTRAST_GAP_S)
            injected = True
        repeats = 2 if step.protocol.role != "localizer" and rng.random() < RESCAN else 1
        for repeat in range(repeats):
            setting = settings(study.scanner, step.protocol, study.day)
            scan = _scan(study, rng, step, setting, len(done) + 1, now, repeat > 0)
            done.append(scan)
            now += scan.duration_s + rng.uniform(*GAP_S)
    return (*done, *_extras(study, rng, done, now))


def _scan(
    study: Study,
    rng: Random,
    step: ExamStep,
    setting: Setting,
    number: int,
    start_s: float,
    is_rescan: bool,
) -> Scan:
    protocol = step.protocol
    nex, is_override = _overridden(rng, setting.nex, protocol)
    slices, tr_ms = protocol.slices, setting.tr_ms
    if protocol.follows_device and rng.random() < MORE_SLICES:
        # a larger patient needs more slices, and their repetition time
        more = rng.choice((2, 3, 4))
        tr_ms = round(tr_ms * (slices + more) / slices / 10) * 10
        slices += more
    protocol_name = protocol_text(study.scanner, step)
    missing = NEX_MISSING.get(study.scanner.vendor, NEX_MISSING_ELSEWHERE)
    omits_nex = rng.random() < missing
    return Scan(
        study=study,
        number=number,
        uid_root=_uid_root(rng),
        purpose="localizer" if protocol.role == "localizer" else "image",
        protocol=protocol,
        series_description=_noisy(rng, protocol_name, study, is_rescan),
        protocol_name=protocol_name,
        body_part=_body_part(rng, study),
        has_contrast=step.after_contrast,
        tr_ms=tr_ms,
        nex=nex,
        slices=slices,
        phase_oversampling=setting.phase_oversampling,
        partial_fourier=0.75 if protocol.kind == "epi" else 1.0,
        acceleration=setting.acceleration,
        tilt_deg=round(rng.uniform(-10, 10), 2),
        start_s=start_s,
        acquisition=number,
        is_rescan=is_rescan,
        is_override=is_override,
        omits_nex=omits_nex,
        omits_private_nex=omits_nex and rng.random() < 0.75,
        has_raw_object=_has_raw_object(rng, study.scanner),
        defect=_defect(rng),
    )


def _uid_root(rng: Random) -> int:
    # the low bits number the instances; a series of this fleet holds fewer than 1,023
    return rng.getrandbits(116) << 10


def _overridden(rng: Random, nex: float, protocol: Protocol) -> tuple[float, bool]:
    if not protocol.follows_device or rng.random() >= OVERRIDE:
        return nex, False
    return (2.0 if nex < 2 else nex - 1), True


def _body_part(rng: Random, study: Study) -> str | None:
    draw = rng.random()
    if draw < BODY_PART_NULL:
        return None
    wrong = draw < BODY_PART_NULL + BODY_PART_WRONG
    return study.exam.wrong_body_part if wrong else study.exam.body_part


def _defect(rng: Random) -> Defect:
    draw = rng.random()
    if draw < DIRTY / 2:
        return "text_number"
    return "empty_element" if draw < DIRTY else ""


def _has_raw_object(rng: Random, scanner: Scanner) -> bool:
    # Philips files raw data objects in the series of their images
    draw = rng.random()
    return scanner.vendor == "philips" and scanner.encoding == "classic" and draw < RAW_OBJECT


def _extras(study: Study, rng: Random, done: list[Scan], now: float) -> list[Scan]:
    """Derived series, the scanner's protocol report and the radiologist's report."""
    extras: list[Scan] = []

    def add(source: Scan, **changes: object) -> None:
        common = {
            "uid_root": _uid_root(rng),
            "number": len(done) + len(extras) + 1,
            "is_rescan": False,
            "defect": "",
            "has_raw_object": False,
        }
        extras.append(replace(source, **{**common, **changes}))  # type: ignore[arg-type]

    images = [scan for scan in done if scan.purpose == "image"]
    diffusion = [scan for scan in images if scan.protocol.b_value]
    volumes = [scan for scan in images if scan.protocol.partitions]
    wanted = diffusion + volumes
    if rng.random() < DERIVED:
        wanted.append(rng.choice(images))
    for source in wanted:
        word = (
            "ADC" if source in diffusion else catalogue.texts(study.scanner.language, "derived")[0]
        )
        add(
            source,
            purpose="derived",
            series_description=f"{source.series_description} {word}",
            slices=min(source.slices, 24),
        )
    if study.has_phoenix:
        add(done[0], purpose="phoenix", start_s=now, series_description="PhoenixZIPReport")
    if study.has_report:
        add(done[0], purpose="report", start_s=now + 3600, series_description=study.description)
    return extras


def protocol_text(scanner: Scanner, step: ExamStep) -> str:
    """The protocol's name on this scanner: its wording, in the vendor's words and its own style."""
    rng = seeded("text", scanner.serial, step.protocol.name)
    text = rng.choice(catalogue.texts(scanner.language, step.protocol.name))
    train = {"ge": "FRFSE" if step.protocol.te_ms > 60 else "FSE", "canon": "FSE"}
    volume = {"siemens": "MPRAGE", "ge": "BRAVO", "philips": "TFE"}
    text = text.replace("{tse}", train.get(scanner.vendor, "TSE"))
    text = text.replace("{mprage}", volume.get(scanner.vendor, "FFE3D"))
    if step.after_contrast:
        text = f"{text} {catalogue.texts(scanner.language, 'contrast')[0]}"
    match scanner.text_style:
        case "underscore":
            return text.lower().replace(" ", "_")
        case "upper":
            return text.upper()
        case _:
            return text


def _noisy(rng: Random, text: str, study: Study, is_rescan: bool) -> str:
    draw, choice = rng.random(), rng.randrange(6)
    if is_rescan:
        text = f"{text} RPT"
    if draw < PATIENT_IN_TEXT:
        return f"{text} {study.patient.family_name}"
    if draw < NOISY_TEXT:
        return (f"{text} NEW", f"{text}_2", text.upper(), text.lower(), f"{text} (1)", f" {text} ")[
            choice
        ]
    return text
