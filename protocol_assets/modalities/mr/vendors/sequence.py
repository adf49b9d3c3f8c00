"""Pulse sequence family, 2D or 3D, and the acquisition matrix, classic and enhanced."""

from __future__ import annotations

from protocol_assets.modalities.shared.row import Row, number, numbers, positive, text, tokens
from protocol_assets.modalities.shared.vendor_rules import applicable

__all__ = [
    "dimension",
    "echo_train_length",
    "has_inversion",
    "lines_per_excitation",
    "matrix",
    "sequence_family",
]

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
    return _by_name(row)


def echo_train_length(row: Row, family: str | None) -> int | None:
    """Echo train length, one value for one scan in whichever encoding; None where not told.

    Enhanced objects count RF echoes and write 0 for gradient echoes, where classic ones write 1
    (``data/vendors_echo_train.csv``).
    """
    train = number(row, "EchoTrainLength")
    if train is None or train < 0:
        return None
    for rule in applicable("vendors_echo_train.csv", family=family) if train == 0 else ():
        return int(rule["zero_means"]) if rule["zero_means"] else None
    return int(train) or None


def lines_per_excitation(row: Row, family: str | None) -> float | None:
    """Phase lines measured after one excitation: the train length of spin-echo trains, else 1."""
    rule = next(iter(applicable("vendors_echo_train.csv", family=family)), None)
    if rule is not None and rule["divides_lines"] == "yes":
        return positive(row, "EchoTrainLength")
    return 1.0


def has_inversion(row: Row) -> bool:
    """Whether the sequence is an inversion recovery by its own account; SPAIR is not."""
    return "IR" in tokens(row, "ScanningSequence") or text(row, "InversionRecovery") == "YES"


def matrix(row: Row) -> tuple[float | None, float | None]:
    """Acquisition matrix in frequency and phase direction: the lines that an image needs.

    Acquisition Matrix (0018,1310) is frequency rows, frequency columns, phase rows, phase columns,
    where the two that do not apply are 0. Enhanced objects tell the frequency steps (0018,9058),
    of which the phase lines are the Percent Sampling (0018,0093) and Percent Phase Field of View
    (0018,0094): 384 steps at 70 % and 75 % are 202 lines.
    """
    values = numbers(row, "AcquisitionMatrix")
    if len(values) == 4:
        frequency, phase = max(values[:2]), max(values[2:])
        return (frequency if frequency > 0 else None, phase if phase > 0 else None)
    steps, sampling = (
        positive(row, "MRAcquisitionFrequencyEncodingSteps"),
        positive(row, "PercentSampling"),
    )
    if steps is None or sampling is None:
        return steps, None
    field = positive(row, "PercentPhaseFieldOfView") or 100.0
    lines = round(steps * sampling * field / 10_000)
    return steps, float(lines) if lines > 0 else None


def _by_name(row: Row) -> str | None:
    """What the vendor's own name of the sequence says, where the standard attributes do not."""
    for rule in applicable("vendors_sequence_names.csv"):
        if (text(row, rule["column"]) or "").upper().startswith(rule["leading"]):
            return rule["sequence_family"]
    return None


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
