"""The context of a step: its outputs, materializers and secrets."""

import concurrent.futures
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.support.error_texts import is_one_line
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import StepContextError
from zensecrets_jupyter.core.steps import BaseMaterializer, StepContext, get_step_context, pipeline, step
from zensecrets_jupyter.core.steps.artifacts.materializers import PickleMaterializer

TwoOutputs = tuple[Annotated[int, "first"], Annotated[int, "second"]]


@step
def no_outputs(method: str, name: str | None, context: StepContext) -> None:
    """Call a method of a context without outputs."""
    getattr(context, method)(name)


@step
def one_output(method: str, name: str | None, context: StepContext) -> Any:
    """Call a method of a context with one output."""
    return getattr(context, method)(name)


@step
def two_outputs(method: str, name: str | None, context: StepContext) -> TwoOutputs:
    """Call a method of a context with two outputs."""
    return getattr(context, method)(name), 2


METHODS = ["get_output_artifact_uri", "get_output_materializer"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("called_step", "name", "error_text"),
    [
        (no_outputs, None, "has no outputs"),
        (no_outputs, "output", "has no outputs"),
        (one_output, "outptu", "has no output 'outptu'. Did you mean 'output'"),
        (two_outputs, None, "several outputs. Give the name of one: first, second"),
        (two_outputs, "third", "has no output 'third'"),
    ],
)
def test_an_ambiguous_or_unknown_output_is_refused(
    client: Client, method: str, called_step: Any, name: str | None, error_text: str
) -> None:
    """The name of an unknown output is refused. If a step has several outputs, a call without a name is refused."""
    with pytest.raises(StepContextError, match=error_text) as caught:
        called_step(method, name)
    assert is_one_line(caught.value)


def test_the_uri_of_an_output_is_its_private_folder(client: Client) -> None:
    """A step can write a file to the folder of an output, which is private."""

    @step
    def my_step(context: StepContext) -> TwoOutputs:
        Path(context.get_output_artifact_uri("second"), "model.txt").write_text("mine")
        return 1, 2

    @pipeline
    def my_pipeline() -> None:
        my_step()

    run = my_pipeline()
    folder = Path(run.steps["my_step"].outputs["second"].uri)
    assert folder.is_relative_to(client.workspace.home / "artifact_stores")
    assert (folder / "model.txt").read_text() == "mine"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert run.steps["my_step"].outputs["second"].load() == 2


def test_the_context_returns_the_materializer_of_an_output(client: Client) -> None:
    """``get_output_materializer`` returns the default, the configured or the requested materializer."""

    class ConfiguredMaterializer(PickleMaterializer):
        """The materializer of one output."""

    class RequestedMaterializer(BaseMaterializer):
        """A materializer that the step requests from the context."""

    @step(output_materializers={"second": ConfiguredMaterializer})
    def my_step(context: StepContext) -> TwoOutputs:
        # The fourth call has ZenML's names of the arguments, and the fifth call the shorter names of this package.
        materializers = [
            context.get_output_materializer("first"),
            context.get_output_materializer("second"),
            context.get_output_materializer("first", RequestedMaterializer),
            context.get_output_materializer(output_name="first", custom_materializer_class=RequestedMaterializer),
            context.get_output_materializer(name="first", custom=RequestedMaterializer),
        ]
        assert [type(materializer) for materializer in materializers] == [
            PickleMaterializer,
            ConfiguredMaterializer,
            RequestedMaterializer,
            RequestedMaterializer,
            RequestedMaterializer,
        ]
        assert context.get_output_artifact_uri(output_name="first") == context.get_output_artifact_uri(name="first")
        assert materializers[0].artifact.uri == context.get_output_artifact_uri("first") == materializers[2].artifact.uri
        return 1, 2

    assert my_step() == (1, 2)


def test_the_repr_of_a_context_has_only_names(client: Client) -> None:
    """The ``repr`` of a context contains only the names of the step and the stack."""

    @step
    def my_step(context: StepContext) -> str:
        return repr(context)

    assert my_step() == "<StepContext of step 'my_step' on stack 'default'>"


def test_a_thread_reads_secrets_through_a_passed_context(client: Client, set_new_value: Callable[..., str]) -> None:
    """A thread has no context of its own, but can use the context that the step passes to it."""
    value = set_new_value("token")

    def read(context: StepContext) -> bool:
        with pytest.raises(StepContextError, match="Pass the context"):
            get_step_context()
        return context.stack.secrets_manager.get_secret("token").value("key") == value

    @step
    def my_step(context: StepContext) -> list[bool]:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(read, [context] * 8))

    assert my_step() == [True] * 8
