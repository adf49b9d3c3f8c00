"""What every implementation of the storage ports holds; a new one is added to ``STORAGES``."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from protocol_assets.storage.deployment import Storage
from protocol_assets.storage.locks import LockedError
from protocol_assets.storage.ports import ObjectStore
from protocol_assets.storage.posix import open_posix_storage
from tests.unit.storage.memory import matches, open_memory_storage

STORAGES: dict[str, Callable[[Path], Storage]] = {
    "posix": open_posix_storage,
    "memory": lambda _root: open_memory_storage(),
}
KEY = "restricted/raw/study_date=2026-03-02/pacs=main/manifest.json"
SEGMENTS = st.sampled_from(["a", "b", "b.json", "pacs=main", "B", "ä", "a-b", "a.b"])
KEYS = st.lists(SEGMENTS, min_size=1, max_size=3).map(lambda parts: "/".join(["safe", *parts]))
PATTERNS = st.sampled_from(
    ["safe/*", "safe/*/*", "safe/**/*", "safe/*/b.json", "safe/a*/*", "safe/**/*.json", "safe/a"]
)


@pytest.fixture(params=STORAGES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return STORAGES[request.param](tmp_path)


@pytest.fixture
def objects(storage: Storage) -> ObjectStore:
    return storage.objects


def test_what_was_written_is_read(objects: ObjectStore) -> None:
    objects.write(KEY, b"one")
    assert objects.read(KEY) == b"one"
    with objects.open(KEY) as file:
        assert (file.read(1), file.read()) == (b"o", b"ne")
        file.seek(0)
        assert file.read() == b"one"
    objects.write(KEY, b"")
    assert objects.read(KEY) == b""


def test_what_is_not_there_is_not_read(objects: ObjectStore) -> None:
    objects.write("safe/a", b"")
    for key in (KEY, "safe/a/b"):
        assert objects.describe(key) is None
    assert objects.read(KEY) is None
    with pytest.raises(FileNotFoundError), objects.open(KEY):
        pass
    assert objects.list_keys("restricted/**/*") == []
    assert objects.list_prefixes("restricted/*") == []


def test_an_object_is_described_without_reading_it(objects: ObjectStore) -> None:
    objects.write(KEY, b"first")
    before = objects.describe(KEY)
    objects.write(KEY, b"second")
    after = objects.describe(KEY)
    assert before is not None
    assert after is not None
    assert (before.size, after.size) == (5, 6)
    assert before.modified <= after.modified


def test_a_batch_is_read_before_it_is_flushed(objects: ObjectStore) -> None:
    prefix = KEY.rpartition("/")[0]
    keys = [f"{prefix}/{number}" for number in range(3)]
    for key in keys:
        objects.write(key, b"x", flush=False)
    assert objects.list_keys(f"{prefix}/*") == keys
    objects.flush(prefix)
    assert objects.delete(keys[0], flush=False)
    objects.flush(prefix)
    assert objects.list_keys(f"{prefix}/*") == keys[1:]


def test_deleting_twice_is_no_error(objects: ObjectStore) -> None:
    objects.write(KEY, b"x")
    assert [objects.delete(KEY), objects.delete(KEY)] == [True, False]
    assert objects.read(KEY) is None


def test_objects_are_deleted_together(objects: ObjectStore) -> None:
    for name in ("a/x", "a/y", "b/x"):
        objects.write(f"safe/{name}", b"")
    objects.delete_many(["safe/a/y", "safe/a/x", "safe/c/absent"])
    assert objects.list_keys("safe/**/*") == ["safe/b/x"]
    assert objects.list_prefixes("safe/*") == ["safe/b"]
    assert objects.exists("safe/b/x")
    assert not objects.exists("safe/b")


def test_a_copy_is_an_object_of_its_own(objects: ObjectStore) -> None:
    objects.write("safe/a", b"one")
    objects.copy("safe/a", "safe/b")
    objects.write("safe/a", b"two")
    assert objects.read("safe/b") == b"one"
    objects.copy("safe/a", "safe/b")
    assert objects.read("safe/b") == b"one", "what is there is left as it is"
    objects.delete("safe/a")
    assert objects.read("safe/b") == b"one"
    with pytest.raises(FileNotFoundError):
        objects.copy("safe/a", "safe/c")


def test_a_moved_object_replaces_another(objects: ObjectStore) -> None:
    objects.write("safe/a/x", b"one")
    objects.write("safe/b", b"two")
    objects.move("safe/a/x", "safe/b")
    objects.move("safe/b", "safe/c/y/z")
    assert objects.list_keys("safe/**/*") == ["safe/c/y/z"]
    assert objects.read("safe/c/y/z") == b"one"
    with pytest.raises(FileNotFoundError):
        objects.move("safe/a/x", "safe/b")


def test_leftovers_are_deleted_and_objects_stay(tmp_path: Path) -> None:
    objects = open_posix_storage(tmp_path).objects
    objects.write("safe/x", b"")
    (tmp_path / "safe" / ".abc.partial").write_bytes(b"half")
    objects.delete_leftovers("safe")
    assert [path.name for path in (tmp_path / "safe").iterdir()] == ["x"]


def test_readers_see_one_write_or_the_other(objects: ObjectStore) -> None:
    contents = [bytes([number]) * 100_000 for number in range(8)]
    objects.write(KEY, contents[0])
    ended = threading.Event()
    found: set[bytes] = set()

    def read() -> None:
        while not ended.is_set():
            found.add(objects.read(KEY) or b"")

    reader = threading.Thread(target=read)
    reader.start()
    for content in contents * 5:
        objects.write(KEY, content)
    ended.set()
    reader.join()
    assert found <= set(contents)


def test_an_object_is_created_once(objects: ObjectStore) -> None:
    for turn in range(10):
        won: list[bytes] = []
        start = threading.Barrier(8)

        def create(
            number: int, key: str = f"{KEY}{turn}", won: list[bytes] = won, at: Any = start
        ) -> None:
            content = str(number).encode()
            at.wait()
            if objects.create(key, content):
                won.append(content)

        threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [objects.read(f"{KEY}{turn}")] == won


def test_prefixes_are_listed(objects: ObjectStore) -> None:
    for name in ("b/x", "a/x", "a/y", "c"):
        objects.write(f"safe/{name}", b"")
    assert objects.list_prefixes("safe/*") == ["safe/a", "safe/b"]
    assert objects.list_prefixes("safe/a") == ["safe/a"]
    assert objects.list_prefixes("safe/c") == []


@given(keys=st.sets(KEYS, max_size=12), pattern=PATTERNS)
@settings(max_examples=150, deadline=None)
def test_lists_are_complete_and_sorted(keys: set[str], pattern: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        objects = open_posix_storage(Path(folder)).objects
        stored: list[str] = []
        for key in sorted(keys, key=len, reverse=True):
            if not any(one.startswith(f"{key}/") for one in stored):  # no file and folder at once
                objects.write(key, b"", flush=False)
                stored.append(key)
        assert objects.list_keys(pattern) == sorted(one for one in stored if matches(one, pattern))


def test_temporary_files_are_not_listed(tmp_path: Path) -> None:
    objects = open_posix_storage(tmp_path).objects
    objects.write("safe/x", b"")
    (tmp_path / "safe" / ".abc.partial").write_bytes(b"half")
    (tmp_path / "safe" / ".hidden").mkdir()
    (tmp_path / "safe" / ".hidden" / "y").write_bytes(b"half")
    assert objects.list_keys("safe/*") == objects.list_keys("safe/**/*") == ["safe/x"]
    assert objects.list_prefixes("safe/*") == []


@pytest.mark.parametrize("key", ["/etc/passwd", "../x", "safe/../../x"])
def test_no_key_leads_out_of_the_root(key: str, tmp_path: Path) -> None:
    objects = open_posix_storage(tmp_path / "home").objects
    with pytest.raises(ValueError, match="relative path"):
        objects.write(key, b"")


def test_only_what_is_published_is_open_to_others(tmp_path: Path) -> None:
    objects = open_posix_storage(tmp_path).objects
    modes = {"restricted/a/b": 0o600, "safe/a": 0o600, "publish/a": 0o644, "published": 0o600}
    for key, mode in modes.items():
        objects.write(key, b"")
        objects.create(f"{key}-new", b"")
        for one in (key, f"{key}-new"):
            assert (tmp_path / one).stat().st_mode & 0o777 == mode


class Machine(RuleBasedStateMachine):
    """Any sequence of operations: the store holds what a dictionary would hold."""

    make: Callable[[Path], Storage]

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.objects = self.make(self.root).objects
        self.model: dict[str, bytes] = {}

    keys = st.sampled_from(["safe/x", "safe/y/a", "safe/y/b", "safe/z/z/z"])

    @rule(key=keys, content=st.binary(max_size=40), flush=st.booleans())
    def write(self, key: str, content: bytes, flush: bool) -> None:
        self.objects.write(key, content, flush=flush)
        self.model[key] = content

    @rule(key=keys, content=st.binary(max_size=40))
    def create(self, key: str, content: bytes) -> None:
        assert self.objects.create(key, content) == (key not in self.model)
        self.model.setdefault(key, content)

    @rule(key=keys, flush=st.booleans())
    def delete(self, key: str, flush: bool) -> None:
        is_there = self.model.pop(key, None) is not None
        assert self.objects.delete(key, flush=flush and is_there) == is_there

    @rule(key=keys)
    def read(self, key: str) -> None:
        assert self.objects.read(key) == self.model.get(key)
        found = self.objects.describe(key)
        assert (found and found.size) == (len(self.model[key]) if key in self.model else None)

    @invariant()
    def list_is_complete(self) -> None:
        assert self.objects.list_keys("safe/**/*") == sorted(self.model)

    def teardown(self) -> None:
        shutil.rmtree(self.root)


@pytest.mark.parametrize("name", STORAGES)
def test_any_sequence_of_operations(name: str) -> None:
    class Of(Machine):
        make = staticmethod(STORAGES[name])

    run_state_machine_as_test(
        Of, settings=settings(max_examples=40, stateful_step_count=20, deadline=None)
    )


def test_a_lock_excludes_threads(storage: Storage) -> None:
    count = 0

    def add() -> None:
        nonlocal count
        for _ in range(50):
            with storage.locks.exclusive("x", wait=True, what="x"):
                seen = count
                count = seen + 1

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count == 200


def test_a_held_lock_is_refused_or_kept(storage: Storage) -> None:
    refused: list[str] = []

    def attempt(name: str) -> None:
        try:
            with storage.locks.exclusive(name, wait=False, what="the thing"):
                pass
        except LockedError:
            refused.append(name)

    def attempt_elsewhere(name: str) -> None:
        other = threading.Thread(target=attempt, args=(name,))
        other.start()
        other.join()

    with storage.locks.exclusive("x", wait=False, what="x"):
        attempt("x")  # the same thread goes on holding it
        attempt_elsewhere("x")
        attempt_elsewhere("y")
    with storage.locks.shared("z", what="z"), storage.locks.shared("z", what="z"):
        attempt_elsewhere("z")
    for name in "xyz":
        attempt_elsewhere(name)
    assert refused == ["x", "z"]


def test_a_state_is_updated_by_one_at_a_time(storage: Storage) -> None:
    assert storage.states.read(KEY) is None

    def add() -> None:
        for _ in range(50):
            with storage.states.locked(KEY) as state:
                state.update(str(int(state.content or b"0") + 1).encode())

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert storage.states.read(KEY) == b"200"
    with storage.states.locked(KEY) as state:
        state.update(b"7")
        assert state.content == b"7"
    assert storage.states.read(KEY) == b"7"


def test_lines_are_appended_whole(tmp_path: Path) -> None:
    logs = open_posix_storage(tmp_path).logs
    path = tmp_path / "restricted" / "access.log"
    logs.append("restricted/access.log", b"one")
    path.write_bytes(path.read_bytes() + b"cut o")
    threads = [
        threading.Thread(target=logs.append, args=("restricted/access.log", b"x" * 9_000))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes().splitlines() == [b"one", b"cut o", *[b"x" * 9_000] * 8]
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        logs.append("restricted/access.log", b"two")


def _hold(root: Path, held: Any) -> None:
    locks = open_posix_storage(root).locks
    locks.hold_until_exit("process-1")
    with locks.exclusive("x", wait=True, what="x"):
        held.set()
        signal.pause()


def test_a_lock_is_released_when_its_holder_is_killed(tmp_path: Path) -> None:
    locks = open_posix_storage(tmp_path).locks
    spawn = multiprocessing.get_context("spawn")
    held = spawn.Event()
    other = spawn.Process(target=_hold, args=(tmp_path, held))
    other.start()
    assert held.wait(60)
    with pytest.raises(LockedError), locks.exclusive("x", wait=False, what="x"):
        pass
    assert locks.find_abandoned("process-") == []
    os.kill(other.pid or 0, signal.SIGKILL)
    other.join(60)
    with locks.exclusive("x", wait=False, what="x"):
        pass
    assert locks.find_abandoned("process-") == ["process-1"]
    locks.forget_abandoned("process-1")
    locks.forget_abandoned("process-1")
    assert locks.find_abandoned("process-") == []
