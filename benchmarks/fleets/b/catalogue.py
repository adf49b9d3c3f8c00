"""What the chain owns and what it scans: models, sequences and the averaging that is right."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MODELS", "OLD_COIL_ROLES", "SEQUENCES", "Model", "Sequence"]


@dataclass(frozen=True, slots=True)
class Model:
    """A scanner model and how many of 63 scanners are of it.

    Attributes:
        encoding: ``siemens``, ``xa_classic``, ``xa_enhanced``, ``ge``, ``philips``,
            ``philips_enhanced``, ``canon``, ``hitachi`` or ``uih``.
        vendor: Vendor, for the truth.
        manufacturer: As the headers write it.
        name: ManufacturerModelName.
        field: Field strength in tesla.
        count: Scanners of this model in a fleet of 63.
        software: SoftwareVersions.
        has_old_coil: Whether its spine coil needs more averages, by a signed target.
    """

    encoding: str
    vendor: str
    manufacturer: str
    name: str
    field: float
    count: int
    software: tuple[str, ...]
    has_old_coil: bool = False


_GE = "GE MEDICAL SYSTEMS"
_PH = "Philips Medical Systems"
_SH = "Siemens Healthineers"
MODELS: tuple[Model, ...] = (
    Model("siemens", "Siemens", "SIEMENS", "Aera", 1.5, 4, ("syngo MR E11",)),
    Model("siemens", "Siemens", "SIEMENS", "Avanto", 1.5, 3, ("syngo MR B17",), True),
    Model("siemens", "Siemens", "SIEMENS", "Skyra", 3.0, 2, ("syngo MR E11",)),
    Model("xa_classic", "Siemens", _SH, "MAGNETOM Altea", 1.5, 3, ("syngo MR XA31",)),
    Model("xa_classic", "Siemens", _SH, "MAGNETOM Vida", 3.0, 2, ("syngo MR XA50",)),
    Model("xa_enhanced", "Siemens", _SH, "MAGNETOM Sola", 1.5, 3, ("syngo MR XA51",)),
    Model("xa_enhanced", "Siemens", _SH, "MAGNETOM Lumina", 3.0, 3, ("syngo MR XA30",)),
    Model("ge", "GE", _GE, "SIGNA Voyager", 1.5, 3, ("29", "LX", "MR29.1_R01_2048.a")),
    Model("ge", "GE", _GE, "SIGNA Explorer", 1.5, 3, ("25", "LX", "MR Software release:SV25.3")),
    Model("ge", "GE", _GE, "Signa HDxt", 1.5, 2, ("24", "LX", "MR Software release:HD16"), True),
    Model("ge", "GE", _GE, "Optima MR360", 1.5, 2, ("25", "LX", "MR Software release:SV23")),
    Model("ge", "GE", _GE, "SIGNA Pioneer", 3.0, 3, ("28", "LX", "MR29.1_EA_2039.g")),
    Model("philips", "Philips", _PH, "Ingenia", 1.5, 3, ("5.3.1", "5.3.1.0")),
    Model("philips", "Philips", _PH, "Achieva dStream", 3.0, 2, ("5.3.0", "5.3.0.3")),
    Model("philips_enhanced", "Philips", "Philips", "Ingenia Ambition X", 1.5, 3, ("5.7.1",)),
    Model("canon", "Canon", "CANON_MEC", "Vantage Orian", 1.5, 4, ("V6.0SP1001*",)),
    Model("canon", "Canon", "TOSHIBA", "MRT200PP5", 1.5, 2, ("V3.1SP3001*",)),
    Model("canon", "Canon", "CANON_MEC", "Vantage Galan 3T", 3.0, 2, ("V5.0SP6000*",)),
    Model("uih", "UIH", "UIH", "uMR 570", 1.5, 4, ("V6.1.0_1000",)),
    Model("uih", "UIH", "UIH", "uMR 588", 1.5, 2, ("R003",)),
    Model("uih", "UIH", "UIH", "uMR 780", 3.0, 3, ("V9.1.0_1230",)),
    Model("hitachi", "Hitachi", "Hitachi, Ltd.", "ECHELON Smart", 1.5, 2, ("V1.1A",)),
    Model("hitachi", "Hitachi", "HITACHI", "ECHELON", 1.5, 2, ("V4.0C",), True),
    Model("hitachi", "Hitachi", "Hitachi, Ltd.", "TRILLIUM OVAL", 3.0, 1, ("V5.1R",)),
)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence of the chain's exam programmes.

    Attributes:
        key: Name within its anatomy.
        anatomy: Region.
        plane: ``sag``, ``ax`` or ``cor``.
        weighting: As ``T2``; with the plane it makes the role.
        phase: ``none`` or ``post``.
        family: See ``Scan.family``.
        tr_ms: Repetition time.
        te_ms: Effective echo time.
        ti_ms: Inversion time at 1.5 T.
        etl: Echoes of a train.
        lines: Nominal lines.
        columns: Points of the readout.
        fov_mm: Field of view.
        slices: Slices.
        thickness_mm: Slice thickness.
        packages: Possible numbers of packages.
        bandwidth: Hz a pixel.
        fat: Fat suppression.
        levels: The averaging that is right at 1.5 T and at 3 T.
        owned: Share of the scanners that have it.
        used: Share of the exams in which it is run.
        variant: ``""``, ``fast``, ``slow``, ``3d`` or ``dixon``.
    """

    key: str
    anatomy: str
    plane: str
    weighting: str
    phase: str
    family: str
    tr_ms: float
    te_ms: float
    ti_ms: float
    etl: int
    lines: int
    columns: int
    fov_mm: float
    slices: int
    thickness_mm: float
    packages: tuple[int, ...]
    bandwidth: float
    fat: str
    levels: tuple[float, float]
    owned: float = 1.0
    used: float = 1.0
    variant: str = ""

    @property
    def role(self) -> str:
        """Plane and weighting."""
        return f"{self.plane} {self.weighting}"


