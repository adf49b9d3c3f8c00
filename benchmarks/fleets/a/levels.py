"""How often lines are averaged: what is right in a stratum, and how vendors reach it.

A stratum is an anatomy, a role, a contrast phase, 2D or 3D and a field. Each stratum has a right
level for R 1 and one for R 2 and above; usual protocols lie within 0.95 to 1.02 of it.
"""

from __future__ import annotations

import random

__all__ = ["HIGH", "LOW", "Stratum", "high_form", "low_form", "right_level", "target_level"]

Stratum = tuple[str, str, str, bool, float]
LOW = (0.95, 1.02)
HIGH = (1.31, 3.15)  # over 1.02, so at least 1.28 times any low level

_NEX = {
    "ge": (1.0, 1.5, 2.0, 3.0, 4.0),
    "philips": (1.0, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.2, 2.4, 3.0, 4.0),
}
_WHOLE = (1.0, 2.0, 3.0, 4.0)
_OVERSAMPLING = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def right_level(seed: int, stratum: Stratum, accelerated: bool) -> float:
    """Return the averaging that is right in a stratum."""
    anatomy, role, _, three_d, _ = stratum
    if role == "ax DWI":
        return 2.0
    if three_d:
        return 1.0
    rng = random.Random(f"{seed}-level-{stratum}")
    if anatomy.endswith("spine"):
        chances = (0.15, 0.35, 0.5) if role.startswith("sag") else (0.35, 0.4, 0.25)
    else:
        chances = (0.5, 0.3, 0.2) if anatomy == "knee" else (0.7, 0.3, 0.0)
    level = rng.choices((1.0, 1.5, 2.0), chances)[0]
    if rng.random() < 0.2 and accelerated:  # two averages with p2 instead of one without
        return {1.0: 2.0, 1.5: 2.0}.get(level, level)
    return level


def target_level(seed: int, stratum: Stratum, model: str) -> float | None:
    """Return the averaging that the sites signed for an old model, if they did for this stratum."""
    rng = random.Random(f"{seed}-target-{stratum}-{model}")
    if stratum[1] == "ax DWI" or stratum[3] or rng.random() > 0.35:
        return None
    return {1.0: (1.5, 2.0), 1.5: (2.0, 3.0), 2.0: (3.0, 3.0)}[right_level(seed, stratum, True)][
        rng.randrange(2)
    ]


def low_form(rng: random.Random, vendor: str, level: float, calm: bool) -> tuple[float, float]:
    """Return NEX and oversampling that make a level, mostly with the fewest averages.

    Args:
        rng: Source of chance.
        vendor: The vendor, whose console allows some values alone.
        level: Averaging to reach.
        calm: Whether to prefer the fewest averages at all times.
    """
    if vendor == "ge":
        return level, 0.0
    forms = []
    for nex in _NEX.get(vendor, _WHOLE):
        over = level / nex - 1
        if -1e-9 <= over <= 1.0:
            forms.append((nex, max(over, 0.0)))
    whole = [f for f in forms if f[0] == int(f[0])]
    if vendor != "philips" or rng.random() < 0.8:
        forms = whole or forms
    nex, over = forms[0] if calm or rng.random() < 0.7 else rng.choice(forms)
    if over > 0:
        wanted = level * rng.uniform(LOW[0] + 0.01, LOW[1] - 0.01)
        over = min(max(wanted / nex - 1, 0.0), 1.0)
    return nex, over


def high_form(rng: random.Random, vendor: str, level: float) -> tuple[float, float]:
    """Return NEX and oversampling that are more than a level asks for.

    Nearly half lie close above what is right (factor 1.31 to 1.5), most of the rest below 2.2.
    """
    overs = (0.0,) if vendor == "ge" else _OVERSAMPLING
    forms = [(n, o) for n in _NEX.get(vendor, _WHOLE) for o in overs]
    forms = [f for f in forms if HIGH[0] <= f[0] * (1 + f[1]) / level <= HIGH[1]]
    bands = ((1.31, 1.5), (1.5, 2.2), (2.2, 3.15))
    low, high = rng.choices(bands, (0.45, 0.48, 0.07))[0]
    near = [f for f in forms if low <= f[0] * (1 + f[1]) / level <= high and f[0] > 1]
    near = near or [f for f in forms if low <= f[0] * (1 + f[1]) / level <= high]
    return rng.choice(near or forms)
