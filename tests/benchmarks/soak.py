"""Measure a long session, in which a kernel prints output, reads and updates secrets, and shows forms.

    python -m tests.benchmarks.soak 10          # ten minutes with the extension
    python -m tests.benchmarks.soak 10 --bare   # ten minutes of similar cells without the extension

Every half minute the program prints a line. It contains the memory, the threads and the open files of the kernel, and the median and the
maximum of the times of the cells that have run since the previous line. The submission of a form is measured like a cell. The memory should
not grow after the first minute, and no cell should take ten times the median.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support.forms import FormClient
from tests.support.kernels import running_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from tests.support.kernels import CellResult, Kernel

SECONDS_PER_LINE = 30.0
"""Seconds from one printed line to the next."""
SECONDS_PER_ROUND = 3.0
"""Seconds from the start of one round to the start of the next. A round has one form, so this is a fast user."""
CELLS_PER_ROUND = 6
"""Number of cells after the form of each round."""
SECRET_COUNT = 16
"""Number of secrets. The first 16 rounds, which take 48 seconds, register them, and later rounds update them.

So both commands have run after the first minute, which is not measured.
"""
ROUNDS_PER_LIST = 20
"""A ``%secret list`` runs once in this number of rounds. It is rare, because IPython keeps each listed table in memory."""
PRINTING_CELL = "for line in range(20): print(f'epoch {line}, loss {line / 7:.4f}, and the rest of a line of output')"


class TimedSession:
    """A session that measures its cells.

    Attributes:
        times: The seconds and the description of each cell and each submission since the last printed line.
        form_count: The number of forms that were submitted in the whole session.
    """

    def __init__(self, kernel: Kernel) -> None:
        """Use a kernel for the cells."""
        self._kernel = kernel
        self.times: list[tuple[float, str]] = []
        self.form_count = 0

    def run(self, code: str) -> CellResult:
        """Run a cell of a notebook."""
        start = time.perf_counter()
        result = self._kernel.run(code, in_notebook=True)
        self.times.append((time.perf_counter() - start, code.partition("\n")[0]))
        self._kernel.record.clear()
        if not result.ok:
            raise RuntimeError(result.error)
        return result

    def run_and_submit(self, code: str, key: str) -> None:
        """Run a cell that shows a form, and submit a new value for ``key``."""
        form = FormClient(self._kernel, self.run(code))
        start = time.perf_counter()
        form.submit({key: secrets.token_urlsafe(24)})
        self.times.append((time.perf_counter() - start, f"the form of {code}"))
        self._kernel.record.clear()
        self.form_count += 1
        if form.state["phase"] != "submitted":
            raise RuntimeError(form.state["problem"])


def rounds_with_extension(session: TimedSession) -> Iterator[None]:
    """Run rounds with the extension, and yield after each round.

    A round has one form, and cells that read, print and compute. There is no last round.
    """
    session.run("%load_ext zensecrets_jupyter")
    session.run("import zensecrets_jupyter as zs")
    round_number = 0
    while True:
        name = f"secret{round_number % SECRET_COUNT}"
        if round_number < SECRET_COUNT:
            session.run_and_submit(f"%secret register {name} --token", "token")
        else:
            session.run_and_submit(f"%secret update {name} --token", "token")
        round_number += 1
        if round_number % ROUNDS_PER_LIST == 0:
            session.run("%secret list")
        for cell_number in range(CELLS_PER_ROUND):
            reading_cells = (
                f"print(zs.Client().get_secret({name!r}).content)",
                f"zs.Client().get_secret({name!r})",
                f"%secret get {name}",
            )
            # A round uses one of the reading cells, and the next round uses the next one.
            cells = (PRINTING_CELL, reading_cells[round_number % 3], f"x = {cell_number}\nx * 2")
            session.run(cells[cell_number % 3])
        yield


def rounds_without_extension(session: TimedSession) -> Iterator[None]:
    """Run rounds without the extension, and yield after each round.

    A round has about the widgets and outputs of a round of :func:`rounds_with_extension`.
    """
    session.run("import anywidget, traitlets\nfrom IPython.display import display")
    session.run("class Form(anywidget.AnyWidget):\n    _esm = traitlets.Unicode().tag(sync=True)")
    while True:
        # The sizes imitate the script of a form, and below a mask and the table of a secret.
        session.run("form = Form(_esm='x' * 20_000)\ndisplay(form)\nform.close()")
        for cell_number in range(CELLS_PER_ROUND):
            cells = (PRINTING_CELL, "print('x' * 32)", "'x' * 500", f"x = {cell_number}\nx * 2")
            session.run(cells[cell_number % 4])
        yield


class ProcessState(NamedTuple):
    """The memory of a process in MB, and the numbers of its threads and open files."""

    megabytes: float
    thread_count: int
    file_count: int


def state_of_process(pid: int) -> ProcessState:
    """Return the current state of a process."""
    # Linux only: `VmRSS` is the memory in KiB.
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return ProcessState(int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"]), len(list(Path(f"/proc/{pid}/fd").iterdir())))


def soak(kernel: Kernel, minutes: float, rounds: Iterator[None], session: TimedSession, out: TextIO) -> None:
    """Run rounds, and write a line about the kernel to ``out`` every half minute."""
    pid = kernel.manager.provisioner.pid
    out.write(
        f"{'minute':>6} {'MB':>7} {'threads':>7} {'files':>5} {'cells':>6} {'forms':>5} {'median ms':>9} {'slowest':>8} times  cell\n"
    )
    start_time = next_line_time = time.monotonic()
    largest_ratio = 0.0
    megabytes_after_a_minute = 0.0
    while True:
        now = time.monotonic()
        if now >= next_line_time:
            state = state_of_process(pid)
            times, session.times = session.times, []
            median = statistics.median(seconds for seconds, _ in times) if times else 0.0
            slowest, code = max(times, default=(0.0, ""))  # `slowest` is in seconds.
            ratio = slowest / median if median else 0
            # The first minute is a warm-up.
            if now - start_time >= 2 * SECONDS_PER_LINE:
                megabytes_after_a_minute = megabytes_after_a_minute or state.megabytes
                largest_ratio = max(largest_ratio, ratio)
            out.write(
                f"{(now - start_time) / 60:>6.1f} {state.megabytes:>7.1f} {state.thread_count:>7} {state.file_count:>5}"
                f" {len(times):>6} {session.form_count:>5}"
                f" {median * 1000:>9.1f} {slowest * 1000:>8.1f} {ratio:>5.1f}  {code[:60]}\n"
            )
            out.flush()
            next_line_time += SECONDS_PER_LINE
            if now - start_time >= minutes * 60:
                break
        next(rounds)
        time.sleep(max(0.0, SECONDS_PER_ROUND - (time.monotonic() - now)))
    growth = state_of_process(pid).megabytes - megabytes_after_a_minute
    out.write(f"after the first minute: {growth:+.1f} MB, the slowest cell {largest_ratio:.1f} times the median of its half minute\n")


def main() -> None:
    """Measure a kernel for the given number of minutes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("minutes", type=float, nargs="?", default=10)
    parser.add_argument("--bare", action="store_true", help="without the extension")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_kernel(Path(folder), {"ZENSECRETS_PASSPHRASE": secrets.token_hex()}) as kernel:
        session = TimedSession(kernel)
        rounds = rounds_without_extension(session) if arguments.bare else rounds_with_extension(session)
        soak(kernel, arguments.minutes, rounds, session, sys.stdout)


if __name__ == "__main__":
    main()