_L, _C, _K, _B = "lumbar spine", "cervical spine", "knee", "brain"
_ONE, _TWO = (1,), (1, 2, 2)
# fmt: off
SEQUENCES: tuple[Sequence, ...] = (
    Sequence("sag T1", _L, "sag", "T1", "none", "tse", 560, 10, 0, 4, 288, 384, 280, 14, 4,
             (2, 2, 3), 180, "none", (1.5, 1.5)),
    Sequence("sag T2", _L, "sag", "T2", "none", "tse", 3300, 102, 0, 17, 320, 384, 280, 9, 4,
             _TWO, 190, "none", (2.0, 1.5)),
    Sequence("sag STIR", _L, "sag", "STIR", "none", "tse", 3900, 48, 160, 13, 256, 320, 280, 9, 4,
             (1, 2, 2), 200, "stir", (1.5, 1.0), 0.95, 0.85),
    Sequence("ax T2", _L, "ax", "T2", "none", "tse", 4100, 98, 0, 16, 256, 320, 190, 12, 4,
             _TWO, 170, "none", (1.0, 2.0)),
    Sequence("ax T1", _L, "ax", "T1", "none", "tse", 610, 11, 0, 3, 256, 320, 190, 10, 4,
             (2, 2, 3), 170, "none", (1.0, 1.0), 0.85, 0.45),
    Sequence("cor T2", _L, "cor", "T2", "none", "tse", 3500, 95, 0, 18, 288, 352, 300, 8, 4,
             (1, 2), 200, "none", (1.0, 1.5), 0.55, 0.4),
    Sequence("cor STIR", _L, "cor", "STIR", "none", "tse", 4200, 45, 160, 14, 256, 320, 320, 8, 4,
             _ONE, 210, "stir", (1.5, 1.0), 0.45, 0.07),
    Sequence("sag T2 fast", _L, "sag", "T2", "none", "tse", 2700, 96, 0, 24, 240, 320, 300, 7, 4.5,
             _ONE, 240, "none", (2.0, 1.5), 0.28, 0.3, "fast"),
    Sequence("ax T2 slow", _L, "ax", "T2", "none", "tse", 4700, 108, 0, 13, 320, 384, 180, 14, 3,
             (2,), 150, "none", (1.0, 2.0), 0.22, 0.25, "slow"),
    Sequence("sag T2 3D", _L, "sag", "T2", "none", "tse3d", 1500, 120, 0, 60, 256, 256, 256, 28, 1,
             _ONE, 500, "none", (2.0, 1.5), 0.22, 0.12, "3d"),
    Sequence("sag T2 Dixon", _L, "sag", "T2", "none", "tse", 3600, 90, 0, 15, 288, 352, 280, 7, 4,
             _ONE, 260, "dixon", (2.0, 1.5), 0.22, 0.3, "dixon"),
    Sequence("sag T1 post", _L, "sag", "T1", "post", "tse", 600, 10, 0, 4, 288, 352, 280, 9, 4,
             (2,), 190, "fs", (1.0, 1.0), 0.9),
    Sequence("ax T1 post", _L, "ax", "T1", "post", "tse", 640, 11, 0, 3, 256, 320, 190, 10, 4,
             (2,), 180, "fs", (1.5, 1.0), 0.9, 0.9),
    Sequence("sag T1", _C, "sag", "T1", "none", "tse", 580, 11, 0, 4, 256, 320, 240, 8, 3,
             (2, 2, 3), 190, "none", (1.0, 1.0)),
    Sequence("sag T2", _C, "sag", "T2", "none", "tse", 3200, 105, 0, 18, 288, 352, 240, 8, 3,
             _TWO, 200, "none", (2.0, 2.0)),
    Sequence("sag STIR", _C, "sag", "STIR", "none", "tse", 3700, 50, 160, 14, 256, 320, 250, 8, 3,
             (1, 2), 210, "stir", (1.5, 1.0), 0.9, 0.6),
    Sequence("ax T2", _C, "ax", "T2", "none", "tse", 3900, 96, 0, 15, 256, 320, 170, 12, 3,
             _TWO, 180, "none", (1.5, 1.0), 0.9),
    Sequence("ax T2*", _C, "ax", "T2*", "none", "gre", 620, 17, 0, 1, 208, 320, 180, 9, 3,
             _ONE, 200, "none", (1.0, 1.0), 0.5, 0.25),
    Sequence("sag T1 post", _C, "sag", "T1", "post", "tse", 600, 11, 0, 4, 256, 320, 240, 8, 3,
             (2,), 190, "fs", (1.0, 1.0), 0.6),
    Sequence("sag PD", _K, "sag", "PD", "none", "tse", 2900, 32, 0, 8, 288, 352, 160, 10, 3,
             (1, 2), 190, "fs", (1.0, 1.0)),
    Sequence("cor PD", _K, "cor", "PD", "none", "tse", 2800, 33, 0, 8, 272, 352, 160, 9, 3,
             (1, 2), 190, "fs", (1.5, 1.0)),
    Sequence("ax PD", _K, "ax", "PD", "none", "tse", 2950, 34, 0, 9, 256, 320, 150, 10, 3,
             (1, 2), 200, "fs", (2.0, 1.0)),
    Sequence("cor T1", _K, "cor", "T1", "none", "tse", 600, 12, 0, 3, 288, 384, 160, 9, 3,
             (2, 2, 3), 180, "none", (1.0, 1.0), 0.9, 0.8),
    Sequence("sag PD 3D", _K, "sag", "PD", "none", "tse3d", 1200, 34, 0, 48, 240, 256, 160, 32, 0.8,
             _ONE, 450, "none", (1.0, 1.0), 0.3, 0.2, "3d"),
    Sequence("ax T2", _B, "ax", "T2", "none", "tse", 4600, 98, 0, 17, 288, 384, 230, 11, 5,
             _TWO, 190, "none", (1.0, 1.0)),
    Sequence("ax FLAIR", _B, "ax", "FLAIR", "none", "tse", 8800, 112, 2450, 18, 224, 320, 230, 11,
             5, (2,), 220, "none", (1.0, 1.0)),
    Sequence("sag T1", _B, "sag", "T1", "none", "tse", 540, 10, 0, 3, 224, 320, 240, 9, 5,
             (1, 2, 2), 180, "none", (1.0, 1.0), 0.9),
    Sequence("ax T1", _B, "ax", "T1", "none", "tse", 590, 10, 0, 3, 224, 320, 230, 11, 5,
             (2, 2, 3), 180, "none", (1.5, 1.0), 0.85, 0.6),
    Sequence("ax T1 post", _B, "ax", "T1", "post", "tse", 600, 10, 0, 3, 224, 320, 230, 11, 5,
             (1, 2), 180, "none", (1.0, 1.0), 0.9),
    Sequence("ax DWI", _B, "ax", "DWI", "none", "epi", 5200, 84, 0, 64, 128, 128, 230, 11, 5,
             _ONE, 1500, "fs", (4.0, 4.0), 0.95, 0.9),
    Sequence("cor T2", _B, "cor", "T2", "none", "tse", 4300, 94, 0, 16, 288, 384, 220, 10, 4,
             _ONE, 190, "none", (1.5, 1.5), 0.4, 0.15),
)
# fmt: on

OLD_COIL_ROLES: frozenset[tuple[str, str, str]] = frozenset(
    {
        (_L, "sag T2", "none"),
        (_L, "sag STIR", "none"),
        (_L, "ax T2", "none"),
        (_C, "sag T2", "none"),
    }
)
"""Anatomy, role and contrast phase for which a site has signed more averages on an old coil."""
