"""Averaging: how often each nominal phase line is sampled, whatever acceleration leaves out.

Effective averages (averaging x partial Fourier / acceleration) are what noise and time see, and
compare the scans of one scanner before and after. Between scanners they would take a scanner
without parallel imaging for one that averages too often. So scanners are compared by their
averaging, and a difference in acceleration is a finding of its own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from protocol_assets.analysis.limits import limit
from protocol_assets.modalities.mr.analysis.scan_times import stated_time
from protocol_assets.modalities.mr.vendors.effective_averages import LONGEST_PREPARATION_S
from protocol_assets.modalities.mr.vendors.packages import BESIDE_ECHOES_MS, BETWEEN_ECHOES_MS

__all__ = ["acceleration", "averaging", "least_averaging", "sampled_lines"]


def acceleration(frame: pd.DataFrame) -> pd.Series:
    """Parallel imaging factor, in plane times through the slab; NaN if the former is unreported.

    Args:
        frame: ``acceleration_in_plane`` and ``acceleration_out_of_plane``.
    """
    return frame["acceleration_in_plane"] * frame["acceleration_out_of_plane"].fillna(1.0)


def averaging(frame: pd.DataFrame) -> pd.Series:
    """NEX x (1 + phase oversampling); NaN where the header leaves a part of it open.

    A stated oversampling decides, else what the effective averages leave of it: they hold the lines
    that were measured, by the vendor's rule or by the scan time. What GE calls NEX pays for No
    Phase Wrap, and is below 1 under partial Fourier, which samples each line that it samples once.

    Args:
        frame: The acquisitions, numbers as floats.
    """
    stated = frame["nex"] * (1 + frame["phase_oversampling_percent"] / 100)
    measured = frame["effective_averages"] * acceleration(frame)
    measured = measured / frame["partial_fourier_fraction"]
    # How many lines compressed sensing leaves out stands in no fact.
    measured = measured.where(frame["reconstruction"] != "compressed_sensing")
    measured = measured.mask(_may_be_two_packages(measured, frame))
    return _of_maker(stated.where(stated.notna(), measured), frame)


def least_averaging(frame: pd.DataFrame) -> pd.Series:
    """What the averaging is at least: lines are added, never taken away.

    Partial Fourier and acceleration that are not reported would make it more.

    Args:
        frame: The acquisitions, numbers as floats.
    """
    known = averaging(frame)
    bounds = [sampled_lines(frame), _lines_stated(frame), _lines_by_time(frame)]
    measured = pd.concat(bounds, axis=1).max(axis=1)
    least = known.where(known.notna(), measured)
    return _of_maker(least.where(least.notna(), frame["nex"]), frame)


def sampled_lines(frame: pd.DataFrame) -> pd.Series:
    """Effective averages; NaN where the time they rest on may be that of two packages.

    Args:
        frame: The acquisitions, numbers as floats.
    """
    effective = frame["effective_averages"]
    return effective.mask(_may_be_two_packages(effective, frame))


def _lines_stated(frame: pd.DataFrame) -> pd.Series:
    """NEX x phase lines over nominal ones, where the header states more lines than nominal.

    Partial Fourier and acceleration only lower the number of lines, so more of them than the matrix
    has are oversampling. NaN where the stated scan time is too short for them.
    """
    lines = frame["phase_encoding_steps"]
    shots = frame["nex"] * lines / frame["echo_train_length"] / acceleration(frame).fillna(1.0)
    needed_s = frame["tr_ms"] / 1000 * shots * limit("fewest_lines")
    averages = frame["nex"] * lines / frame["matrix_phase"]
    averages = averages.where(lines > frame["matrix_phase"])
    return averages.mask(stated_time(frame) < needed_s)


def _lines_by_time(frame: pd.DataFrame) -> pd.Series:
    """Phase lines in the stated scan time over nominal ones, if it holds the most packages.

    Of 2D trains of spin echoes only. What is left unknown (preparation, acceleration, partial
    Fourier) is taken so that the lines become fewer.
    """
    trains = frame["matrix_phase"] / frame["echo_train_length"]
    package_s = frame["tr_ms"] / 1000 * trains / acceleration(frame).fillna(1.0)
    seconds = stated_time(frame) - LONGEST_PREPARATION_S
    is_spin_echo = frame["sequence_family"].isin(("se", "tse")) & (frame["dimension"] == "2d")
    return (seconds / package_s / _most_packages(frame)).where(is_spin_echo)


def _most_packages(frame: pd.DataFrame) -> pd.Series:
    """Packages of slices beyond which a scan only becomes longer, and three in any case.

    Each echo takes its window and the pulses around it, each slice its saturation and spoiling.
    """
    echo_ms = 1000 / frame["bandwidth_hz_per_px"] + BETWEEN_ECHOES_MS
    slice_ms = frame["echo_train_length"] * echo_ms + BESIDE_ECHOES_MS
    slice_ms += frame["ti_ms"].fillna(0.0)
    needed = frame["number_of_slices"] * slice_ms / frame["tr_ms"]
    return needed.apply(np.ceil).clip(lower=limit("most_packages"))


def _may_be_two_packages(averages: pd.Series, frame: pd.DataFrame) -> pd.Series:
    """Whether the scan time behind these averages may be that of two packages of slices.

    A console may run two where one would do. In the scan time this looks like all lines sampled
    twice, and two packages of half the lines look like one.
    """
    is_by_time = frame["effective_averages_state"] == "from_scan_time"
    fewest_lines = frame["partial_fourier_fraction"].notna().map({True: 1.0, False: 0.5})
    return is_by_time & (averages >= frame["nex"] * limit("two_packages") * fewest_lines)


def _of_maker(value: pd.Series, frame: pd.DataFrame) -> pd.Series:
    """Never below the NEX; NaN where that is not reported."""
    nex = frame["nex"]
    value = value.mask(value < nex, nex)
    return value.where(frame["vendor"] != "ge", nex.clip(lower=1.0)).where(nex.notna())
