"""The guard: redacts every channel of a shell, from ``%load_ext`` to ``%unload_ext``.

In a kernel that is every message (``messages``, ``streams``) and what its process writes beside them (``descriptors``); in a terminal what
arrives on it (``terminal``); everywhere what is logged (``logs``). The machine that finds values is the core's, in ``core.redaction``.
"""

from __future__ import annotations

from zensecrets_jupyter.notebook.guard.guard import Guard, guard_of, register, selftest_of

__all__ = ["Guard", "guard_of", "register", "selftest_of"]
