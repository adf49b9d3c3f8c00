"""Who was scanned, and on which scanner: read for a study and a day, not for a series.

A study has one patient, however its series disagree. A value that evidently different people or
scanners share identifies none of them: it is absent, and counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from protocol_assets.dicom.paths import Dataset
from protocol_assets.dicom.placeholders import folded, is_placeholder
from protocol_assets.dicom.values import DIRTY, raw_values, reader
from protocol_assets.modalities.shared.joining import joined
from protocol_assets.modalities.shared.limits import limit
from protocol_assets.modalities.shared.row import Row, number, text
from protocol_assets.modalities.shared.scanners import device_id, field_strength_t

__all__ = ["SHARED_PATIENT_ID", "Demographics", "Identity", "patient_identifier", "read_identities"]

SHARED_PATIENT_ID = "shared_patient_id"
"""The column of ``series`` that says what differs between the people of one patient ID."""

_BIRTH_DATE, _SEX = "00100030", "00100040"
_LAST_DUMMY_BIRTH_YEAR = 1900
"""19000101 and the starts of older calendars are written where no birth date is known."""
_FIELD_STRENGTHS_T = (0.5, 1.0, 1.5, 3.0, 7.0)

_Kind = tuple[str | None, float | None]
"""Model and field strength of a scanner, None where the header does not tell."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who and what made one series.

    Attributes:
        patient_id: Identifier of the study's patient, None where unknown.
        device_id: Manufacturer and serial number, None where unknown.
        problems: Attributes that identify nobody or nothing, and why (``impossible_reason``).
    """

    patient_id: str | None
    device_id: str | None
    problems: tuple[tuple[str, str], ...] = ()


def patient_identifier(patient_id: str) -> str:
    """What the pseudonym of a patient is made of.

    The Patient ID alone. The issuer is no part of it: some series, studies or senders of one PACS
    state it and others do not, and one person would be two.
    """
    return joined(None, patient_id)


def read_identities(rows: Sequence[Row]) -> list[Identity]:
    """Patient and scanner of every series of one partition, in order.

    The patient of a study is the most frequent Patient ID over its instances that is no
    placeholder; of equals the smallest. The scanner of a series is its manufacturer and serial
    number, unless the serial number is a placeholder or, on that day, of scanners of several models
    or field strengths; where nearly all studies agree, only the others are without a scanner.

    Args:
        rows: Rows of ``series``, all of one partition.
    """
    rows = _with_makers(rows)
    patients = _patients(rows)
    shared = _shared_devices(rows)
    of_several = {_study(row, i) for i, row in enumerate(rows) if text(row, SHARED_PATIENT_ID)}
    return [
        _identity(
            row,
            patients[_study(row, i)],
            is_of_several=_study(row, i) in of_several,
            is_of_several_scanners=i in shared,
        )
        for i, row in enumerate(rows)
    ]


def _identity(
    row: Row, patient: str | None, *, is_of_several: bool, is_of_several_scanners: bool
) -> Identity:
    problems = []
    if patient is not None and is_placeholder("PatientID", patient):
        problems.append(("PatientID", "placeholder"))
    elif patient is not None and is_of_several:
        problems.append(("PatientID", "shared"))
    device = device_id(row)
    if is_of_several_scanners:
        problems.append(("DeviceSerialNumber", "shared"))
    elif device is None and text(row, "DeviceSerialNumber"):
        problems.append(("DeviceSerialNumber", "placeholder"))
    lost = {attribute for attribute, _ in problems}
    return Identity(
        patient_id=(
            None if patient is None or "PatientID" in lost else patient_identifier(patient)
        ),
        device_id=None if "DeviceSerialNumber" in lost else device,
        problems=tuple(problems),
    )


def _with_makers(rows: Sequence[Row]) -> list[Row]:
    """The rows; one that names no manufacturer takes that of its study's series of one serial.

    Else a series without a readable Manufacturer (0008,0070) would be of a scanner of its own.
    """
    makers: dict[tuple[object, str | None], set[str]] = defaultdict(set)
    keys = [(_study(row, i), text(row, "DeviceSerialNumber")) for i, row in enumerate(rows)]
    for key, row in zip(keys, rows, strict=True):
        if maker := text(row, "Manufacturer"):
            makers[key].add(maker)
    return [
        {**row, "Manufacturer": next(iter(makers[key]))}
        if not text(row, "Manufacturer") and len(makers[key]) == 1
        else row
        for key, row in zip(keys, rows, strict=True)
    ]


def _study(row: Row, place: int) -> object:
    """The study of a row; a row without one is a study of its own."""
    return text(row, "StudyInstanceUID") or place


def _patients(rows: Sequence[Row]) -> dict[object, str | None]:
    votes: dict[object, Counter[str]] = defaultdict(Counter)
    for i, row in enumerate(rows):
        of_study = votes[_study(row, i)]
        patient = text(row, "PatientID")
        if patient is not None:
            of_study[patient] += int(number(row, "NumberOfSeriesRelatedInstances") or 1)
    return {study: _most_frequent(of_study) for study, of_study in votes.items()}


def _most_frequent(votes: Counter[str]) -> str | None:
    def rank(patient: str) -> tuple[bool, int, str]:
        return (is_placeholder("PatientID", patient), -votes[patient], patient)

    return min(votes, key=rank, default=None)


def _shared_devices(rows: Sequence[Row]) -> set[int]:
    """The series whose serial number is, on this day, also that of another scanner."""
    by_device: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        device = device_id(row)
        if device is not None:
            by_device[device].append(i)
    shared: set[int] = set()
    for members in by_device.values():
        kinds = _kinds([rows[i] for i in members])
        if len(set(kinds)) > 1:
            studies = [_study(rows[i], i) for i in members]
            main = _main_kind(studies, kinds)
            pairs = zip(members, kinds, strict=True)
            shared |= {i for i, kind in pairs if main is None or not _fits(kind, main)}
    return shared


def _kinds(rows: Sequence[Row]) -> list[_Kind]:
    """Model and field strength of each row, a model with and without the maker's brand as one."""
    models = [text(row, "ManufacturerModelName") for row in rows]
    short = {folded(model) for model in models if model is not None}
    return [
        (
            None
            if model is None
            else min((one for one in short if folded(model).endswith(one)), key=lambda m: len(m)),
            _nearest(field_strength_t(row)),
        )
        for row, model in zip(rows, models, strict=True)
    ]


