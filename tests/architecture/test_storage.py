"""Files of data are opened, written, renamed, locked and deleted in one package alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

PACKAGE: Final = Path(__file__).parents[2] / "protocol_assets"
STORAGE: Final = "storage"

OF_OS: Final = {
    "replace",
    "rename",
    "renames",
    "open",
    "write",
    "pwrite",
    "writev",
    "truncate",
    "ftruncate",
    "link",
    "symlink",
    "unlink",
    "remove",
    "rmdir",
    "removedirs",
    "mkdir",
    "makedirs",
    "utime",
    "chmod",
    "fchmod",
    "lchmod",
    "chown",
    "lchown",
    "fsync",
    "fdatasync",
    "sync",
    "mkfifo",
    "sendfile",
    "copy_file_range",
    "posix_fallocate",
    "lockf",
}
OF_A_PATH: Final = {
    "write_text",
    "write_bytes",
    "unlink",
    "rmdir",
    "touch",
    "chmod",
    "lchmod",
    "mkdir",
    "symlink_to",
    "hardlink_to",
    "copy_into",
    "move_into",
}
OF_LIBRARIES: Final = {
    "to_parquet",
    "to_feather",
    "to_pickle",
    "to_hdf",
    "to_excel",
    "write_table",
    "ParquetWriter",
    "write_to_dataset",
    "write_dataset",
    "write_metadata",
    "savefig",
    "write_parquet",
    "write_csv",
    "export_database",
    "dump",
}
MODULES: Final = {"tempfile", "fcntl", "sqlite3", "shelve", "pickle", "mmap", "dbm"}
WRITES_SQL: Final = re.compile(r"(?is)\b(copy\s.+\bto\s*'|export\s+database)")

DECLARED: Final = {
    ("lake/reading.py", "duckdb.connect"): "DuckDB writes its own file, in a staging folder",
    ("lake/warehouse_file.py", "duckdb.connect"): "DuckDB checkpoints its own file",
}
"""Whoever else writes, and why it may."""

_GOVERNANCE: Final = "governance files: people edit them in the home, with any program"
_PACKED: Final = "reads a file of the package or the project, no data"
_DUCKDB: Final = "DuckDB's own files, which only DuckDB can read and write"
LOCAL_FILES: Final = {
    "app/home.py": "Dagster's dagster.yaml, which Dagster reads as a file",
    "cli/main.py": "a file that the user names on the command line",
    "dashboard/__main__.py": _PACKED,
    "dashboard/marts.py": "Streamlit reads a published version, which is a local folder",
    "data/__init__.py": _PACKED,
    "defs/event_log.py": "Dagster's log files",
    "defs/warehouse/dbt_runs.py": "the dbt project and its target, which dbt reads and writes",
    "lake/dbt_tests.py": "a file in the target folder of dbt",
    "demo/deployment.py": "the home of the demo, which it makes anew",
    "demo/fleets.py": "a file beside the home of the demo",
    "governance/do_not_process.py": _GOVERNANCE,
    "governance/findings.py": _GOVERNANCE,
    "governance/labels.py": _GOVERNANCE,
    "governance/lines.py": _GOVERNANCE,
    "governance/scanner_rules.py": _GOVERNANCE,
    "governance/scanners.py": _GOVERNANCE,
    "cli/findings.py": _GOVERNANCE,
    "ingest/retention/rekeying.py": _GOVERNANCE,
    "lake/leftovers.py": "temporary files of killed processes, which only POSIX storage has",
    "lake/permissions.py": "owners and permission bits of the home",
    "lake/reading.py": _DUCKDB,
    "lake/upgrade.py": "folders of earlier releases, which only POSIX storage has",
    "lake/warehouse_file.py": _DUCKDB,
    "lake/zones.py": "makes the zones of the home, and opens the storage in it",
    "modalities/measures.py": _PACKED,
    "publishing/versions.py": "a version is a folder that is put in place as a whole",
    "quality/suites.py": _PACKED,
    "reports/pdf.py": _PACKED,
    "settings/deployment.py": "the configuration",
    "settings/values.py": "a secret in a file that the configuration names",
    "status/disk.py": "measures the local disk",
    "status/integrity.py": "lists the published versions, which are folders",
    "webserver/audit.py": "the audit log, whose folder the configuration of the server names",
    "webserver/server.py": "the socket of the server",
}
"""Modules that handle local files besides the ports, and why they may."""

PATHS_IN_STORAGE: Final = {"files", "leftovers", "links", "locks", "operations", "posix"}
"""Modules of the storage package that work on paths and not on keys."""
NO_PATHS: Final = {"LockedError"}
OF_READING: Final = {"iterdir", "glob", "rglob", "read_text", "read_bytes", "readlink", "walk"}
OF_OS_READING: Final = {"listdir", "scandir", "stat", "lstat", "statvfs", "access", "readlink"}


def findings(tree: ast.AST) -> Iterator[str]:
    """What writes in a module, by the name of the call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imported(node)
        elif isinstance(node, ast.Call):
            name = called(node)
            if name:
                yield name
        elif isinstance(node, ast.Constant) and WRITES_SQL.search(str(node.value)):
            yield "SQL that writes a file"


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    modules = (
        [one.name for one in node.names] if isinstance(node, ast.Import) else [str(node.module)]
    )
    for module in modules:
        if module in MODULES:
            yield f"import {module}"
    if isinstance(node, ast.ImportFrom) and node.module in ("os", "shutil", "pyarrow.parquet"):
        yield f"from {node.module} import"


