"""The guard, which redacts every output channel of a shell from ``%load_ext`` to ``%unload_ext``.

Each channel is an object that installs itself and adds its removal to an ``ExitStack``: the kernel's messages (``messages``), file
descriptors (``descriptors``), the prompts of a terminal (``terminal``), text streams and log records of Python (``python_output``).
``installation`` chooses the channels of a shell. The redactor is in ``core.redaction``.
"""

from __future__ import annotations

from zensecrets_jupyter.notebook.guard.guard import Guard
from zensecrets_jupyter.notebook.guard.installation import guard_of, install, selftest_of

__all__ = ["Guard", "guard_of", "install", "selftest_of"]
