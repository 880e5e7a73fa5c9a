"""Benchmarks of a pipeline with 100 small steps, compared with plain functions.

Because a step stores its result in a file, the functions are measured twice: without and with a file for each result. Each measured time is
that of 100 steps or functions, so the time of one is a hundredth of it. The budget for a step is the time of a function plus 5 ms.
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
"""Numbers of the measured runs. The number 0 is the run before the measurement."""


@step
def increase(n: int) -> int:
    """Return ``n + 1``."""
    return n + 1


@step(enable_cache=False)
def increase_uncached(n: int) -> int:
    """Return ``n + 1``; the step is never taken from the cache."""
    return n + 1


@step(enable_cache=True, settings={"url": "https://{{service.token}}@host"}, secrets=["service"])
def increase_with_secrets(n: int, context: StepContext) -> int:
    """Return ``n + 1``, and use a secret in three ways.

    The ways are the argument ``secrets``, a reference in ``settings``, and the secrets manager.
    """
    context.stack.secrets_manager.get_secret("service")
    # The setting is not empty, so its `bool` is 1.
    return n + bool(get_step_context().settings.url)


def _pipeline_of(repeated_step: Step[int]) -> Callable[[int], object]:
    """Return a pipeline that runs a step a hundred times, each time with the output of the previous step."""

    @pipeline
    def chain(n: int) -> None:
        for _ in range(STEP_COUNT):
            n = repeated_step(n)

    return chain


def _function_calls(tmp_path: Path, *, with_pickles: bool) -> Callable[[int], object]:
    """Return a function that calls the function of a step a hundred times.

    If ``with_pickles`` is true, it also stores each result in a file, as a step does.
    """

    def run(n: int) -> int:
        for number in range(STEP_COUNT):
            # This attribute is the decorated function.
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
    # This run fills the cache, and imports modules.
    run(0)
    # A step is in the cache if it had the same input before. In the run that starts with 0, the steps have the inputs 0 to 99. A run that
    # starts with another multiple of 100 has only new inputs.
    input_distance = 0 if case == "steps, in the cache" else STEP_COUNT
    benchmark(lambda: run(input_distance * next(run_numbers)))
