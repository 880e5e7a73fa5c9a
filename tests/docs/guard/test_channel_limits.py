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
def test_a_value_can_be_shown_on_purpose(guarded: GuardedKernel) -> None:
    """A printed value is masked, a reversed value is shown."""
    value = random_value()
    guarded.protect(value, "purpose.key")
    assert guarded.output_of("print(value)") == "‹secret:purpose.key›\n"
    assert guarded.output_of("print(value[::-1])") == f"{value[::-1]}\n"


@covers("A value in a picture, a sound or a PDF is not recognized.")
def test_pictures_sounds_and_documents_are_not_masked(guarded: GuardedKernel) -> None:
    """A picture, a PDF and a sound do not change; an SVG drawing is masked."""
    value = random_value()
    guarded.protect(value, "picture.key")
    image = Image.new("RGB", (400, 30), "white")
    ImageDraw.Draw(image).text((5, 5), value, fill="black")
    files = {"image/png": _file(image, "PNG"), "application/pdf": _file(image, "PDF"), "audio/wav": _sound(value)}
    bundle = {mime: base64.b64encode(data).decode() for mime, data in files.items()}
    guarded.set_variables(bundle=bundle)
    result = guarded.run(
        "from IPython.display import display\ndisplay({**bundle, 'image/svg+xml': f'<svg><text>{value}</text></svg>'}, raw=True)"
    )
    (shown,) = [message["content"]["data"] for message in result.messages if message["msg_type"] == "display_data"]
    assert shown == {**bundle, "image/svg+xml": "<svg><text>‹secret:picture.key›</text></svg>"}


