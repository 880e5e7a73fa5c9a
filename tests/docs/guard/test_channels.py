"""Tests of docs/guard.md: which channels are masked."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conftest import chromium, running_app
from tests.browser.notebooks import open_notebook, save
from tests.browser.test_inputs import type_into
from tests.browser.test_widgets import protecting_cell
from tests.docs.guard.guard_page import covers
from tests.docs.guard.guarded_kernel import PAUSE, GuardedKernel
from tests.docs.guard.values import LEAK, random_value
from tests.notebook.guard.channels import CELLS, PREPARE, REQUESTS
from tests.notebook.guard.test_logs import CHANNELS as LOGS
from tests.notebook.guard.test_logs import SETUP as SETUP_OF_LOGS
from tests.support.leaks import LeakSearch, PlantedValue, message_texts
from tests.support.redaction.values import longest_visible
from zensecrets_jupyter.core.redaction import FAILED
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.notebook.guard.test_terminal import Terminal


MESSAGES = (
    "print",
    "stderr",
    "result",
    "HTML",
    "Markdown",
    "LaTeX",
    "SVG",
    "JavaScript",
    "JSON",
    "application MIME",
    "metadata",
    "update_display",
    "traceback",
    "error of a cell",
    "pager",
    "set_next_input",
)
"""Channels of a cell; REQUESTS has the channels of replies and prompts."""
PROGRAMS = ("!command", "%%bash", "%%script to stderr", "os.system", "subprocess", "file descriptor", "file descriptor 2")


def use_channels(guarded: GuardedKernel, channels: Mapping[str, Callable[[], object]], pause: float = 0) -> None:
    """Send a canary through each channel, and check that the kernel sends a mask.

    No part of the canary may be in any message.
    """
    planted = {(channel, "plain"): PlantedValue([text], text, [text]) for channel in channels for text in [canary(channel)]}
    texts = {channel: [one.text] for (channel, _), one in planted.items()}
    (guarded.folder / "planted.json").write_text(json.dumps(texts))
    (guarded.folder / "values.json").write_text(json.dumps([text for one in texts.values() for text in one]))
    guarded.run(PREPARE.format(folder=str(guarded.folder)))
    search = LeakSearch(planted)
    for channel, use in channels.items():
        begin = len(guarded.kernel.record)
        guarded.run(f"use({channel!r})")
        use()
        if pause:
            guarded.run(f"time.sleep({pause})")
        sent = [*message_texts(guarded.kernel.record[begin:])]
        assert search.leaks(*sent) == set()
        assert "‹secret:planted.key".encode() in b"\n".join(sent), channel


@covers(
    """every message, on every socket | streams, results, displays in every MIME type that is text, metadata, tracebacks, payloads, and the
    replies to completion, inspection, history, expressions and the debugger"""
)
def test_every_message_is_masked(guarded: GuardedKernel) -> None:
    """A value in each type of message is masked."""
    kernel = guarded.kernel
    cells = {channel: partial(kernel.run, CELLS[channel]) for channel in MESSAGES}
    requests = {channel: partial(REQUESTS[channel], kernel) for channel in REQUESTS}
    use_channels(guarded, {**cells, **requests})


@covers("programs | `!command`, `%%bash`, `os.system`, `subprocess`, and the output of libraries to file descriptors 1 and 2")
def test_the_output_of_programs_is_masked(guarded: GuardedKernel) -> None:
    """The output of programs and of the C library is masked."""
    library = "import ctypes; libc = ctypes.CDLL(None); libc.puts(all_texts.encode()); libc.fflush(None);"
    cells = {**{channel: CELLS[channel] for channel in PROGRAMS}, "library": library}
    use_channels(guarded, {channel: partial(guarded.kernel.run, code) for channel, code in cells.items()}, PAUSE / 2)


@covers("widgets | the messages of a comm, and its binary buffers, in which `*` replaces each byte of a value")
def test_widget_messages_and_buffers_are_masked(guarded: GuardedKernel) -> None:
    """A widget's state contains a mask, and its buffer stars instead of the value."""
    value = random_value()
    guarded.protect(value, "widget.key")
    result = guarded.run(
        "import ipywidgets\nfield = ipywidgets.Text(value)\nfield.send({'text': value}, buffers=[b'\\0\\xff' + value.encode() + b'\\xfe'])"
    )
    messages = [message for message in result.messages if message["msg_type"] in {"comm_open", "comm_msg"}]
    data = json.dumps([message["content"]["data"] for message in messages], ensure_ascii=False)
    assert data.count('"‹secret:widget.key›"') == 2
    assert [bytes(buffer) for message in messages for buffer in message["buffers"]] == [b"\0\xff" + b"*" * len(value) + b"\xfe"]
    assert guarded.leaked_length(value) < LEAK


