"""The scanners of the chain and their habits."""

from __future__ import annotations

import random
from dataclasses import dataclass

from benchmarks.fleets.b.catalogue import MODELS, Model

__all__ = ["Device", "build_devices"]

_SITES = (
    ("Clínica Imagem Sul", "pt"),
    ("Centro Radiológico Levante", "es"),
    ("Radiologie am Markt", "de"),
    ("Imagerie du Parc", "fr"),
    ("Diagnostica San Luca", "it"),
    ("Beeldcentrum Noord", "nl"),
    ("Harbour Imaging", "en"),
    ("Radiologie am Rhein", "de"),
    ("Diagnostica Lago", "it"),
    ("Imagem Avenida", "pt"),
)


_WEIGHTS = ((0.0, 0.5), (0.15, 0.25))
"""Mean and spread of log volume, of classic scanners and of those with enhanced objects."""


@dataclass(frozen=True, slots=True)
class Device:
    """A scanner's place, the scanner that stands there and the habits of its staff.

    Attributes:
        index: Number in the fleet.
        station: StationName; it stays when the scanner is replaced.
        site: InstitutionName.
        language: Of its texts.
        model: What the scanner is.
        serial: DeviceSerialNumber at the start.
        new_serial: DeviceSerialNumber after a replacement.
        pace: Factor on the gaps of the staff's slowest to fastest day shift.
        weight: Share of the chain's studies, not normalised.
        pat: ``none`` (no parallel imaging at all), ``mixed`` or ``modern``.
        thickness: Factor on slice thickness.
        matrix: Factor on lines and columns.
        bandwidth: Factor on bandwidth.
        block: Offset of the private block numbers.
        uses_npw: GE: whether No Phase Wrap is habitually on.
        states_optional: Whether the vendor's optional fields are written.
        has_dl: Whether deep-learning reconstruction is in use.
        is_control: Whether nothing changes here.
        clock_s: Error of the clock in seconds.
        follows_programme: Whether its high averages are cut within the period.
        anatomies: What is examined there.
    """

    index: int
    station: str
    site: str
    language: str
    model: Model
    serial: str
    new_serial: str
    pace: float
    weight: float
    pat: str
    thickness: float
    matrix: float
    bandwidth: float
    block: int
    uses_npw: bool
    states_optional: bool
    has_dl: bool
    is_control: bool
    clock_s: int
    follows_programme: bool
    anatomies: tuple[str, ...]


def _models(count: int) -> list[Model]:
    """Spread the models evenly, so that a small fleet is a fair cut of the whole."""
    spread = [
        ((rank + 0.5) / model.count, position, model)
        for position, model in enumerate(MODELS)
        for rank in range(model.count)
    ]
    spread.sort(key=lambda item: item[:2])
    whole = [model for _, _, model in spread]
    times = -(-count // len(whole))
    pool = whole * times
    step = len(pool) / count
    return [pool[int(i * step)] for i in range(count)]


def _serial(model: Model, rng: random.Random, index: int) -> str:
    number = 20_000 + index * 131 + rng.randrange(100)
    if model.vendor == "GE":
        return f"00000000{number}MR{index % 4}"
    return str(number)


def _anatomies(rng: random.Random) -> tuple[str, ...]:
    others = ["cervical spine", "knee", "brain"]
    if rng.random() < 0.75:
        others.remove(rng.choice(others))
    return ("lumbar spine", *others)


def build_devices(seed: int, count: int) -> list[Device]:
    """Build the scanners of a fleet.

    Args:
        seed: Of the fleet.
        count: Scanners.
    """
    rng = random.Random(f"devices {seed}")
    models = _models(count)
    plain = [i for i, m in enumerate(models) if not m.has_old_coil]
    controls = set(rng.sample(plain, min(len(plain), max(1, round(count * 9 / 63)))))
    others = [i for i in range(count) if i not in controls]
    without_pat = set(rng.sample(others, round(count * 9 / 63)))
    replaced = set(rng.sample(others, min(len(others), max(1, round(count * 2 / 63)))))
    early_late = rng.sample(range(count), min(count, 2))
    can_dl = [i for i in sorted(controls) if models[i].vendor in ("GE", "Siemens")]
    devices = []
    for i, model in enumerate(models):
        site, language = _SITES[rng.randrange(len(_SITES))]
        pat = rng.choices(("mixed", "modern"), (0.55, 0.45))[0]
        serial, new_serial = _serial(model, rng, i), _serial(model, rng, i + 500)
        follows = i not in controls and (rng.random() < 0.78 or i in replaced)
        devices.append(
            Device(
                index=i,
                station=f"{model.vendor[:2].upper()}{rng.randrange(10, 99)}MR{i + 1:02d}",
                site=site,
                language=language,
                model=model,
                serial=serial,
                new_serial=new_serial if i in replaced else "",
                pace=rng.lognormvariate(0, 0.14),
                weight=rng.lognormvariate(*_WEIGHTS[model.encoding.endswith("enhanced")]),
                pat="none" if i in without_pat or model.has_old_coil else pat,
                thickness=round(rng.uniform(0.88, 1.14), 2),
                matrix=rng.uniform(0.93, 1.08),
                bandwidth=rng.uniform(0.8, 1.25),
                block=rng.choice((0, 0, 0, 1, 2)),
                uses_npw=rng.random() < 0.7,
                states_optional=rng.random() < 0.7,
                has_dl=i in can_dl[:2],
                is_control=i in controls,
                clock_s={early_late[0]: 3600, early_late[-1]: -3600}.get(i, 0),
                follows_programme=follows,
                anatomies=_anatomies(rng),
            )
        )
    return devices
