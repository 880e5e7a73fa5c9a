"""Benchmarks of redaction, compared with the maskers of nbmask and Airflow, and with a loop of ``str.replace``.

The budgets are 8 ms for 1 MB with 1,000 secrets, 2 µs for a line, 100 ms for 1,000 values that are added one after another, 40 ms for 1 MB
that must be decoded, and 1 s to protect and mask a value of 64 KiB. Our redactor searches for all encodings of a value. The other maskers
search for the plain value, and Airflow's masker also for the ``repr`` of the value. The benchmarks extract the module of Airflow's masker
from the wheel of Airflow's task SDK, because an installation of the SDK installs a hundred packages.

In this module, a masker is a function that returns a text with masked values.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import secrets
import subprocess
import sys
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

import nbmask
import pytest
from plotly.offline import get_plotlyjs

from zensecrets_jupyter.core.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

AIRFLOW_REQUIREMENT = "apache-airflow-task-sdk==1.3.2"
LINE = "Epoch 12/100, loss 0.1234, accuracy 0.9876, and the rest of eighty characters.\n"
MESSAGE = json.dumps({"name": "stdout", "text": LINE * 2}).encode()
"""The content of a Jupyter message, without its headers, because the guard does not search these."""
MEGABYTE = (LINE * 13_000)[: 1 << 20]


def random_values(count: int) -> list[str]:
    """Return ``count`` random values of letters, digits, ``-`` and ``_``."""
    return [secrets.token_urlsafe(30) for _ in range(count)]


def indexed_redactor(values: list[str]) -> Redactor:
    """Return a redactor that has built its index of the values.

    A redactor builds the index in steps, while it redacts the first texts.
    """
    redactor = Redactor()
    for number, value in enumerate(values):
        redactor.protect(value, f"secret{number}.key")
    # Five rounds are enough for all steps. More values need more text.
    for _ in range(5):
        redactor.redact(MEGABYTE)
        redactor.redact(MEGABYTE * (1 + len(values) // 10_000))
    return redactor


def zensecrets_masker(values: list[str]) -> Callable[[str], str]:
    """Return the method of our redactor that masks the values in a text."""
    return indexed_redactor(values).redact


def nbmask_masker(values: list[str]) -> Callable[[str], str]:
    """Return the function of nbmask that masks the values in a text.

    The set of values is a global variable of nbmask.
    """
    nbmask.SECRETS.clear()
    nbmask.SECRETS.update(values)
    nbmask.get_pattern.cache_clear()
    # The first call compiles the pattern.
    nbmask.masked_text("warm-up")
    masked_text: Callable[[str], str] = nbmask.masked_text
    return masked_text


def replace_masker(values: list[str]) -> Callable[[str], str]:
    """Return a function that replaces each value with ``str.replace``."""

    def redact(text: str) -> str:
        for value in values:
            text = text.replace(value, "***")
        return text

    return redact


@pytest.fixture(scope="session")
def airflow(pytestconfig: pytest.Config) -> Any:
    """Return the module of Airflow's masker.

    The wheel with the module is downloaded once into pytest's cache.
    """
    assert pytestconfig.cache is not None
    folder: Path = pytestconfig.cache.mkdir("airflow")
    if not list(folder.glob("*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), AIRFLOW_REQUIREMENT]
        subprocess.run(command, check=True, timeout=300)
    module_path = "airflow/sdk/_shared/secrets_masker/secrets_masker.py"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extract(module_path, folder)
    spec = importlib.util.spec_from_file_location("airflow_secrets_masker", folder / module_path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def airflow_masker(airflow: Any, values: list[str]) -> Callable[[str], str]:
    """Return the method of Airflow's masker that masks the values in a text.

    All values are added at once, so that the masker compiles its pattern only once.
    """
    masker = airflow.SecretsMasker()
    masker.add_mask(values)
    redact: Callable[[str], str] = masker.redact
    return redact


def measure_rounds(benchmark: BenchmarkFixture, function: Callable[..., Any], *arguments: Any, rounds: int) -> Any:
    """Measure ``rounds`` calls of a function, and return its result."""
    return benchmark.pedantic(function, arguments, rounds=rounds)


MASKERS = ("zensecrets", "airflow", "nbmask", "str.replace")


def redact_function(masker: str, airflow: Any, values: list[str]) -> Callable[[str], str]:
    """Return the function of a masker that masks the values in a text.

    Args:
        masker: One of ``MASKERS``.
        airflow: The module of Airflow's masker.
        values: The values.
    """
    makers: dict[str, Callable[[list[str]], Callable[[str], str]]] = {
        "zensecrets": zensecrets_masker,
        "airflow": partial(airflow_masker, airflow),
        "nbmask": nbmask_masker,
        "str.replace": replace_masker,
    }
    return makers[masker](values)


@pytest.mark.benchmark(group="redact 1 MB, 1,000 secrets")
@pytest.mark.parametrize("masker", MASKERS)
def test_a_megabyte(benchmark: BenchmarkFixture, airflow: Any, masker: str) -> None:
    """Redact a megabyte of output that contains no value; the budget is 8 ms."""
    redact = redact_function(masker, airflow, random_values(1000))
    # The other maskers are so slow that one round takes long enough to be measured.
    rounds = 20 if masker == "zensecrets" else 1
    assert measure_rounds(benchmark, redact, MEGABYTE, rounds=rounds) == MEGABYTE


@pytest.mark.benchmark(group="redact 80 characters, 1,000 secrets")
@pytest.mark.parametrize("masker", MASKERS)
def test_a_line(benchmark: BenchmarkFixture, airflow: Any, masker: str) -> None:
    """Redact a line of output that contains no value; the budget is 2 µs."""
    redact = redact_function(masker, airflow, random_values(1000))
    assert benchmark(redact, LINE) == LINE


@pytest.mark.benchmark(group="check a message of 200 bytes")
@pytest.mark.parametrize("count", [10, 1000])
def test_a_message(benchmark: BenchmarkFixture, count: int) -> None:
    """Check whether a message may contain a value; the budget is 2 µs.

    The guard searches a message completely only if the result of this quick check is true.
    """
    redactor = indexed_redactor(random_values(count))
    assert benchmark(redactor.json_may_contain_value, MESSAGE) is False


@pytest.mark.benchmark(group="protect values one after another, and redact a line after each")
@pytest.mark.parametrize(("masker", "count"), [("zensecrets", 1000), ("zensecrets", 100), ("airflow", 100), ("nbmask", 100)])
def test_protect(benchmark: BenchmarkFixture, airflow: Any, masker: str, count: int) -> None:
    """Add values one after another, and redact a line after each.

    The budget is 100 ms for 1,000 values.
    After each new value, the other maskers compile a new pattern of all values. So they get only 100 values.
    """
    new_values = random_values(count)

    def protect_with_zensecrets() -> None:
        redactor = Redactor()
        for value in new_values:
            redactor.protect(value, "a.b")
            redactor.redact(LINE)

    def protect_with_airflow() -> None:
        masker = airflow.SecretsMasker()
        for value in new_values:
            masker.add_mask(value)
            masker.redact(LINE)

    def protect_with_nbmask() -> None:
        nbmask.SECRETS.clear()
        for value in new_values:
            nbmask.SECRETS.add(value)
            nbmask.get_pattern.cache_clear()
            nbmask.masked_text(LINE)

    functions = {"zensecrets": protect_with_zensecrets, "airflow": protect_with_airflow, "nbmask": protect_with_nbmask}
    # The other maskers run only once, because the cache of the re module would make a second round faster.
    measure_rounds(benchmark, functions[masker], rounds=5 if masker == "zensecrets" else 1)


@pytest.mark.parametrize("size", [1 << 10, 1 << 20, 100 << 20], ids=["1 KB", "1 MB", "100 MB"])
def test_growth_by_text(benchmark: BenchmarkFixture, size: int) -> None:
    """Redact texts of 1 KB, 1 MB and 100 MB with 1,000 secrets."""
    benchmark.group = "redact with 1,000 secrets, by the length of the text"
    redact = zensecrets_masker(random_values(1000))
    text = (MEGABYTE * (size // len(MEGABYTE) + 1))[:size]
    # All rounds together redact 25 MB, but there are at least two rounds and at most a thousand.
    rounds = max(2, min(1000, (25 << 20) // size))
    # If a text contains no value, the redactor returns the same object.
    assert measure_rounds(benchmark, redact, text, rounds=rounds) is text


@pytest.mark.parametrize("count", [10, 1000, 100_000])
def test_growth_by_secrets(benchmark: BenchmarkFixture, count: int) -> None:
    """Redact a megabyte with 10, 1,000 and 100,000 secrets."""
    benchmark.group = "redact 1 MB, by the number of secrets"
    redact = zensecrets_masker(random_values(count))
    assert measure_rounds(benchmark, redact, MEGABYTE, rounds=10) is MEGABYTE


@pytest.mark.benchmark(group="a stream of lines, 1,000 secrets")
@pytest.mark.parametrize("line", [LINE, LINE.rstrip("\n")], ids=["with line ends", "without"])
def test_stream(benchmark: BenchmarkFixture, line: str) -> None:
    """Feed a line to a stream.

    If the line has no line end, a value may continue in the next line that is fed. So the stream also checks whether the line ends with the
    beginning of a value.
    """
    stream = indexed_redactor(random_values(1000)).stream()
    benchmark(stream.feed, line)


@pytest.mark.benchmark(group="mask 10,000 values in 1 MB")
def test_a_text_full_of_values(benchmark: BenchmarkFixture) -> None:
    """Redact an output with a value on every line."""
    values = random_values(1000)
    redact = zensecrets_masker(values)
    text = "".join(f"{number:06} {values[number % 1000]} and more of a line\n" for number in range(10_000))
    masked_text = measure_rounds(benchmark, redact, text, rounds=3)
    assert masked_text.count("‹secret:") == 10_000


# The sizes of the random data are such that each encoded text has a megabyte. In base64, for example, 3 bytes become 4 characters.
ENCODED_TEXTS: dict[str, Callable[[], str]] = {
    "base64": lambda: base64.b64encode(secrets.token_bytes(3 << 18)).decode(),
    "hexadecimal": lambda: secrets.token_hex(1 << 19),
    "escapes": lambda: "".join(f"\\x{byte:02x}" for byte in secrets.token_bytes(1 << 18)),
    "JSON": lambda: json.dumps('caf\u00e9\n"an ordinary line" of text\n' * 21_000)[: 1 << 20],
}
"""Functions that return a megabyte of encoded text that contains no value, by the encoding."""


@pytest.mark.benchmark(group="redact 1 MB that must be decoded, 1,000 secrets")
@pytest.mark.parametrize("encoding", ENCODED_TEXTS)
def test_decoding(benchmark: BenchmarkFixture, encoding: str) -> None:
    """Redact a megabyte of encoded text; the budget is 40 ms."""
    text = ENCODED_TEXTS[encoding]()
    assert measure_rounds(benchmark, zensecrets_masker(random_values(1000)), text, rounds=10) == text


@pytest.mark.benchmark(group="redact the JavaScript library of plotly, 4.8 MB, 1,000 secrets")
def test_a_script(benchmark: BenchmarkFixture) -> None:
    """Redact the JavaScript library of plotly. The output of the first figure in a notebook contains it.

    Much of this code looks like encoded text, which the redactor decodes.
    """
    text = get_plotlyjs()
    assert measure_rounds(benchmark, zensecrets_masker(random_values(1000)), text, rounds=3) == text


LONG_VALUES: dict[str, Callable[[int], str]] = {
    "letters": lambda size: secrets.token_urlsafe(size)[:size],
    "base64": lambda size: base64.b64encode(secrets.token_bytes(size * 3 // 4)).decode(),
    "words": lambda size: " ".join(secrets.token_hex(3) for _ in range(size // 7)),
    "signs": lambda size: "".join(secrets.choice("!@#$%^&*()[]{}<>|;:,.?/~`'\\\"") for _ in range(size)),
    "JSON": lambda size: json.dumps({f"key{number}": secrets.token_hex(20) for number in range(size // 55)}),
    "escapes": lambda size: "\\n".join(secrets.token_urlsafe(45) for _ in range(size // 62)),
}
"""Functions that return a value of about the given size, by the characters of the value.

The divisors are the lengths of one part: a word, an entry of the JSON object, or a text with the escape ``\\n`` after it.
"""


@pytest.mark.benchmark(group="protect a value and mask it")
@pytest.mark.parametrize("size", [1 << 10, 1 << 16])
@pytest.mark.parametrize("characters", LONG_VALUES)
def test_a_long_value(benchmark: BenchmarkFixture, characters: str, size: int) -> None:
    """Protect a value and mask it in a line; the budget is 1 s for a value of 64 KiB."""

    def protect_and_mask(value: str) -> str:
        redactor = Redactor()
        assert redactor.protect(value, "a.key")
        return redactor.redact(f"it is {value}")

    redacted_line = measure_rounds(benchmark, protect_and_mask, LONG_VALUES[characters](size), rounds=3)
    assert redacted_line.startswith("it is ‹secret:a.key›")
