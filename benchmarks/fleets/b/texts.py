"""What the chain's staff write into the headers, in seven languages."""

from __future__ import annotations

import random

from benchmarks.fleets.b.catalogue import Sequence
from benchmarks.fleets.b.devices import Device

__all__ = [
    "AGENTS",
    "BODY_PARTS",
    "REPEATS",
    "describe_localizer",
    "describe_sequence",
    "describe_study",
    "vary_text",
]

AGENTS = ("Gadovist", "DOTAREM", "ProHance", "Clariscan", "Gadobutrol 1.0", "MultiHance 10 ml")
BODY_PARTS = {
    "lumbar spine": ("LSPINE", "LSPINE", "SPINE", "L SPINE"),
    "cervical spine": ("CSPINE", "CSPINE", "SPINE"),
    "knee": ("KNEE",),
    "brain": ("BRAIN", "HEAD"),
}
REPEATS = {
    "pt": " REPETIR",
    "es": " REPETIDO",
    "de": " Wdh",
    "fr": " BIS",
    "it": " bis",
    "nl": " herh",
    "en": " REPEAT",
}
_REGIONS = {
    "lumbar spine": {
        "pt": "COLUNA LOMBAR", "es": "COLUMNA LUMBAR", "de": "LWS", "fr": "RACHIS LOMBAIRE",
        "it": "RACHIDE LOMBARE", "nl": "LWK", "en": "LUMBAR SPINE",
    },
    "cervical spine": {
        "pt": "COLUNA CERVICAL", "es": "COLUMNA CERVICAL", "de": "HWS", "fr": "RACHIS CERVICAL",
        "it": "RACHIDE CERVICALE", "nl": "CWK", "en": "CERVICAL SPINE",
    },
    "knee": {
        "pt": "JOELHO", "es": "RODILLA", "de": "Kniegelenk", "fr": "GENOU", "it": "GINOCCHIO",
        "nl": "KNIE", "en": "KNEE",
    },
    "brain": {
        "pt": "CRANIO", "es": "CEREBRO", "de": "Schädel", "fr": "CEREBRALE", "it": "ENCEFALO",
        "nl": "HERSENEN", "en": "BRAIN",
    },
    "whole spine": {
        "pt": "COLUNA TOTAL", "es": "COLUMNA COMPLETA", "de": "Gesamte Wirbelsäule",
        "fr": "RACHIS ENTIER", "it": "RACHIDE IN TOTO", "nl": "TOTALE WERVELKOLOM",
        "en": "WHOLE SPINE",
    },
}  # fmt: skip
_MODALITY = {"pt": "RM", "es": "RM", "de": "MRT", "fr": "IRM", "it": "RM", "nl": "MRI", "en": "MRI"}
_CONTRAST = {
    "pt": "CONTRASTE", "es": "CON CONTRASTE", "de": "KM", "fr": "INJ", "it": "MDC",
    "nl": "na contrast", "en": "+C",
}  # fmt: skip
_NATIVE = {
    "pt": "SEM", "es": "SIN", "de": "nativ", "fr": "SANS INJ", "it": "BASALE", "nl": "blanco",
    "en": "PRE",
}  # fmt: skip
_LOCALIZERS = {
    "Siemens": ("localizer", "Localizer", "loc"),
    "GE": ("3-PLANE LOC", "3-pl T2* FGRE", "LOC"),
    "Philips": ("Survey", "survey 3pl", "SURVEY"),
    "Canon": ("LOCATOR", "Locator 3ax"),
    "UIH": ("gre_scout", "scout", "localizer"),
    "Hitachi": ("SCANO", "Scanogram"),
}
_TSE = {
    "Siemens": "tse", "GE": "FRFSE", "Philips": "TSE", "Canon": "FASE", "UIH": "fse",
    "Hitachi": "FSE",
}  # fmt: skip
_THREE_D = {
    "Siemens": "SPACE", "GE": "CUBE", "Philips": "3D VIEW", "Canon": "3D FSE", "UIH": "MATRIX",
    "Hitachi": "isoFSE",
}  # fmt: skip
_FAT = {"none": "", "fs": "FS", "spair": "SPAIR", "stir": "", "dixon": "Dixon"}


def _plane(device: Device, plane: str) -> str:
    if plane == "ax" and device.language in ("de", "nl"):
        return "tra"
    return plane


def _technique(device: Device, sequence: Sequence) -> str:
    vendor = device.model.vendor
    if sequence.variant == "3d":
        return _THREE_D[vendor]
    if sequence.family == "gre":
        return {"Siemens": "me2d", "GE": "MERGE", "Philips": "mFFE"}.get(vendor, "GRE")
    if sequence.family == "epi":
        return "b1000"
    if vendor == "Canon":
        return "FSE"
    return _TSE[vendor]


def describe_sequence(device: Device, sequence: Sequence, fat: str, seed: str) -> str:
    """Name a protocol in the way of the vendor and the site; the same seed, the same name."""
    rng = random.Random(seed)
    plane, technique = _plane(device, sequence.plane), _technique(device, sequence)
    weighting = sequence.weighting
    if weighting == "STIR" and device.model.vendor == "Siemens" and rng.random() < 0.4:
        weighting = "TIRM"
    if weighting == "FLAIR" and device.model.vendor == "Siemens":
        weighting = "T2 dark-fluid"
    variant = {"fast": rng.choice(("fast", "quick", "turbo")), "slow": rng.choice(("HR", "hires"))}
    words = [weighting, technique, _FAT[fat], plane, variant.get(sequence.variant, "")]
    if device.model.vendor in ("GE", "Hitachi", "Canon"):
        words = [plane, weighting, technique, _FAT[fat], variant.get(sequence.variant, "")]
    if sequence.phase == "post":
        words.append(_CONTRAST[device.language])
    glue = "_" if device.model.vendor in ("Siemens", "UIH") and rng.random() < 0.7 else " "
    text = glue.join(word for word in words if word)
    if device.model.vendor in ("Siemens", "UIH") and glue == "_":
        return text.lower()
    return text.upper() if rng.random() < 0.35 else text


def vary_text(device: Device, text: str, phase: str, rng: random.Random) -> str:
    """Write the same name as another technologist would."""
    lot = rng.random()
    if lot < 0.86:
        return text
    if lot < 0.90:
        return text.upper() if text != text.upper() else text.lower()
    if lot < 0.94:
        return text + rng.choice((" (2)", "_ND", " 4mm", "_FBLK", " neu", " OK", "*", " p2"))
    if lot < 0.96:
        return text + " " + _REGIONS["lumbar spine"][device.language].split()[-1]
    if lot < 0.985:
        return f"{text} {_NATIVE[device.language]}" if phase != "post" else text
    return text.replace("_", " ").title()


def describe_localizer(device: Device, rng: random.Random) -> str:
    """Name a localizer."""
    if rng.random() < 0.2:
        local = {"pt": "LOCALIZADOR", "es": "LOCALIZADOR", "de": "Übersicht", "fr": "REPERAGE"}
        return local.get(device.language, "localizer")
    return rng.choice(_LOCALIZERS[device.model.vendor])


def describe_study(device: Device, region: str, has_contrast: bool, rng: random.Random) -> str:
    """Name an exam; empty at times."""
    if rng.random() < 0.05:
        return ""
    words = [_MODALITY[device.language], _REGIONS[region][device.language]]
    if has_contrast and rng.random() < 0.7:
        words.append(_CONTRAST[device.language])
    elif not has_contrast and rng.random() < 0.15:
        words.append(_NATIVE[device.language])
    return " ".join(words)
