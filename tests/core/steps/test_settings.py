"""Settings of steps and pipelines: dicts and models with references that are resolved on access."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import field_validator

from tests.support.error_texts import error_details
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import (
    InvalidComponentError,
    InvalidReferenceError,
    SecretNotFoundError,
    StackValidationError,
    StepInterfaceError,
)
from zensecrets_jupyter.core.fields import ClearTextField, SecretField
from zensecrets_jupyter.core.steps import BaseSettings, PipelineRun, StepContext, StepSettings, pipeline, step
from zensecrets_jupyter.testing.canary import canary, find_canary


class Database(BaseSettings):
    """Settings with declared fields and a validator."""

    url: str
    port: int = 5432
    password: str | None = SecretField(default=None)
    label: str = ClearTextField(default="")

    @field_validator("url")
    @classmethod
    def _check(cls, url: str) -> str:
        if not url.startswith("postgresql://"):
            message = f"{url} is no URL of a database"
            raise ValueError(message)
        return url


def _run(look: Callable[[Any], Any], *, step_settings: Any = None, pipeline_settings: Any = None) -> PipelineRun:
    """Run a pipeline with one step, which returns ``look(context.settings)``.

    Args:
        look: A function that reads the settings in the step, and returns the results.
        step_settings: The settings of the step.
        pipeline_settings: The settings of the pipeline.
    """

    @step(settings=step_settings)
    def my_step(context: StepContext) -> Any:
        return look(context.settings)

    @pipeline(settings=pipeline_settings)
    def my_pipeline() -> None:
        my_step()

    return my_pipeline()


def test_references_in_a_dict_are_resolved(set_new_value: Callable[..., str]) -> None:
    """References in texts, lists and dicts are resolved when a step reads a setting by key or by attribute."""
    value = set_new_value("db", "password")
    step_settings = {
        "token": "{{db.password}}",
        "url": "x://{{db.password}}@host",
        "more": {"list": ["{{db.password}}", 1]},
        "plain": "as it is",
    }

    def look(settings: Any) -> list[bool]:
        return [
            settings["token"] == settings.token == value,
            settings.url == f"x://{value}@host",
            settings["more"] == {"list": [value, 1]},
            settings.plain == "as it is",
            "url" in settings,
            list(settings) == list(step_settings),
            len(settings) == 4,
        ]

    run = _run(step_settings=step_settings, look=look)
    assert all(run.steps["my_step"].output.load())
    assert repr(run.steps["my_step"].settings) == f"StepSettings({step_settings!r})"


def test_references_in_a_model_are_resolved_and_validated(set_new_value: Callable[..., str]) -> None:
    """The validators of a model check the resolved values of references."""
    value = set_new_value("db", "password")
    step_settings = Database(url="postgresql://u:{{db.password}}@host", password="{{db.password}}")

    def look(settings: Any) -> list[bool]:
        return [settings.url == f"postgresql://u:{value}@host", settings.password == value, settings.port == 5432]

    run = _run(step_settings=step_settings, look=look)
    assert all(run.steps["my_step"].output.load())
    assert "{{db.password}}" in repr(run.steps["my_step"].settings)


def test_the_error_of_a_validator_contains_no_value(set_new_value: Callable[..., str]) -> None:
    """The error of the run contains no value, even if a validator quotes the value."""
    set_new_value("db", "password")
    # The step reads the setting, and the validator then refuses the resolved value, because it is no URL.
    with pytest.raises(InvalidComponentError, match="Attribute 'url' of step 'my_step' refuses the value") as caught:
        _run(step_settings=Database(url="{{db.password}}"), look=lambda settings: settings.url)
    assert find_canary(error_details(caught.value)) == []


def test_a_dict_can_contain_models(set_new_value: Callable[..., str]) -> None:
    """A dict can contain models beside plain settings, as in ZenML."""
    value = set_new_value("db", "password")
    step_settings = {"db": Database(url="postgresql://host", password="{{db.password}}"), "n": 3}
    run = _run(step_settings=step_settings, look=lambda settings: (settings.db.password == value, settings["db"].url, settings.n))
    assert run.steps["my_step"].output.load() == (True, "postgresql://host", 3)


def test_settings_of_a_step_override_those_of_the_pipeline(set_new_value: Callable[..., str]) -> None:
    """If step and pipeline have dicts as settings, the dicts are merged by key.

    If either has a model, the settings of the step, if it has any, replace all settings of the pipeline.
    """
    set_new_value("db", "password")
    pipeline_settings = {"a": 1, "b": 2}
    assert _run(pipeline_settings=pipeline_settings, step_settings={"b": 3}, look=dict).steps["my_step"].output.load() == {"a": 1, "b": 3}
    assert _run(pipeline_settings=pipeline_settings, look=dict).steps["my_step"].output.load() == {"a": 1, "b": 2}
    model = Database(url="postgresql://host")
    assert (
        _run(pipeline_settings=pipeline_settings, step_settings=model, look=lambda settings: settings.url).steps["my_step"].output.load()
        == "postgresql://host"
    )
    assert _run(pipeline_settings=model, look=lambda settings: settings.url).steps["my_step"].output.load() == "postgresql://host"
    assert _run(pipeline_settings=model, step_settings={"a": 1}, look=dict).steps["my_step"].output.load() == {"a": 1}


def test_missing_secrets_of_settings_are_reported_before_the_run(set_new_value: Callable[..., str]) -> None:
    """One report has all missing secrets and keys of references, and no step runs."""
    set_new_value("db", "password")
    look_calls: list[int] = []
    with pytest.raises(StackValidationError) as caught:
        _run(
            pipeline_settings={"a": "{{gone.key}}"},
            step_settings={"b": "{{db.pasword}}", "c": Database(url="postgresql://{{gone.user}}")},
            look=lambda _: look_calls.append(1),
        )
    assert [(problem.component, problem.attribute, problem.code) for problem in caught.value.report.problems] == [
        ("pipeline 'my_pipeline'", "a", "secret-not-found"),
        ("step 'my_step'", "b", "secret-key-not-found"),
        ("step 'my_step'", "c.url", "secret-not-found"),
    ]
    assert str(caught.value).endswith("Remedy: %secret register gone --key --user, then %secret update db --pasword")
    assert not look_calls
    assert find_canary(error_details(caught.value)) == []


def test_an_unresolvable_setting_names_its_step(client: Client, set_new_value: Callable[..., str]) -> None:
    """If a secret is deleted during a step, reading a setting raises an error with the step and the reference."""
    set_new_value("db", "password")

    def look(settings: Any) -> str:
        client.secrets_manager.delete_secret("db")
        return str(settings.token)

    with pytest.raises(SecretNotFoundError, match=r"\{\{db.password\}\} of step 'my_step' can't be resolved"):
        _run(step_settings={"token": "{{db.password}}"}, look=look)


def test_references_in_unsuitable_fields_are_refused() -> None:
    """A clear-text field and a field that is no text accept no reference."""
    for field in ("label", "port"):
        attributes: Any = {field: "{{db.password}}"}
        with pytest.raises(InvalidReferenceError, match=f"'{field}' accepts no reference"):
            Database(url="postgresql://host", **attributes)


def test_invalid_settings_are_refused() -> None:
    """A text as settings, and a key that is no text, raise errors."""

    def my_step() -> None: ...

    with pytest.raises(StepInterfaceError, match="settings of step 'my_step' are a str"):
        step(settings="text")(my_step)  # type: ignore[call-overload] # the test passes a wrong type
    with pytest.raises(StepInterfaceError, match="key 7"):
        step(settings={7: 1})(my_step)  # type: ignore[dict-item] # the test passes a wrong type


def test_an_unknown_setting_is_named() -> None:
    """An unknown setting raises an error, which suggests a similar name for a misspelled attribute."""
    settings = StepSettings({"learning_rate": 1})
    with pytest.raises(AttributeError, match=r"no setting 'learning_rat'\. Did you mean 'learning_rate'"):
        _ = settings.learning_rat
    with pytest.raises(KeyError):
        settings["other"]


def test_settings_with_names_of_methods_are_read_by_key(set_new_value: Callable[..., str]) -> None:
    """A setting with the name of a method is read by key.

    The attribute of this name is the method.
    """
    value = set_new_value("db", "password")
    step_settings = {"copy": "{{db.password}}", "items": 1, "model_dump": "{{db.password}}"}
    run = _run(
        step_settings=step_settings, look=lambda settings: (settings["copy"] == value, settings["items"], settings["model_dump"] == value)
    )
    assert run.steps["my_step"].output.load() == (True, 1, True)


def test_a_plain_value_in_a_secret_field_is_masked() -> None:
    """The ``repr`` of settings masks a plain value in a SecretField."""
    value = canary("plain")
    step_settings = Database(url="postgresql://host", password=value)
    run = _run(step_settings=step_settings, look=lambda settings: settings.password == value)
    assert run.steps["my_step"].output.load() is True
    for text in (repr(run), repr(run.steps), repr(run.steps["my_step"].settings), repr(step_settings), step_settings.model_dump_json()):
        assert find_canary(text) == []


def test_settings_can_be_copied_without_a_stack() -> None:
    """Settings with a reference to a missing secret can be copied, because the copy resolves no reference."""
    settings = StepSettings({"a": "{{gone.key}}", "b": [1]})
    assert repr(copy.copy(settings)) == repr(settings)
