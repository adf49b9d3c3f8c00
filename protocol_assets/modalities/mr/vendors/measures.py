"""The derived columns of one series that the vendor's semantics decide."""

from __future__ import annotations

from protocol_assets.modalities.mr.vendors.acceleration import acceleration
from protocol_assets.modalities.mr.vendors.averages import averages
from protocol_assets.modalities.mr.vendors.effective_averages import Effective, effective_averages
from protocol_assets.modalities.mr.vendors.layout import header_layout
from protocol_assets.modalities.mr.vendors.phase_lines import phase_lines
from protocol_assets.modalities.mr.vendors.reconstruction import reconstruction
from protocol_assets.modalities.mr.vendors.scan_time import ScanTime, scan_time
from protocol_assets.modalities.mr.vendors.sequence import echo_train_length, matrix
from protocol_assets.modalities.mr.vendors.trajectory import trajectory
from protocol_assets.modalities.shared.header_texts import Texts
from protocol_assets.modalities.shared.row import Row

__all__ = ["measures"]

_NOT_TOLD = Effective(None, None)


def measures(
    row: Row,
    texts: Texts,
    *,
    vendor: str | None,
    encoding: str | None,
    family: str | None,
    dimension: str | None,
    is_image: bool,
    is_original: bool,
) -> dict[str, object]:
    """Averages, lines, acceleration, reconstruction and scan time of one series as columns.

    Args:
        row: The row of ``series``.
        texts: What the protocol calls the series.
        vendor: Manufacturer as a term.
        encoding: Classic, enhanced or legacy converted.
        family: Pulse sequence family.
        dimension: 2D or 3D.
        is_image: Whether it is an MR image object; else it has no scan time.
        is_original: Whether it was scanned. A derived series carries its source's parameters: what
            they add up to is no scan of its own.
    """
    layout = header_layout(row, vendor=vendor, encoding=encoding)
    counted, factors = averages(row, vendor), acceleration(row, vendor, layout)
    lines = phase_lines(
        row,
        vendor=vendor,
        encoding=layout,
        family=family,
        averages=counted,
        in_plane=factors[0],
    )
    time, path, effective = ScanTime(), None, _NOT_TOLD
    if is_image:
        time = scan_time(
            row,
            vendor=vendor,
            family=family,
            dimension=dimension,
            averages=counted,
            acceleration=factors,
            lines=lines,
        )
        path = trajectory(row, texts, vendor)
        effective = effective_averages(
            row,
            vendor=vendor,
            trajectory=path,
            averages=counted,
            acceleration=factors,
            lines=lines,
            time=time,
        )
        if not is_original and time.method == "formula":
            time = ScanTime()
    frequency, phase = matrix(row)
    return {
        "nex": counted.nex,
        "nex_min": counted.nex_min,
        "nex_max": counted.nex_max,
        "nex_distinct": counted.distinct,
        "nex_source": counted.source,
        "effective_averages": effective.value,
        "effective_averages_state": effective.state,
        "scan_time_s": time.seconds,
        "scan_time_method": time.method,
        "scan_time_confidence": time.confidence,
        "scan_time_formula_s": time.formula_s if is_original else None,
        "scan_time_agreement": time.agreement if is_original else None,
        "trajectory": path,
        "echo_train_length": echo_train_length(row, family),
        "phase_oversampling_percent": lines.oversampling_percent,
        "no_phase_wrap": lines.no_phase_wrap,
        "partial_fourier_fraction": lines.partial_fourier,
        "matrix_frequency": None if frequency is None else int(frequency),
        "matrix_phase": None if phase is None else int(phase),
        "acceleration_in_plane": factors[0],
        "acceleration_out_of_plane": factors[1],
        "reconstruction": reconstruction(row, vendor) if is_image else None,
    }
