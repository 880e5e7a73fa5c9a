"""Tests of the guard in a kernel.

They test split values, the order of output, faults, turning the guard off and on, and its removal.

The guard holds back text that may be the beginning of a value, until more text arrives or a pause of 50 ms ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import sys
import termios
import threading
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest
from jupyter_client.session import Session

from tests.support.kernels import running_kernel
from zensecrets_jupyter.core.redaction import Redactor
from zensecrets_jupyter.notebook.guard.descriptors import _CHUNK_SIZE, descriptor_channels
from zensecrets_jupyter.notebook.guard.guard import Guard
from zensecrets_jupyter.notebook.guard.messages.session import SessionChannel
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.kernels import CellResult, Kernel
    from zensecrets_jupyter.notebook.guard.descriptors import DescriptorChannel

SET_GUARD = "from zensecrets_jupyter.notebook.guard import guard_of; guard = guard_of(get_ipython())"
"""Code that sets the variable ``guard`` in a kernel."""
SECONDS = 30
"""Timeout of a wait."""
PRINT_STATE = """
import logging, os, sys
session, streams = get_ipython().kernel.session, (sys.stdout, sys.stderr)
print([
    session.pack.__qualname__, 'send' in vars(session), [type(stream).__name__ for stream in streams],
    [os.readlink(f'/proc/self/fd/{stream._original_stdstream_copy}') for stream in streams],
    [os.get_inheritable(stream._original_stdstream_copy) for stream in streams],
    logging.getLogRecordFactory().__qualname__, [handler.filters for handler in logging.getLogger().handlers],
    sys.excepthook, os.readlink('/proc/self/fd/1').split(':')[0],
])
"""
"""A cell that prints everything that the guard changes in a kernel."""


@pytest.fixture
def kernel_without_guard(tmp_path: Path) -> Iterator[Kernel]:
    """Return a kernel without the extension."""
    with running_kernel(tmp_path) as kernel:
        yield kernel


@pytest.fixture
def guarded_kernel(kernel_without_guard: Kernel) -> Kernel:
    """Return a kernel with the extension, whose variables ``guard`` and ``the_redactor`` are set."""
    assert kernel_without_guard.run("%load_ext zensecrets_jupyter").ok
    assert kernel_without_guard.run("import sys, time, json, pathlib; from zensecrets_jupyter.core.redaction import the_redactor").ok
    assert kernel_without_guard.run(SET_GUARD).ok
    return kernel_without_guard


def _protect(kernel: Kernel, folder: Path, *values: str) -> None:
    """Protect values in the kernel, and set its variable ``values`` to them.

    The kernel reads the values from a file, so that no message contains them.
    """
    (folder / "values.json").write_text(json.dumps(values))
    code = f"values = json.loads(pathlib.Path({str(folder / 'values.json')!r}).read_text())\n"
    code += "for number, value in enumerate(values): the_redactor().protect(value, f'some.key{number}')"
    assert kernel.run(code).ok


def _leaked_values(kernel: Kernel, values: list[str], length: int = 12) -> list[str]:
    """Return the values that are partly in the output.

    A part is ``length`` consecutive characters, in a message or in the joined text of a stream.
    """
    streams: dict[tuple[str, str], str] = {}
    for message in kernel.record:
        if message["msg_type"] == "stream":
            key = (str(message["parent_header"].get("msg_id")), message["content"]["name"])
            streams[key] = streams.get(key, "") + message["content"]["text"]
    text = json.dumps([str(message["content"]) for message in kernel.record] + list(streams.values()), ensure_ascii=False)
    return [value for value in values if any(value[start : start + length] in text for start in range(len(value) - length + 1))]


def _message_types(result: CellResult) -> list[str]:
    return [message["msg_type"] for message in result.messages if message["msg_type"] not in {"status", "execute_input"}]


@pytest.mark.parametrize(
    "pause", ["", "sys.stdout.flush()", "sys.stdout.flush(); time.sleep(0.01)", "sys.stdout.flush(); time.sleep(0.08)"]
)
def test_a_split_value_is_masked(guarded_kernel: Kernel, tmp_path: Path, pause: str) -> None:
    """A value in two pieces is masked for every position of the split.

    Between the pieces there is nothing, a flush, or a flush and a pause. The pause of 0.08 s is longer than the 50 ms for which the guard
    holds back text. A value has 32 characters, so there are 31 positions.
    """
    values = [secrets.token_urlsafe(24) for _ in range(31)]
    _protect(guarded_kernel, tmp_path, *values)
    code = f"""
