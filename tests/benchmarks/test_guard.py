"""Benchmarks of a kernel with and without the guard.

Budgets: with the guard, a cell that prints 50 MB in lines of 80 characters takes at most 5 % longer than without. The same budget applies
to the serialization of a message of one line.
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.session import Session

from tests.support.kernels import running_kernel
from zensecrets_jupyter.core.redaction import Redactor
from zensecrets_jupyter.notebook.guard.guard import Guard
from zensecrets_jupyter.notebook.guard.messages.session import SessionChannel

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

LINE_COUNT = 625_000
"""The number of lines of 80 characters that together have 50 MB."""
# Each line is a number of 79 digits and a line end.
PRINTING_CELL = f"for number in range({LINE_COUNT}): print(f'{{number:079}}')"
LINE = "2026-11-28 11:12:05,123 INFO package.module: processed item 1234 of 25000 in 0.71s\n"
# A cell that protects `count` random values.
PROTECT_VALUES = """
import secrets
from zensecrets_jupyter.core.redaction import the_redactor
for number in range({count}): the_redactor().protect(secrets.token_urlsafe(30), f'some.key{{number}}')
"""


# The parameter `guard` is "without", or the number of values that the guard protects.
@pytest.mark.parametrize("guard", ["without", "10 values", "1000 values"])
@pytest.mark.benchmark(group="a cell that prints 50 MB", min_rounds=3)
def test_printing(benchmark: BenchmarkFixture, tmp_path: Path, guard: str) -> None:
    """A kernel prints 50 MB in lines. The measured time ends when the client has received all lines."""
    with running_kernel(tmp_path) as kernel:
        if guard != "without":
            assert kernel.run("%load_ext zensecrets_jupyter").ok
            assert kernel.run(PROTECT_VALUES.format(count=guard.split(maxsplit=1)[0])).ok

        def run() -> None:
            assert kernel.run(PRINTING_CELL).ok
            kernel.record.clear()

        benchmark.pedantic(run, rounds=3, warmup_rounds=1)


class _DiscardingSocket:
    """A socket that discards messages."""

    # The guard reads this attribute of ipykernel's sockets, to release held-back text later. With None, the guard releases nothing later.
    io_loop = None

    def send_multipart(self, parts: list[bytes], **options: Any) -> None:
        """Discard a message."""


@pytest.mark.parametrize("packer", ["json", "orjson"])
@pytest.mark.parametrize("guard", ["without", "0 values", "10 values", "1000 values"])
@pytest.mark.benchmark(group="a message of one line")
def test_message(benchmark: BenchmarkFixture, guard: str, packer: str) -> None:
    """A stream message with a line of about 80 characters is serialized.

    The packer, which serializes, is Jupyter's default one or orjson.
    """
    session = Session(key=b"a key", packer=packer)
    if guard != "without":
        redactor = Redactor()
        for number in range(int(guard.split(maxsplit=1)[0])):
            redactor.protect(secrets.token_urlsafe(30), f"some.key{number}")
        # The redactor builds its index of the values while it redacts the first texts.
        redactor.redact("a line " * 100_000)
        SessionChannel(session, Guard(redactor)).install(ExitStack())
    socket: Any = _DiscardingSocket()
    parent = session.msg("execute_request")["header"]
    content = {"name": "stdout", "text": LINE}

    def send() -> None:
        session.send(socket, session.msg("stream", content, parent=parent), ident=b"stream.stdout")

    # The first message is slow. If it were measured, pytest-benchmark would choose too few rounds.
    send()
    benchmark(send)
