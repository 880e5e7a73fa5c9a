"""A long session: a kernel that for some minutes prints, reads, updates and shows forms.

    python -m tests.benchmarks.soak 10          # with the extension
    python -m tests.benchmarks.soak 10 --bare   # the same cells' output, without it

It prints a line each half minute: memory, threads and open files of the kernel, and the median and the slowest of the cells since the last
line. Memory should be flat after the first minute, and no cell should take ten times the median.
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
ROUND = 3.0
"""Seconds from one form to the next, as of a person who works quickly."""
CELLS = 6
"""Plain cells between two forms."""
SECRETS = 16
"""Secrets that are registered; from then on those are updated, so that the first minute runs every command once."""
LISTED = 20
"""Rounds from one list of all secrets to the next; IPython keeps each list that is shown."""
PRINTED = "for line in range(20): print(f'epoch {line}, loss {line / 7:.4f}, and the rest of a line of output')"


class Cells:
    """The cells of a session, timed."""

    def __init__(self, kernel: Kernel) -> None:
        """Run cells in ``kernel``."""
        self._kernel = kernel
        self.times: list[tuple[float, str]] = []
        self.forms = 0

    def run(self, code: str) -> CellResult:
        """Run a cell of a notebook."""
        began = time.perf_counter()
        ran = self._kernel.run(code, in_notebook=True)
        self.times.append((time.perf_counter() - began, code.partition("\n")[0]))
        self._kernel.record.clear()
        if not ran.ok:
            raise RuntimeError(ran.error)
        return ran

    def form(self, code: str, key: str) -> None:
        """Run a cell that shows a form, and answer the form with a new value."""
        form = FormClient(self._kernel, self.run(code))
        began = time.perf_counter()
        form.submit({key: secrets.token_urlsafe(24)})
        self.times.append((time.perf_counter() - began, f"the answer to {code}"))
        self._kernel.record.clear()
        self.forms += 1
        if form.state["phase"] != "done":
            raise RuntimeError(form.state["problem"])


def guarded(cells: Cells) -> Iterator[None]:
    """Work with secrets: a form, and cells that read, print and update; each step is a round."""
    cells.run("%load_ext zensecrets_jupyter")
    cells.run("import zensecrets_jupyter as zs")
    known = 0
    while True:
        name = f"secret{known % SECRETS}"
        if known < SECRETS:
            cells.form(f"%secret register {name} --token", "token")
        else:
            cells.form(f"%secret update {name} --token", "token")
        known += 1
        if known % LISTED == 0:
            cells.run("%secret list")
        for number in range(CELLS):
            read = (f"print(zs.Client().get_secret({name!r}).content)", f"zs.Client().get_secret({name!r})", f"%secret get {name}")
            cells.run((PRINTED, read[known % 3], f"x = {number}\nx * 2")[number % 3])
        yield


def bare(cells: Cells) -> Iterator[None]:
    """Show as many widgets and outputs as :func:`guarded`, without the extension."""
    cells.run("import anywidget, traitlets\nfrom IPython.display import display")
    cells.run("class Form(anywidget.AnyWidget):\n    _esm = traitlets.Unicode().tag(sync=True)")
    while True:
        cells.run("form = Form(_esm='x' * 20_000)\ndisplay(form)\nform.close()")
        for number in range(CELLS):
            cells.run((PRINTED, "print('x' * 32)", "'x' * 500", f"x = {number}\nx * 2")[number % 4])
        yield


def measured(process: int) -> tuple[float, int, int]:
    """Return a process's memory in MB, its threads, and its open files."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"]), len(list(Path(f"/proc/{process}/fd").iterdir()))


def soak(kernel: Kernel, minutes: float, work: Iterator[None], cells: Cells, out: TextIO) -> None:
    """Work for so many minutes, and print what is measured each half minute."""
    process = kernel.manager.provisioner.pid
    out.write(
        f"{'minute':>6} {'MB':>7} {'threads':>7} {'files':>5} {'cells':>6} {'forms':>5} {'median ms':>9} {'slowest':>8} times  cell\n"
    )
    began = due = time.monotonic()
    slowest_of_all = 0.0
    settled = 0.0
    while True:
        now = time.monotonic()
        if now >= due:
            memory, threads, files = measured(process)
            settled = settled or (memory if now - began >= 2 * HALF_MINUTE else 0.0)
            times, cells.times = cells.times, []
            median = statistics.median(took for took, _ in times) if times else 0.0
            slowest, code = max(times, default=(0.0, ""))
            if now - began >= 2 * HALF_MINUTE:
                slowest_of_all = max(slowest_of_all, slowest / median)
            ratio = slowest / median if median else 0
            out.write(
                f"{(now - began) / 60:>6.1f} {memory:>7.1f} {threads:>7} {files:>5} {len(times):>6} {cells.forms:>5}"
                f" {median * 1000:>9.1f} {slowest * 1000:>8.1f} {ratio:>5.1f}  {code[:60]}\n"
            )
            out.flush()
            due += HALF_MINUTE
            if now - began >= minutes * 60:
                break
        next(work)
        time.sleep(max(0.0, ROUND - (time.monotonic() - now)))
    grown = measured(process)[0] - settled
    out.write(f"after the first minute: {grown:+.1f} MB, the slowest cell {slowest_of_all:.1f} times the median of its half minute\n")


def main() -> None:
    """Run a kernel for so many minutes."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("minutes", type=float, nargs="?", default=10)
    options.add_argument("--bare", action="store_true", help="without the extension")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_kernel(Path(folder), {"ZENSECRETS_PASSPHRASE": secrets.token_hex()}) as kernel:
        cells = Cells(kernel)
        soak(kernel, given.minutes, (bare if given.bare else guarded)(cells), cells, sys.stdout)


if __name__ == "__main__":
    main()
