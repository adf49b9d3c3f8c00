"""docs/vendors.md, from the vendor tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from protocol_assets.data import data_version, read_table

TARGET = Path(__file__).parents[1] / "vendors.md"

_TABLES = {
    "vendors_manufacturers.csv": (
        "Manufacturers",
        """\
The manufacturer for each spelling of Manufacturer (0008,0070). All others are `other`:
their standard attributes are read, and the confidence in a stated scan time is one step
lower.""",
    ),
    "vendors_layouts.csv": (
        "Layouts",
        """\
Headers whose encoding does not determine which rules apply. If the attribute matches the
pattern, the layout is used instead of the encoding in the tables below.""",
    ),
    "vendors_averages.csv": (
        "Number of averages",
        """\
The first attribute that is present is used and multiplied by the factor. If a scan option
is named, the row applies only with that option. Over the images of a series, the mode, the
smallest, the largest and the number of different values are stored.""",
    ),
    "vendors_phase_steps.csv": (
        "Phase encoding steps",
        """\
What the number of phase encoding steps includes. `in_steps`: it is included.
`in_averages`: it is already part of the displayed averages. `told`: an attribute says
whether it is included. `told_or_excess`: the steps above the nominal lines also show how
much. `not_in_steps`: it is never included. `open`: it is not known. If parallel imaging
reduces the steps, the number of lines is steps x R. The nominal lines are the phase value
of Acquisition Matrix (0018,1310), or in enhanced objects frequency steps x Percent Sampling x
Percent Phase Field of View.""",
    ),
    "vendors_fold_over.csv": (
        "Fold-over suppression (oversampling)",
        """\
Whether it is on. The first row that matches is used. An empty value matches any other
value.""",
    ),
    "vendors_partial_fourier.csv": (
        "Partial Fourier",
        """\
Whether it is on. The first row that matches is used. An empty value matches any other
value.""",
    ),
    "vendors_acceleration.csv": (
        "Parallel imaging",
        """\
The first attribute that is present decides. `reciprocal`: the attribute is 1/R.
`off_where`: the factor is 1 if the attribute has the value. `off_where_present`: the
factor is 1 if the attribute is present. `off_without`: the factor is 1 if the attribute
is present without the value.""",
    ),
    "vendors_echo_train.csv": (
        "Echo train length",
        """\
For each sequence family: whether the echo train length divides the phase lines, and what
0 means.""",
    ),
    "vendors_sequence_names.csv": (
        "Sequence names",
        """\
These names are used if the standard attributes do not determine the sequence family.""",
    ),
    "vendors_trajectory.csv": (
        "Trajectory",
        """\
The first row that matches is used. `texts` are words of protocol and series names.""",
    ),
    "vendors_reconstruction.csv": (
        "Reconstruction",
        """\
Deep learning and compressed sensing. A series is `standard` only if it has the attribute
in which the vendor would name another reconstruction.""",
    ),
    "vendors_durations.csv": (
        "Stated scan times",
        """\
Methods 1 to 3 of the scan time ladder. The row that matches vendor and dimension most
closely is used. Of several units, the first that gives a possible scan time is used.
Method 4 is the Siemens
`TA` text (0051,xx0A) SIEMENS MR HEADER: the time of one measurement; `a*n` in one
measurement of a 2D (turbo) spin echo is n packages of slices (concatenations) of a each,
elsewhere n measurements; no time in EPI.""",
    ),
    "vendors_series_numbers.csv": (
        "Series numbers",
        """\
How many series numbers a scan uses, for vendors whose series number identifies the scan.""",
    ),
    "vendors_protocol_name.csv": (
        "Protocol Name",
        """\
What Protocol Name (0018,1030) describes, if it is not the series.""",
    ),
}


def outputs() -> dict[Path, str]:
    """The document."""
    return {TARGET: text()}


def text() -> str:
    """The whole document."""
    parts = [
        "# Vendor semantics",
        "",
        "What each manufacturer's headers mean. `make generate` makes this page from",
        "`protocol_assets/modalities/mr/data/vendors_*.csv`; edit those files, not this page.",
        f"Version {data_version(*_TABLES)}.",
        "",
        "Private attributes are found by their creator, never by a fixed block: `xx` in a tag is",
        "whatever block the object reserves for it (PS3.5 section 7.8.1). A row without a vendor",
        "applies to all of them. Sources named dcm_qa are public quality-assurance scans. Rules",
        "that have not been measured say so.",
        "",
        "[Decision 7](decisions/0007-effective-averages.md) explains how effective averages are",
        "derived from acquired lines, averages, acceleration and scan time.",
        "",
    ]
    for name, (title, note) in _TABLES.items():
        parts += [f"## {title}", "", f"`{name}`. {' '.join(note.split())}", "", *_table(name), ""]
    return "\n".join(parts).rstrip() + "\n"


def _table(name: str) -> Iterator[str]:
    rows = read_table(name)
    yield f"| {' | '.join(column.replace('_', ' ') for column in rows[0])} |"
    yield f"|{' --- |' * len(rows[0])}"
    for row in rows:
        yield f"| {' | '.join(_partition(value) for value in row.values())} |"


def _partition(value: str) -> str:
    return value.replace("|", "\\|")
