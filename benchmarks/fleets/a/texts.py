"""Descriptions as eight countries write them, with the noise of daily work."""

from __future__ import annotations

import random
import re

from benchmarks.fleets.a.catalog import Sequence

__all__ = ["AGENTS", "BODY_PARTS", "WRONG_BODY_PARTS", "name_variants", "study_description"]

AGENTS = ("Gadovist", "Dotarem", "Clariscan", "ProHance", "GADOTERAT", "Gd-DOTA 0.5 mmol/ml")
BODY_PARTS = {
    "lumbar spine": ("LSPINE", "LSPINE", "LSPINE", "SPINE", "L SPINE"),
    "cervical spine": ("CSPINE", "CSPINE", "SPINE", "NECK"),
    "knee": ("KNEE", "KNEE", "EXTREMITY"),
    "brain": ("BRAIN", "HEAD", "HEAD"),
}
WRONG_BODY_PARTS = ("CSPINE", "LSPINE", "HEAD", "ABDOMEN", "PELVIS", "KNEE", "TSPINE")

_STUDIES: dict[str, dict[str, tuple[str, ...]]] = {
    "lumbar spine": {
        "pt": ("RM COLUNA LOMBAR", "RM Coluna Lombo-Sagrada", "RNM COLUNA LOMBAR SEM CONTRASTE"),
        "es": ("RM COLUMNA LUMBAR", "RM Raquis Lumbar", "RMN LUMBAR"),
        "de": ("MRT LWS", "LWS nativ", "MR Lendenwirbelsäule"),
        "fr": ("IRM RACHIS LOMBAIRE", "IRM Rachis lombo-sacré", "RACHIS LOMBAIRE"),
        "it": ("RM COLONNA LOMBARE", "RM Rachide Lombosacrale", "RACHIDE LS"),
        "nl": ("MR LWK", "MRI lumbale wervelkolom", "LWK"),
        "en": ("MRI LUMBAR SPINE", "MRI Spine lumbar", "LSP"),
    },
    "cervical spine": {
        "pt": ("RM COLUNA CERVICAL", "RM Cervical"),
        "es": ("RM COLUMNA CERVICAL", "RM Raquis Cervical"),
        "de": ("MRT HWS", "HWS nativ"),
        "fr": ("IRM RACHIS CERVICAL", "Rachis cervical"),
        "it": ("RM COLONNA CERVICALE", "RM Rachide Cervicale"),
        "nl": ("MR CWK", "MRI cervicale wervelkolom"),
        "en": ("MRI CERVICAL SPINE", "CSP"),
    },
    "knee": {
        "pt": ("RM JOELHO DIREITO", "RM JOELHO ESQ"),
        "es": ("RM RODILLA DERECHA", "RM Rodilla izq"),
        "de": ("MRT Knie re", "MR Kniegelenk links"),
        "fr": ("IRM GENOU DROIT", "IRM Genou gauche"),
        "it": ("RM GINOCCHIO DX", "RM Ginocchio sin"),
        "nl": ("MR KNIE RECHTS", "MRI knie links"),
        "en": ("MRI KNEE RIGHT", "MRI Knee Lt"),
    },
    "brain": {
        "pt": ("RM CRANIO", "RM Encéfalo"),
        "es": ("RM CRANEO", "RM Cerebral"),
        "de": ("MRT Schädel", "MR Kopf"),
        "fr": ("IRM CEREBRALE", "IRM Encéphale"),
        "it": ("RM ENCEFALO", "RM Cranio"),
        "nl": ("MR HERSENEN", "MRI hersenen"),
        "en": ("MRI BRAIN", "MRI Head"),
    },
    "whole spine": {
        "pt": ("RM COLUNA TOTAL",),
        "es": ("RM COLUMNA COMPLETA",),
        "de": ("MRT Ganze Wirbelsäule",),
        "fr": ("IRM RACHIS ENTIER",),
        "it": ("RM COLONNA IN TOTO",),
        "nl": ("MR totale wervelkolom",),
        "en": ("MRI WHOLE SPINE",),
    },
}
_AGENT_WORDS = {
    "pt": ("+GD", " POS CONTRASTE", " c/ contraste"),
    "es": ("+GD", " CONTRASTE", " con civ"),
    "de": ("_KM", " KM", " nach KM"),
    "fr": (" GADO", " INJ", "+GADO"),
    "it": (" MDC", "+MDC", " dopo mdc"),
    "nl": ("+GD", " gado", " na contrast"),
    "en": ("+C", " POST", " Post Gad"),
}
_FAST = {"pt": "rapido", "es": "rapido", "de": "schnell", "fr": "rapide", "it": "veloce"}
_REGION_WORDS = {
    ("lumbar spine", "pt"): "LOMBAR",
    ("lumbar spine", "es"): "LUMBAR",
    ("lumbar spine", "de"): "LWS",
    ("lumbar spine", "fr"): "LOMB",
    ("lumbar spine", "it"): "LOMBARE",
    ("lumbar spine", "nl"): "LWK",
    ("lumbar spine", "en"): "LSP",
    ("cervical spine", "de"): "HWS",
    ("cervical spine", "nl"): "CWK",
    ("cervical spine", "en"): "CSP",
}
_PLANES = {
    "sag": {"pt": "SAGITAL", "es": "SAGITAL", "it": "SAG", "fr": "SAG", "de": "sag"},
    "ax": {"pt": "AXIAL", "es": "AXIAL", "it": "ASS", "fr": "AXIAL", "de": "tra", "nl": "tra"},
    "cor": {"pt": "CORONAL", "es": "CORONAL", "fr": "CORO", "de": "cor", "nl": "cor"},
}


