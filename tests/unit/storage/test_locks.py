from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from protocol_assets.storage.locks import LockedError, exclusive


def _hold(path: Path, held: object, free: object) -> None:
    with exclusive(path, wait=True, what="it"):
        held.set()  # type: ignore[attr-defined]
        free.wait(10)  # type: ignore[attr-defined]


def test_a_second_process_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    held, free = spawn.Event(), spawn.Event()
    other = spawn.Process(target=_hold, args=(tmp_path / "lock", held, free))
    other.start()
    try:
        assert held.wait(30)
        with (
            pytest.raises(LockedError, match="another run is working on partition x"),
            exclusive(tmp_path / "lock", wait=False, what="partition x"),
        ):
            pass
    finally:
        free.set()
        other.join(10)
    with exclusive(tmp_path / "lock", wait=False, what="partition x"):
        pass