for number, value in enumerate(values):
    _ = sys.stdout.write(value[:number + 1])
    {pause}
    _ = sys.stdout.write(value[number + 1:] + '\\n')
"""
    result = guarded_kernel.run(code)
    assert result.ok
    assert _leaked_values(guarded_kernel, values) == []
    assert [line.endswith("›") for line in result.stream("stdout").splitlines()] == [True] * len(values)


def test_held_back_text_stays_in_order(guarded_kernel: Kernel, tmp_path: Path) -> None:
    """The beginning of a value is sent before the next output.

    The next output is a display, text of the other stream, ``clear_output``, an error, or the status at the end of the cell.
    """
    value = secrets.token_urlsafe(24)
    _protect(guarded_kernel, tmp_path, value)
    code = """
from IPython.display import clear_output, display
print(values[0][:5], end='', flush=True); display('shown')
print(values[0][:5], end='', flush=True); print('error', file=sys.stderr, flush=True)
print(values[0][:5], end='', flush=True); clear_output(wait=True)
print(values[0][:5], end='', flush=True); 1 / 0
"""
    result = guarded_kernel.run(code)
    assert _message_types(result) == ["stream", "display_data", "stream", "stream", "stream", "clear_output", "stream", "error"]
    assert result.stream("stdout") == value[:5] * 4
    last_result = guarded_kernel.run("print(values[0][:5], end='')")
    assert last_result.stream("stdout") == value[:5]
    assert _message_types(last_result) == ["stream"]
    assert last_result.messages[-1]["content"] == {"execution_state": "idle"}


def test_held_back_text_is_sent_while_the_cell_runs(guarded_kernel: Kernel, tmp_path: Path) -> None:
    """The beginning of a value is sent after a pause, before the cell ends."""
    value = secrets.token_urlsafe(24)
    _protect(guarded_kernel, tmp_path, value)
    code = "print(values[0][:5], end='', flush=True); time.sleep(0.5); from IPython.display import display; display(1)"
    result = guarded_kernel.run(code)
    # The times of the stream message and of the display message.
    streamed, displayed = [message["header"]["date"] for message in result.messages if message["msg_type"] in {"stream", "display_data"}]
    assert (displayed - streamed).total_seconds() > 0.3


def test_output_without_a_value_is_unchanged(guarded_kernel: Kernel, tmp_path: Path) -> None:
    """Output without a value has the same texts and message types as without the guard.

    The output contains progress bars, colors, wide characters and carriage returns.
    """
    _protect(guarded_kernel, tmp_path, secrets.token_urlsafe(24))
    code = """
for step in range(20):
    print(f'\\r{step * 5:3}%|{"█" * step:20}| {step}/20 [00:01<00:02, 2.3it/s]', end='', file=sys.stderr, flush=True)
print('\\x1b[31mred\\x1b[0m 漢字 😀 \\r\\n\\ttab\\b', flush=True)
"""
    with_guard = guarded_kernel.run(code)
    assert guarded_kernel.run("guard.turn_off()").ok
    without_guard = guarded_kernel.run(code)
    assert [with_guard.stream(name) for name in ("stdout", "stderr")] == [without_guard.stream(name) for name in ("stdout", "stderr")]
    assert _message_types(with_guard) == _message_types(without_guard)


def test_output_of_a_thread_of_an_earlier_cell_is_masked(guarded_kernel: Kernel, tmp_path: Path) -> None:
    """A value that a thread writes in small pieces is masked.

    The thread writes after the end of its cell.
    """
    value = secrets.token_urlsafe(24)
    _protect(guarded_kernel, tmp_path, value)
    code = """
import threading
def slowly():
    for start in range(0, len(values[0]), 4):
        print(values[0][start:start + 4], end='', flush=True); time.sleep(0.02)