def study_description(rng: random.Random, region: str, language: str, with_agent: bool) -> str:
    """Return a description of an examination."""
    text = rng.choice(_STUDIES[region][language])
    if with_agent and rng.random() < 0.7:
        text = text.replace(" SEM CONTRASTE", "").replace(" nativ", "")
        text += rng.choice(_AGENT_WORDS[language])
    return text.lower() if rng.random() < 0.04 else text


def _core(vendor: str, sequence: Sequence, flavor: str) -> str:
    plane, weighting = sequence.role.split()
    weighting_word = {"T2*": "T2*"}.get(weighting, weighting)
    if vendor in ("siemens", "uih"):
        axis = {"ax": "tra"}.get(plane, plane)
        train = "tse" if vendor == "siemens" else "fse"
        if sequence.family == "gre3d":
            return f"t2_medic3d_{axis}" if vendor == "siemens" else f"t2_gre3d_{axis}"
        if sequence.family == "dwi":
            return f"ep2d_diff_b1000_{axis}"
        if weighting == "STIR":
            return f"t2_tirm_{axis}" if flavor == "classic" else f"t2_stir_{axis}"
        if weighting == "FLAIR":
            return f"t2_tirm_{axis}_dark-fluid"
        tail = "_fs" if sequence.fat_suppressed else ""
        return f"{weighting.lower()}_{train}_{axis}{tail}"
    if sequence.family == "gre3d":
        word = {"ge": "3D MERGE", "philips": "mFFE", "canon": "FE3D", "hitachi": "3D GRE"}[vendor]
        return f"{plane.upper()} T2* {word}"
    if sequence.family == "dwi":
        return f"{plane.upper()} DWI b1000" if vendor != "philips" else "DWI_SSh"
    if weighting in ("STIR", "FLAIR"):
        return (
            f"{weighting}_long TSE {plane.upper()}"
            if vendor == "philips"
            else (f"{plane.title()} {weighting}")
        )
    tail = {"philips": " SPAIR"}.get(vendor, " FS") if sequence.fat_suppressed else ""
    if vendor == "philips":
        return f"{weighting_word}W_TSE {plane.upper()}{tail}"
    train = "FRFSE" if vendor == "ge" and weighting == "T2" else "FSE"
    return f"{plane.title()} {weighting_word} {train}{tail}"


def name_variants(
    rng: random.Random, vendor: str, flavor: str, sequence: Sequence, language: str, anatomy: str,
    variant: str,
) -> tuple[str, ...]:  # fmt: skip
    """Return the names that a protocol goes by; the first one is the usual.

    The last two are flips: a native sequence that says it has an agent, and the reverse.
    """
    plane, weighting = sequence.role.split()
    core = _core(vendor, sequence, flavor)
    local_plane = _PLANES[plane].get(language, plane.upper())
    if vendor not in ("siemens", "uih") and rng.random() < 0.45:
        core = re.sub(rf"\b{plane}\b", local_plane, core, flags=re.IGNORECASE)
    agent = rng.choice(_AGENT_WORDS[language])
    if variant == "fast":
        core += " " + _FAST.get(language, "fast")
    elif variant == "slow":
        core += rng.choice((" HR", "_hres", " 3mm"))
    region = _REGION_WORDS.get((anatomy, language), "")
    if region and rng.random() < 0.3:
        core = f"{region} {core}"
    base = core + agent if sequence.contrast else core
    loud = base.upper()
    other = rng.choice(("_320", "_4mm", " new", "_p2", " 2", " (S)", " *", "_NEW2"))
    free = f"{local_plane} {weighting}" + (" FS" if sequence.fat_suppressed else "")
    if sequence.contrast:
        free += rng.choice(_AGENT_WORDS[language])
    variants = [base, loud, base + other, free]
    if region:
        variants.append(f"{region} {free}")
    flip = core if sequence.contrast else core + agent
    return (*variants, flip)
