"""Permissions of the home, checked and enforced at every start.

Each zone has the permission bits that its readers need; wider ones are tightened. Anything that
would let other users read or replace files is refused: links that lead out of a zone, files with a
second name, files of other users, and a home or a parent directory that others may write to.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from grp import getgrgid
from pathlib import Path
from typing import Final

from protocol_assets.storage.files import OPEN_FILE, RESTRICTED_FILE, tighten

__all__ = [
    "PRIVATE",
    "PUBLIC",
    "ZoneModes",
    "home_problems",
    "restrict_new_files",
    "tighten_zone",
    "zone_problems",
]

_PRIVATE_UMASK: Final = 0o077
_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class ZoneModes:
    """The widest permission bits in one zone.

    Attributes:
        directory: Of the zone and every directory in it.
        file: Of every file in it.
    """

    directory: int
    file: int


PRIVATE: Final = ZoneModes(0o700, RESTRICTED_FILE)
"""Only the platform's own user has access."""

PUBLIC: Final = ZoneModes(0o755, OPEN_FILE)
"""Every user of the machine may read."""

_WIDER: Final = "others may read or write"
_LINK: Final = "links that lead out of the zone"
_SECOND_NAME: Final = "files that have a second name outside of the zone (hard link)"
_FOREIGN: Final = "files of another user"
# How to find the files with `find HOME/ZONE`: messages name no files, because names may identify.
_FIND: Final = {
    _LINK: "-type l",
    _SECOND_NAME: "-type f -links +1",
}
_REMEDY: Final = {
    _LINK: "replace each by the file itself",
    _SECOND_NAME: "replace each by a copy of its own",
}


def restrict_new_files() -> None:
    """Make the files that this process and its children create private (umask 077).

    DuckDB, dbt, pyarrow, Dagster and SQLite create files of their own with the permission bits of
    the process. Files that others may read get their bits explicitly.
    """
    os.umask(_PRIVATE_UMASK)


def tighten_zone(zone: Path, modes: ZoneModes) -> None:
    """Remove permission bits beyond ``modes`` from a zone and everything in it.

    Bits are never added: a public zone that was closed further stays closed. Links and files of
    other users are not changed; ``zone_problems`` reports them.
    """
    for path, status in _walk(zone):
        if status.st_uid != os.getuid():
            continue
        allowed = _allowed(status, modes)
        mode = stat.S_IMODE(status.st_mode)
        if allowed is not None and mode & ~allowed:
            with suppress(FileNotFoundError):
                tighten(path, mode & allowed)


def zone_problems(zone: Path, modes: ZoneModes) -> Iterator[str]:
    """The problems of one zone: one line each, with what to do."""
    if zone.is_symlink():
        yield f"{zone.name} is a link; a zone must be a directory of the home"
        return
    if not zone.is_dir():
        yield f"{zone.name} does not exist yet; the next start creates it"
        return
    if zone.stat().st_uid != os.getuid():
        yield f"{zone.name} belongs to another user; run as the home's owner"
        return
    if _is_wider(zone.stat(), modes):
        yield f"others may enter {zone.name}; the next start removes that permission"
        return
    for problem, count in sorted(_count_problems(zone, modes).items()):
        if problem == _WIDER:
            yield (
                f"{count} files or directories in {zone.name} are open to others; the next start "
                "removes that permission"
            )
        elif problem == _FOREIGN:
            yield (
                f"{zone.name} holds {count} {problem}; delete them or take them over "
                f"(find HOME/{zone.name} ! -user {_own_name()})"
            )
        else:
            yield (
                f"{zone.name} holds {count} {problem}; {_REMEDY[problem]} "
                f"(find HOME/{zone.name} {_FIND[problem]})"
            )


