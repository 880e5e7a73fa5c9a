"""Benchmarks of the redactor and its peers: nbmask, Airflow's masker, and a loop of ``str.replace``.

Budgets: 8 ms for 1 MB with 1,000 secrets, 2 µs for a message of one line, 100 ms to protect 1,000 values one after the other, 40 ms for 1
MB of encoded text, 1 s for a value of 64 KiB in one line. Our redactor finds a value in all encodings. nbmask and ``str.replace`` find
only the value itself, and Airflow's masker also its ``repr``. nbmask and Airflow use one regular expression of all values. Airflow's
masker is read from the wheel of its task SDK, because an installation of the SDK would add a hundred packages.
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

AIRFLOW = "apache-airflow-task-sdk==1.3.2"
LINE = "Epoch 12/100, loss 0.1234, accuracy 0.9876, and the rest of eighty characters.\n"
MESSAGE = json.dumps({"name": "stdout", "text": LINE * 2}).encode()
"""The content of a message, without its headers."""
MEGABYTE = (LINE * 13_000)[: 1 << 20]


def values(count: int) -> list[str]:
    """Return values like those that services create, of letters, digits and signs."""
    return [secrets.token_urlsafe(30) for _ in range(count)]


def ours(protected: list[str]) -> Callable[[str], str]:
    """Return the method of our redactor, after a warm-up."""
    redactor = Redactor()
    for number, value in enumerate(protected):
        redactor.protect(value, f"secret{number}.key")
    for _ in range(5):
        redactor.redact(MEGABYTE)
        redactor.redact(MEGABYTE * (1 + len(protected) // 10_000))
    return redactor.redact


def with_nbmask(protected: list[str]) -> Callable[[str], str]:
    """Return the function of nbmask."""
    nbmask.SECRETS.clear()
    nbmask.SECRETS.update(protected)
    nbmask.get_pattern.cache_clear()
    nbmask.masked_text("warm")
    masked_text: Callable[[str], str] = nbmask.masked_text
    return masked_text


def with_replace(protected: list[str]) -> Callable[[str], str]:
    """Return a function that calls ``str.replace`` for each value."""

    def redact(text: str) -> str:
        for value in protected:
            text = text.replace(value, "***")
        return text

    return redact


@pytest.fixture(scope="session")
def airflow(pytestconfig: pytest.Config) -> Any:
    """Return the module of Airflow's masker; its wheel is downloaded once, to pytest's cache."""
    assert pytestconfig.cache is not None
    folder: Path = pytestconfig.cache.mkdir("airflow")
    if not list(folder.glob("*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), AIRFLOW]
        subprocess.run(command, check=True, timeout=300)
    member = "airflow/sdk/_shared/secrets_masker/secrets_masker.py"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extract(member, folder)
    spec = importlib.util.spec_from_file_location("airflow_secrets_masker", folder / member)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def with_airflow(airflow: Any, protected: list[str]) -> Callable[[str], str]:
    """Return the method of Airflow's masker, whose pattern is compiled once for all values."""
    masker = airflow.SecretsMasker()
    masker.add_mask(protected)
    redact: Callable[[str], str] = masker.redact
    return redact


def timed(benchmark: BenchmarkFixture, run: Callable[..., Any], *arguments: Any, rounds: int) -> Any:
    """Return the result of ``run``, after the given number of rounds with one call each."""
    return benchmark.pedantic(run, arguments, rounds=rounds)  # type: ignore[no-untyped-call] # pytest-benchmark has no types there


PEERS = ("zensecrets", "airflow", "nbmask", "str.replace")


def redacting(peer: str, airflow: Any, protected: list[str]) -> Callable[[str], str]:
    """Return a peer's function for protected values."""
    makers: dict[str, Callable[[list[str]], Callable[[str], str]]] = {
        "zensecrets": ours,
        "airflow": partial(with_airflow, airflow),
        "nbmask": with_nbmask,
        "str.replace": with_replace,
    }
    return makers[peer](protected)


@pytest.mark.benchmark(group="redact 1 MB, 1,000 secrets")
@pytest.mark.parametrize("peer", PEERS)
def test_a_megabyte(benchmark: BenchmarkFixture, airflow: Any, peer: str) -> None:
    """A megabyte of output without a value is redacted: budget 8 ms."""
    redact = redacting(peer, airflow, values(1000))
    rounds = 20 if peer == "zensecrets" else 1
    assert timed(benchmark, redact, MEGABYTE, rounds=rounds) == MEGABYTE


@pytest.mark.benchmark(group="redact 80 characters, 1,000 secrets")
@pytest.mark.parametrize("peer", PEERS)
def test_a_line(benchmark: BenchmarkFixture, airflow: Any, peer: str) -> None:
    """A line of output is redacted: budget 2 µs."""
    redact = redacting(peer, airflow, values(1000))
    assert benchmark(redact, LINE) == LINE


@pytest.mark.benchmark(group="look at a message of 200 bytes")
@pytest.mark.parametrize("count", [10, 1000])
def test_a_message(benchmark: BenchmarkFixture, count: int) -> None:
    """The fast check of a serialized message, which is enough for most messages: budget 2 µs."""
    redactor: Redactor = ours(values(count)).__self__  # type: ignore[attr-defined] # A bound method has this attribute
    assert benchmark(redactor.json_may_contain_value, MESSAGE) is False


