"""ZenML's arguments for the decorators, for calls of steps and for runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.error_texts import is_one_line
from zensecrets_jupyter.config import DockerSettings, ResourceSettings, StepRetryConfig
from zensecrets_jupyter.core.errors import MaterializerInterfaceError, RunNotFoundError, StepInterfaceError
from zensecrets_jupyter.core.steps import BaseMaterializer, get_step_context, pipeline, step
from zensecrets_jupyter.core.steps.artifacts.materializers import PickleMaterializer
from zensecrets_jupyter.core.steps.definition.options import PIPELINE_OPTIONS, STEP_OPTIONS
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.client import Client


@step
def make(n: int = 1) -> int:
    """Return a number."""
    return n


def test_all_arguments_of_zenml_are_stored(capsys: pytest.CaptureFixture[str]) -> None:
    """Every argument of ZenML is accepted and stored. An argument without effect prints one line.

    ``STEP_OPTIONS`` maps each argument without effect to the reason. If the reason is empty, no line is printed.
    """
    # Type checkers refuse arguments that are unpacked from a dictionary.
    untyped_step: Any = step
    untyped_pipeline: Any = pipeline
    for name, reason in STEP_OPTIONS.items():
        new_step = untyped_step(**{name: "given"})(make.entrypoint)
        assert (
            new_step.options
            == new_step.configure(**{name: "given"}).options
            == new_step.with_options(**{name: "given"}).options
            == {name: "given"}
        )
        assert capsys.readouterr().err.count("\n") == bool(reason)
    for name in PIPELINE_OPTIONS:
        assert untyped_pipeline(**{name: "given"})(make.entrypoint).options == {name: "given"}
    capsys.readouterr()
    settings = {"docker": DockerSettings(apt_packages=["git"]), "resources": ResourceSettings(gpu_count=1), "own": "x"}
    component_settings = {"orchestrator.vertex": {"synchronous": False}, "experiment_tracker.mlflow": {"nested": True}}
    new_step = step(settings={**settings, **component_settings}, retry=StepRetryConfig(max_retries=3))(make.entrypoint)
    assert (dict(new_step.settings)["own"], dict(new_step.settings)["experiment_tracker.mlflow"]) == ("x", {"nested": True})
    warned_names = [line.partition(" ")[0] for line in capsys.readouterr().err.splitlines()]
    assert warned_names == ["settings['docker']", "settings['resources']", "settings['orchestrator.vertex']"]


def test_unknown_arguments_are_refused() -> None:
    """A misspelled or wrong argument raises a one-line error, which suggests a similar name."""
    untyped_make: Any = make
    wrong_calls: dict[str, Callable[[], Any]] = {
        "'experiment_trackr' for step 'make'. Did you mean 'experiment_tracker'": lambda: step(experiment_trackr="x")(make.entrypoint),
        "'on_sucess' for step 'make'. Did you mean 'on_success'": lambda: untyped_make.with_options(on_sucess=print),
        "'sttings' for pipeline 'make'. Did you mean 'settings'": lambda: pipeline(sttings={})(make.entrypoint),
        "on_failure of step 'make' is a str, which can't be called": lambda: step(on_failure="x")(make.entrypoint),  # type: ignore[call-overload]
        "has no parameter 'm'. It takes n": lambda: untyped_make.configure(parameters={"m": 1}),
    }
    for error_text, call in wrong_calls.items():
        with pytest.raises(StepInterfaceError) as caught:
            call()
        assert error_text in str(caught.value)
        assert is_one_line(caught.value)


def test_with_options_returns_a_copy(client: Client) -> None:
    """``with_options`` does not change the original. Its option ``parameters`` sets defaults of arguments."""
    copied_step = make.with_options(enable_cache=False, parameters={"n": 5})
    assert (copied_step.enable_cache, make.enable_cache, make.parameters) == (False, None, {})
    assert [copied_step(), copied_step(2), make()] == [5, 2, 1]

    @pipeline
    def my_pipeline(n: int = 1) -> None:
        make(n)

    assert my_pipeline.with_options(enable_cache=False).configure(parameters={"n": 3})().steps["make"].output.load() == 3
    assert (my_pipeline.enable_cache, my_pipeline.parameters) == (None, {})


def test_id_names_a_call_and_after_orders_calls(client: Client) -> None:
    """``id`` names a call of a step, and ``after`` orders the calls.

    ``after`` accepts names, outputs, steps and lists of them. A wrong value of either argument raises an error.
    """

    @pipeline
    def ordered() -> None:
        first = make(1, id="first")
        make(2, id="second", after=first)
        make(3, id="third", after=["second", make])
        make(4)

    assert list(ordered().steps) == ["first", "second", "third", "make"]
    wrong_calls = {
        "two steps named 'a'": [{"id": "a"}, {"id": "a"}],
        "'b' can't be put after 'c'": [{"id": "b", "after": "c"}],
        "after an int": [{"after": 7}],
        "can't be named '../up'": [{"id": "../up"}],
    }
    for error_text, calls in wrong_calls.items():

        @pipeline
        def refused_pipeline(calls: Any = calls) -> None:
            for call in calls:
                make(1, **call)

        with pytest.raises(StepInterfaceError, match=error_text) as caught:
            refused_pipeline()
        assert is_one_line(caught.value)


def test_an_input_can_have_the_name_of_an_argument(client: Client) -> None:
    """A step can have inputs named ``id`` and ``after``.

    They replace the arguments of these names.
    """

    @step
    def look(id: int, after: str) -> str:  # noqa: A002 - the test needs an input of this name
        return f"{id} {after}"

    @pipeline
    def my_pipeline() -> None:
        look(id=7, after="x")
        look(8, "y")

    run = my_pipeline()
    assert [run.steps[name].output.load() for name in ("look", "look_2")] == ["7 x", "8 y"]
    assert look(id=1, after="z") == "1 z"


def test_hooks_are_called_after_a_step(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """The hook of a step replaces the hook of the pipeline. If a hook raises an error, only the type of the error is printed."""
    called_hooks: list[str] = []

    def record(error: BaseException) -> None:
        called_hooks.append(type(error).__name__)

    def broken() -> None:
        raise ValueError(canary("hook"))

    @step(enable_cache=False, on_success=broken)
    def fine() -> None: ...

    @step(enable_cache=False, on_failure=record)
    def fails() -> None:
        raise KeyError

    # Of the three steps, only "make" has no hook of its own, so the hook of the pipeline is called once.
    @pipeline(on_success=lambda: called_hooks.append("pipeline"), on_failure=lambda: called_hooks.append("never"))
    def both() -> None:
        fine()
        make()
        fails()

    with pytest.raises(KeyError):
        both()
    assert called_hooks == ["pipeline", "KeyError"]
    assert capsys.readouterr().err == "The hook 'broken' raised ValueError.\n"


def test_each_key_is_a_variable_under_two_names(client: Client, set_new_value: Callable[..., str]) -> None:
    """Each key of a secret is an environment variable in upper case.

    A second variable has the unchanged key as its name, if the key is a valid name. An example of an invalid name is ``some.key``.
    """
    values = {"api_key": set_new_value("service", "api_key"), "some.key": set_new_value("dotted", "some.key")}
    names = ("api_key", "API_KEY", "some.key", "SOME_KEY")

    @step(secrets=["service", "dotted"], enable_cache=False)
    def look() -> list[str]:
        return [name for name in names if os.environ.get(name) in values.values()]

    assert look() == ["api_key", "API_KEY", "SOME_KEY"]
    assert not set(names) & set(os.environ)


def test_a_context_has_the_names_of_its_step_pipeline_and_run(client: Client) -> None:
    """The context has the names of the step, the pipeline and the run.

    A client finds the run and the pipeline by name.
    """

    @step(enable_cache=False)
    def look() -> str:
        context = get_step_context()
        return f"{context.pipeline.name} {context.pipeline_run.name} {context.step_run.name}"

    @pipeline
    def my_pipeline() -> None:
        look()

    assert my_pipeline.with_options(run_name="tuesday")().steps["look"].output.load() == "my_pipeline tuesday look"
    assert client.get_pipeline_run("tuesday").pipeline == "my_pipeline"
    assert client.get_pipeline("my_pipeline").last_successful_run.name == "tuesday"
    with pytest.raises(RunNotFoundError):
        client.get_pipeline_run("wednesday")
    # Outside a pipeline, the step's name is used for the pipeline, and in the run's name before the date, such as "look-20250131".
    assert look().startswith("look look-2")


def test_a_materializer_is_the_default_for_its_types(client: Client) -> None:
    """A materializer is the default for its types and their subclasses. If its code changes, the next run is a cache miss."""

    class Thing:
        def __init__(self, text: str) -> None:
            self.text = text

    class SpecialThing(Thing):
        """A subclass of the supported type."""

    def materializer_with(suffix: str) -> type[BaseMaterializer]:
        class ThingMaterializer(BaseMaterializer):
            ASSOCIATED_TYPES = (Thing,)

            def save(self, data: Thing) -> None:
                super().save(data)
                self.artifact.write("text", f"{data.text}{suffix}".encode())

            def load(self, data_type: Any = object) -> Thing:
                loaded: Thing = data_type(self.artifact.read("text").decode())
                return loaded

        return ThingMaterializer

    @step
    def thing() -> SpecialThing:
        return SpecialThing("x")

    @pipeline
    def my_pipeline() -> None:
        thing()

    assert thing.materializer_of("output") is PickleMaterializer
    # The definition of a materializer class also registers it. A later class for the same types replaces it.
    first_materializer = materializer_with("1")
    assert thing.materializer_of("output") is first_materializer
    loaded = my_pipeline().steps["thing"].output.load()
    assert (type(loaded), loaded.text) == (SpecialThing, "x1")
    assert my_pipeline().steps["thing"].status == "cached"
    materializer_with("2")
    assert my_pipeline().steps["thing"].output.load().text == "x2"
    with pytest.raises(MaterializerInterfaceError, match=r"ThingMaterializer can't store or load an int: it supports .*Thing") as caught:
        first_materializer(my_pipeline().steps["thing"].output.folder).save(1)
    assert isinstance(caught.value, TypeError)
    with pytest.raises(MaterializerInterfaceError, match="no type"):

        class InvalidMaterializer(BaseMaterializer):
            ASSOCIATED_TYPES = ("Thing",)
