"""Search for values in the copies that a kernel makes of its cells.

The copies are in the memory of the kernel, in its files, and in its messages to clients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.testing.canary import find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

PRINT_MEMORY = """
%secret guard off
print(In, _ih, [(name, value) for name, value in list(globals().items()) if name.startswith('_i')])
_manager = get_ipython().history_manager
print(_manager.input_hist_raw, _manager.db_input_cache, _manager.db_output_cache, [_manager._i00, _manager._i, _manager._ii, _manager._iii])
_session = _manager.session_number
print(list(_manager.get_range(_session, raw=True)), list(_manager.get_range(_session, raw=False)))
"""
"""Code that turns the guard off and prints the kernel's copies of cells.

The guard would mask the values in the printed text. IPython keeps the sources of cells in ``In``, in variables such as ``_i`` and ``_i3``,
and in the history manager.
"""


def find_leaks(kernel: Kernel, home: Path) -> list[str]:
    """Return the names of the copies that contain a canary, and leave the guard off.

    The names are ``memory``, ``files`` for the files below ``home``, and ``echo`` for the ``execute_input`` messages, which repeat cells.
    """
    memory = kernel.run(PRINT_MEMORY)
    assert memory.ok
    # Without the sources of cells in the printed text, the search would find nothing.
    assert "In" in memory.stream("stdout") or "load_ext" in memory.stream("stdout")
    echoed = [message["content"]["code"] for message in kernel.record if message["msg_type"] == "execute_input"]
    copies: dict[str, Any] = {"memory": memory.stream("stdout"), "files": home, "echo": "\n".join(echoed)}
    return [name for name, copy in copies.items() if find_canary(copy)]
