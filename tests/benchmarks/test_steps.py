"""Benchmarks of a pipeline with 100 small steps, compared with plain functions.

The functions run without and with a file for each result, because a step stores its result too. The time of one step is a hundredth of the
measured time. The budget for a step is the time of a function plus 5 ms.
"""

import itertools
from collections.abc import Callable
from pathlib import Path

import cloudpickle
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.core.steps import Step, StepContext, get_step_context, pipeline, step

STEP_COUNT = 100
run_numbers = itertools.count(1)


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


def _pipeline_of(repeated_step: Step[int]) -> Callable[[int], object]:
    """Return a pipeline that runs a step a hundred times, each time with the output of the previous step."""

    @pipeline
    def chain(n: int) -> None:
        for _ in range(STEP_COUNT):
            n = repeated_step(n)

    return chain


def _function_calls(tmp_path: Path, *, with_pickles: bool) -> Callable[[int], object]:
    """Return a function that calls the function of a step a hundred times, and may store each result."""

    def run(n: int) -> int:
        for number in range(STEP_COUNT):
            n = increase.entrypoint(n)
            if with_pickles:
                (tmp_path / str(number)).write_bytes(cloudpickle.dumps(n))
        return n

    return run


@pytest.mark.parametrize(
    "case", ["functions", "functions and pickles", "steps, not cached", "steps, new in the cache", "steps, in the cache", "with secrets"]
)
@pytest.mark.benchmark(group="100 steps")
@pytest.mark.usefixtures("capfd")  # The output of the steps must not reach the terminal.
def test_steps(benchmark: BenchmarkFixture, tmp_path: Path, case: str) -> None:
    """A pipeline runs 100 steps, or a function is called 100 times."""
    manager = Client().secrets_manager
    manager.register_secret(ArbitrarySecretSchema(name="service", arbitrary_kv_pairs={"token": "a-token-for-the-benchmark"}))
    runs: dict[str, Callable[[int], object]] = {
        "functions": _function_calls(tmp_path, with_pickles=False),
        "functions and pickles": _function_calls(tmp_path, with_pickles=True),
        "steps, not cached": _pipeline_of(increase_uncached),
        "steps, new in the cache": _pipeline_of(increase),
        "steps, in the cache": _pipeline_of(increase),
        "with secrets": _pipeline_of(increase_with_secrets),
    }
    run = runs[case]
    run(0)
    # A step is in the cache if it had the same input before. A run increases its input by 100, so with multiples of 100 all inputs of a
    # run are new.
    input_distance = 0 if case == "steps, in the cache" else STEP_COUNT
    benchmark(lambda: run(input_distance * next(run_numbers)))
