"""The texts of a scanner's protocols and series, in its language and style, with their noise."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Final

from protocol_assets_simulator import catalogue
from protocol_assets_simulator.catalogue import ExamStep, Scanner
from protocol_assets_simulator.randomness import seeded
from protocol_assets_simulator.scan import Sibling, Study

NOISY: Final = 0.12
PATIENT_IN_TEXT: Final = 0.005
_SUFFIXES: Final[dict[Sibling, str]] = {
    "": "",
    "unfiltered": "_ND",
    "in_phase": "_in",
    "out_phase": "_opp",
    "water": "_W",
    "fat": "_F",
    "trace": "_TRACEW",
}


def protocol_text(scanner: Scanner, step: ExamStep) -> str:
    """The protocol's name on this scanner: its wording, in the vendor's words and its own style."""
    name, after_contrast = step.protocol.name, step.after_contrast
    is_late_echo = step.protocol.te_ms > 60
    key = (scanner.station, scanner.vendor, scanner.language, scanner.text_style)
    return _protocol_text(*key, scanner.is_renamed, name, after_contrast, is_late_echo)


@cache
def _protocol_text(
    station: str,
    vendor: str,
    language: str,
    style: str,
    is_renamed: bool,
    name: str,
    after_contrast: bool,
    is_late_echo: bool,
) -> str:
    text = seeded("text", station, name).choice(catalogue.texts(language, name))
    train = {"ge": "FRFSE" if is_late_echo else "FSE", "canon": "FSE", "hitachi": "FSE",
             "uih": "FSE"}  # fmt: skip
    volume = {"siemens": "MPRAGE", "ge": "BRAVO", "philips": "TFE"}
    text = text.replace("{tse}", train.get(vendor, "TSE"))
    text = text.replace("{mprage}", volume.get(vendor, "FFE3D"))
    if after_contrast:
        text = f"{text} {catalogue.texts(language, 'contrast')[0]}"
    if is_renamed:
        text = f"Routine {text}"
    match style:
        case "underscore":
            return text.lower().replace(" ", "_")
        case "upper":
            return text.upper()
        case _:
            return text


def series_text(rng: Random, text: str, study: Study, is_rescan: bool, sibling: Sibling) -> str:
    """A series' own description: its protocol's name, sometimes edited by hand."""
    draw, choice = rng.random(), rng.randrange(6)
    if is_rescan:
        text = f"{text} RPT"
    text += _SUFFIXES[sibling]
    if draw < PATIENT_IN_TEXT:
        return f"{text} {study.patient.family_name}"
    if draw < NOISY:
        return (f"{text} NEW", f"{text}_2", text.upper(), text.lower(), f"{text} (1)", f" {text} ")[
            choice
        ]
    return text


def derived_text(text: str, language: str, what: str) -> str:
    """The description of a derived series, from that of its source."""
    match what:
        case "adc":
            return f"{text} ADC"
        case "trace":
            return text + _SUFFIXES["trace"]
        case "composed":
            return f"{text} {catalogue.texts(language, 'composed')[0]}"
        case _:
            return f"{text} {catalogue.texts(language, 'derived')[0]}"
