"""Pulse sequence family, 2D or 3D, and the acquisition matrix, classic and enhanced."""

from __future__ import annotations

from protocol_assets.vendors.row import Row, numbers, positive, text, tokens

__all__ = ["dimension", "has_inversion", "matrix", "sequence_family"]

_DIMENSIONS = {"2D": "2d", "3D": "3d"}


def dimension(row: Row) -> str | None:
    """``2d`` or ``3d`` from MR Acquisition Type (0018,0023)."""
    return _DIMENSIONS.get((text(row, "MRAcquisitionType") or "").upper())


def sequence_family(row: Row) -> str | None:
    """``se``, ``tse``, ``gre`` or ``epi``; None where the header leaves it open.

    Sources: Scanning Sequence and Sequence Variant (PS3.3 C.8.3.1), Echo Pulse Sequence and Echo
    Planar Pulse Sequence (PS3.3 C.8.13.4.1). GE writes an echo train length of 1 for EPI, and XA
    counts EPI echoes, so that EPI is decided before the train.
    """
    scanning = tokens(row, "ScanningSequence")
    echo = text(row, "EchoPulseSequence")
    if "EP" in scanning or text(row, "EchoPlanarPulseSequence") == "YES":
        return "epi"
    if "GR" in scanning or echo == "GRADIENT":
        return "gre"
    if "SE" in scanning or echo in ("SPIN", "BOTH"):
        return _spin_echo(row)
    # Philips writes an inversion recovery TSE as IR alone; other IR may be a gradient echo.
    if scanning == ("IR",) and _has_train(row):
        return _spin_echo(row)
    return None


def has_inversion(row: Row) -> bool:
    """Whether the sequence is an inversion recovery by its own account; SPAIR is not."""
    return "IR" in tokens(row, "ScanningSequence") or text(row, "InversionRecovery") == "YES"


def matrix(row: Row) -> tuple[float | None, float | None]:
    """Acquisition matrix in frequency and phase direction.

    Acquisition Matrix (0018,1310) is frequency rows, frequency columns, phase rows, phase columns,
    where the two that do not apply are 0. Enhanced objects tell the frequency steps only: their
    phase steps are acquired ones, not the nominal matrix.
    """
    values = numbers(row, "AcquisitionMatrix")
    if len(values) == 4:
        frequency, phase = max(values[:2]), max(values[2:])
        return (frequency if frequency > 0 else None, phase if phase > 0 else None)
    return positive(row, "MRAcquisitionFrequencyEncodingSteps"), None


def _spin_echo(row: Row) -> str | None:
    # A Philips diffusion EPI says SE with a train; nothing in the columns tells it from a TSE.
    if _has_train(row):
        return None if positive(row, "DiffusionBValue_max") else "tse"
    if positive(row, "EchoTrainLength") is None and not tokens(row, "SequenceVariant"):
        return None
    return "se"


def _has_train(row: Row) -> bool:
    train = positive(row, "EchoTrainLength")
    if train is not None:
        return train > 1
    return "SK" in tokens(row, "SequenceVariant")
