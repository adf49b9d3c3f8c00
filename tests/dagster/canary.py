"""Tokens planted into every attribute there is, and a search for them in every disguise."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
import sqlite3
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
import zstandard
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pypdf import PdfReader

MARK = "QZXCANARY"
WORD = re.compile(rf"{MARK}[A-Z]{{6}}")
ROOT = "1.2.826.0.77."
UID = re.compile(r"[0-9]+(?:\.[0-9]+){2,}")
FIRST_DATE = dt.date(1700, 1, 1)

# What a study needs to be taken for a classic one.
STRUCTURE = frozenset(
    ("0020000D", "0020000E", "00080018", "00080016", "00080020", "00080060", "52009229", "52009230")
)
TEXTS = ("LO", "SH", "CS", "ST", "LT", "UT", "UC", "AE", "UR", "PN")

Element = dict[str, Any]


@dataclass
class Planter:
    """Makes tokens, each once, and remembers them."""

    first: int = 0
    words: set[str] = field(default_factory=set)
    uids: set[str] = field(default_factory=set)
    dates: set[dt.date] = field(default_factory=set)
    stripped: set[str] = field(default_factory=set)
    """Bulk data, which is left out before raw already."""

    @property
    def count(self) -> int:
        return len(self.words) + len(self.uids) + len(self.dates) + len(self.stripped)

    def word(self) -> str:
        number, letters = self.first + len(self.words) + len(self.stripped), ""
        for _ in range(6):
            number, letter = divmod(number, 26)
            letters += chr(ord("A") + letter)
        self.words.add(MARK + letters)
        return MARK + letters

    def uid(self) -> str:
        self.uids.add(f"{ROOT}{len(self.uids)}")
        return f"{ROOT}{len(self.uids) - 1}"

    def date(self) -> str:
        day = FIRST_DATE + dt.timedelta(days=len(self.dates))
        self.dates.add(day)
        return f"{day:%Y%m%d}"

    def element(self, vr: str, vm: str = "1") -> Element:
        """An element of a VR whose every value is a token: one, or several where they may be."""
        if vr == "SQ":
            return {"vr": "SQ", "Value": [{"0040A160": {"vr": "UT", "Value": [self.word()]}}]}
        if vr == "PN":
            accented = self.word().replace("A", "Á")
            name = {"Alphabetic": f"{self.word()}^{self.word()}", "Ideographic": self.word()}
            return {"vr": "PN", "Value": [name | {"Phonetic": accented}]}
        if vr == "UI":
            return {"vr": vr, "Value": [self.uid()]}
        if vr in ("DA", "DT"):
            return {"vr": vr, "Value": [self.date() + ("131415" if vr == "DT" else "")]}
        if vr in TEXTS:
            several = [self.word().lower()] if vm != "1" else []
            return {"vr": vr, "Value": [self.word(), *several]}
        return {"vr": vr.split()[0], "Value": [self.word()]}

    def every_attribute(self, leave: Iterable[str] = ()) -> dict[str, Element]:
        """A dataset of every attribute of the dictionary, private and unknown ones."""
        known = {tag.replace("x", "0").upper(): row[:2] for tag, row in RepeatersDictionary.items()}
        known |= {f"{tag:08X}": row[:2] for tag, row in DicomDictionary.items()}
        wanted = sorted(known.keys() - set(leave))
        return {tag: self.element(*known[tag]) for tag in wanted} | self.odd()

    def odd(self) -> dict[str, Element]:
        """Private blocks of known and unknown creators, unknown tags, VR UN, bulk data."""
        creators = ("SIEMENS MR HEADER", "GEMS_PARM_01", "Philips Imaging DD 001", self.word())
        odd: dict[str, Element] = {}
        for group, creator in zip(("0051", "0043", "2001", "0099"), creators, strict=True):
            odd[f"{group}0010"] = {"vr": "LO", "Value": [creator]}
            odd |= {f"{group}10{n:02X}": self.element("LO") for n in range(0, 256, 3)}
        odd |= {f"7777{n:04X}": {"vr": "UN", "Value": [self.word()]} for n in range(40)}
        for n in range(40):
            hidden, vr = self.word(), ("UN", "OB", "LO")[n % 3]
            # UN of a private creator (gggg,0010 to 00FF) is text, and is landed as such.
            if vr != "UN" or n < 0x10:
                self.words.remove(hidden)
                self.stripped.add(hidden)
            binary = base64.b64encode(hidden.encode("latin-1")).decode()
            odd[f"7779{n:04X}"] = {"vr": vr, "InlineBinary": binary}
        return odd


def decoded(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and of every value it decodes to."""
    content = path.read_bytes()
    yield content
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            yield str(file.read().to_pydict()).encode()
            yield str(file.schema_arrow.metadata).encode()
    elif path.suffix == ".zst":
        with path.open("rb") as compressed:
            yield zstandard.ZstdDecompressor().stream_reader(compressed).read()
    elif path.suffix == ".duckdb":
        yield from _duckdb(path)
    elif content.startswith(b"SQLite format 3"):
        yield from _sqlite(path)
    elif content.startswith(b"%PDF"):
        yield from _pdf(content)


def _duckdb(path: Path) -> Iterator[bytes]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.sql(
            "select table_schema, table_name from information_schema.tables"
            " where table_type = 'BASE TABLE'"
        ).fetchall()
        for schema, name in tables:
            yield str(connection.sql(f'select * from {schema}."{name}"').fetchall()).encode()