def called(node: ast.Call) -> str | None:
    function = node.func
    if isinstance(function, ast.Name):
        return "open for writing" if function.id == "open" and is_writing(node, 1) else None
    if not isinstance(function, ast.Attribute):
        return None
    owner, name = ast.unparse(function.value), function.attr
    if owner == "os":
        return f"os.{name}" if name in OF_OS else None
    if owner == "shutil":
        return f"shutil.{name}" if name not in ("disk_usage", "which") else None
    if (owner, name) == ("duckdb", "connect"):
        read_only = [one.value for one in node.keywords if one.arg == "read_only"]
        if not node.args and not node.keywords:
            return None  # in memory
        return None if read_only and ast.unparse(read_only[0]) == "True" else "duckdb.connect"
    if name == "open":
        return "open for writing" if is_writing(node, 0) else None
    if name in ("replace", "rename"):
        return f"Path.{name}" if is_of_a_path(node, name) else None
    if owner in ("json", "orjson") and name != "dump":
        return None
    return name if name in OF_A_PATH | OF_LIBRARIES else None


def is_writing(node: ast.Call, place: int) -> bool:
    modes = [one.value for one in node.keywords if one.arg == "mode"]
    modes += node.args[place : place + 1]
    return any(set(ast.unparse(mode).strip("'\"")) & set("wax+") for mode in modes)


def is_of_a_path(node: ast.Call, name: str) -> bool:
    """Not of a text (two arguments), a day (by name), a dataclass or a column of a frame."""
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Subscript):
        return False
    if len(node.args) != 1 or node.keywords:
        return False
    return name == "replace" or not isinstance(node.args[0], ast.Constant)


def found_in(path: Path) -> set[tuple[str, str]]:
    name = path.relative_to(PACKAGE).as_posix()
    return {(name, one) for one in findings(ast.parse(path.read_text(encoding="utf-8")))}


def test_only_the_storage_package_writes_files() -> None:
    modules = [path for path in PACKAGE.rglob("*.py") if path.parts[len(PACKAGE.parts)] != STORAGE]
    found: set[tuple[str, str]] = set().union(*map(found_in, modules))
    assert found == set(DECLARED)
    assert all(DECLARED.values())