thread = threading.Thread(target=slowly); thread.start()
"""
    assert guarded_kernel.run(code).ok
    assert guarded_kernel.run("thread.join(); time.sleep(0.2)").ok
    assert _leaked_values(guarded_kernel, [value]) == []


def test_every_message_has_the_header_of_its_request() -> None:
    """Stream messages of two alternating requests have the current headers of their own requests.

    The test changes the user name in the headers between messages, so it finds a header from an outdated cache.
    """
    session = Session(key=b"a key")
    SessionChannel(session, Guard(Redactor())).install(ExitStack())
    sent_messages: list[list[bytes]] = []
    requests = [session.msg("execute_request")["header"] for _ in range(2)]
    expected = []
    for position, number in enumerate([0, 0, 1, 0, 1, 1, 0]):
        requests[number]["username"] = f"user {position // 2}"
        expected.append((requests[number]["msg_id"], f"user {position // 2}"))
        message = session.msg("stream", {"name": "stdout", "text": f"line {position}\n"}, parent=requests[number])
        session.send(_RecordingSocket(sent_messages), message, ident=b"stream.stdout")
    parents = [session.deserialize(session.feed_identities(parts)[1])["parent_header"] for parts in sent_messages]
    assert [(parent["msg_id"], parent["username"]) for parent in parents] == expected


class _RecordingSocket:
    """A socket that stores the sent messages."""

    def __init__(self, sent: list[list[bytes]]) -> None:
        self._sent = sent

    def send_multipart(self, parts: list[bytes], **_options: object) -> None:
        self._sent.append(parts)


def test_variables_contain_the_value(guarded_kernel: Kernel, tmp_path: Path) -> None:
    """Captured output in variables and the output history contain the value.

    Only displayed output is masked.
    """
    value = canary("data")
    _protect(guarded_kernel, tmp_path, value)
    assert guarded_kernel.run("captured = !echo {values[0]}\nassert captured == [values[0]]").ok
    assert guarded_kernel.run("%%capture kept\nprint(values[0])").ok
    result = guarded_kernel.run("assert kept.stdout == values[0] + '\\n'\nkept.stdout, captured")
    assert result.ok
    assert result.displayed_data() == ["('‹secret:some.key0›\\n',\n ['‹secret:some.key0›'])"]
    assert guarded_kernel.run("assert Out[max(Out)][1] == values").ok


@pytest.mark.parametrize("broken_method", ["json_may_contain_value", "redact_tree", "redact_bytes", "stream", "search", "find"])
def test_a_broken_redactor_shows_no_value(guarded_kernel: Kernel, tmp_path: Path, broken_method: str) -> None:
    """If a method of the redactor fails, no output contains the value.

    The kernel continues.
    """
    value = canary("fault")
    _protect(guarded_kernel, tmp_path, value)
    code = f"""
