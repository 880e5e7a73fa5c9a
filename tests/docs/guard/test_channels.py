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
from tests.docs.guard.values import LEAK_LENGTH, random_value
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


MESSAGE_CHANNELS = (
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
"""Names of cells in ``CELLS`` that send the value in various types of messages.

``REQUESTS`` has the channels that a cell cannot test: the replies to requests, and prompts.
"""
PROGRAM_CHANNELS = ("!command", "%%bash", "%%script to stderr", "os.system", "subprocess", "file descriptor", "file descriptor 2")
"""Names of cells in ``CELLS`` that write the value to a file descriptor."""


def check_channels(guarded_kernel: GuardedKernel, channels: Mapping[str, Callable[[], object]], pause: float = 0) -> None:
    """Send a value through each channel, and check that the messages contain a mask and no part of the value.

    Args:
        guarded_kernel: The kernel.
        channels: For each channel, a function that sends the value through it.
        pause: The number of seconds to wait for the messages of a channel.
    """
    values = {channel: canary(channel) for channel in channels}
    search = LeakSearch({(channel, "plain"): PlantedValue([value], value, [value]) for channel, value in values.items()})
    # The code of `PREPARE` reads these files: the texts for each channel, and all values to protect. The function `use`, which it
    # defines, sets the variables `texts` and `all_texts` of the kernel to the texts for a channel.
    (guarded_kernel.folder / "planted.json").write_text(json.dumps({channel: [value] for channel, value in values.items()}))
    (guarded_kernel.folder / "values.json").write_text(json.dumps([*values.values()]))
    guarded_kernel.run(PREPARE.format(folder=str(guarded_kernel.folder)))
    for channel, send in channels.items():
        first_message = len(guarded_kernel.kernel.record)
        guarded_kernel.run(f"use({channel!r})")
        send()
        if pause:
            guarded_kernel.run(f"time.sleep({pause})")
        sent_texts = [*message_texts(guarded_kernel.kernel.record[first_message:])]
        assert search.leaks(*sent_texts) == set()
        assert "‹secret:planted.key".encode() in b"\n".join(sent_texts), channel


@covers(
    """every message, on every socket | streams, results, displays in every MIME type that is text, metadata, tracebacks, payloads, and the
    replies to completion, inspection, history, expressions and the debugger"""
)
def test_every_message_is_masked(guarded_kernel: GuardedKernel) -> None:
    """A value in each type of message is masked."""
    kernel = guarded_kernel.kernel
    cells = {channel: partial(kernel.run, CELLS[channel]) for channel in MESSAGE_CHANNELS}
    requests = {channel: partial(REQUESTS[channel], kernel) for channel in REQUESTS}
    check_channels(guarded_kernel, {**cells, **requests})


@covers("programs | `!command`, `%%bash`, `os.system`, `subprocess`, and the output of libraries to file descriptors 1 and 2")
def test_the_output_of_programs_is_masked(guarded_kernel: GuardedKernel) -> None:
    """The output of programs and of the C library is masked."""
    library = "import ctypes; libc = ctypes.CDLL(None); libc.puts(all_texts.encode()); libc.fflush(None);"
    cells = {**{channel: CELLS[channel] for channel in PROGRAM_CHANNELS}, "library": library}
    # The output of a program may arrive after its cell, so each channel has a pause.
    check_channels(guarded_kernel, {channel: partial(guarded_kernel.kernel.run, code) for channel, code in cells.items()}, PAUSE / 2)


@covers("widgets | the messages of a comm, and its binary buffers, in which `*` replaces each byte of a value")
def test_widget_messages_and_buffers_are_masked(guarded_kernel: GuardedKernel) -> None:
    """The state of a widget and the data of its message contain a mask. Its buffer contains stars instead of the value."""
    value = random_value()
    guarded_kernel.protect(value, "widget.key")
    result = guarded_kernel.run(
        "import ipywidgets\nfield = ipywidgets.Text(value)\nfield.send({'text': value}, buffers=[b'\\0\\xff' + value.encode() + b'\\xfe'])"
    )
    messages = [message for message in result.messages if message["msg_type"] in {"comm_open", "comm_msg"}]
    data = json.dumps([message["content"]["data"] for message in messages], ensure_ascii=False)
    assert data.count('"‹secret:widget.key›"') == 2
    assert [bytes(buffer) for message in messages for buffer in message["buffers"]] == [b"\0\xff" + b"*" * len(value) + b"\xfe"]
    assert guarded_kernel.leaked_length(value) < LEAK_LENGTH


@covers("the kernel's process | the output of the kernel to its own terminal, or to the server's log")
def test_the_output_of_the_kernel_process_is_masked(guarded_kernel: GuardedKernel) -> None:
    """The kernel's log, and its direct output to the terminal that started it, are masked."""
    value = random_value()
    guarded_kernel.protect(value, "process.key")
    write_to_log = "get_ipython().kernel.log.error('<log> %s', value)"
    # ipykernel keeps the file descriptor of the original standard error in this attribute.
    write_to_terminal = "import os, sys\nos.write(sys.stderr._original_stdstream_copy, f'<terminal> {value}\\n'.encode());"
    guarded_kernel.run(f"{write_to_log}\n{write_to_terminal}")
    expected_texts = ("<log> ‹secret:process.key›", "<terminal> ‹secret:process.key›")
    deadline = time.monotonic() + 30
    process_output = ""
    while not all(text in process_output for text in expected_texts):
        assert time.monotonic() < deadline, process_output
        time.sleep(0.05)
        # This file has the output of the process.
        process_output = (guarded_kernel.folder / "kernel.log").read_text(encoding="utf-8")
    assert longest_visible(value, process_output) < LEAK_LENGTH


LOG_CHANNELS = (
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
"""Names of code samples in ``LOGS``, which log the variable ``value`` to the file ``path``."""


@covers(
    """logs | every record of every handler, formatter, configuration and logger, also of those that are created after loading; sinks of
    loguru; loggers that structlog wraps"""
)
def test_logs_are_masked(guarded_kernel: GuardedKernel) -> None:
    """Handlers and sinks that are created after loading write masks to their files."""
    value = random_value()
    guarded_kernel.run("%secret register logged --key", [value])
    guarded_kernel.run(SETUP_OF_LOGS)
    for number, name in enumerate(LOG_CHANNELS):
        path = guarded_kernel.folder / f"{number}.log"
        guarded_kernel.run(f"path = {str(path)!r}\n{LOGS[name]}\nlogging.shutdown()")
        log = path.read_text(encoding="utf-8")
        # The brackets of the mask are left out, because JSON writes them as escapes.
        assert "secret:logged.key" in log, name
        assert longest_visible(value, log) < LEAK_LENGTH, name


@covers(
    """saved files | the files that Jupyter Server saves are masked by running kernels on the same machine; the status bar tells you if
    saved files are not checked"""
)
def test_saved_files_are_masked(tmp_path: Path) -> None:
    """A saved cell contains no value. If the server finds no kernel, the value is saved.

    The status bar says whether saved files are checked.
    """
    value = canary("saved")
    with running_app("jupyterlab", tmp_path) as lab, chromium() as browser, browser.new_context() as context:
        page = context.new_page()
        status_item = page.locator("#jp-main-statusbar .zs-guard-status")
        open_notebook(lab, page, "saved.ipynb", protecting_cell(lab, value), "0")
        # Cell 0 loads the extension, cell 1 protects the value, and cell 2 is the `0` from the line above.
        type_into(page, 2, f"# {value}")
        expect(status_item).to_have_attribute("title", re.compile("Saved files are checked"))
        saved_file = save(lab, page, "saved.ipynb")
        # The mask has this name, with which `protecting_cell` protects the value.
        assert "gh.pat" in saved_file
        assert value not in saved_file
        # Without these files the server finds no kernel, as if the kernel ran on another machine.
        for file in (lab.home / "runtime").glob("zensecrets-*"):
            file.unlink()
        page.reload()
        expect(status_item).to_have_text(re.compile("saved files not checked"))
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
def test_output_on_a_terminal_screen_is_masked(terminal: Terminal) -> None:
    """Output on the screen is masked while the extension is loaded; typed input is shown."""
    for code in (
        "print('<Python>', token)",
        "!echo '<program>' $SOME_API_TOKEN",
        "import ctypes; libc = ctypes.CDLL(None); _ = libc.puts(b'<library> ' + token.encode()), libc.fflush(None)",
        # The prompt is shown before the timer ends.
        "threading.Timer(1, print, ('<prompt>', token)).start()",
    ):
        terminal.cell(code)
        # The terminal also echoes the typed cell, in which a quote follows the `>`. The pattern matches only the output: a mask or a part
        # of the value.
        terminal.child.expect(r"<(\w+)> (‹[^›]*›|\w{12})")
        assert str(terminal.child.after).endswith("‹secret:env.SOME_API_TOKEN›"), code
    terminal.cell(f"print('<typed>', len('{terminal.token}'))")
    terminal.child.expect(terminal.token)
    terminal.child.expect(f"<typed> {len(terminal.token)}")
    terminal.cell("%unload_ext zensecrets_jupyter")
    terminal.cell("print('<off>', token)")
    terminal.child.expect(f"<off> {terminal.token}")
    terminal.cell("%load_ext zensecrets_jupyter")
    terminal.cell("print('<on>', token)")
    terminal.child.expect("<on> ‹secret:env.SOME_API_TOKEN›")


@covers(
    """Programs still have a terminal, except for their error output, which is a pipe; so pagers, `help`, `%debug`, editors and Ctrl-C
    work."""
)
def test_programs_have_a_terminal(terminal: Terminal) -> None:
    """A program has a terminal of the same size, and receives keys and Ctrl-C.

    Its descriptor 2 is a pipe.
    """
    child = terminal.child
    # Both programs examine their standard input, so descriptor 1 becomes their input. The fixture's terminal has 40 lines of 150 columns.
    terminal.cell("!tty -s <&1 && stty size <&1")
    child.expect("40 150")
    # An expected text is split in the code of its cell (`'<''pipe>'`), because the terminal also echoes the code.
    terminal.cell("!test -p /dev/fd/2 && echo '<''pipe>'")
    child.expect("<pipe>")
    terminal.cell("import pydoc; pydoc.pager('<page' + '>\\n' * 99)")
    child.expect("<page>")
    child.send("q")
    terminal.cell("help(str.join)")
    child.expect("Concatenate")
    child.send("q")
    # This cell fails, because `%debug` needs a traceback.
    terminal.cell("1 / (0 if token else 1)")
    terminal.cell("%debug")
    child.expect("ipdb>")
    child.send("p token\r")
    child.expect("‹secret:env.SOME_API_TOKEN›")
    child.expect("ipdb>")
    child.send("q\r")
    # As an editor does, this cell uses the whole screen and reads a single key.
    terminal.cell("curses.wrapper(lambda window: (window.addstr('press' + ' a key'), window.refresh(), window.getkey())[2])")
    child.expect("press a key")
    child.send("k")
    child.expect("'k'")
    terminal.cell("print('now' + ' wait'); time.sleep(60)")
    child.expect("now wait")
    child.sendintr()
    child.expect("KeyboardInterrupt")


SCRIPT_WITH_SHELL = """
import os
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "zensecrets_jupyter")
shell.run_cell("import os, sys; token = os.environ['SHELL_TOKEN']; print('<out>', token); print('<err>', token, file=sys.stderr)")
os.write(1, f"<descriptor> {os.environ['SHELL_TOKEN']}".encode())
"""
"""A program that creates a shell of IPython, and writes ``SHELL_TOKEN`` in three ways."""


@covers("In a shell that runs inside another program, only `sys.stdout` and `sys.stderr` are masked.")
def test_an_embedded_shell_masks_only_python_output(tmp_path: Path) -> None:
    """If a script creates a shell of IPython, Python's output is masked, and output to a file descriptor is not."""
    value = random_value()
    environment = {**os.environ, "SHELL_TOKEN": value, "IPYTHONDIR": str(tmp_path)}
    process = subprocess.run([sys.executable, "-c", SCRIPT_WITH_SHELL], env=environment, capture_output=True, text=True, check=True)
    assert "<out> ‹secret:env.SHELL_TOKEN›\n" in process.stdout
    assert "<err> ‹secret:env.SHELL_TOKEN›\n" in process.stderr
    assert f"<descriptor> {value}" in process.stdout


@covers("If a part of the guard fails, you see `‹redaction failed›` instead of the output, never the original text.")
def test_a_fault_in_the_guard_hides_the_output(guarded_kernel: GuardedKernel) -> None:
    """If a method of the redactor raises, no output contains the value.

    At least one output is ``‹redaction failed›``.
    """
    value = random_value()
    guarded_kernel.protect(value, "broken.key")
    guarded_kernel.run("from zensecrets_jupyter.notebook.guard import guard_of; guard = guard_of(get_ipython())")
    all_output = ""
    for method in ("redact_tree", "redact_bytes", "stream", "search"):
        # The function `fail` replaces the method until `del` removes it again. The cell itself may fail, so it is run by `kernel.run`.
        result = guarded_kernel.kernel.run(f"""
def fail(*arguments): raise RuntimeError
guard.redactor.{method} = fail
try:
    print(value)
    from IPython.display import HTML, display
    display(HTML(value))
finally:
    del guard.redactor.{method}
""")
        all_output += result.stream("stdout") + "".join(result.displayed_data("text/html"))
        assert guarded_kernel.leaked_length(value) < LEAK_LENGTH, method
        assert guarded_kernel.output_of("print(value)") == "‹secret:broken.key›\n"
    assert FAILED in all_output