@pytest.mark.benchmark(group="protect values one after the other, a line redacted after each")
@pytest.mark.parametrize(("peer", "count"), [("zensecrets", 1000), ("zensecrets", 100), ("airflow", 100), ("nbmask", 100)])
def test_protect(benchmark: BenchmarkFixture, airflow: Any, peer: str, count: int) -> None:
    """New values are protected one after the other: budget 100 ms for 1,000. The peers compile a pattern for each value."""
    new = values(count)

    def protect_with_ours() -> None:
        redactor = Redactor()
        for value in new:
            redactor.protect(value, "a.b")
            redactor.redact(LINE)

    def protect_with_airflow() -> None:
        masker = airflow.SecretsMasker()
        for value in new:
            masker.add_mask(value)
            masker.redact(LINE)

    def protect_with_nbmask() -> None:
        nbmask.SECRETS.clear()
        for value in new:
            nbmask.SECRETS.add(value)
            nbmask.get_pattern.cache_clear()
            nbmask.masked_text(LINE)

    makers = {"zensecrets": protect_with_ours, "airflow": protect_with_airflow, "nbmask": protect_with_nbmask}
    # The peers run once, because ``re`` caches compiled patterns.
    timed(benchmark, makers[peer], rounds=5 if peer == "zensecrets" else 1)


@pytest.mark.parametrize("size", [1 << 10, 1 << 20, 100 << 20], ids=["1 KB", "1 MB", "100 MB"])
def test_growth_by_text(benchmark: BenchmarkFixture, size: int) -> None:
    """A text of 1 KB, 1 MB or 100 MB is redacted with a thousand secrets."""
    benchmark.group = "redact with 1,000 secrets, by the length of the text"
    redact = ours(values(1000))
    text = (MEGABYTE * (size // len(MEGABYTE) + 1))[:size]
    assert timed(benchmark, redact, text, rounds=max(2, min(1000, (100 << 20) // size // 4))) is text


@pytest.mark.parametrize("count", [10, 1000, 100_000])
def test_growth_by_secrets(benchmark: BenchmarkFixture, count: int) -> None:
    """A megabyte is redacted with 10, 1,000 or 100,000 secrets."""
    benchmark.group = "redact 1 MB, by the number of secrets"
    redact = ours(values(count))
    assert timed(benchmark, redact, MEGABYTE, rounds=10) is MEGABYTE


@pytest.mark.benchmark(group="a stream of lines, 1,000 secrets")
@pytest.mark.parametrize("line", [LINE, LINE.rstrip("\n")], ids=["with line ends", "without"])
def test_stream(benchmark: BenchmarkFixture, line: str) -> None:
    """A line is fed to a stream. Without a line end, the stream checks whether a value begins there."""
    stream = ours(values(1000)).__self__.stream()  # type: ignore[attr-defined] # A bound method has this attribute
    benchmark(stream.feed, line)


@pytest.mark.benchmark(group="mask 10,000 values in 1 MB")
def test_a_text_full_of_values(benchmark: BenchmarkFixture) -> None:
    """An output with a value in every line is masked."""
    protected = values(1000)
    redact = ours(protected)
    text = "".join(f"{number:06} {protected[number % 1000]} and more of a line\n" for number in range(10_000))
    shown = timed(benchmark, redact, text, rounds=3)
    assert shown.count("‹secret:") == 10_000


ENCODED: dict[str, Callable[[], str]] = {
    "base64": lambda: base64.b64encode(secrets.token_bytes(3 << 18)).decode(),
    "hexadecimal": lambda: secrets.token_hex(1 << 19),
    "escapes": lambda: "".join(f"\\x{byte:02x}" for byte in secrets.token_bytes(1 << 18)),
    "JSON": lambda: json.dumps('caf\u00e9\n"an ordinary line" of text\n' * 21_000)[: 1 << 20],
}


@pytest.mark.benchmark(group="redact 1 MB that has to be decoded, 1,000 secrets")
@pytest.mark.parametrize("kind", ENCODED)
def test_decoding(benchmark: BenchmarkFixture, kind: str) -> None:
    """A megabyte of digits or of escape sequences is redacted: budget 40 ms."""
    text = ENCODED[kind]()
    assert timed(benchmark, ours(values(1000)), text, rounds=10) == text


@pytest.mark.benchmark(group="redact the library of JavaScript that plotly shows in a notebook, 4.8 MB, 1,000 secrets")
def test_a_script(benchmark: BenchmarkFixture) -> None:
    """A script that looks encoded in many positions is redacted, as in the first cell with a figure."""
    text = get_plotlyjs()
    assert timed(benchmark, ours(values(1000)), text, rounds=3) == text


LONG = 1 << 16
LONG_VALUES: dict[str, Callable[[int], str]] = {
    "letters": lambda size: secrets.token_urlsafe(size)[:size],
    "base64": lambda size: base64.b64encode(secrets.token_bytes(size * 3 // 4)).decode(),
    "words": lambda size: " ".join(secrets.token_hex(3) for _ in range(size // 7)),
    "signs": lambda size: "".join(secrets.choice("!@#$%^&*()[]{}<>|;:,.?/~`'\\\"") for _ in range(size)),
    "JSON": lambda size: json.dumps({f"key{number}": secrets.token_hex(20) for number in range(size // 55)}),
    "escapes": lambda size: "\\n".join(secrets.token_urlsafe(45) for _ in range(size // 62)),
}


@pytest.mark.benchmark(group="protect a value and mask it")
@pytest.mark.parametrize("size", [1 << 10, LONG])
@pytest.mark.parametrize("kind", LONG_VALUES)
def test_a_long_value(benchmark: BenchmarkFixture, kind: str, size: int) -> None:
    """A value of 64 KiB in one line is protected and printed: budget 1 s."""

    def protect_and_mask(value: str) -> str:
        redactor = Redactor()
        assert redactor.protect(value, "a.key")
        return redactor.redact(f"it is {value}")

    assert timed(benchmark, protect_and_mask, LONG_VALUES[kind](size), rounds=3).startswith("it is \u2039secret:a.key\u203a")
