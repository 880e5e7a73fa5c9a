"""Pipelines of ZenML 0.20: creation, runs and the list of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.error_texts import is_one_line
from zensecrets_jupyter import UnreadableFileError
from zensecrets_jupyter import step as new_step
from zensecrets_jupyter.config import DockerSettings
from zensecrets_jupyter.config.schedule import Schedule
from zensecrets_jupyter.exceptions import DoesNotExistException, PipelineInterfaceError
from zensecrets_jupyter.pipelines import BasePipeline, pipeline
from zensecrets_jupyter.post_execution import get_pipeline, get_pipelines, get_run
from zensecrets_jupyter.repository import Repository
from zensecrets_jupyter.steps import step

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.client import Client


@step
def load() -> int:
    """Return a number."""
    return 1


@step(enable_cache=False)
def add(number: int) -> int:
    """Add one."""
    return number + 1


@pipeline
def adding(first: Any, second: Any) -> None:
    """Add one to a number."""
    second(first())


def test_a_decorated_function_is_a_class_of_pipelines() -> None:
    """The class has the name and docstring of the function, and is called with steps."""
    assert issubclass(adding, BasePipeline)
    assert (adding.__name__, adding.__doc__, adding.pipeline_name()) == ("adding", "Add one to a number.", "adding")
    for instance in (adding(load(), add()), adding(load(), second=add()), adding(second=add(), first=load())):
        assert list(instance.steps) == ["first", "second"]
        assert instance.name == "adding"


def test_wrong_steps_of_a_pipeline_are_refused() -> None:
    """Missing, unknown and surplus steps raise errors.

    A step class, a number, or a step of the new API instead of a step raises an error too.
    """

    @new_step
    def other() -> int:
        return 1

    # The type checker does not check calls of an object of type Any.
    untyped_adding: Any = adding
    wrong_calls: dict[str, Callable[[], Any]] = {
        "missing a required argument: 'second'": lambda: adding(load()),
        "unexpected keyword argument 'third'": lambda: adding(load(), add(), third=load()),
        "too many positional arguments": lambda: adding(load(), add(), load()),
        "the class load and no step. Call it: first=load()": lambda: untyped_adding(load, add()),
        "of type int, which is no step": lambda: untyped_adding(1, add()),
        "step of zensecrets_jupyter.steps": lambda: untyped_adding(other, add()),
    }
    for error_text, call in wrong_calls.items():
        with pytest.raises(PipelineInterfaceError) as caught:
            call()
        assert error_text in str(caught.value)
        assert is_one_line(caught.value)


def test_a_class_without_connect_is_refused() -> None:
    """The error for a pipeline class without ``connect`` names a method with a similar name."""
    for method_name, error_text in (("conect", "Its method conect has a similar name"), ("steps_of", "Define it")):
        mistyped = type("Mistyped", (BasePipeline,), {method_name: lambda _, first: first})
        with pytest.raises(PipelineInterfaceError, match=f"The pipeline class Mistyped has no method connect. {error_text}") as caught:
            mistyped(first=load())
        assert is_one_line(caught.value)


def test_wrong_arguments_of_a_run_are_refused(client: Client) -> None:
    """The error for an unknown name suggests a similar one, and no step runs."""
    instance = adding(load(), add())
    docker: Any = DockerSettings
    schedule: Any = Schedule
    wrong_calls: dict[str, Callable[[], Any]] = {
        "no step 'frist' to configure. Did you mean 'first'": lambda: instance.run(step_configurations={"frist": {}}),
        "no argument 'enable_cach' for step 'load'": lambda: instance.run(step_configurations={"first": {"enable_cach": False}}),
        "no argument 'secret' for pipeline 'adding'. Did you mean 'secrets'": lambda: instance.configure(secret=["x"]),
        "DockerSettings are not acceptable: 'requirement' is unknown (Did you mean 'requirements'": lambda: docker(requirement=["x"]),
        "Schedule are not acceptable: 'cron' is unknown": lambda: schedule(cron="* * * * *"),
    }
    for error_text, run in wrong_calls.items():
        with pytest.raises(PipelineInterfaceError) as caught:
            run()
        assert error_text in str(caught.value)
        assert is_one_line(caught.value)
    assert adding.get_runs() == []


def test_options_of_a_run_apply_to_this_run_only(client: Client) -> None:
    """Caching, settings and extra data of a run do not change the pipeline."""
    instance = adding(load(), add())
    instance.run()
    assert instance.run(enable_cache=False, settings={"a": 1}, extra={"b": 2}).get_step("first").is_completed
    assert (instance.enable_cache, dict(instance.settings), instance.options) == (None, {}, {})
    assert instance.run().get_step("first").is_cached


def test_an_argument_without_effect_prints_a_line_once(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """An argument without effect prints a line at its first use, unless its value is ``False`` or ``None``."""

    def make(**options: Any) -> Any:
        return step(**options)(nothing)

    def nothing() -> None: ...

    step_class = make(step_operator="remote", experiment_tracker="mlflow", enable_artifact_metadata=False, retry=None, extra={"a": 1})
    make(step_operator="remote")
    warnings = capsys.readouterr().err.splitlines()
    assert [line.partition("=")[0] for line in warnings] == ["step_operator", "experiment_tracker"]
    assert warnings[0] == "step_operator= of step 'nothing' has no effect here: steps run in this process."
    assert step_class().options == {
        "step_operator": "remote",
        "experiment_tracker": "mlflow",
        "enable_artifact_metadata": False,
        "extra": {"a": 1},
    }
    adding(load(), add()).run(schedule=Schedule(cron_expression="* * * * *"))
    adding(load(), add()).run(schedule=Schedule(cron_expression="* * * * *"))
    assert [line.partition(" ")[0] for line in capsys.readouterr().err.splitlines()] == ["schedule="]


def test_runs_are_found_by_pipeline_name_and_step(client: Client) -> None:
    """Runs are listed newest first. An unknown run, step or pipeline is an error."""
    instance = adding(load(), add())
    instance.run(run_name="first run")
    instance.run(run_name="second run")
    pipeline_view = get_pipeline("adding")
    assert pipeline_view is not None
    assert [run.name for run in pipeline_view.runs] == ["second run", "first run"] == [run.name for run in adding.get_runs()]
    for pipeline_or_class in (adding, instance):
        view_by_object = get_pipeline(pipeline_or_class)
        assert view_by_object is not None
        assert view_by_object.name == "adding"
    assert (
        [pipeline_view.name for pipeline_view in get_pipelines()]
        == [pipeline_view.name for pipeline_view in Repository().get_pipelines()]
        == ["adding"]
    )
    run = get_run("first run")
    assert (run.get_step_names(), run.status.value) == (["first", "second"], "completed")
    assert [run.get_step(name_or_step).name for name_or_step in ("second", add, add())] == ["second"] * 3
    assert run.get_step("second").entrypoint_name == "add"
    assert run.get_step("second").input.read() == 1
    # In the second run, this step was cached, so it was not completed.
    assert pipeline_view.get_run_for_completed_step("first").name == "first run"
    for call in (lambda: run.get_step("secnd"), lambda: get_run("third run"), lambda: client.get_pipeline("add")):
        with pytest.raises(DoesNotExistException) as caught:
            call()
        assert isinstance(caught.value, KeyError)
        assert is_one_line(caught.value)


def test_an_unreadable_configuration_file_is_refused(client: Client, tmp_path: Any) -> None:
    """The error for a missing or invalid file does not quote its content."""
    instance = adding(load(), add())
    # The last file is larger than the limit of 1 MiB.
    files = {"missing": None, "torn": "a: [hunter2", "list": "- hunter2", "large": f"a: {'hunter2' * 200_000}"}
    for name, text in files.items():
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        for use_file in (instance.with_config, lambda file: instance.run(config_path=file)):
            with pytest.raises(UnreadableFileError, match="can't be used") as caught:
                use_file(str(path))
            assert is_one_line(caught.value)
            assert "hunter2" not in str(caught.value)
