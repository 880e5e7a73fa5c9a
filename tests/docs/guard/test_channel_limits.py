"""Tests of docs/guard.md: the limits of the channels."""

from __future__ import annotations

import base64
import io
import math
import re
import socket
import time
import wave
from contextlib import ExitStack
from pathlib import Path

import pexpect
import pytest
from jupyter_client.session import Session
from PIL import Image, ImageDraw

from tests.docs.guard.guard_page import covers
from tests.docs.guard.guarded_kernel import PAUSE, GuardedKernel
from tests.docs.guard.values import random_value, redactor_for
from tests.notebook.guard.test_terminal import Terminal
from tests.support.redaction.values import longest_visible
from zensecrets_jupyter.core.redaction import mask_text
from zensecrets_jupyter.notebook.guard.guard import Guard
from zensecrets_jupyter.notebook.guard.messages.session import SessionChannel


@covers("The guard prevents accidents; a person who runs code in the kernel can still extract a value on purpose.")
def test_a_value_can_be_shown_on_purpose(guarded_kernel: GuardedKernel) -> None:
    """A printed value is masked, a reversed value is shown."""
    value = random_value()
    guarded_kernel.protect(value, "purpose.key")
    assert guarded_kernel.output_of("print(value)") == "‹secret:purpose.key›\n"
    assert guarded_kernel.output_of("print(value[::-1])") == f"{value[::-1]}\n"


@covers("A value in a picture, a sound or a PDF is not recognized.")
def test_pictures_sounds_and_documents_are_not_masked(guarded_kernel: GuardedKernel) -> None:
    """A picture, a PDF and a sound of the value do not change; an SVG drawing, which is text, is masked."""
    value = random_value()
    guarded_kernel.protect(value, "picture.key")
    image = Image.new("RGB", (400, 30), "white")
    ImageDraw.Draw(image).text((5, 5), value, fill="black")
    files = {"image/png": _encode_image(image, "PNG"), "application/pdf": _encode_image(image, "PDF"), "audio/wav": _sound(value)}
    bundle = {mime: base64.b64encode(data).decode() for mime, data in files.items()}
    guarded_kernel.set_variables(bundle=bundle)
    result = guarded_kernel.run(
        "from IPython.display import display\ndisplay({**bundle, 'image/svg+xml': f'<svg><text>{value}</text></svg>'}, raw=True)"
    )
    (displayed_bundle,) = [message["content"]["data"] for message in result.messages if message["msg_type"] == "display_data"]
    assert displayed_bundle == {**bundle, "image/svg+xml": "<svg><text>‹secret:picture.key›</text></svg>"}


def _encode_image(image: Image.Image, file_format: str) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format)
    return file.getvalue()


def _sound(value: str) -> bytes:
    """Return a WAV file with a tone of 50 ms for each letter."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        # One channel, one byte for a sample (128 is silence), 8000 samples a second.
        sound.setparams((1, 1, 8000, 0, "NONE", "NONE"))
        for letter in value:
            pitch = ord(letter) * 10
            sound.writeframes(bytes(128 + round(100 * math.sin(2 * math.pi * pitch * position / 8000)) for position in range(400)))
    return file.getvalue()


@covers("Data that your code sends over the network or writes to a file are not masked.")
@covers("Other programs can see a value in the arguments or the environment of a program that you start.")
def test_sent_and_written_data_are_not_masked(guarded_kernel: GuardedKernel) -> None:
    """A server, a file, the environment of a program and the arguments of a program contain the value."""
    value = random_value()
    guarded_kernel.protect(value, "sent.key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        guarded_kernel.run(
            f"import socket\nwith socket.create_connection({server.getsockname()!r}) as connection: connection.sendall(value.encode())"
        )
        connection, _ = server.accept()
        with connection:
            assert connection.recv(100) == value.encode()
    guarded_kernel.run("_ = open('sent.txt', 'w').write(value)")
    assert (guarded_kernel.folder / "sent.txt").read_text() == value
    # The `:` is a second command. Without it, Bash would replace itself by `sleep`, and its argument would disappear.
    pids = guarded_kernel.output_of(
        "import subprocess\nwith_environment = subprocess.Popen(['sleep', '60'], env={'GIVEN': value})\n"
        "with_argument = subprocess.Popen(['bash', '-c', 'sleep 60; :', value])\nprint(with_environment.pid, with_argument.pid)"
    ).split()
    try:
        _wait_until_contained(value, Path(f"/proc/{pids[0]}/environ"))
        _wait_until_contained(value, Path(f"/proc/{pids[1]}/cmdline"))
    finally:
        guarded_kernel.run("for process in (with_environment, with_argument): process.kill(); _ = process.wait()")


def _wait_until_contained(value: str, file: Path) -> None:
    """Wait until a file about a new process contains a value.

    Before the process starts its program, the file still describes the program of the parent.
    """
    deadline = time.monotonic() + 30
    while value not in file.read_bytes().decode():
        assert time.monotonic() < deadline, file


@covers("If two threads alternately write pieces of values to one stream, the pieces are mixed and not recognized.")
def test_pieces_from_two_threads_are_not_recognized(guarded_kernel: GuardedKernel) -> None:
    """If two threads alternately write the letters of two values, both values are shown.

    If the threads write one after the other, both values are masked.
    """
    first, second = random_value(), random_value()
    guarded_kernel.protect(first, "thread.first")
    guarded_kernel.set_variables(first=first)
    # From here on, the kernel's variable `value` is the second value.
    guarded_kernel.protect(second, "thread.second")
    # Each thread waits for its semaphore before each letter, and then releases the semaphore of the other thread.
    functions = """
