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
Which manufacturer a spelling of (0008,0070) is. Everybody else is `other`: the standard
attributes are read, and the confidence in a stated scan time is a step lower.""",
    ),
    "vendors_layouts.csv": (
        "Layouts",
        """\
Headers whose encoding does not decide which rules hold. Where the attribute matches the
pattern, the layout takes the place of the encoding in the tables below.""",
    ),
    "vendors_averages.csv": (
        "Number of averages",
        """\
The first attribute that is there, and where a scan option is named, only with that
option; times the factor. With mode, smallest, largest and number of values over the
images.""",
    ),
    "vendors_phase_steps.csv": (
        "Phase encoding steps",
        """\
What the steps hold. `in_steps`: the count includes it. `in_averages`: the displayed
averages already pay for it. `told`: an attribute says whether there is any.
`told_or_excess`: steps above the nominal lines say how much as well. `not_in_steps`:
never counted. `open`: nobody knows. Where they are reduced by parallel imaging, the
lines are steps x R. The nominal lines are the phase value of
Acquisition Matrix (0018,1310), in enhanced objects frequency steps x Percent Sampling x
Percent Phase Field of View.""",
    ),
    "vendors_fold_over.csv": (
        "Fold-over suppression (oversampling)",
        """\
Whether it is on; the first row that matches. An empty value stands for any other.""",
    ),
    "vendors_partial_fourier.csv": (
        "Partial Fourier",
        """\
Whether it is on; the first row that matches. An empty value stands for any other.""",
    ),
    "vendors_acceleration.csv": (
        "Parallel imaging",
        """\
The first attribute that is there decides. `reciprocal`: 1/R. `off_where`: a factor of 1
where it has the value; `off_where_present`: where it is there at all; `off_without`:
where it is there without the value.""",
    ),
    "vendors_echo_train.csv": (
        "Echo train length",
        """\
By sequence family: whether it divides the phase lines, and what 0 stands for.""",
    ),
    "vendors_sequence_names.csv": (
        "Sequence names",
        """\
Where the standard attributes leave the sequence family open.""",
    ),
    "vendors_trajectory.csv": (
        "Trajectory",
        """\
The first row that matches; `texts` are protocol and series names, word by word.""",
    ),
    "vendors_reconstruction.csv": (
        "Reconstruction",
        """\
Deep learning and compressed sensing; `standard` needs the place where the vendor would
say otherwise.""",
    ),
    "vendors_durations.csv": (
        "Stated scan times",
        """\
Methods 1 to 3 of the scan time ladder; the closest row for vendor and dimension. With
several units the first that gives a possible scan time counts. Method 4 is the Siemens
`TA` text (0051,xx0A) SIEMENS MR HEADER: the time of one measurement; `a*n` in one
measurement of a 2D (turbo) spin echo is n packages of slices (concatenations) of a each,
elsewhere n measurements; no time in EPI.""",
    ),
    "vendors_series_numbers.csv": (
        "Series numbers",
        """\
How many series numbers a scan has, where the number of a series names its scan.""",
    ),
    "vendors_protocol_name.csv": (
        "Protocol Name",
        """\
What (0018,1030) names where that is not the series.""",
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
        "What each manufacturer's headers mean. Made from `protocol_assets/data/vendors_*.csv` by",
        f"`make generate`; edit those, not this. Version {data_version(*_TABLES)}.",
        "",
        "Private attributes are found by their creator, never by a fixed block: `xx` in a tag is",
        "whatever block the object reserves for it (PS3.5 section 7.8.1). An empty vendor stands",
        "for all. Sources named dcm_qa are public quality-assurance scans; a rule that nobody has",
        "measured says so.",
        "",
        "How acquired lines, averages, acceleration and scan time make effective averages:",
        "[decision 7](decisions/0007-effective-averages.md).",
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
