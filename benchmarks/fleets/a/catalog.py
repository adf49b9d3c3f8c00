"""What the network owns and how it scans: models, sites and the sequences of each region."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FLEET_MODELS", "REGIONS", "SITES", "Model", "Sequence", "Site"]


@dataclass(frozen=True, slots=True)
class Model:
    """A type of scanner.

    Attributes:
        vendor: Short name of the vendor, which chooses the encoding.
        manufacturer: As the headers write it.
        name: ManufacturerModelName.
        field_t: Nominal field strength (T).
        flavor: ``classic``, ``xa`` (new software, classic objects) or ``enhanced``.
        software: SoftwareVersions.
        year: Year of installation, in rough terms; old ones lack parallel imaging more often.
        old_coil: Whether the sites signed higher averages for this model's coils.
        deep_learning: Whether images are reconstructed by a network.
    """

    vendor: str
    manufacturer: str
    name: str
    field_t: float
    flavor: str
    software: tuple[str, ...]
    year: int
    old_coil: bool = False
    deep_learning: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A hospital of the network."""

    name: str
    city: str
    country: str
    language: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence of a region's examination, as the network's physicists have set it out.

    Attributes:
        role: Plane and weighting.
        family: ``tse``, ``ir`` (an inversion-recovery train), ``gre3d`` or ``dwi``.
        tr: Repetition time (ms).
        te: Echo time (ms).
        ti: Inversion time (ms), or 0.
        etl: Echo train length.
        columns: Samples along the frequency axis.
        lines: Nominal phase-encoding lines.
        slices: Slices or, in 3D, partitions.
        thickness: Slice thickness (mm).
        bandwidth: Pixel bandwidth (Hz).
        packages: Chances of one, two and three concatenations.
        chance: How often an examination has the sequence.
        owned: Share of the scanners that have the protocol at all.
        fat_suppressed: Whether fat is saturated.
        contrast: Whether the sequence follows the injection.
    """

    role: str
    family: str
    tr: float
    te: float
    ti: float
    etl: int
    columns: int
    lines: int
    slices: int
    thickness: float
    bandwidth: float
    packages: tuple[float, float, float]
    chance: float
    owned: float = 1.0
    fat_suppressed: bool = False
    contrast: bool = False


_SIEMENS, _XA = "SIEMENS", "Siemens Healthineers"
_GE, _PHILIPS = "GE MEDICAL SYSTEMS", "Philips Medical Systems"
_AERA = Model("siemens", _SIEMENS, "Aera", 1.5, "classic", ("syngo MR E11",), 2013)
_AVANTO = Model("siemens", _SIEMENS, "Avanto", 1.5, "classic", ("syngo MR B17",), 2007, True)
_SKYRA = Model("siemens", _SIEMENS, "Skyra", 3.0, "classic", ("syngo MR E11",), 2014)
_VERIO = Model("siemens", _SIEMENS, "Verio", 3.0, "classic", ("syngo MR B19",), 2010)
_SOLA = Model("siemens", _XA, "MAGNETOM Sola", 1.5, "xa", ("syngo MR XA20",), 2020)
_VIDA = Model("siemens", _XA, "MAGNETOM Vida", 3.0, "xa", ("syngo MR XA20",), 2019)
_ALTEA = Model("siemens", _XA, "MAGNETOM Altea", 1.5, "enhanced", ("syngo MR XA31",), 2021)
_SOLA_FIT = Model("siemens", _XA, "MAGNETOM Sola Fit", 1.5, "enhanced", ("syngo MR XA50",), 2022)
_LUMINA = Model("siemens", _XA, "MAGNETOM Lumina", 3.0, "enhanced", ("syngo MR XA50",), 2022)
_VIDA_DL = Model(
    "siemens", _XA, "MAGNETOM Vida", 3.0, "xa", ("syngo MR XA51",), 2023, deep_learning=True
)
_HDXT = Model(
    "ge", _GE, "Signa HDxt", 1.5, "classic", ("15", "LX", "HD16.0_V02_1131.a"), 2008, True
)
_O450 = Model(
    "ge", _GE, "Optima MR450w", 1.5, "classic", ("25", "LX", "MR Software release:DV25.0_R02"), 2013
)
_ARTIST = Model("ge", _GE, "SIGNA Artist", 1.5, "classic", ("29", "LX", "MR29.1_EA_2039.g"), 2020)
_EXPLORER = Model("ge", _GE, "SIGNA Explorer", 1.5, "classic", ("25", "LX", "SV25.4_R01"), 2016)
_D750 = Model(
    "ge",
    _GE,
    "DISCOVERY MR750w",
    3.0,
    "classic",
    ("24", "LX", "MR Software release:DV24.0_R01"),
    2014,
)
_PIONEER = Model("ge", _GE, "SIGNA Pioneer", 3.0, "classic", ("28", "LX", "MR28.0_R05"), 2019)
_ARTIST_DL = Model(
    "ge", _GE, "SIGNA Artist", 1.5, "classic", ("30", "LX", "MR30.1_R01"), 2023, deep_learning=True
)
_ACHIEVA = Model("philips", _PHILIPS, "Achieva", 1.5, "classic", ("3.2.3", "3.2.3.4"), 2008, True)
_INGENIA = Model("philips", _PHILIPS, "Ingenia", 1.5, "classic", ("5.3.1", "5.3.1.3"), 2015)
_INGENIA_E = Model("philips", _PHILIPS, "Ingenia", 1.5, "enhanced", ("5.6.1", "5.6.1.1"), 2018)
_AMBITION = Model(
    "philips", "Philips", "Ingenia Ambition X", 1.5, "enhanced", ("5.7.1", "5.7.1.2"), 2021
)
_INGENIA_3 = Model("philips", _PHILIPS, "Ingenia", 3.0, "classic", ("5.4.1", "5.4.1.1"), 2016)
_ELITION = Model(
    "philips", "Philips", "Ingenia Elition X", 3.0, "enhanced", ("5.7.1", "5.7.1.2"), 2021
)
_VANTAGE = Model("canon", "TOSHIBA", "Titan", 1.5, "classic", ("V2.60*R001",), 2012)
_ORIAN = Model("canon", "CANON_MEC", "Orian", 1.5, "classic", ("V6.0SP1001*",), 2019)
_GALAN = Model("canon", "CANON_MEC", "Galan 3T", 3.0, "classic", ("V5.0SP6000*",), 2019)
_ECHELON = Model(
    "hitachi", "Hitachi Medical Corporation", "ECHELON", 1.5, "classic", ("V5.2D",), 2012
)
_OVAL = Model("hitachi", "Hitachi, Ltd.", "ECHELON Oval", 1.5, "classic", ("V6.0A",), 2017)
_UMR570 = Model("uih", "UIH", "uMR 570", 1.5, "classic", ("V8",), 2018)
_UMR780 = Model("uih", "UIH", "uMR 780", 3.0, "classic", ("V9",), 2020)

# In this order, so that a small fleet has a bit of everything: 63 scanners.
FLEET_MODELS: tuple[Model, ...] = (
    _AERA, _O450, _INGENIA, _ALTEA, _HDXT, _SKYRA, _AVANTO, _AMBITION, _SOLA,
    _D750, _VANTAGE, _AERA, _OVAL, _INGENIA_3, _EXPLORER, _LUMINA, _UMR570, _ACHIEVA,
    _AVANTO, _PIONEER, _SOLA, _VIDA_DL, _SKYRA, _ARTIST, _INGENIA_E, _ALTEA, _ORIAN,
    _AERA, _HDXT, _ACHIEVA, _VIDA, _O450, _ELITION, _VERIO, _ARTIST_DL, _SOLA_FIT,
    _AERA, _UMR780, _D750, _INGENIA, _AVANTO, _GALAN, _EXPLORER, _SKYRA, _ECHELON,
    _LUMINA, _HDXT, _AMBITION, _AERA, _SOLA, _PIONEER, _ACHIEVA, _VANTAGE, _VIDA,
    _O450, _AVANTO, _INGENIA_3, _UMR570, _ALTEA, _ARTIST, _AERA, _ORIAN, _OVAL,
)  # fmt: skip

SITES: tuple[Site, ...] = (
    Site("Centro Hospitalar Universitario do Douro", "Porto", "PT", "pt"),
    Site("Hospital das Clinicas da Mata", "Sao Paulo", "BR", "pt"),
    Site("Hospital Universitario del Turia", "Valencia", "ES", "es"),
    Site("Universitaetsklinikum Saalebogen", "Halle", "DE", "de"),
    Site("CHU de la Garonne", "Toulouse", "FR", "fr"),
    Site("Policlinico del Reno", "Bologna", "IT", "it"),
    Site("Universitair Medisch Centrum Amstelland", "Amsterdam", "NL", "nl"),
    Site("Liffey University Hospital", "Dublin", "IE", "en"),
    Site("Hospital Universitario da Guanabara", "Rio de Janeiro", "BR", "pt"),
    Site("Hospital Universitario de la Ria", "Bilbao", "ES", "es"),
    Site("Klinikum der Universitaet Isarwinkel", "Muenchen", "DE", "de"),
    Site("CHU du Vieux Port", "Marseille", "FR", "fr"),
    Site("Azienda Ospedaliera Universitaria del Brenta", "Padova", "IT", "it"),
    Site("Hospital Escolar do Tejo", "Lisboa", "PT", "pt"),
    Site("Severn University Hospitals", "Bristol", "GB", "en"),
)

_ONE, _TWO, _MIX = (0.6, 0.35, 0.05), (0.35, 0.47, 0.18), (0.4, 0.42, 0.18)
_LUMBAR = (
    Sequence("sag T2", "tse", 3300, 102, 0, 19, 384, 288, 9, 4, 180, _ONE, 1.0),
    Sequence("sag T1", "tse", 590, 10, 0, 4, 384, 272, 9, 4, 200, _TWO, 0.9),
    Sequence("sag STIR", "ir", 4100, 62, 160, 13, 320, 224, 9, 4, 210, _MIX, 0.72, 1.0, True),
    Sequence("ax T2", "tse", 3900, 100, 0, 18, 320, 240, 10, 4, 190, _MIX, 0.92),
    Sequence("ax T1", "tse", 610, 11, 0, 4, 320, 224, 10, 4, 200, _TWO, 0.42, 0.85),
    Sequence("cor T2", "tse", 3500, 95, 0, 17, 320, 256, 8, 4, 190, _ONE, 0.2, 0.5),
    Sequence("sag T1", "tse", 620, 11, 0, 4, 320, 256, 9, 4, 210, _TWO, 0.95, 0.9, True, True),
    Sequence("ax T1", "tse", 640, 12, 0, 4, 320, 224, 10, 4, 210, _TWO, 0.85, 0.85, True, True),
)
_CERVICAL = (
    Sequence("sag T2", "tse", 3100, 100, 0, 18, 384, 288, 8, 3, 200, _ONE, 1.0),
    Sequence("sag T1", "tse", 570, 10, 0, 4, 320, 256, 8, 3, 210, _TWO, 0.9),
    Sequence("sag STIR", "ir", 3900, 58, 160, 12, 320, 224, 8, 3, 220, _MIX, 0.55, 0.9, True),
    Sequence("ax T2", "tse", 3700, 96, 0, 17, 320, 240, 9, 3, 200, _MIX, 0.8),
    Sequence("ax T2*", "gre3d", 30, 14, 0, 1, 256, 192, 30, 2, 250, (1.0, 0.0, 0.0), 0.45, 0.5),
)
_KNEE = (
    Sequence("sag PD", "tse", 2900, 34, 0, 8, 384, 288, 10, 3.5, 170, _ONE, 1.0, 1.0, True),
    Sequence("cor PD", "tse", 2800, 34, 0, 8, 384, 288, 10, 3.5, 170, _ONE, 0.95, 1.0, True),
    Sequence("ax PD", "tse", 3000, 36, 0, 8, 320, 256, 10, 3.5, 180, _ONE, 0.9, 0.9, True),
    Sequence("cor T1", "tse", 650, 12, 0, 4, 384, 288, 10, 3.5, 180, _TWO, 0.7, 0.8),
    Sequence("sag T2", "tse", 3600, 82, 0, 14, 320, 256, 10, 3.5, 180, _ONE, 0.3, 0.4),
)
_BRAIN = (
    Sequence("ax T2", "tse", 4300, 98, 0, 17, 384, 288, 10, 5, 190, _ONE, 1.0),
    Sequence("ax FLAIR", "ir", 8800, 95, 2450, 16, 320, 224, 10, 5, 200, _MIX, 0.95),
    Sequence("ax T1", "tse", 580, 11, 0, 4, 320, 240, 10, 5, 190, _TWO, 0.6, 0.9),
    Sequence("cor T2", "tse", 4000, 98, 0, 17, 384, 256, 10, 4, 190, _ONE, 0.35, 0.6),
    Sequence("ax DWI", "dwi", 4400, 86, 0, 1, 128, 128, 10, 5, 1500, (1.0, 0.0, 0.0), 0.9),
    Sequence("ax T1", "tse", 600, 12, 0, 4, 320, 240, 10, 5, 190, _TWO, 0.95, 0.9, False, True),
)
REGIONS: dict[str, tuple[Sequence, ...]] = {
    "lumbar spine": _LUMBAR,
    "cervical spine": _CERVICAL,
    "knee": _KNEE,
    "brain": _BRAIN,
}
