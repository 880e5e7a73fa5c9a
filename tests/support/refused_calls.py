"""Run a command of the package while the operating system refuses a system call, as with a faulty disk or network drive.

    python -m tests.support.refused_calls fcntl-lock|fdatasync WORD...

``WORD...`` is a command without ``zensecrets``. ``fcntl-lock`` refuses only file locks, and ``fdatasync`` each call of this name. A seccomp
filter of Linux refuses the call in this process and its child processes.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import runpy
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
"""Arguments of ``prctl``, from linux/prctl.h and linux/seccomp.h."""
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
"""Results of a filter: SECCOMP_RET_ALLOW, and SECCOMP_RET_ERRNO, to which the number of an error is added."""
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
"""Instructions of a filter, from linux/bpf_common.h."""
NUMBER, SECOND_ARGUMENT = 0, 24
"""Offsets in ``struct seccomp_data``: the number of the system call, and its second argument."""
F_SETLK = 6
"""The second argument of ``fcntl`` when it locks or unlocks a file without waiting."""

CALLS = {"x86_64": {"fcntl": 72, "fdatasync": 75}, "aarch64": {"fcntl": 25, "fdatasync": 83}}
"""Numbers of system calls by architecture, from Linux's unistd.h."""


class Program(ctypes.Structure):
    """``struct sock_fprog`` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def refuse(call: str) -> None:
    """Make later system calls fail in this process.

    Args:
        call: ``fcntl-lock``, which fails with ENOLCK, or the name of a call in :data:`CALLS`, which fails with EIO.
    """
    calls = CALLS[platform.machine()]
    # An instruction has four fields: its code, the numbers of instructions to skip after a true and after a false comparison, its operand.
    if call == "fcntl-lock":
        instructions = [
            (LOAD, 0, 0, NUMBER),
            (IF_EQUAL, 0, 3, calls["fcntl"]),
            (LOAD, 0, 0, SECOND_ARGUMENT),
            (IF_EQUAL, 0, 1, F_SETLK),
            (RETURN, 0, 0, REFUSE | errno.ENOLCK),
            (RETURN, 0, 0, ALLOW),
        ]
    else:
        instructions = [(LOAD, 0, 0, NUMBER), (IF_EQUAL, 0, 1, calls[call]), (RETURN, 0, 0, REFUSE | errno.EIO), (RETURN, 0, 0, ALLOW)]
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    # Without this option, only root may set a filter.
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(len(instructions), code)), 0, 0) == 0, ctypes.get_errno()


if __name__ == "__main__":
    refuse(sys.argv[1])
    # The package gets only the words of its command.
    sys.argv[1:] = sys.argv[2:]
    runpy.run_module("zensecrets_jupyter", run_name="__main__", alter_sys=True)