@covers("the kernel's process | the output of the kernel to its own terminal, or to the server's log")
def test_the_output_of_the_kernel_process_is_masked(guarded: GuardedKernel) -> None:
    """The kernel's log, and its direct output to the terminal that started it, are masked."""
    value = random_value()
    guarded.protect(value, "process.key")
    to_log = "get_ipython().kernel.log.error('<log> %s', value)\nimport os, sys"
    to_terminal = "os.write(sys.stderr._original_stdstream_copy, f'<terminal> {value}\\n'.encode());"
    guarded.run(f"{to_log}\n{to_terminal}")
    wanted = {"<log> ‹secret:process.key›", "<terminal> ‹secret:process.key›"}
    until = time.monotonic() + 30
    log = ""
    while time.monotonic() < until and not all(text in log for text in wanted):
        time.sleep(0.05)
        log = (guarded.folder / "kernel.log").read_text(encoding="utf-8")
    assert [text for text in wanted if text not in log] == []
    assert longest_visible(value, log) < LEAK


LOGGED = (
    "logging: message and arguments",
    "logging: extra",
    "logging: dictConfig",
    "logging: fileConfig",
    "logging: LoggerAdapter",
    "logging: formatter class",
    "logging: handler class that reads the record",
    "logging: rotating",
    "loguru: file",
    "loguru: function",
    "structlog: print",
    "structlog: write and JSON",
)


@covers(
    """logs | every record of every handler, formatter, configuration and logger, also of those that are created after loading; sinks of
    loguru; loggers that structlog wraps"""
)
def test_logs_are_masked(guarded: GuardedKernel) -> None:
    """Handlers and sinks that are created after loading write masks to their files."""
    value = random_value()
    guarded.run("%secret register logged --key", [value])
    guarded.run(SETUP_OF_LOGS)
    for number, name in enumerate(LOGGED):
        path = guarded.folder / f"{number}.log"
        guarded.run(f"path = {str(path)!r}\n{LOGS[name]}\nlogging.shutdown()")
        written = path.read_text(encoding="utf-8")
        assert "secret:logged.key" in written, name
        assert longest_visible(value, written) < LEAK, name


@covers(
    """saved files | the files that Jupyter Server saves are masked by running kernels on the same machine; the status bar tells you if
    saved files are not checked"""
)
def test_saved_files_are_masked(tmp_path: Path) -> None:
    """A saved cell contains no value, unless the server finds no kernel.

    In that case the status bar says that saved files are not checked.
    """
    value = canary("saved")
    with running_app("jupyterlab", tmp_path) as lab, chromium() as browser, browser.new_context() as context:
        page = context.new_page()
        item = page.locator("#jp-main-statusbar .zs-guard-status")
        open_notebook(lab, page, "saved.ipynb", protecting_cell(lab, value), "0")
        type_into(page, 2, f"# {value}")
        expect(item).to_have_attribute("title", re.compile("Saved files are checked"))
        saved = save(lab, page, "saved.ipynb")
        assert "gh.pat" in saved
        assert value not in saved
        # Without these files the server finds no kernel, as if the kernel ran on another machine.
        for file in (lab.home / "runtime").glob("zensecrets-*"):
            file.unlink()
        page.reload()
        expect(item).to_have_text(re.compile("saved files not checked"))
        type_into(page, 2, f"# {value} again")
        assert value in save(lab, page, "saved.ipynb")


