"""Benchmarks of a pipeline with 100 small steps, compared with plain functions.

The functions run without and with a pickle of each result. The time of one step is a hundredth of the measured time. The budget for a step
is the time of a function plus 5 ms.
"""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.core.steps import Step, StepContext, get_step_context, pipeline, step

STEPS = 100
numbers = itertools.count(1)


@step
def increase(n: int) -> int:
    """Return the next number."""
    return n + 1


@step(enable_cache=False)
def increase_uncached(n: int) -> int:
    """Return the next number, without the cache."""
    return n + 1


@step(enable_cache=True, settings={"url": "https://{{service.token}}@host"}, secrets=["service"])
def increase_with_secrets(n: int, context: StepContext) -> int:
    """Return the next number, and read a secret in three ways."""
    context.stack.secrets_manager.get_secret("service")
    return n + bool(get_step_context().settings.url)


def _chain(repeated: Step[int]) -> Callable[[int], object]:
    @pipeline
    def chain(n: int) -> None:
        for _ in range(STEPS):
            n = repeated(n)

    return chain


def _functions(tmp_path: Path, *, with_pickles: bool) -> Callable[[int], object]:
    def run(n: int) -> int:
        for number in range(STEPS):
            n = increase.entrypoint(n)
            if with_pickles:
                (tmp_path / str(number)).write_bytes(cloudpickle.dumps(n))
        return n

    return run


@pytest.mark.parametrize(
    "kind", ["functions", "functions and pickles", "steps, not cached", "steps, new in the cache", "steps, in the cache", "with secrets"]
)
@pytest.mark.benchmark(group="100 steps")
def test_steps(benchmark: BenchmarkFixture, tmp_path: Path, capfd: Any, kind: str) -> None:
    """A pipeline runs 100 steps, each with the output of the previous step."""
    manager = Client().secrets_manager
    manager.register_secret(ArbitrarySecretSchema(name="service", arbitrary_kv_pairs={"token": "a-token-for-the-benchmark"}))
    runs: dict[str, Callable[[int], object]] = {
        "functions": _functions(tmp_path, with_pickles=False),
        "functions and pickles": _functions(tmp_path, with_pickles=True),
        "steps, not cached": _chain(increase_uncached),
        "steps, new in the cache": _chain(increase),
        "steps, in the cache": _chain(increase),
        "with secrets": _chain(increase_with_secrets),
    }
    run = runs[kind]
    run(0)
    # With the same input a step is in the cache; with a new input it is not.
    width = 0 if kind == "steps, in the cache" else STEPS
    benchmark(lambda: run(width * next(numbers)))
