"""What an error may say: what happened and what to do, never a path, an address or a value."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from protocol_assets.faults import Fault, explain_os_error, safe_message

SECRET = "/home/restricted/raw/DOE^JANE"


def raised(error: BaseException) -> str:
    """What is said of an error that arose somewhere."""
    try:
        raise error
    except BaseException as caught:
        return safe_message(caught)


@pytest.mark.parametrize(
    ("number", "what", "advice"),
    [
        (errno.ENOSPC, "No space left on device (ENOSPC)", "free some space"),
        (errno.EDQUOT, "quota", "this user's quota"),
        (errno.EACCES, "Permission denied (EACCES)", "access to the file"),
        (errno.EROFS, "Read-only file system (EROFS)", "mount the file system with write access"),
        (errno.EMFILE, "Too many open files (EMFILE)", "ulimit -n"),
        (errno.ENAMETOOLONG, "File name too long (ENAMETOOLONG)", "shorter path"),
        (errno.ENOENT, "No such file or directory (ENOENT)", "was removed while it was in use"),
        (errno.EIO, "(EIO)", "disk or network share failed"),
        (errno.ESTALE, "(ESTALE)", "mount it again"),
        (errno.ECONNREFUSED, "Connection refused (ECONNREFUSED)", "check that it runs"),
        (errno.ECONNRESET, "(ECONNRESET)", "other side ended"),
        (errno.ENETUNREACH, "(ENETUNREACH)", "check the network"),
        (errno.EADDRINUSE, "(EADDRINUSE)", "choose another"),
        (errno.EXDEV, "(EXDEV)", "the operating system refused"),
    ],
)
def test_an_error_of_the_system_is_told_by_its_number(number: int, what: str, advice: str) -> None:
    said = raised(OSError(number, f"libraries quote {SECRET}", SECRET))
    assert what.lower() in said.lower()
    assert advice in said
    assert "DOE" not in said
    assert "/home" not in said
    assert "\n" not in said
    if number not in (errno.ENOSPC, errno.EDQUOT):
        assert "space" not in said


def test_every_advice_belongs_to_a_number_of_this_system() -> None:
    from protocol_assets.faults import _ADVICE

    assert _ADVICE.keys() <= errno.errorcode.keys()
    assert len({explain_os_error(OSError(number, "")) for number in _ADVICE}) == len(_ADVICE)


def full_disk() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        os.write(descriptor, b"x")
    finally:
        os.close(descriptor)


def no_server() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        socket.create_connection(("127.0.0.1", free.getsockname()[1]), timeout=5)


def too_long() -> None:
    Path("/" + "x" * 300).read_bytes()


def a_folder() -> None:
    Path("/").read_bytes()


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (full_disk, "ENOSPC"),
        (no_server, "ECONNREFUSED"),
        (too_long, "ENAMETOOLONG"),
        (a_folder, "EISDIR"),
    ],
)
def test_what_the_system_itself_raises(work: Callable[[], None], name: str) -> None:
    with pytest.raises(OSError, match=r".") as caught:
        work()
    assert f"({name})" in safe_message(caught.value)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        # Number 1 is EPERM, -2 is nothing: both are libraries' own numbers.
        (ssl.SSLError(1, f"of {SECRET}"), "the TLS connection failed"),
        (socket.gaierror(-2, f"of {SECRET}"), "the name of the server is unknown"),
        (TimeoutError(SECRET), "timed out (ETIMEDOUT)"),
    ],
)
def test_libraries_number_errors_of_their_own(error: OSError, words: str) -> None:
    said = raised(error)
    assert words in said
    assert "DOE" not in said
    assert "permission" not in said.lower()


def test_an_error_without_a_number_is_told_by_its_class() -> None:
    class LibraryError(OSError):
        pass

    said = raised(LibraryError(f"of {SECRET}"))
    assert said.startswith("unexpected LibraryError outside")
    assert "disk" not in said
    assert "DOE" not in said


def test_the_cause_of_an_error_is_looked_for() -> None:
    error = RuntimeError(SECRET)
    error.__cause__ = OSError(errno.ENOSPC, SECRET)
    assert "free some space" in raised(error)
    error.__cause__ = error  # a circle ends
    assert raised(error).startswith("unexpected RuntimeError")


def test_a_fault_is_quoted() -> None:
    assert raised(Fault("the key is missing; set it")) == "the key is missing; set it"
