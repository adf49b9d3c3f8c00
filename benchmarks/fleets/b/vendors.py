"""Classic MR objects as each vendor writes them."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.fleets.b.devices import Device
from benchmarks.fleets.b.headers import Header, make_element, scan_part
from benchmarks.fleets.b.physics import Scan

__all__ = ["encode_scan", "image_type"]

_IMAGE_TYPES: dict[str, dict[str, list[str]]] = {
    "Siemens": {
        "image": ["ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"],
        "fat": ["ORIGINAL", "PRIMARY", "FAT", "NORM", "DIS2D"],
        "phase": ["ORIGINAL", "PRIMARY", "P", "ND"],
        "second": ["ORIGINAL", "PRIMARY", "M", "ND"],
        "adc": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC", "ND", "NORM"],
        "mpr": ["DERIVED", "SECONDARY", "MPR", "NORM", "DIS2D"],
        "compose": ["DERIVED", "SECONDARY", "COMPOSED", "MIP"],
    },
    "GE": {
        "image": ["ORIGINAL", "PRIMARY", "OTHER"],
        "fat": ["ORIGINAL", "PRIMARY", "DIXON", "FAT"],
        "phase": ["ORIGINAL", "PRIMARY", "OTHER"],
        "adc": ["DERIVED", "SECONDARY", "COMBINED"],
        "mpr": ["DERIVED", "SECONDARY", "REFORMATTED", "AVERAGE"],
        "compose": ["DERIVED", "SECONDARY", "PROCESSED", "PASTE"],
    },
    "Philips": {
        "image": ["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"],
        "fat": ["ORIGINAL", "PRIMARY", "F", "F", "SE"],
        "phase": ["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "FFE"],
        "adc": ["ORIGINAL", "PRIMARY", "ADC", "ADC", "UNSPECIFIED"],
        "mpr": ["DERIVED", "SECONDARY", "MPR"],
        "compose": ["DERIVED", "SECONDARY", "COMPOSED"],
    },
    "Canon": {"image": ["ORIGINAL", "PRIMARY", "GDC"]},
    "UIH": {"image": ["ORIGINAL", "PRIMARY", "M", "GDC"], "phase": ["ORIGINAL", "PRIMARY", "P"]},
    "Hitachi": {"image": ["ORIGINAL", "PRIMARY"]},
}
_DERIVED = {
    "adc": ["DERIVED", "SECONDARY", "ADC"],
    "mpr": ["DERIVED", "SECONDARY", "MPR"],
    "compose": ["DERIVED", "SECONDARY", "COMPOSED"],
}
_COIL = {"siemens": "SP3-7", "xa_classic": "SPS1-3"}


def image_type(device: Device, content: str) -> list[str]:
    """Give ImageType of a content."""
    known = _IMAGE_TYPES[device.model.vendor]
    values = known.get(content) or _DERIVED.get(content) or known["image"]
    if device.model.encoding == "xa_classic" and content in ("image", "localizer", "second"):
        return [*values[:3], "ND" if content == "second" else "NORM", "DIS2D", "MFSPLIT"]
    return list(values)


def _private(device: Device, group: str, creator: str, base: int) -> tuple[Header, str]:
    """Reserve a private block; its number differs between scanners."""
    block = f"{base + device.block:02X}"
    return {f"{group}00{block}": make_element("LO", creator)}, f"{group}{block}"


def _options(scan: Scan, fat: str, partial: str) -> list[str]:
    options = [partial] if scan.partial_fourier < 1 else []
    return [*options, fat] if scan.fat in ("fs", "spair") else options


def _clock_text(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}" if seconds >= 60 else f"{seconds:05.2f}"


def _siemens(device: Device, scan: Scan, nex: float) -> Header:
    """Siemens classic: steps with oversampling and partial Fourier, R as ``p2``."""
    part = scan_part(device, scan, nex)
    is_xa = device.model.encoding == "xa_classic"
    lines = scan.lines if is_xa else scan.oversampled_lines
    part["00180022"] = make_element("CS", *_options(scan, "FS", "PFP"))
    part["00180089"] = make_element("IS", lines)
    name = {"gre": "*me2d1", "localizer": "*fl2d1", "epi": "*ep_b1000t", "tse3d": "*spcR_100"}
    part["00180024"] = make_element("SH", name.get(scan.family, f"*tse2d1_{scan.etl}"))
    times = f"*{scan.packages}" if scan.packages > 1 else ""
    colon = ":" if is_xa else ""
    pat = f"p{scan.acceleration:g}"
    head, at = _private(device, "0051", "SIEMENS MR HEADER", 0x10)
    part |= head | {
        f"{at}08": make_element("CS", "IMAGE NUM 4"),
        f"{at}09": make_element("LO", "1.0"),
        f"{at}0A": make_element("LO", f"TA{colon} {_clock_text(scan.package_s)}{times}"),
        f"{at}0B": make_element("LO", f"{scan.lines}*{scan.columns}s"),
        f"{at}0C": make_element("LO", f"FoV {scan.fov_mm:g}*{scan.fov_mm:g}"),
        f"{at}0E": make_element("LO", {"sag": "Sag", "ax": "Tra", "cor": "Cor"}[scan.plane]),
        f"{at}0F": make_element("LO", _COIL[device.model.encoding]),
        f"{at}12": make_element("SH", "TP 0"),
        f"{at}17": make_element("SH", f"SL {scan.thickness_mm:.1f}"),
    }
    if not is_xa:
        if scan.acceleration > 1:
            part[f"{at}11"] = make_element("LO", pat)
        return part
    head, at = _private(device, "0021", "SIEMENS MR SDS 01", 0x10)
    part |= head
    if scan.acceleration > 1:
        part[f"{at}09"] = make_element("LO", pat)
    head, at = _private(device, "0021", "SIEMENS MR SDI 02", 0x14)
    dl = ["DRB", "DRG"] if device.has_dl else []
    return part | head | {
        f"{at}75": make_element("CS", "ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D", *dl)
    }  # fmt: skip


def _ge(device: Device, scan: Scan, nex: float) -> Header:
    """GE: No Phase Wrap halves the public averages; no steps; ASSET as 1/R; microseconds."""
    part = scan_part(device, scan, nex)
    has_npw = device.uses_npw and scan.family == "tse" and scan.partial_fourier == 1
    options = ["EDR_GEMS", "FILTERED_GEMS"] + (["NPW"] if has_npw else [])
    options += ["FAST_GEMS"] if scan.family == "tse" else []
    options += ["ACC_GEMS"] if scan.acceleration > 1 else []
    options += ["FS"] if scan.fat in ("fs", "spair") else []
    part["00180022"] = make_element("CS", *options)
    part["00180083"] = make_element("DS", nex / 2 if has_npw else nex)
    if scan.family == "epi":
        part["00180091"] = make_element("IS", 1)
        part["00180020"] = make_element("CS", "EP", "SE")
    head, at = _private(device, "0019", "GEMS_ACQU_01", 0x10)
    micro = float(int(scan.scan_time_s * 1e6)) + 8.0
    names = {"gre": "MERGE", "localizer": "FGRE", "epi": "DWEPI", "tse3d": "CUBE"}
    part |= head | {
        f"{at}5A": make_element("FL", micro),
        f"{at}9C": make_element("LO", names.get(scan.family, "FRFSE-XL")),
        f"{at}9E": make_element("LO", "FSE" if scan.family == "tse" else "EFGRE3D"),
    }
    head, at = _private(device, "0043", "GEMS_PARM_01", 0x10)
    part |= head | {f"{at}83": make_element("DS", round(1 / scan.acceleration, 5), 1)}
    if device.has_dl:
        part[f"{at}CA"] = make_element("LO", "0.75", "High")
    if device.states_optional:
        head, at = _private(device, "0027", "GEMS_IMAG_01", 0x10)
        part |= head | {f"{at}62": make_element("FL", nex)}
    return part


def _philips(device: Device, scan: Scan, nex: float) -> Header:
    """Philips: averages twice; steps that parallel imaging does not reduce."""
    part = scan_part(device, scan, nex)
    part["00180022"] = make_element("CS", *_options(scan, "FS", "PFP"))
    lines = scan.lines * (1 + scan.oversampling) if device.uses_npw else scan.lines
    part["00180089"] = make_element("IS", round(lines))
    if scan.ti_ms:
        part["00180020"] = make_element("CS", "IR")
    head, at = _private(device, "2001", "Philips Imaging DD 001", 0x10)
    part |= head | {
        f"{at}20": make_element("LO", {"gre": "FFE", "epi": "DwiSE"}.get(scan.family, "TSE")),
        f"{at}60": make_element("SL", 1),
        f"{at}82": make_element("IS", scan.etl),
        f"{at}88": make_element("DS", nex),
    }
    head, at = _private(device, "2005", "Philips MR Imaging DD 001", 0x10)
    part |= head | {f"{at}33": make_element("FL", float(scan.scan_time_s))}
    head, at = _private(device, "2005", "Philips MR Imaging DD 005", 0x14)
    inner = {
        "00189069": make_element("FD", scan.acceleration),
        "00189077": make_element("CS", "YES" if scan.acceleration > 1 else "NO"),
        "00189078": make_element("CS", *(["SENSE"] if scan.acceleration > 1 else [])),
        "00189081": make_element("CS", "YES" if scan.partial_fourier < 1 else "NO"),
    }
    part |= head | {f"{at}0F": make_element("SQ", inner)}
    if device.states_optional:
        part["00189073"] = make_element("FD", float(scan.scan_time_s))
    return part


def _parallel(part: Header, scan: Scan, technique: str, states_factor: bool = True) -> None:
    is_on = scan.acceleration > 1
    part["00189077"] = make_element("CS", "YES" if is_on else "NO")
    if is_on:
        part["00189078"] = make_element("CS", technique)
    if states_factor:
        part["00189069"] = make_element("FD", scan.acceleration)


def _canon(device: Device, scan: Scan, nex: float) -> Header:
    """Canon: steps after parallel imaging, with oversampling."""
    part = scan_part(device, scan, nex)
    part["00180022"] = make_element("CS", *_options(scan, "FS", "PFP"))
    part["00180089"] = make_element("IS", round(scan.oversampled_lines / scan.acceleration))
    part["00180024"] = make_element("SH", "FSE2D+12" if scan.family == "tse" else "FE2D")
    if scan.family == "epi":
        part["00180020"] = make_element("CS", "SE", "EP")
    part["00189073"] = make_element("FD", float(scan.scan_time_s))
    _parallel(part, scan, "SPEEDER")
    head, at = _private(device, "700D", "TOSHIBA_MEC_MR3^10", 0x10)
    return part | head | {f"{at}14": make_element("SL", 0)}


def _uih(device: Device, scan: Scan, nex: float) -> Header:
    """UIH: milliseconds in AcquisitionDuration, no steps."""
    part = scan_part(device, scan, nex)
    part["00180022"] = make_element("CS", *_options(scan, "FS", "PFP"))
    name = {"gre": "gre", "localizer": "gre_scout", "epi": "epi_dwi", "tse3d": "fse_matrix"}
    part["00180024"] = make_element("SH", name.get(scan.family, "fse"))
    part["00189073"] = make_element("FD", float(round(scan.scan_time_s * 1000)))
    _parallel(part, scan, "GRAPPA")
    head, at = _private(device, "0065", "Image Private Header", 0x10)
    return part | head | {f"{at}00": make_element("UL", 1592475108)}


def _hitachi(device: Device, scan: Scan, nex: float) -> Header:
    """Hitachi: nominal steps; the duration is stated by newer software only."""
    part = scan_part(device, scan, nex)
    part["00180022"] = make_element("CS", *_options(scan, "FS", "PFP"))
    part["00180089"] = make_element("IS", scan.lines)
    if device.states_optional:
        part["00189073"] = make_element("FD", float(scan.scan_time_s))
    _parallel(part, scan, "RAPID")
    return part


_ENCODERS: dict[str, Callable[[Device, Scan, float], Header]] = {
    "siemens": _siemens,
    "xa_classic": _siemens,
    "ge": _ge,
    "philips": _philips,
    "canon": _canon,
    "uih": _uih,
    "hitachi": _hitachi,
}


def encode_scan(device: Device, scan: Scan, nex: float) -> Header:
    """Encode the settings of a series in the way of the scanner's vendor.

    Args:
        device: The scanner.
        scan: Its settings.
        nex: As the console shows it.
    """
    return _ENCODERS[device.model.encoding](device, scan, nex)