@covers(
    """From `%load_ext zensecrets_jupyter` to `%unload_ext zensecrets_jupyter`, the guard checks all output of your kernel, or of IPython
    in a terminal."""
)
@covers(
    """In IPython in a terminal, the guard masks everything that reaches the screen: from Python, from programs and from libraries, also
    while a prompt is shown."""
)
@covers("The prompt itself shows what you type.")
def test_output_on_a_terminal_screen_is_masked(terminal: tuple[Terminal, str]) -> None:
    """Output on the screen is masked until the extension is unloaded; typed input is shown."""
    screen, token = terminal
    for code in (
        "print('<Python>', token)",
        "!echo '<program>' $SOME_API_TOKEN",
        "import ctypes; libc = ctypes.CDLL(None); _ = libc.puts(b'<library> ' + token.encode()), libc.fflush(None)",
        # The prompt is shown before the timer ends.
        "threading.Timer(1, print, ('<prompt>', token)).start()",
    ):
        screen.cell(code)
        # In the echo of the cell's line, a quote or a comma follows.
        screen.child.expect(r"<(\w+)> (‹[^›]*›|\w{12})")
        assert str(screen.child.after).endswith("‹secret:env.SOME_API_TOKEN›"), code
    screen.cell(f"print('<typed>', len('{token}'))")
    screen.child.expect(token)
    screen.child.expect(f"<typed> {len(token)}")
    screen.cell("%unload_ext zensecrets_jupyter")
    screen.cell("print('<off>', token)")
    screen.child.expect(f"<off> {token}")
    screen.cell("%load_ext zensecrets_jupyter")
    screen.cell("print('<on>', token)")
    screen.child.expect("<on> ‹secret:env.SOME_API_TOKEN›")


@covers(
    """Programs still have a terminal, except for their error output, which is a pipe; so pagers, `help`, `%debug`, editors and Ctrl-C
    work."""
)
def test_programs_have_a_terminal(terminal: tuple[Terminal, str]) -> None:
    """A program has a terminal of the same size, and receives keys.

    Its descriptor 2 is a pipe.
    """
    screen, _ = terminal
    child = screen.child
    screen.cell("!tty -s <&1 && stty size <&1")
    child.expect("40 150")
    screen.cell("!test -p /dev/fd/2 && echo '<''pipe>'")
    child.expect("<pipe>")
    screen.cell("import pydoc; pydoc.pager('<page' + '>\\n' * 99)")
    child.expect("<page>")
    child.send("q")
    screen.cell("help(str.join)")
    child.expect("Concatenate")
    child.send("q")
    screen.cell("1 / (0 if token else 1)")
    screen.cell("%debug")
    child.expect("ipdb>")
    child.send("p token\r")
    child.expect("‹secret:env.SOME_API_TOKEN›")
    child.expect("ipdb>")
    child.send("q\r")
    # An editor uses the whole screen and reads single keys.
    screen.cell("curses.wrapper(lambda window: (window.addstr('press' + ' a key'), window.refresh(), window.getkey())[2])")
    child.expect("press a key")
    child.send("k")
    child.expect("'k'")
    screen.cell("print('now' + ' wait'); time.sleep(60)")
    child.expect("now wait")
    child.sendintr()
    child.expect("KeyboardInterrupt")


OTHER_SHELL = """
import os
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "zensecrets_jupyter")
shell.run_cell("import os, sys; token = os.environ['SHELL_TOKEN']; print('<out>', token); print('<err>', token, file=sys.stderr)")
os.write(1, f"<descriptor> {os.environ['SHELL_TOKEN']}".encode())
"""


@covers("In a shell that runs inside another program, only `sys.stdout` and `sys.stderr` are masked.")
def test_an_embedded_shell_masks_only_python_output(tmp_path: Path) -> None:
    """Python's output is masked, and direct output to the file descriptor is not."""
    value = random_value()
    environment = {**os.environ, "SHELL_TOKEN": value, "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", OTHER_SHELL], env=environment, capture_output=True, text=True, check=True)
    assert "<out> ‹secret:env.SHELL_TOKEN›\n" in done.stdout
    assert "<err> ‹secret:env.SHELL_TOKEN›\n" in done.stderr
    assert f"<descriptor> {value}" in done.stdout


@covers("If a part of the guard fails, you see `‹redaction failed›` instead of the output, never the original text.")
def test_a_fault_in_the_guard_hides_the_output(guarded: GuardedKernel) -> None:
    """If any part of the redactor raises, no output contains the value."""
    value = random_value()
    guarded.protect(value, "broken.key")
    guarded.run("from zensecrets_jupyter.notebook.guard import guard_of; guard = guard_of(get_ipython())")
    seen = ""
    for part in ("redact_tree", "redact_bytes", "stream", "search"):
        result = guarded.kernel.run(f"""
def fails(*arguments): raise RuntimeError
guard.redactor.{part} = fails
try:
    print(value)
    from IPython.display import HTML, display
    display(HTML(value))
finally:
    del guard.redactor.{part}
""")
        seen += result.stream("stdout") + "".join(result.shown("text/html"))
        assert guarded.leaked_length(value) < LEAK, part
        assert guarded.output_of("print(value)") == "‹secret:broken.key›\n"
    assert FAILED in seen