def _sqlite(path: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as storage:
        names = storage.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (name,) in names:
            rows = storage.execute(f'select * from "{name}"').fetchall()
            values = [value for row in rows for value in row if isinstance(value, str | bytes)]
            contents = [value.encode() if isinstance(value, str) else value for value in values]
            yield b"\n".join(contents)
            for content in contents:
                yield from _unpacked(content)


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What a value holds that was compressed, as Dagster's cursors are."""
    if len(content) < 16 or b" " in content[:100]:
        return
    try:
        yield zlib.decompress(base64.b64decode(content, validate=True))
    except (ValueError, zlib.error):
        return


def _pdf(content: bytes) -> Iterator[bytes]:
    """The streams of a PDF, its metadata, and its text as its readers see it."""
    for match in re.finditer(rb"stream\r?\n", content):
        try:
            yield zlib.decompressobj().decompress(content[match.end() :])
        except zlib.error:
            continue
    reader = PdfReader(BytesIO(content))
    yield str(dict(reader.metadata or {})).encode()
    for page in reader.pages:
        yield page.extract_text().encode()


class Search:
    """Finds tokens in bytes: plain, folded, reformatted, encoded or hashed without a key."""

    def __init__(self, words: set[str], uids: set[str], dates: set[dt.date]) -> None:
        self.words = words
        self.uids = uids
        self.dates = {
            form: day
            for day in dates
            for form in (
                f"{day:%Y%m%d}",
                f"{day:%Y-%m-%d}",
                f"{day:%Y/%m/%d}",
                f"{day:%d.%m.%Y}",
                f"{day:%d/%m/%Y}",
                f"{day:%m/%d/%Y}",
                f"{day:%d-%m-%Y}",
                f"{day:%d%m%Y}",
                f"{day.year}, {day.month}, {day.day}",
            )
        }
        plain = [*words, *(word.lower() for word in words), *uids]
        plain += [f"{day:%Y%m%d}" for day in dates] + [day.isoformat() for day in dates]
        digests = [
            hash_of(text.encode()).digest()
            for text in plain
            for hash_of in (hashlib.md5, hashlib.sha1, hashlib.sha256)
        ]
        self._hex = {digest.hex() for digest in digests}
        self._base64 = {base64.b64encode(digest).decode().rstrip("=") for digest in digests}
        starts = np.frombuffer(b"".join(digest[:8] for digest in digests), np.uint64)
        self._starts = np.sort(starts)
        self._first = np.zeros(1 << 24, bool)
        self._first[(self._starts & np.uint64(0xFFFFFF)).astype(np.int64)] = True
        self._encoded = self._disguises(MARK, ROOT)

    @staticmethod
    def _disguises(*marks: str) -> set[bytes]:
        """Hex and base64 of a text that begins with a mark, whatever stands before it."""
        found = set()
        for mark in marks:
            for text in {mark, mark.lower()}:
                found |= {text.encode().hex().encode(), text.encode().hex().upper().encode()}
                for before in range(3):
                    code = base64.b64encode(b"\0" * before + text.encode())
                    found.add(code[(before * 8 + 5) // 6 : (before + len(text)) * 8 // 6])
        return found

    def hits(self, content: bytes) -> set[str]:
        """Every token found, by itself or by what gives it away."""
        text = content.decode("utf-8", "ignore")
        found = set(WORD.findall(_upper_without_accents(text))) & self.words
        found |= {hit for hit in UID.findall(text) if hit in self.uids}
        found |= {hit[0] for hit in _DATES.finditer(text) if hit[0] in self.dates and _is_one(hit)}
        found |= {code.decode() for code in self._encoded if code in content}
        found |= self._hex.intersection(_HEX.findall(text.lower()))
        found |= self._base64.intersection(_BASE64.findall(text))
        return found | self._binary(content)

    def _binary(self, content: bytes) -> set[str]:
        """Digests as they are, at any place."""
        found = set()
        for offset in range(8):
            size = (len(content) - offset) // 8
            if size > 0:
                window = np.frombuffer(content, np.uint64, size, offset)
                likely = window[self._first[(window & np.uint64(0xFFFFFF)).astype(np.int64)]]
                places = np.searchsorted(self._starts, likely) % len(self._starts)
                hits = likely[self._starts[places] == likely]
                found |= {f"digest {hit:x}" for hit in hits.tolist()}
        return found


_DATES = re.compile(
    r"(?<!\d)1[78]\d\d[01]\d[0-3]\d|1[78]\d\d[-/]\d\d[-/]\d\d|\d\d[./-]\d\d[./-]1[78]\d\d"
    r"|(?<!\d)[0-3]\d[01]\d1[78]\d\d(?!\d)|1[78]\d\d, \d{1,2}, \d{1,2}"
)


# A date of a UID follows another component; these are the decimals of a number, 0.17000305.
_DECIMALS = re.compile(r"(?<![\d.])\d+\.\Z")


def _is_one(hit: re.Match[str]) -> bool:
    return not _DECIMALS.search(hit.string[max(0, hit.start() - 30) : hit.start()])


_HEX = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9a-f])")
_BASE64 = re.compile(r"(?<![\w+/])([\w+/]{43}|[\w+/]{27}|[\w+/]{22})=")


def _upper_without_accents(text: str) -> str:
    if text.isascii():
        return text.upper()
    apart = unicodedata.normalize("NFKD", text)
    return apart.translate(_ACCENTS).upper()


_ACCENTS = dict.fromkeys(range(0x300, 0x370))


def found_in(
    folder: Path, search: Callable[[bytes], set[str]], *, without: Path | None = None
) -> dict[str, Path]:
    """Hits in a folder with the first file that holds them."""
    hits: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink() or (without and path.is_relative_to(without)):
            continue
        for content in (str(path.relative_to(folder)).encode(), *decoded(path)):
            for hit in search(content):
                hits.setdefault(hit, path)
    return hits