def _file(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def _sound(value: str) -> bytes:
    """Return a sound with a tone for each letter of a value."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 1, 8000, 0, "NONE", "NONE"))
        for letter in value:
            pitch = ord(letter) * 10
            sound.writeframes(bytes(128 + round(100 * math.sin(2 * math.pi * pitch * position / 8000)) for position in range(400)))
    return file.getvalue()


@covers("Data that your code sends over the network or writes to a file are not masked.")
@covers("Other programs can see a value in the arguments or the environment of a program that you start.")
def test_sent_and_written_data_are_not_masked(guarded: GuardedKernel) -> None:
    """A server, a file and a program receive the value."""
    value = random_value()
    guarded.protect(value, "sent.key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        guarded.run(
            f"import socket\nwith socket.create_connection({server.getsockname()!r}) as connection: connection.sendall(value.encode())"
        )
        connection, _ = server.accept()
        with connection:
            assert connection.recv(100) == value.encode()
    guarded.run("_ = open('sent.txt', 'w').write(value)")
    assert (guarded.folder / "sent.txt").read_text() == value
    pid = int(
        guarded.output_of(
            "import os, subprocess\nchild = subprocess.Popen(['sleep', '60', *[]], env={'GIVEN': value})\n"
            "other = subprocess.Popen(['bash', '-c', 'sleep 60; :', value])\nprint(child.pid, other.pid)"
        ).split()[0]
    )
    try:
        other = int(guarded.output_of("print(other.pid)"))
        assert value in _read_process(pid, "environ", value)
        assert value in _read_process(other, "cmdline", value)
    finally:
        guarded.run("child.kill(); other.kill(); _ = child.wait(), other.wait()")


def _read_process(pid: int, file: str, value: str) -> str:
    """Return a file of /proc for a process, after its program has started."""
    until = time.monotonic() + 30
    text = ""
    while value not in text and time.monotonic() < until:
        text = Path(f"/proc/{pid}/{file}").read_bytes().decode()
    return text


@covers("If two threads alternately write pieces of values to one stream, the pieces are mixed and not recognized.")
def test_pieces_from_two_threads_are_not_recognized(guarded: GuardedKernel) -> None:
    """Two values are shown if two threads write their letters alternately.

    They are masked if the threads run one after the other.
    """
    first, second = random_value(), random_value()
    guarded.protect(first, "thread.first")
    guarded.set_variables(first=first)
    guarded.protect(second, "thread.second")
    code = """
import sys, threading
turns = [threading.Semaphore(1), threading.Semaphore(0)]
def write(number, text):
    for letter in text:
        turns[number].acquire()
        sys.stdout.write(letter); sys.stdout.flush()
        turns[1 - number].release()
def both(*texts):
    threads = [threading.Thread(target=write, args=one) for one in enumerate(texts)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
    mixed_text = "".join(f"{one}{other}" for one, other in zip(first, second, strict=True))
    assert guarded.output_of(f"{code}both(first, value)") == mixed_text
    after = "for text in (first, value):\n    thread = threading.Thread(target=print, args=(text,)); thread.start(); thread.join()"
    assert guarded.output_of(after) == "‹secret:thread.first›\n‹secret:thread.second›\n"


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
@pytest.mark.parametrize("between", [False, True], ids=["one after the other", "another cell between"])
def test_a_value_in_two_cells_is_shown_if_another_cell_writes_between(*, between: bool) -> None:
    """A value in two cells is masked, unless another cell writes between them."""
    value, half = random_value(19), 9
    session, socket_ = Session(key=b"a key"), RecordingSocket()
    SessionChannel(session, Guard(redactor_for(value))).install(ExitStack())
    headers = [session.msg("execute_request")["header"] for _ in range(3)]
    for number, text in ((0, value[:half]), *([(1, "something else\n")] if between else []), (2, f"{value[half:]}\n")):
        session.send(socket_, session.msg("stream", {"name": "stdout", "text": text}, parent=headers[number]), ident=b"stream.stdout")
    sent = [session.deserialize(session.feed_identities(parts)[1])["content"]["text"] for parts in socket_.messages]
    shown = "".join(sent)
    assert (value[half:] in shown) is between
    assert (mask_text("a.key") in shown) is not between


HANDLERS = """
import logging, sys, traceback
class Overrides(logging.Handler):
    def handle(self, record):
        open(path, 'a').write(f'<handle> {record.getMessage()}\\n')
class Emits(logging.Handler):
    def emit(self, record):
        open(path, 'a').write(f'<emit> {record.getMessage()}\\n')
class Locals(logging.Handler):
    def emit(self, record):
        frames = [frame.f_locals for frame, _ in traceback.walk_tb(record.exc_info[2])]
        open(path, 'a').write(f'<locals> {frames[-1]["held"]}\\n')
def log(handler, *arguments, **options):
    logger = logging.Logger('own')
    logger.addHandler(handler)
    logger.error(*arguments, **options)
def fail():
    held = value
    raise ValueError
log(Overrides(), 'it is %s', value)
Emits().emit(logging.makeLogRecord({'msg': 'directly %s', 'args': (value,)}))
log(Emits(), 'by a logger %s', value)
try: fail()
except ValueError: log(Locals(), 'failed', exc_info=True)
"""


@covers(
    """Your own log handler shows a value if it overrides `handle`, if your code calls its `emit` directly, or if it reads the local
    variables of a traceback, as Sentry's does."""
)
def test_some_log_handlers_show_a_value(guarded: GuardedKernel) -> None:
    """Each of the three handlers writes the value.

    A handler with its own ``emit`` that a logger calls writes a mask.
    """
    value = random_value()
    guarded.protect(value, "handler.key")
    path = guarded.folder / "own.log"
    guarded.run(f"path = {str(path)!r}\n{HANDLERS}")
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
def test_at_most_eleven_characters_are_shown_before_a_pause(guarded: GuardedKernel) -> None:
    """After a pause, at most eleven characters of a split value are shown.

    This is so for every position at which the value is split.
    """
    most = 11
    value, short = random_value(30), random_value(8)
    for text, allowed in ((value, most), (short, len(short) // 2 - 1)):
        visible = 0
        for position in range(1, len(text)):
            stream = redactor_for(text).stream()
            shown = stream.feed(text[:position]) + stream.release() + stream.feed(text[position:] + "\n") + stream.release()
            assert longest_visible(text, shown) <= allowed, position
            visible = max(visible, longest_visible(text, shown))
        assert visible == allowed
    guarded.protect(value, "paused.key")
    shown = guarded.output_of(
        "import time\n"
        f"for position in (5, {most}, 20): print(value[:position], end='', flush=True); time.sleep({PAUSE}); print(value[position:])"
    )
    assert shown.count("‹secret:paused.key›\n") == 3
    assert guarded.leaked_length(value) == most


@covers("A forked child process does not wait for the next piece, and neither does IPython at its end, after its threads have stopped.")
@covers("There, the beginning of a value in pieces is shown.")
def test_a_forked_child_does_not_wait_for_the_next_piece(guarded: GuardedKernel) -> None:
    """A forked child masks a whole value, but shows the first of two pieces."""
    value = random_value()
    guarded.protect(value, "forked.key")
    shown = guarded.output_of(f"""
import os, sys, time
sys.stdout.flush()
child = os.fork()
if not child:
    print('<whole>', value, flush=True)
    print('<pieces>', value[:8], end='', flush=True); print(value[8:], flush=True)
    os._exit(0)
_ = os.waitpid(child, 0); time.sleep({PAUSE})
""")
    assert shown.splitlines() == ["<whole> ‹secret:forked.key›", f"<pieces> {value[:8]}‹secret:forked.key›"]


@covers("A forked child process does not wait for the next piece, and neither does IPython at its end, after its threads have stopped.")
@covers("There, the beginning of a value in pieces is shown.")
def test_ipython_does_not_wait_for_the_next_piece_at_its_end(tmp_path: Path) -> None:
    """Output at IPython's end is masked, but the first of two pieces is shown."""
    token = random_value()
    (tmp_path / "exit_output.py").write_text(EXIT_OUTPUT)
    terminal = Terminal(tmp_path, token)
    try:
        # Python runs exit functions in reverse order, so this one runs after those of the extension.
        terminal.cell("%unload_ext zensecrets_jupyter")
        terminal.cell(f"sys.path.insert(0, '{tmp_path}'); import exit_output")
        terminal.cell("%load_ext zensecrets_jupyter")
        terminal.cell("exit")
        terminal.child.expect(pexpect.EOF)
    finally:
        terminal.close()
    shown = dict(re.findall(r"<(\w+)> (\S+)", str(terminal.child.before)))
    masked = "‹secret:env.SOME_API_TOKEN›"
    assert shown == {"whole": masked, "error": masked, "pieces": f"{token[:8]}{masked}"}


EXIT_OUTPUT = """
import atexit, os, sys
def last(value=os.environ['SOME_API_TOKEN']):
    print('<whole>', value)
    print('<error>', value, file=sys.stderr)
    print('<pieces>', value[:8], end='', flush=True); print(value[8:], flush=True)
atexit.register(last)
"""


@covers("If the JavaScript of an output computes a value in the browser, the kernel does not see it.")
def test_a_value_that_javascript_computes_is_not_masked(guarded: GuardedKernel) -> None:
    """A value in a script is masked; a script that computes it is unchanged."""
    value = random_value()
    guarded.protect(value, "script.key")
    computed = (
        f"element.textContent = {list(reversed([value[position : position + 4] for position in range(0, 24, 4)]))}.reverse().join('')"
    )
    guarded.set_variables(computed=computed, written=f"element.textContent = '{value}'")
    result = guarded.run("from IPython.display import Javascript, display\ndisplay(Javascript(computed), Javascript(written))")
    assert result.shown("application/javascript") == [computed, "element.textContent = '‹secret:script.key›'"]