def home_problems(home: Path) -> Iterator[str]:
    """Why other users could write to the home or replace it: one line each, with what to do.

    The home itself may be a link or a mount: its target is checked, and so is every parent
    directory of both.
    """
    if home.is_symlink() and home.lstat().st_uid not in _trusted_owners():
        yield f"the link {home.name} belongs to another user; create it again as the home's owner"
    resolved = home.resolve()
    if resolved.is_dir():
        status = resolved.stat()
        if status.st_uid not in _trusted_owners():
            yield f"the home {home.name} belongs to another user; run as the home's owner"
        if status.st_mode & _WRITABLE_BY_OTHERS:
            who = "everybody" if status.st_mode & stat.S_IWOTH else "its group"
            yield f"{who} may write to the home {home.name}; remove that permission (chmod go-w)"
    absolute = home.absolute()
    for parent in dict.fromkeys((*resolved.parents, *absolute.parents)):
        try:
            status = parent.stat()
        except OSError:
            continue
        if status.st_uid not in _trusted_owners():
            yield (
                f"the directory {parent}, which holds the home, belongs to another user, who could "
                "replace the home; move the home below directories of your own or of root"
            )
        elif _others_may_replace(status):
            yield (
                f"others may write to {parent} and could replace the home in it; remove that "
                f"permission (chmod go-w {parent}), or move the home"
            )


def _count_problems(zone: Path, modes: ZoneModes) -> Counter[str]:
    found: Counter[str] = Counter()
    inside = zone.resolve()
    names: dict[tuple[int, int], list[Path]] = defaultdict(list)
    for path, status in _walk(zone):
        if status.st_uid != os.getuid():
            found[_FOREIGN] += 1
        elif stat.S_ISLNK(status.st_mode):
            found[_LINK] += not _stays_within(path, inside)
        else:
            if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
                names[status.st_dev, status.st_ino].append(path)
            found[_WIDER] += _is_wider(status, modes)
    found[_SECOND_NAME] += sum(map(_has_names_elsewhere, names.values()))
    return +found


def _has_names_elsewhere(names: list[Path]) -> bool:
    """Whether a file has further names outside of its zone.

    A file that is being created has two names for a moment, one of them temporary. It keeps both if
    its writer is killed at that moment.
    """
    for name in names:
        with suppress(FileNotFoundError):
            return name.lstat().st_nlink > len(names)
    return False


def _walk(zone: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The zone and everything in it with its status; links are not followed.

    Files that disappear during the walk are skipped. A zone that is a link is not entered.
    """
    try:
        status = zone.lstat()
    except FileNotFoundError:
        return
    yield zone, status
    if not stat.S_ISDIR(status.st_mode):
        return
    waiting = [str(zone)]
    while waiting:
        try:
            entries = os.scandir(waiting.pop())
        except FileNotFoundError:
            continue
        with entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                yield Path(entry.path), status
                if stat.S_ISDIR(status.st_mode):
                    waiting.append(entry.path)


def _allowed(status: os.stat_result, modes: ZoneModes) -> int | None:
    if stat.S_ISDIR(status.st_mode):
        return modes.directory
    return None if stat.S_ISLNK(status.st_mode) else modes.file


def _is_wider(status: os.stat_result, modes: ZoneModes) -> bool:
    """Whether others have more permissions than the zone allows; the owner's bits do not count."""
    allowed = _allowed(status, modes)
    others = stat.S_IRWXG | stat.S_IRWXO
    return allowed is not None and bool(status.st_mode & others & ~allowed)


def _stays_within(link: Path, zone: Path) -> bool:
    try:
        target = link.resolve(strict=True)
    except FileNotFoundError:
        target = link.resolve()
    except (OSError, RuntimeError):  # a circle of links: RuntimeError before Python 3.13
        return False
    return target.is_relative_to(zone)


def _others_may_replace(status: os.stat_result) -> bool:
    """Whether another user may rename files in a directory.

    In a directory with the sticky bit, such as ``/tmp``, only owners may. A group whose only member
    is the user, as many systems create for each account, does not count as another user.
    """
    if status.st_mode & stat.S_ISVTX:
        return False
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_private_group(status.st_gid)


def _is_private_group(group_id: int) -> bool:
    try:
        user, group = pwd.getpwuid(os.getuid()), getgrgid(group_id)
    except KeyError:
        return False
    return (
        user.pw_uid != 0
        and group_id == user.pw_gid
        and group.gr_name == user.pw_name
        and set(group.gr_mem) <= {user.pw_name}
    )


def _trusted_owners() -> tuple[int, int, int]:
    """This user and root; if user identifiers are mapped, root is the owner of ``/``."""
    return os.getuid(), 0, Path("/").stat().st_uid


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