import sys, threading
turns = [threading.Semaphore(1), threading.Semaphore(0)]
def write(number, text):
    for letter in text:
        turns[number].acquire()
        sys.stdout.write(letter); sys.stdout.flush()
        turns[1 - number].release()
def write_alternately(*texts):
    threads = [threading.Thread(target=write, args=(number, text)) for number, text in enumerate(texts)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
    mixed_text = "".join(letters[0] + letters[1] for letters in zip(first, second, strict=True))
    assert guarded_kernel.output_of(f"{functions}write_alternately(first, value)") == mixed_text
    one_after_the_other = (
        "for text in (first, value):\n    thread = threading.Thread(target=print, args=(text,)); thread.start(); thread.join()"
    )
    assert guarded_kernel.output_of(one_after_the_other) == "‹secret:thread.first›\n‹secret:thread.second›\n"


class RecordingSocket:
    """A socket that records messages instead of sending them."""

    def __init__(self) -> None:
        """Start without messages."""
        self.messages: list[list[bytes]] = []

    def send_multipart(self, parts: list[bytes], **_options: object) -> None:
        """Record a message."""
        self.messages.append(parts)


@covers(
    """The same applies if one cell writes the beginning of a value, a second cell writes other text, and a third cell writes the end of the
    value."""
)
@pytest.mark.parametrize("another_cell_writes", [False, True], ids=["one after the other", "another cell between"])
def test_a_value_in_two_cells_is_shown_if_another_cell_writes_between(*, another_cell_writes: bool) -> None:
    """A value is masked if two cells write one half each.

    If another cell writes between these cells, the second half is shown.
    """
    # A half has fewer than twelve characters, so it is not masked without the other half.
    value = random_value(19)
    first_half, second_half = value[:9], value[9:]
    session, recording_socket = Session(key=b"a key"), RecordingSocket()
    SessionChannel(session, Guard(redactor_for(value))).install(ExitStack())
    texts = [first_half, *(["something else\n"] if another_cell_writes else []), f"{second_half}\n"]
    for text in texts:
        header_of_cell = session.msg("execute_request")["header"]
        message = session.msg("stream", {"name": "stdout", "text": text}, parent=header_of_cell)
        session.send(recording_socket, message, ident=b"stream.stdout")
    output = ""
    for parts in recording_socket.messages:
        _, message_parts = session.feed_identities(parts)
        output += session.deserialize(message_parts)["content"]["text"]
    assert (second_half in output) is another_cell_writes
    assert (mask_text("a.key") in output) is not another_cell_writes


HANDLERS = """
import logging, sys, traceback
class HandlerWithHandle(logging.Handler):
    def handle(self, record):
        open(path, 'a').write(f'<handle> {record.getMessage()}\\n')
class HandlerWithEmit(logging.Handler):
    def emit(self, record):
        open(path, 'a').write(f'<emit> {record.getMessage()}\\n')
class HandlerOfLocals(logging.Handler):
    def emit(self, record):
        variables = [frame.f_locals for frame, _ in traceback.walk_tb(record.exc_info[2])]
        open(path, 'a').write(f'<locals> {variables[-1]["local_value"]}\\n')
def log(handler, *arguments, **options):
    logger = logging.Logger('own')
    logger.addHandler(handler)
    logger.error(*arguments, **options)
def fail():
    local_value = value
    raise ValueError
log(HandlerWithHandle(), 'it is %s', value)
HandlerWithEmit().emit(logging.makeLogRecord({'msg': 'directly %s', 'args': (value,)}))
log(HandlerWithEmit(), 'by a logger %s', value)
try: fail()
except ValueError: log(HandlerOfLocals(), 'failed', exc_info=True)
"""
"""Code that logs the variable ``value`` by several handlers, which write to the file ``path``.

``HandlerOfLocals`` reads ``local_value`` from the last frame of the traceback, which is the frame of ``fail``.
"""


@covers(
    """Your own log handler shows a value if it overrides `handle`, if your code calls its `emit` directly, or if it reads the local
    variables of a traceback, as Sentry's does."""
)
def test_some_log_handlers_show_a_value(guarded_kernel: GuardedKernel) -> None:
    """Three handlers show the value.

    The first overrides ``handle``, the ``emit`` of the second is called directly, and the third reads local variables.
    If a logger calls a handler that overrides ``emit``, the handler writes a mask.
    """
    value = random_value()
    guarded_kernel.protect(value, "handler.key")
    path = guarded_kernel.folder / "own.log"
    guarded_kernel.run(f"path = {str(path)!r}\n{HANDLERS}")
    assert path.read_text(encoding="utf-8").splitlines() == [
        f"<handle> it is {value}",
        f"<emit> directly {value}",
        "<emit> by a logger ‹secret:handler.key›",
        f"<locals> {value}",
    ]


@covers(
    """If pieces are written more than 50 ms apart, at most the first eleven characters of a value are shown, and less than half of a short
    one."""
)
def test_at_most_eleven_characters_are_shown_before_a_pause(guarded_kernel: GuardedKernel) -> None:
    """A pause between two parts of a value shows at most eleven characters.

    This applies wherever the value is split. Of a value with eight characters, at most three are shown.
    """
    value = random_value(30)
    for text, limit in ((value, 11), (random_value(8), 3)):
        visible_lengths = []
        for position in range(1, len(text)):
            stream = redactor_for(text).stream()
            # After a pause, the guard calls `release`, which returns the text that waits for the next piece.
            output = stream.feed(text[:position]) + stream.release() + stream.feed(text[position:] + "\n") + stream.release()
            visible_lengths.append(longest_visible(text, output))
        assert max(visible_lengths) == limit
    guarded_kernel.protect(value, "paused.key")
    output = guarded_kernel.output_of(
        "import time\n"
        f"for position in (5, 11, 20): print(value[:position], end='', flush=True); time.sleep({PAUSE}); print(value[position:])"
    )
    assert output.count("‹secret:paused.key›\n") == 3
    assert guarded_kernel.leaked_length(value) == 11


@covers("A forked child process does not wait for the next piece, and neither does IPython at its end, after its threads have stopped.")
@covers("There, the beginning of a value in pieces is shown.")
def test_a_forked_child_does_not_wait_for_the_next_piece(guarded_kernel: GuardedKernel) -> None:
    """A forked child masks a value that it writes in one piece.

    If it writes a value in two pieces, the first piece is shown.
    """
    value = random_value()
    guarded_kernel.protect(value, "forked.key")
    output = guarded_kernel.output_of(f"""
import os, sys, time
sys.stdout.flush()
child = os.fork()
if not child:
    print('<whole>', value, flush=True)
    print('<pieces>', value[:8], end='', flush=True); print(value[8:], flush=True)
    os._exit(0)
_ = os.waitpid(child, 0); time.sleep({PAUSE})
""")
    assert output.splitlines() == ["<whole> ‹secret:forked.key›", f"<pieces> {value[:8]}‹secret:forked.key›"]


@covers("A forked child process does not wait for the next piece, and neither does IPython at its end, after its threads have stopped.")
@covers("There, the beginning of a value in pieces is shown.")
def test_ipython_does_not_wait_for_the_next_piece_at_its_end(tmp_path: Path) -> None:
    """A value that an exit function writes in one piece is masked.

    If it writes a value in two pieces, the first piece is shown.
    """
    (tmp_path / "exit_output.py").write_text(EXIT_OUTPUT)
    terminal = Terminal(tmp_path, random_value())
    try:
        # Python runs exit functions in the reverse order of their registration. The module is imported before the extension is loaded
        # again, so the module's exit function runs after those of the extension.
        terminal.cell("%unload_ext zensecrets_jupyter")
        terminal.cell(f"sys.path.insert(0, '{tmp_path}'); import exit_output")
        terminal.cell("%load_ext zensecrets_jupyter")
        terminal.cell("exit")
        terminal.child.expect(pexpect.EOF)
    finally:
        terminal.close()
    outputs = dict(re.findall(r"<(\w+)> (\S+)", str(terminal.child.before)))
    mask = "‹secret:env.SOME_API_TOKEN›"
    assert outputs == {"whole": mask, "error": mask, "pieces": f"{terminal.token[:8]}{mask}"}


EXIT_OUTPUT = """
import atexit, os, sys
def write_at_exit(value=os.environ['SOME_API_TOKEN']):
    print('<whole>', value)
    print('<error>', value, file=sys.stderr)
    print('<pieces>', value[:8], end='', flush=True); print(value[8:], flush=True)
atexit.register(write_at_exit)
"""
"""A module whose exit function writes the token in one piece and in two pieces."""


@covers("If the JavaScript of an output computes a value in the browser, the kernel does not see it.")
def test_a_value_that_javascript_computes_is_not_masked(guarded_kernel: GuardedKernel) -> None:
    """A script that contains the value is masked; a script that computes the value is unchanged."""
    value = random_value()
    guarded_kernel.protect(value, "script.key")
    # The value has 24 characters, which are six parts of four.
    parts_in_reverse_order = [value[start : start + 4] for start in range(20, -1, -4)]
    computing_script = f"element.textContent = {parts_in_reverse_order}.reverse().join('')"
    guarded_kernel.set_variables(computing_script=computing_script, script_with_value=f"element.textContent = '{value}'")
    result = guarded_kernel.run(
        "from IPython.display import Javascript, display\ndisplay(Javascript(computing_script), Javascript(script_with_value))"
    )
    assert result.displayed_data("application/javascript") == [computing_script, "element.textContent = '‹secret:script.key›'"]