def fails(*arguments): raise RuntimeError('broken')
guard.redactor.{broken_method} = fails
print(values[0])
print(values[0][:15], end='', flush=True)
print(values[0][15:])
from IPython.display import HTML, display
display(HTML(values[0]), metadata={{'note': values[0]}})
from comm import create_comm
create_comm('target', data={{'value': values[0]}}).send({{}}, buffers=[values[0].encode()])
raise ValueError(values[0])
"""
    assert not guarded_kernel.run(code).ok
    assert _leaked_values(guarded_kernel, [value]) == []
    assert value.encode() not in b"".join(bytes(buffer) for message in guarded_kernel.record for buffer in message["buffers"])
    assert guarded_kernel.run("1 + 1").ok
    # Without the attribute of the instance, the redactor has the method of its class again.
    assert guarded_kernel.run(f"del guard.redactor.{broken_method}").ok
    assert guarded_kernel.run("1 + 1").displayed_data() == ["2"]


def test_unloading_restores_the_kernel(kernel_without_guard: Kernel) -> None:
    """``%unload_ext`` restores the session, streams, descriptors and logging, also after ``%reload_ext``."""
    state_before = kernel_without_guard.run(PRINT_STATE).stream("stdout")
    assert kernel_without_guard.run("%load_ext zensecrets_jupyter").ok
    assert kernel_without_guard.run(PRINT_STATE).stream("stdout") != state_before
    assert kernel_without_guard.run("%reload_ext zensecrets_jupyter").ok
    assert kernel_without_guard.run("%unload_ext zensecrets_jupyter").ok
    assert kernel_without_guard.run(PRINT_STATE).stream("stdout") == state_before
    assert kernel_without_guard.run(
        "import threading; [thread.name for thread in threading.enumerate() if 'zensecrets' in thread.name]"
    ).displayed_data() == ["[]"]


def test_the_guard_can_be_turned_off_and_on(guarded_kernel: Kernel, tmp_path: Path) -> None:
    """Values are shown while the guard is off, and masked when it is on again."""
    value = canary("switched")
    _protect(guarded_kernel, tmp_path, value)
    assert guarded_kernel.run("print(values[0])").stream("stdout") == "‹secret:some.key0›\n"
    assert guarded_kernel.run("guard.turn_off()").ok
    assert guarded_kernel.run("print(values[0])").stream("stdout") == f"{value}\n"
    assert guarded_kernel.run("guard.turn_on()").ok
    assert guarded_kernel.run("print(values[0])").stream("stdout") == "‹secret:some.key0›\n"


def test_the_environment_is_protected(tmp_path: Path) -> None:
    """The value of an environment variable whose name looks secret is masked."""
    value = secrets.token_urlsafe(24)
    with running_kernel(tmp_path, {"SOME_API_TOKEN": value}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run("import os; print(os.environ['SOME_API_TOKEN'])").stream("stdout") == "‹secret:env.SOME_API_TOKEN›\n"
        assert _leaked_values(kernel, [value]) == []


def test_a_value_from_a_manager_is_masked(tmp_path: Path) -> None:
    """A new kernel masks a stored value after reading it."""
    value = secrets.token_urlsafe(24)
    (tmp_path / "value").write_text(value)
    environment = {"ZENSECRETS_PASSPHRASE": canary("passphrase")}
    with running_kernel(tmp_path, environment) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run(f"%secret register some --key=@{tmp_path / 'value'}").ok
    with running_kernel(tmp_path, environment) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        # `str.__str__` returns a plain `str` even for a subclass. Three single characters are too few for a leak.
        result = kernel.run("value = %secret get some --key key\nprint(str.__str__(value), [*str.__str__(value)][:3])")
        assert result.stream("stdout").startswith("‹secret:some.key›")
        assert _leaked_values(kernel, [value]) == []


def test_output_of_a_subshell_is_masked(guarded_kernel: Kernel, tmp_path: Path) -> None:
    """Two cells that print at the same time show only masks.

    One of them runs in a subshell.
    """
    values = [secrets.token_urlsafe(24) for _ in range(2)]
    _protect(guarded_kernel, tmp_path, *values)
    client = guarded_kernel.client
    subshell = None
    # Before ipykernel 7 there are no subshells, and the cells run one after the other.
    if "kernel subshells" in guarded_kernel.reply(client.kernel_info()).get("supported_features", []):
        client.control_channel.send(client.session.msg("create_subshell_request", {}))
        subshell = client.get_control_msg(timeout=30)["content"]["subshell_id"]
    code = "for start in range(0, 32, 4): print(values[{}][start:start + 4], end='', flush=True); time.sleep(0.01)"
    content = {"code": code.format(1), "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    message = client.session.msg("execute_request", content)
    message["header"]["subshell_id"] = subshell
    first_request = client.execute(code.format(0))
    client.shell_channel.send(message)
    completed_requests: set[str] = set()
    while completed_requests != {first_request, message["header"]["msg_id"]}:
        received_message = client.get_iopub_msg(timeout=30)
        guarded_kernel.record.append(received_message)
        if received_message["msg_type"] == "status" and received_message["content"]["execution_state"] == "idle":
            completed_requests |= {received_message["parent_header"]["msg_id"]} & {first_request, message["header"]["msg_id"]}
    assert _leaked_values(guarded_kernel, values) == []


def test_text_similar_to_a_value_is_unchanged(guarded_kernel: Kernel, tmp_path: Path) -> None:
    """Text that only resembles a value, or is its harmless part, is not masked.

    Examples are longer numbers, common lines of a kubeconfig, and the user and host of a database URL. The secret parts are masked: the
    number, a part of the token in the kubeconfig, and the password in the URL.
    """
    token, password = canary("token"), canary("password")
    common_lines = "apiVersion: v1\nkind: Config\ncurrent-context: production\nusers:\n- name: ada\n"
    kubeconfig = f"{common_lines}  user:\n    token: {token}\n"
    url = f"postgresql://analyst:{password}@warehouse.example.com:5432/analytics"
    _protect(guarded_kernel, tmp_path, "482913", kubeconfig, url)
    harmless_text = """apiVersion: v1