def _nearest(tesla: float | None) -> float | None:
    """The nearest field strength in clinical use."""
    return None if tesla is None else min(_FIELD_STRENGTHS_T, key=lambda one: abs(one - tesla))


def _main_kind(studies: Sequence[object], kinds: Sequence[_Kind]) -> _Kind | None:
    """The kind of scanner that nearly all studies agree on, None where they do not."""
    of_study: dict[object, Counter[_Kind]] = defaultdict(Counter)
    for study, kind in zip(studies, kinds, strict=True):
        of_study[study][kind] += 1
    votes = [_most_common(counts) for counts in of_study.values()]
    main = max(votes, key=lambda kind: (sum(_fits(one, kind) for one in votes), _rank(kind)))
    share = sum(_fits(one, main) for one in votes) / len(votes)
    return main if share >= limit("device_share") else None


def _most_common(counts: Counter[_Kind]) -> _Kind:
    return max(counts, key=lambda kind: (counts[kind], _rank(kind)))


def _fits(one: _Kind, other: _Kind) -> bool:
    """Whether two headers can be of one scanner: what is absent speaks against nothing."""
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def _rank(kind: _Kind) -> tuple[int, str]:
    """The one that tells the most, then any fixed order."""
    return (sum(part is not None for part in kind), str(kind))


@dataclass
class Demographics:
    """Birth dates and sexes of the studies of one partition, for as long as they are compared.

    They are kept nowhere: what stays is that one Patient ID is of several people.
    """

    _birth_dates: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _sexes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _current: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def watch(self, instances: Iterable[Dataset]) -> Iterator[Dataset]:
        """The instances of the next study, which are looked at as they pass."""
        self._current = defaultdict(set)
        last: dict[str, object] = {}
        for instance in instances:
            for tag in (_BIRTH_DATE, _SEX):
                element = instance.get(tag)
                if element is not None and element != last.get(tag):
                    last[tag] = element
                    self._current[tag] |= _values(tag, element)
            yield instance

    def end_study(self, rows: Sequence[Row]) -> None:
        """Note whose study that was.

        Args:
            rows: The rows of the study that passed last.
        """
        patient = next(iter(_patients(rows).values()), None)
        for tag, known in ((_BIRTH_DATE, self._birth_dates), (_SEX, self._sexes)):
            values = self._current[tag]
            # A study that disagrees with itself is no evidence.
            if patient is not None and len(values) == 1:
                known[patient] |= values

    def mark(self, rows: Iterable[dict[str, object]]) -> None:
        """Write into each row what differs between the people of its study's Patient ID."""
        rows = list(rows)
        patients = _patients(rows)
        for i, row in enumerate(rows):
            patient = patients[_study(row, i)] or ""
            if len(self._birth_dates.get(patient, ())) > 1:
                row[SHARED_PATIENT_ID] = "birth_date"
            elif len(self._sexes.get(patient, ())) > 1:
                row[SHARED_PATIENT_ID] = "sex"


def _values(tag: str, element: object) -> set[str]:
    """What an element says of a person; nothing where it is absent, unreadable or a dummy."""
    values = raw_values(element)
    if values is None or values is DIRTY:
        return set()
    value = reader("date" if tag == _BIRTH_DATE else "string")(values)
    if tag == _SEX:
        return {value} & {"M", "F"} if isinstance(value, str) else set()
    is_date = isinstance(value, date) and value.year > _LAST_DUMMY_BIRTH_YEAR
    return {value.isoformat()} if is_date else set()
