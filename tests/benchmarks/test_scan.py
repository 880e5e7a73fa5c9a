"""Benchmarks of the scan of notebooks, compared with detect-secrets.

By default 50 notebooks are searched for 1,000 values. The environment variable ``ZENSECRETS_BENCHMARK_NOTEBOOKS`` sets another number of
notebooks. A picture takes a quarter of the size of each notebook, as in notebooks that people commit.
"""

from __future__ import annotations

import base64
import os
import random
import secrets
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from zensecrets_jupyter.scan.fingerprints.file_format import export
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher
from zensecrets_jupyter.scan.matchers import ValueMatcher
from zensecrets_jupyter.scan.scanner import Scanner

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture


NOTEBOOK_COUNT = int(os.environ.get("ZENSECRETS_BENCHMARK_NOTEBOOKS", "50"))
# The searched values, by the names in the findings.
VALUES = {f"secret{number}.key": secrets.token_urlsafe(30) for number in range(1000)}
WORDS = ("for row in frame the value of model.fit(x, y) and import numpy as np plot loss = 0.125 epoch accuracy <td> </td> # shows").split()  # noqa: SIM905 - one string is easier to read than a list of words


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of notebooks of about 100 kB; one notebook in ten contains a value."""
    folder = tmp_path_factory.mktemp("notebooks")
    generator = random.Random(1)  # noqa: S311 - the notebooks must be the same each time, and need no secure random numbers
    for number in range(NOTEBOOK_COUNT):
        cells = []
        for _ in range(20):
            markdown = " ".join(generator.choices(WORDS, k=300))
            table = "\n".join(" ".join(generator.choices(WORDS, k=12)) for _ in range(30))
            outputs = [new_output("stream", name="stdout", text=table)]
            cells += [new_markdown_cell(markdown), new_code_cell(table, outputs=outputs)]
        # The beginning of a PNG file and random bytes: the scan needs no valid picture.
        picture = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + generator.randbytes(19_000)).decode()
        cells[1].outputs.append(new_output("display_data", {"image/png": picture}))
        if number % 10 == 0:
            cells[3].source += f"\nkey = '{generator.choice(list(VALUES.values()))}'"
        nbformat.write(new_notebook(cells=cells), folder / f"{number}.ipynb")
    return folder


def _record_speed(benchmark: BenchmarkFixture, folder: Path) -> None:
    """Add the speed of the fastest round, in MB per second, to the results."""
    assert benchmark.stats is not None
    megabytes = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    benchmark.extra_info["MB/s"] = round(megabytes / benchmark.stats.stats.min, 2)


def _value_matcher() -> ValueMatcher:
    """Return a matcher of all values in ``VALUES``."""
    matcher = ValueMatcher()
    for name, value in VALUES.items():
        matcher.add(value, name)
    return matcher


@pytest.mark.benchmark(group="scan", min_rounds=3)
def test_known_values(benchmark: BenchmarkFixture, folder: Path) -> None:
    """The scan knows the plaintext of all values; the budget is 50 MB/s.

    It searches for all encodings of the values.
    """
    scanner = Scanner(_value_matcher())
    report = benchmark(scanner.scan, [str(folder)])
    assert len(report.findings) == NOTEBOOK_COUNT // 10
    _record_speed(benchmark, folder)


@pytest.mark.benchmark(group="scan", min_rounds=1, max_time=1)
def test_fingerprints(benchmark: BenchmarkFixture, folder: Path) -> None:
    """The scan knows only the fingerprints of the values: hashes, without plaintext."""
    fingerprint_text, _ = export((value, name) for name, value in VALUES.items())
    # The name of the file, "f", would be in an error message.
    scanner = Scanner(FingerprintMatcher(fingerprint_text, "f"))
    report = benchmark.pedantic(scanner.scan, [[str(folder)]], rounds=1)
    assert len(report.findings) == NOTEBOOK_COUNT // 10
    _record_speed(benchmark, folder)


@pytest.mark.benchmark(group="scan", min_rounds=1)
def test_detect_secrets(benchmark: BenchmarkFixture, folder: Path) -> None:
    """For comparison, detect-secrets scans the files with all its detectors."""
    from detect_secrets.core.secrets_collection import SecretsCollection
    from detect_secrets.settings import default_settings

    def scan() -> None:
        collection = SecretsCollection()
        with default_settings():
            for path in folder.iterdir():
                collection.scan_file(str(path))

    benchmark.pedantic(scan, rounds=1)
    _record_speed(benchmark, folder)