kind: Pod
current-context: production
1482913 1482913.5 482913.5 0.482913 4829130 5482913-0
analyst@warehouse.example.com:5432/analytics orders
"""
    (tmp_path / "harmless").write_text(harmless_text)
    read_file = "pathlib.Path('harmless').read_text()"
    assert guarded_kernel.run(f"print({read_file}, end='')").stream("stdout") == harmless_text
    assert guarded_kernel.run(f"from IPython.display import HTML\nHTML({read_file})").displayed_data("text/html") == [harmless_text]
    output = guarded_kernel.run(f"print('482913', {token!r}[:20], {password!r})").stream("stdout")
    assert output == "‹secret:some.key0› ‹secret:some.key1› ‹secret:some.key2›\n"


@pytest.fixture
def pipe_channel() -> Iterator[tuple[DescriptorChannel, int, ExitStack]]:
    """Return a channel that masks the output to a pipe, the read end of this pipe, and the stack that removes the channel.

    The channel puts its own pipe in front of the write end. A thread reads this pipe, and writes the masked output to the write end.
    """
    read_end, write_end = os.pipe()
    undo = ExitStack()
    (channel,) = descriptor_channels([write_end], Guard(Redactor()))
    channel.install(undo)
    yield channel, read_end, undo
    undo.close()
    os.close(write_end)
    os.close(read_end)


def _wait_for_size(channel: DescriptorChannel, size: int) -> None:
    """Wait until the channel's own pipe contains ``size`` bytes that the thread has not read."""
    deadline = time.monotonic() + SECONDS
    unread = b""
    # FIONREAD returns the number of unread bytes as a C integer. The loop reads this number at least once.
    while int.from_bytes(unread, sys.byteorder) != size or not unread:
        assert time.monotonic() < deadline
        unread = fcntl.ioctl(channel._read_descriptor, termios.FIONREAD, bytes(4))
        time.sleep(0.001)


def test_flush_ends_at_once_if_a_read_contains_only_the_first_byte_of_its_marker(
    pipe_channel: tuple[DescriptorChannel, int, ExitStack],
) -> None:
    """``flush`` writes a marker to the channel's pipe, and waits until the thread has read it.

    The thread finds the marker although two reads split it, and no output contains a part of it.
    """
    channel, read_end, undo = pipe_channel
    (descriptor,) = channel.numbers
    # The channel's own pipe is so large that no write of this test waits.
    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)
    x_count = fcntl.fcntl(channel.real, fcntl.F_GETPIPE_SZ) + 1
    os.write(descriptor, b"x" * x_count)
    # The output pipe holds one byte less, so the thread now waits in its write, and its next read takes as many bytes as it can.
    _wait_for_size(channel, 0)
    os.write(descriptor, b"y" * (_CHUNK_SIZE - 1))
    durations = []

    def flush() -> None:
        start_time = time.monotonic()
        channel.flush()
        durations.append(time.monotonic() - start_time)

    flush_thread = threading.Thread(target=flush)
    flush_thread.start()
    _wait_for_size(channel, _CHUNK_SIZE - 1 + len(channel._flush_marker))
    output = b""
    while len(output) < x_count + _CHUNK_SIZE - 1:
        output += os.read(read_end, _CHUNK_SIZE)
    flush_thread.join()
    # If the thread does not find the marker, `flush` waits for its timeout of two seconds.
    assert durations[0] < 1
    undo.close()
    os.set_blocking(read_end, False)
    with suppress(BlockingIOError):
        output += os.read(read_end, _CHUNK_SIZE)
    assert output == b"x" * x_count + b"y" * (_CHUNK_SIZE - 1)


@pytest.mark.parametrize("end", [b"\x1b", b"\x1b_"])
def test_the_beginning_of_a_control_sequence_is_written_without_a_flush(
    pipe_channel: tuple[DescriptorChannel, int, ExitStack], end: bytes
) -> None:
    """Output that ends like the beginning of a ``flush`` marker is written after a pause.

    It is also written when the last program closes the descriptor.
    """
    channel, read_end, undo = pipe_channel
    # A child process has such a descriptor. It stays open when the channel is removed.
    inherited_descriptor = os.dup(channel.numbers[0])
    os.write(inherited_descriptor, end)
    output = b""
    start_time = time.monotonic()
    while len(output) < len(end):
        output += os.read(read_end, _CHUNK_SIZE)
    assert output == end
    assert time.monotonic() - start_time < 1
    undo.close()
    os.write(inherited_descriptor, b"last" + end)
    os.close(inherited_descriptor)
    channel._thread.join()
    assert os.read(read_end, _CHUNK_SIZE) == b"last" + end
