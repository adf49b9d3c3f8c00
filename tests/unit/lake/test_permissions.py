"""Who may read, write and replace what is in the home."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from protocol_assets.faults import Fault
from protocol_assets.lake import permissions
from protocol_assets.lake.permissions import restrict_new_files
from protocol_assets.lake.zones import Lake

CLOSED = ("restricted", "safe", "governance", "dagster", "dbt")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path / "home")
    made.prepare()
    return made


def write(path: Path, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("zone", CLOSED)
def test_everything_in_a_closed_zone_is_closed_at_the_next_start(lake: Lake, zone: str) -> None:
    file = write(lake.home / zone / "deep" / "deeper" / "part", 0o664)
    script = write(file.with_name("run"), 0o755)
    read_only = write(file.with_name("copy"), 0o444)
    for folder in (file.parent, file.parent.parent):
        folder.chmod(0o2775)
    (problem,) = lake.problems()
    assert problem.startswith(f"5 files or directories in {zone} are open to others")
    lake.prepare()
    assert list(lake.problems()) == []
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (lake.home / zone).rglob("*")}
    assert modes == {
        file.parent.parent: 0o700,
        file.parent: 0o700,
        file: 0o600,
        script: 0o600,
        read_only: 0o400,
    }


def test_what_is_published_may_be_read_and_not_written(lake: Lake) -> None:
    page = write(lake.publish / "reports" / "report.html", 0o666)
    page.parent.chmod(0o777)
    kept = write(lake.publish / "closed" / "report.html", 0o600)
    kept.parent.chmod(0o750)
    (problem,) = lake.problems()
    assert problem.startswith("2 files or directories in publish")
    lake.prepare()
    assert list(lake.problems()) == []
    assert stat.S_IMODE(page.stat().st_mode) == 0o644
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o755
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600, "a hospital may close it further"
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o750


def link_out(lake: Lake, outside: Path) -> None:
    (lake.safe / "facts").symlink_to(outside)


def link_to_another_zone(lake: Lake, outside: Path) -> None:
    (lake.publish / "members").symlink_to(lake.safe)


def link_to_a_file(lake: Lake, outside: Path) -> None:
    (lake.governance / "targets.csv").symlink_to(write(outside / "targets.csv"))


def dangling_link(lake: Lake, outside: Path) -> None:
    (lake.restricted / "raw").symlink_to(outside / "nowhere")


def circle(lake: Lake, outside: Path) -> None:
    (lake.dbt / "a").symlink_to(outside / "b")
    (outside / "b").symlink_to(lake.dbt / "a")


def hard_link(lake: Lake, outside: Path) -> None:
    os.link(write(lake.safe / "part.parquet"), outside / "part.parquet")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (link_out, "safe holds 1 links that lead out of the zone; replace each by the file itself"),
        (link_to_another_zone, "publish holds 1 links that lead out"),
        (link_to_a_file, "governance holds 1 links that lead out"),
        (dangling_link, "restricted holds 1 links that lead out"),
        (circle, "dbt holds 1 links that lead out"),
        (hard_link, "safe holds 1 files that have a second name outside of the zone"),
    ],
)
def test_what_leads_out_of_a_zone_is_refused(
    lake: Lake, tmp_path: Path, spoil: Callable[[Lake, Path], None], said: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    outside.chmod(0o755)
    spoil(lake, outside)
    (problem,) = lake.problems()
    assert said in problem
    assert "(find HOME/" in problem
    with pytest.raises(Fault) as refused:
        lake.prepare()
    assert said in str(refused.value)
    assert "targets" not in problem, "names of files may identify"
    assert outside.stat().st_mode & 0o777 == 0o755, "what a link leads to is left alone"


def test_the_link_to_the_newest_version_and_an_editors_lock_are_fine(lake: Lake) -> None:
    version = lake.publish / "versions" / "0123"
    version.mkdir(parents=True)
    lake.marts.symlink_to(version.relative_to(lake.publish))
    (lake.governance / ".#targets.csv").symlink_to("someone@host.123:456")
    lake.prepare()
    assert list(lake.problems()) == []


def test_a_file_that_is_being_created_has_two_names(lake: Lake) -> None:
    part = write(lake.safe / "part.parquet")
    os.link(part, lake.safe / ".0.partial")
    lake.prepare()
    assert list(lake.problems()) == []


def test_files_of_another_user_are_refused(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    strange = write(lake.safe / "part.parquet")
    scandir = os.scandir

    class Foreign:
        def __init__(self, entry: os.DirEntry[str]) -> None:
            self.path, self._entry = entry.path, entry

        def stat(self, *, follow_symlinks: bool) -> os.stat_result:
            found = list(self._entry.stat(follow_symlinks=follow_symlinks))
            if self.path == str(strange):
                found[4] = os.getuid() + 1
            return os.stat_result(found)

    class Entries:
        def __init__(self, path: str) -> None:
            with scandir(path) as entries:
                self._entries = [Foreign(entry) for entry in entries]

        def __enter__(self) -> list[Foreign]:
            return self._entries

        def __exit__(self, *_: object) -> None: ...

        def __iter__(self) -> object:
            return iter(self._entries)

    monkeypatch.setattr(os, "scandir", Entries)
    (problem,) = lake.problems()
    assert "safe holds 1 files of another user; delete them or take them over" in problem
    with pytest.raises(Fault, match="files of another user"):
        lake.prepare()


@pytest.mark.parametrize("mode", [0o770, 0o775, 0o777, 0o757, 0o2775])
def test_a_parent_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    lake = Lake(parent / "between" / "home")
    lake.prepare()
    parent.chmod(mode)
    with pytest.raises(Fault) as refused:
        lake.prepare()
    assert f"others may write to {parent} and could replace the home" in str(refused.value)
    assert f"chmod go-w {parent}" in str(refused.value)
    parent.chmod(0o1777)  # as /tmp: only owners may rename there
    lake.prepare()


def test_a_parent_of_the_users_own_group_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many systems give each account a group of its own and the umask 002."""
    tmp_path.chmod(0o775)
    lake = Lake(tmp_path / "home")
    with pytest.raises(Fault, match="could replace the home"):
        lake.prepare()
    monkeypatch.setattr(permissions, "_is_private_group", lambda _group: True)
    lake.prepare()
    lake.home.chmod(0o775)
    with pytest.raises(Fault, match="its group may write to the home"):
        lake.prepare()


def test_the_home_may_be_a_link_whose_own_way_is_checked(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    way = tmp_path / "way"
    way.mkdir()
    lake = Lake(way / "home")
    lake.home.symlink_to(tmp_path / "disk")
    lake.prepare()
    assert (tmp_path / "disk" / "safe").is_dir()
    assert list(lake.problems()) == []
    version = lake.publish / "versions" / "0123"
    version.mkdir(parents=True)
    lake.marts.symlink_to("versions/0123")
    assert list(lake.problems()) == []
    way.chmod(0o777)
    with pytest.raises(Fault, match="could replace the home"):
        lake.prepare()
    way.chmod(0o755)
    (tmp_path / "disk").chmod(0o775)
    with pytest.raises(Fault, match="its group may write to the home"):
        lake.prepare()


def test_children_take_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        restrict_new_files()
        script = "import sys; open(sys.argv[1], 'w').close()"
        subprocess.run([sys.executable, "-c", script, tmp_path / "child"], check=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "child").stat().st_mode) == 0o600