def readings(tree: ast.AST) -> Iterator[str]:
    """What opens, reads or lists local files in a module, or takes a path to the storage."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            *package, module = (node.module or "").split(".")
            names = {one.name for one in node.names} - NO_PATHS
            if package == ["protocol_assets", STORAGE] and module in PATHS_IN_STORAGE and names:
                yield f"import of storage.{module}"
        elif isinstance(node, ast.Call):
            name = read(node)
            if name:
                yield name


def read(node: ast.Call) -> str | None:
    function = node.func
    if isinstance(function, ast.Name):
        return "open" if function.id == "open" else None
    if not isinstance(function, ast.Attribute):
        return None
    owner, name = ast.unparse(function.value), function.attr
    if name == "open":
        return None if owner.endswith("objects") else "open"
    if owner == "os":
        return f"os.{name}" if name in OF_OS_READING | OF_READING else None
    if owner == "pq" and name in ("ParquetFile", "read_table"):
        return f"pq.{name}"
    return name if name in OF_READING and owner != "ast" else None


def test_only_the_storage_package_handles_local_files() -> None:
    """Whoever else does is named with a reason; all other code works on keys."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not name.startswith(f"{STORAGE}/") and any(readings(tree)):
            found.add(name)
    assert found == set(LOCAL_FILES)


@pytest.mark.parametrize(
    "code",
    [
        "open(path)",
        "path.open('rb')",
        "path.read_bytes()",
        "path.read_text(encoding='utf-8')",
        "folder.rglob('*.parquet')",
        "folder.iterdir()",
        "os.scandir(folder)",
        "os.walk(folder)",
        "pq.ParquetFile(path)",
        "from protocol_assets.storage.files import write_bytes",
        "from protocol_assets.storage.locks import LockedError, exclusive",
    ],
)
def test_each_way_to_handle_a_local_file_is_found(code: str) -> None:
    assert list(readings(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "objects.open(key)",
        "lake.storage.objects.read(key)",
        "ast.walk(tree)",
        "from protocol_assets.storage.locks import LockedError",
        "from protocol_assets.storage.documents import Documents",
    ],
)
def test_keys_are_no_local_files(code: str) -> None:
    assert not list(readings(ast.parse(code)))


def test_every_change_to_the_disk_is_one_of_the_operations() -> None:
    """What the fault-injecting tests cannot count is not called elsewhere in the package."""
    allowed = {
        ("files.py", "import fcntl"),  # a lock changes no file
        ("files.py", "import tempfile"),  # an empty file or folder with a name of its own
        ("files.py", "os.open"),
        ("full_disk.py", "import sqlite3"),  # to know its errors
        ("leftovers.py", "import fcntl"),
        ("leftovers.py", "os.open"),
        ("locks.py", "import fcntl"),
        ("locks.py", "os.open"),
        ("parquet.py", "ParquetWriter"),  # to memory
        ("parquet.py", "write_table"),
    }
    modules = [path for path in (PACKAGE / STORAGE).glob("*.py") if path.name != "operations.py"]
    found: set[tuple[str, str]] = set().union(*map(found_in, modules))
    calls = {(name.split("/")[1], what) for name, what in found}
    through = {one for one in calls if one[1] in ("touch", "make_directory", "unlink")}
    assert calls - through == allowed


@pytest.mark.parametrize(
    "code",
    [
        "open(path, 'w')",
        "open(path, mode='ab')",
        "path.open('x')",
        "open(path, 'r+b')",
        "os.replace(a, b)",
        "a.replace(b)",
        "a.rename(b)",
        "path.write_text(text)",
        "path.unlink(missing_ok=True)",
        "shutil.rmtree(path)",
        "path.symlink_to(other)",
        "import fcntl",
        "from os import replace",
        "import tempfile",
        "path.chmod(0o600)",
        "frame.to_parquet(path)",
        "pq.write_table(table, path)",
        "json.dump(content, file)",
        "duckdb.connect(path)",
        "con.sql(\"copy t to 'x.parquet'\")",
        "os.fsync(handle)",
    ],
)
def test_each_way_to_write_is_found(code: str) -> None:
    assert list(findings(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "open(path)",
        "path.open('rb')",
        "text.replace('a', 'b')",
        "day.replace(day=1)",
        "replace(entry, state='gone')",
        "column.rename('n')",
        "frame.rename(columns=names)",
        "frame['key'].replace(names)",
        "duckdb.connect()",
        "shutil.disk_usage(path)",
        "duckdb.connect(path, read_only=True)",
        "json.dumps(one)",
    ],
)
def test_what_only_reads_is_not_found(code: str) -> None:
    assert not list(findings(ast.parse(code)))
