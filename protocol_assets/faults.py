"""Errors that may be shown: one line that says what to do and identifies nobody.

Only errors of this project's own classes are quoted. The text of any other error may contain a
patient's value or a path that names a patient. Such an error is reported by its class and by the
place in our code where it arose. An error of the operating system is reported by the meaning of its
number, never by its text.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["Fault", "explain_os_error", "fault_place", "safe_message"]

_PACKAGE = Path(__file__).parent

_UNREACHABLE: Final = "check the network, the address and the firewall"
_ADVICE: Final = {
    errno.ENOSPC: "free some space, or move the home to a larger disk, then run again",
    errno.EDQUOT: "free some space, or have this user's quota raised, then run again",
    errno.EFBIG: "raise the file size limit of this user (ulimit -f) or of the file system",
    errno.EACCES: "give this user access to the file or folder, or run as the owner of the home",
    errno.EPERM: "give this user access to the file or folder, or run as the owner of the home",
    errno.EROFS: "mount the file system with write access, or move the home to another one",
    errno.EMFILE: "raise the limit of open files for this user (ulimit -n)",
    errno.ENFILE: "stop other programs, or raise the machine's limit of open files (fs.file-max)",
    errno.ENAMETOOLONG: "move the home to a shorter path",
    errno.ENOENT: "a file or folder was removed while it was in use; run again",
    errno.ENOTDIR: "a file is in the place of a folder of the home; remove it",
    errno.EISDIR: "a folder is in the place of a file of the home; remove it",
    errno.ELOOP: "links below the home lead to each other; remove them",
    errno.EIO: "the disk or network share failed; check it before you run again",
    errno.ESTALE: "the network share was disconnected; mount it again, then run again",
    errno.ETIMEDOUT: _UNREACHABLE,
    errno.ENOLCK: "the file system does not support locks; move the home to a local disk",
    errno.ENOMEM: "stop other programs, or give the machine more memory",
    errno.EAGAIN: "the machine has too few free processes or too little memory; run again later",
    errno.EBUSY: "another program is using it; close that program, then run again",
    errno.EADDRINUSE: "another program is using the port; choose another one",
    errno.EADDRNOTAVAIL: "no network card of this machine has this address; choose another",
    errno.ECONNREFUSED: "no server answers there; check that it runs, its port and the firewall",
    errno.ECONNRESET: "the other side ended the connection; run again, then check its log",
    errno.ECONNABORTED: "the connection was ended; run again",
    errno.EPIPE: "the other side ended the connection or the pipe; run again",
    errno.EHOSTUNREACH: _UNREACHABLE,
    errno.EHOSTDOWN: _UNREACHABLE,
    errno.ENETUNREACH: _UNREACHABLE,
    errno.ENETDOWN: _UNREACHABLE,
}
"""What to do about an error of the operating system, by its number."""


class Fault(Exception):  # noqa: N818 - a common word
    """Something that a person can fix. Its text is one line that says what to do."""


def safe_message(error: BaseException) -> str:
    """Describe any error in one line for a log, an event or a terminal."""
    if isinstance(error, Fault):
        return str(error)
    place = fault_place(error)
    for one in _causes(error):
        if isinstance(one, OSError) and (explained := explain_os_error(one)):
            return f"{explained} ({place})"
    return (
        f"unexpected {type(error).__name__} {place}; its text is withheld because it may "
        "identify a patient"
    )


def fault_place(error: BaseException) -> str:
    """Say where in this project an error arose: ``at FILE:LINE``, or outside of it."""
    return next(
        (
            f"at {Path(frame.filename).relative_to(_PACKAGE.parent)}:{frame.lineno}"
            for frame in reversed(traceback.extract_tb(error.__traceback__))
            if Path(frame.filename).is_relative_to(_PACKAGE)
        ),
        "outside protocol_assets",
    )


def explain_os_error(error: OSError) -> str:
    """Say what happened and what to do, without the path or address that is concerned.

    Returns:
        One line. It is empty if the error has no number of the operating system, as is the case for
        classes that libraries derive from ``OSError``.
    """
    # Both classes have their own numbers, which mean something else to the operating system.
    if isinstance(error, ssl.SSLError):
        return "the TLS connection failed; check the certificate, its authority and the port"
    if isinstance(error, socket.gaierror | socket.herror):
        return "the name of the server is unknown; check its spelling and the name service (DNS)"
    number = error.errno
    if number is None and isinstance(error, TimeoutError):
        number = errno.ETIMEDOUT
    if number is None or number not in errno.errorcode:
        return ""
    what = f"{os.strerror(number)} ({errno.errorcode[number]})"
    advice = _ADVICE.get(number)
    return f"{what}; {advice}" if advice else f"{what}; the operating system refused the operation"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it was raised from."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        yield one
        seen.add(id(one))
        one = one.__cause__
