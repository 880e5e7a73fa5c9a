"""Measure a long session: a kernel prints, reads, updates and shows forms for some minutes.

    python -m tests.benchmarks.soak 10          # with the extension
    python -m tests.benchmarks.soak 10 --bare   # similar cells without the extension

Every half minute it prints a line: memory, threads and open files of the kernel, and the median and the maximum of the cells' times since
the previous line. The memory should not grow after the first minute, and no cell should take ten times the median.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.forms import FormClient
from tests.support.kernels import running_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from tests.support.kernels import CellResult, Kernel

HALF_MINUTE = 30.0
SECONDS_PER_ROUND = 3.0
"""Seconds from one form to the next, as with a fast user."""
CELLS_PER_ROUND = 6
"""Number of cells between two forms."""
SECRETS = 16
"""Number of secrets. The first rounds register them, and later rounds update them. So both commands have run after the first minute."""
ROUNDS_PER_LIST = 20
"""Number of rounds between two lists of all secrets. IPython keeps each list in memory."""
PRINTING_CELL = "for line in range(20): print(f'epoch {line}, loss {line / 7:.4f}, and the rest of a line of output')"


class Cells:
    """The cells of a session, with their times."""

    def __init__(self, kernel: Kernel) -> None:
        """Use a kernel for the cells."""
        self._kernel = kernel
        self.times: list[tuple[float, str]] = []
        self.forms = 0

    def run(self, code: str) -> CellResult:
        """Run a cell of a notebook."""
        start = time.perf_counter()
        result = self._kernel.run(code, in_notebook=True)
        self.times.append((time.perf_counter() - start, code.partition("\n")[0]))
        self._kernel.record.clear()
        if not result.ok:
            raise RuntimeError(result.error)
        return result

    def form(self, code: str, key: str) -> None:
        """Run a cell with a form, and submit the form with a new value."""
        form = FormClient(self._kernel, self.run(code))
        start = time.perf_counter()
        form.submit({key: secrets.token_urlsafe(24)})
        self.times.append((time.perf_counter() - start, f"the form of {code}"))
        self._kernel.record.clear()
        self.forms += 1
        if form.state["phase"] != "submitted":
            raise RuntimeError(form.state["problem"])


def guarded_rounds(cells: Cells) -> Iterator[None]:
    """Work with secrets: each round has one form, and cells that read, print and update."""
    cells.run("%load_ext zensecrets_jupyter")
    cells.run("import zensecrets_jupyter as zs")
    rounds = 0
    while True:
        name = f"secret{rounds % SECRETS}"
        if rounds < SECRETS:
            cells.form(f"%secret register {name} --token", "token")
        else:
            cells.form(f"%secret update {name} --token", "token")
        rounds += 1
        if rounds % ROUNDS_PER_LIST == 0:
            cells.run("%secret list")
        for number in range(CELLS_PER_ROUND):
            reads = (f"print(zs.Client().get_secret({name!r}).content)", f"zs.Client().get_secret({name!r})", f"%secret get {name}")
            cells.run((PRINTING_CELL, reads[rounds % 3], f"x = {number}\nx * 2")[number % 3])
        yield


def bare_rounds(cells: Cells) -> Iterator[None]:
    """Show the same number of widgets and outputs as :func:`guarded_rounds`, without the extension."""
    cells.run("import anywidget, traitlets\nfrom IPython.display import display")
    cells.run("class Form(anywidget.AnyWidget):\n    _esm = traitlets.Unicode().tag(sync=True)")
    while True:
        cells.run("form = Form(_esm='x' * 20_000)\ndisplay(form)\nform.close()")
        for number in range(CELLS_PER_ROUND):
            cells.run((PRINTING_CELL, "print('x' * 32)", "'x' * 500", f"x = {number}\nx * 2")[number % 4])
        yield


def measure(process: int) -> tuple[float, int, int]:
    """Return a process's memory in MB, and its numbers of threads and open files."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"]), len(list(Path(f"/proc/{process}/fd").iterdir()))


def soak(kernel: Kernel, minutes: float, work: Iterator[None], cells: Cells, out: TextIO) -> None:
    """Run rounds for some minutes, and print a line every half minute."""
    process = kernel.manager.provisioner.pid
    out.write(
        f"{'minute':>6} {'MB':>7} {'threads':>7} {'files':>5} {'cells':>6} {'forms':>5} {'median ms':>9} {'slowest':>8} times  cell\n"
    )
    start = next_line_at = time.monotonic()
    slowest_of_all = 0.0
    settled_memory = 0.0
    while True:
        now = time.monotonic()
        if now >= next_line_at:
            memory, threads, files = measure(process)
            settled_memory = settled_memory or (memory if now - start >= 2 * HALF_MINUTE else 0.0)
            times, cells.times = cells.times, []
            median = statistics.median(seconds for seconds, _ in times) if times else 0.0
            slowest, code = max(times, default=(0.0, ""))
            if now - start >= 2 * HALF_MINUTE:
                slowest_of_all = max(slowest_of_all, slowest / median)
            ratio = slowest / median if median else 0
            out.write(
                f"{(now - start) / 60:>6.1f} {memory:>7.1f} {threads:>7} {files:>5} {len(times):>6} {cells.forms:>5}"
                f" {median * 1000:>9.1f} {slowest * 1000:>8.1f} {ratio:>5.1f}  {code[:60]}\n"
            )
            out.flush()
            next_line_at += HALF_MINUTE
            if now - start >= minutes * 60:
                break
        next(work)
        time.sleep(max(0.0, SECONDS_PER_ROUND - (time.monotonic() - now)))
    growth = measure(process)[0] - settled_memory
    out.write(f"after the first minute: {growth:+.1f} MB, the slowest cell {slowest_of_all:.1f} times the median of its half minute\n")


def main() -> None:
    """Measure a kernel for the given number of minutes."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("minutes", type=float, nargs="?", default=10)
    options.add_argument("--bare", action="store_true", help="without the extension")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_kernel(Path(folder), {"ZENSECRETS_PASSPHRASE": secrets.token_hex()}) as kernel:
        cells = Cells(kernel)
        soak(kernel, arguments.minutes, (bare_rounds if arguments.bare else guarded_rounds)(cells), cells, sys.stdout)


if __name__ == "__main__":
    main()
