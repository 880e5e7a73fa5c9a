"""A kernel with the guard on, for the tests of docs/guard.md."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.leaks import message_texts
from tests.support.redaction.values import longest_visible
from tests.support.terminal import run_zensecrets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import CellResult, Kernel

NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
"""Environment variables that hide the keyring of the developer's desktop from the tests."""
PAUSE = 0.4
"""Seconds after which the guard has certainly sent all output.

The guard delays text that may be the beginning of a value, because the rest of the value may follow. The delay is only 50 ms.
"""


class GuardedKernel:
    """A kernel with the guard on.

    Attributes:
        kernel: The kernel.
        folder: The working folder of the kernel.
        load_result: The result of the cell that loaded the extension.
    """

    def __init__(self, kernel: Kernel, folder: Path, load_result: CellResult) -> None:
        """Use a kernel that has just loaded the extension."""
        self.kernel = kernel
        self.folder = folder
        self.load_result = load_result
        self._index_of_first_message = len(kernel.record)

    def set_variables(self, **variables: object) -> None:
        """Set variables in the kernel from a file, so that no message contains their values."""
        path = self.folder / "variables.json"
        path.write_text(json.dumps(variables), encoding="utf-8")
        self.run("import json, pathlib\nglobals().update(json.loads(pathlib.Path('variables.json').read_text()))")
        path.unlink()

    def protect(self, value: str, name: str) -> None:
        """Protect ``value`` as ``name``, and set the kernel's variable ``value`` to it.

        :meth:`leaked_length` searches the messages after this call.
        """
        self.set_variables(value=value)
        self.run(f"from zensecrets_jupyter.core.redaction import the_redactor\nassert the_redactor().protect(value, {name!r})")
        self._index_of_first_message = len(self.kernel.record)

    def run(self, code: str, answers: Any = ()) -> CellResult:
        """Run a cell, and check that it succeeds."""
        try:
            result = self.kernel.run(code, answers)
        except AssertionError:
            # A prompt without an answer raises this error, and the kernel still waits at the prompt. Later tests use the same kernel.
            self.kernel.manager.interrupt_kernel()
            raise
        assert result.ok, result.error
        return result

    def output_of(self, code: str, answers: Any = ()) -> str:
        """Return the standard output of a cell."""
        return self.run(code, answers).stream("stdout")

    def leaked_length(self, value: str) -> int:
        """Return the length of the longest part of ``value`` in the messages since the last call of :meth:`protect`."""
        texts = message_texts(self.kernel.record[self._index_of_first_message :])
        return max((longest_visible(value, text.decode("utf-8", "replace")) for text in texts), default=0)


def store_secret(home: Path, name: str, value: str, **environment: str) -> None:
    """Register a secret with one entry, whose key is ``key``, in a separate process.

    The wrapping key of the store is in a file, unless ``environment`` contains a passphrase.

    Args:
        home: The folder of a kernel, which has its store in the subfolder ``zensecrets``.
        name: The name of the secret.
        value: The value of the entry.
        environment: Additional environment variables of the process.
    """
    variables = {"ZENSECRETS_HOME": str(home / "zensecrets"), **NO_KEYRING, **environment}
    # With `@-`, the command reads the value from its standard input.
    process = run_zensecrets("secret", "register", name, "--key=@-", stdin=value.encode(), environment=variables)
    assert process.returncode == 0, process.stderr
