"""The step in ZenML's documentation of secrets, with its original code."""

from collections.abc import Callable

import pytest

from zensecrets_jupyter import StepContext, step
from zensecrets_jupyter.core.errors import SecretNotFoundError
from zensecrets_jupyter.core.steps import ExecutionStatus, pipeline

loaded_contents: list[dict[str, str]] = []


@step(enable_cache=True)
def secret_loader(
    context: StepContext,
) -> None:
    """Load the example secret from the secret manager."""
    # Load Secret from active secret manager. This will fail if no secret
    # manager is active or if that secret does not exist.
    retrieved_secret = context.stack.secrets_manager.get_secret("example_secret")

    # retrieved_secret.content will contain a dictionary with all Key-Value
    # pairs within your secret.
    loaded_contents.append(retrieved_secret.content)
    return  # noqa: PLR1711 - the code is copied from ZenML's documentation


@pipeline
def example() -> None:
    """Run the step."""
    secret_loader()


def test_the_documented_step_runs_in_and_outside_a_pipeline(set_new_value: Callable[..., str]) -> None:
    """The step reads all keys, and is cached until the secret changes."""
    loaded_contents.clear()
    value = set_new_value("example_secret")
    assert secret_loader() is None
    assert loaded_contents == [{"key": value}]
    assert type(loaded_contents[0]["key"]) is str
    statuses = [example().steps["secret_loader"].status for _ in range(2)]
    assert statuses == [ExecutionStatus.COMPLETED, ExecutionStatus.CACHED]
    new_value = set_new_value("example_secret")
    assert example().steps["secret_loader"].status is ExecutionStatus.COMPLETED
    assert loaded_contents[-1] == {"key": new_value}
    # The step ran once outside a pipeline, and twice in a pipeline. The cached run did not call it.
    assert len(loaded_contents) == 3


def test_the_documented_step_fails_if_the_secret_does_not_exist(set_new_value: Callable[..., str]) -> None:
    """A missing secret raises SecretNotFoundError with a near miss, in and outside a pipeline.

    Only a secret with a misspelled name exists.
    """
    set_new_value("exmaple_secret")
    for run in (secret_loader, example):
        with pytest.raises(SecretNotFoundError, match="Did you mean 'exmaple_secret'"):
            run()
