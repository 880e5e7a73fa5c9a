"""Loading and unloading of the extension in a shell."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.support.kernels import running_kernel
from zensecrets_jupyter.core import interaction
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.notebook.guard import guard_of
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Return a shell with its own profile."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    # IPython registers its own magics at the first request for one of them.
    assert shell.find_line_magic("load_ext")
    yield shell
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def _state(shell: InteractiveShell) -> dict[str, Any]:
    """Return everything that the extension changes in a shell and in its process."""
    completers = shell.Completer.custom_completers
    return {
        "magics": {kind: dict(magics) for kind, magics in shell.magics_manager.magics.items()},
        "completers": (dict(completers.strs), dict(completers.regexs), list(shell.Completer.custom_matchers)),
        "formatters": {
            mime: (dict(formatter.type_printers), dict(formatter.deferred_printers))
            for mime, formatter in shell.display_formatter.formatters.items()
        },
        "events": {event: list(callbacks) for event, callbacks in shell.events.callbacks.items()},
        "transformers": (list(shell.ast_transformers), list(shell.input_transformers_cleanup), list(shell.input_transformers_post)),
        # Names of user variables. IPython changes names with an underscore, such as `_i1`, after each cell.
        "names": {name for name in shell.user_ns if not name.startswith("_")},
        "streams": (sys.stdout, sys.stderr, sys.excepthook, sys.displayhook),
        "logs": (logging.getLogRecordFactory(), [list(handler.filters) for handler in logging.getLogger().handlers]),
        "handlers": [vars(logging.Handler).get(name) for name in ("handle", "format", "handleError")],
        "imports": list(sys.meta_path),
        "guard": guard_of(shell),
        # The setter returns the earlier source, so two calls read the current source and set it again.
        "passphrases": interaction.set_passphrase_source(interaction.set_passphrase_source(None)),
    }


def test_unloading_restores_the_shell(shell: InteractiveShell) -> None:
    """After `%unload_ext` the shell has its earlier state, even if a secret was displayed."""
    state_before = _state(shell)
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    assert _state(shell) != state_before
    shell.run_cell("import zensecrets_jupyter; zensecrets_jupyter.ArbitrarySecretSchema(name='shown', key='canary-of-unloading')")
    shell.run_cell("del zensecrets_jupyter")
    shell.run_line_magic("unload_ext", "zensecrets_jupyter")
    assert _state(shell) == state_before


def test_a_second_load_changes_nothing(shell: InteractiveShell) -> None:
    """A second `%load_ext` changes nothing. Afterwards, a single `%unload_ext` restores the shell."""
    state_before = _state(shell)
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    state_after_load = _state(shell)
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    # The Python function behind `%load_ext`, which an application may call too.
    shell.extension_manager.load_extension("zensecrets_jupyter")
    assert _state(shell) == state_after_load
    shell.run_line_magic("unload_ext", "zensecrets_jupyter")
    assert _state(shell) == state_before


def test_reloading_keeps_the_magics(shell: InteractiveShell) -> None:
    """After `%reload_ext` the magics still exist, and `%unload_ext` restores the shell."""
    state_before = _state(shell)
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    shell.run_line_magic("reload_ext", "zensecrets_jupyter")
    assert {"zen", "secret", "stack"} <= set(shell.magics_manager.magics["line"])
    shell.run_line_magic("unload_ext", "zensecrets_jupyter")
    assert _state(shell) == state_before


def test_an_earlier_magic_of_the_same_name_is_restored(shell: InteractiveShell) -> None:
    """An earlier `%stack` of the user is restored by `%unload_ext`."""
    earlier_magic = shell.magics_manager.magics["line"]["stack"] = lambda _line: "earlier"
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    shell.run_line_magic("unload_ext", "zensecrets_jupyter")
    assert shell.magics_manager.magics["line"]["stack"] is earlier_magic


def test_loading_changes_one_shell_only(shell: InteractiveShell, tmp_path: Path) -> None:
    """If a kernel loads the extension, the shell of this process does not change.

    The kernel is another process.
    """
    state_before = _state(shell)
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
    assert _state(shell) == state_before


def test_an_embedded_shell_masks_values(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    """Outputs and errors of a shell inside another program, here pytest, are masked.

    The outputs go to the streams of this program. `%unload_ext` restores the streams.
    """
    value = canary("inside")
    the_redactor().protect(value, "some.key")
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    shell.user_ns["value"] = value
    # Two calls print the first value in two parts.
    shell.run_cell("import sys; print(value[:20], end=''); print(value[20:]); print(value, file=sys.stderr); value")
    shell.run_cell("raise ValueError(value)")
    shell.run_line_magic("unload_ext", "zensecrets_jupyter")
    output = capsys.readouterr()
    assert value not in output.out + output.err
    # The four masks: two printed texts, the displayed result, and the message of the error. A traceback may contain more.
    assert (output.out + output.err).count("‹secret:some.key›") >= 4
    the_redactor().forget("some.key")
