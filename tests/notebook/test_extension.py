"""Loading the extension into a shell, and leaving the shell as it was."""

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
    """Return a real shell with a profile of its own."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    # IPython loads its own magics when one of them is first asked for.
    assert shell.find_line_magic("load_ext")
    yield shell
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def _state(shell: InteractiveShell) -> dict[str, Any]:
    """Return everything in a shell that an extension can leave something in."""
    completers = shell.Completer.custom_completers
    return {
        "magics": {kind: dict(known) for kind, known in shell.magics_manager.magics.items()},
        "completers": (dict(completers.strs), dict(completers.regexs), list(shell.Completer.custom_matchers)),
        "formatters": {
            mime: (dict(formatter.type_printers), dict(formatter.deferred_printers))
            for mime, formatter in shell.display_formatter.formatters.items()
        },
        "events": {event: list(callbacks) for event, callbacks in shell.events.callbacks.items()},
        "transformers": (list(shell.ast_transformers), list(shell.input_transformers_cleanup), list(shell.input_transformers_post)),
        "names": {name for name in shell.user_ns if not name.startswith("_")},
        "streams": (sys.stdout, sys.stderr, sys.excepthook, sys.displayhook),
        "logs": (logging.getLogRecordFactory(), [list(handler.filters) for handler in logging.getLogger().handlers]),
        "handlers": [vars(logging.Handler).get(name) for name in ("handle", "format", "handleError")],
        "imports": list(sys.meta_path),
        "guard": guard_of(shell),
        "passphrases": interaction.set_passphrase_source(interaction.set_passphrase_source(None)),
    }


def test_unloading_leaves_no_trace(shell: InteractiveShell) -> None:
    """After %unload_ext the shell is what it was before %load_ext, also when a secret was shown meanwhile."""
    before = _state(shell)
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    assert _state(shell) != before
    shell.run_cell("import zensecrets_jupyter; zensecrets_jupyter.ArbitrarySecretSchema(name='shown', key='canary-of-unloading')")
    shell.run_cell("del zensecrets_jupyter")
    shell.run_line_magic("unload_ext", "zensecrets_jupyter")
    assert _state(shell) == before


def test_loading_twice_is_loading_once(shell: InteractiveShell) -> None:
    """A second %load_ext changes nothing, and one %unload_ext takes everything back."""
    before = _state(shell)
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    once = _state(shell)
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    shell.extension_manager.load_extension("zensecrets_jupyter")
    assert _state(shell) == once
    shell.run_line_magic("unload_ext", "zensecrets_jupyter")
    assert _state(shell) == before


def test_reloading_keeps_the_magics(shell: InteractiveShell) -> None:
    """After %reload_ext there is one of each magic, and it can be unloaded."""
    before = _state(shell)
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    shell.run_line_magic("reload_ext", "zensecrets_jupyter")
    assert {"zen", "secret", "stack"} <= set(shell.magics_manager.magics["line"])
    shell.run_line_magic("unload_ext", "zensecrets_jupyter")
    assert _state(shell) == before


def test_a_magic_of_the_same_name_comes_back(shell: InteractiveShell) -> None:
    """A %stack that somebody else had defined is theirs again after %unload_ext."""
    theirs = shell.magics_manager.magics["line"]["stack"] = lambda _line: "theirs"
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    shell.run_line_magic("unload_ext", "zensecrets_jupyter")
    assert shell.magics_manager.magics["line"]["stack"] is theirs


def test_two_shells_are_told_apart(shell: InteractiveShell, tmp_path: Path) -> None:
    """Loading into a kernel of its own leaves a shell of this process alone."""
    before = _state(shell)
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
    assert _state(shell) == before


def test_a_shell_inside_another_program_is_guarded(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    """What such a shell prints, shows and fails with is masked, and what it was given back is the program's own stream."""
    value = canary("inside")
    the_redactor().protect(value, "some.key")
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    shell.user_ns["value"] = value
    shell.run_cell("import sys; print(value[:20], end=''); print(value[20:]); print(value, file=sys.stderr); value")
    shell.run_cell("raise ValueError(value)")
    shell.run_line_magic("unload_ext", "zensecrets_jupyter")
    shown = capsys.readouterr()
    assert value not in shown.out + shown.err
    assert (shown.out + shown.err).count("‹secret:some.key›") >= 4
    the_redactor().forget("some.key")
