from __future__ import annotations

import stat
from pathlib import Path

import pytest

from protocol_assets.storage.files import atomic_file, write_bytes


def test_a_failed_write_leaves_the_last_good_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a" / "part"
    write_bytes(target, b"good", mode=0o600)

    def fails_halfway() -> None:
        with atomic_file(target, mode=0o600) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails_halfway()
    assert target.read_bytes() == b"good"
    assert [path.name for path in target.parent.iterdir()] == ["part"]


@pytest.mark.parametrize(("mode", "directory"), [(0o600, 0o700), (0o400, 0o700), (0o644, 0o755)])
def test_permissions_do_not_depend_on_the_umask(tmp_path: Path, mode: int, directory: int) -> None:
    target = tmp_path / "a" / "b" / "part"
    write_bytes(target, b"x", mode=mode)
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert stat.S_IMODE(target.parent.stat().st_mode) == directory
