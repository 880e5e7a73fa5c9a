"""Settings of steps and pipelines: given as a dict or a model, kept unresolved, read resolved, validated before the run."""

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
    """Settings of a kind that a user would write."""

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


def _run(**arguments: Any) -> PipelineRun:
    """Return the run of a pipeline with those settings, whose one step returns what ``look`` makes of its context."""
    look = arguments.pop("look")

    @step(settings=arguments.get("own"))
    def some(context: StepContext) -> Any:
        return look(context.settings)

    @pipeline(settings=arguments.get("shared"))
    def one() -> None:
        some()

    return one()


def test_references_in_a_dict_are_read_resolved(plant: Callable[..., str]) -> None:
    """Texts, parts of texts, and texts in lists and dicts are resolved when the step reads them, by key and by attribute."""
    value = plant("db", "password")
    own = {"token": "{{db.password}}", "url": "x://{{db.password}}@host", "more": {"list": ["{{db.password}}", 1]}, "plain": "as it is"}

    def look(settings: Any) -> list[bool]:
        return [
            settings["token"] == settings.token == value,
            settings.url == f"x://{value}@host",
            settings["more"] == {"list": [value, 1]},
            settings.plain == "as it is",
            "url" in settings,
            list(settings) == list(own),
            len(settings) == 4,
        ]

    run = _run(own=own, look=look)
    assert all(run.steps["some"].output.load())
    assert repr(run.steps["some"].settings) == f"StepSettings({own!r})"


def test_a_model_is_read_resolved_and_checked(plant: Callable[..., str]) -> None:
    """A model of the user's own is read by its fields, whose validators see what a reference stands for."""
    value = plant("db", "password")
    own = Database(url="postgresql://u:{{db.password}}@host", password="{{db.password}}")

    def look(settings: Any) -> list[bool]:
        return [settings.url == f"postgresql://u:{value}@host", settings.password == value, settings.port == 5432]

    run = _run(own=own, look=look)
    assert all(run.steps["some"].output.load())
    assert "{{db.password}}" in repr(run.steps["some"].settings)


def test_a_validator_that_refuses_a_value_says_nothing_of_it(plant: Callable[..., str]) -> None:
    """What a validator's own text quotes stays out of our error."""
    plant("db", "password")
    with pytest.raises(InvalidComponentError, match="Attribute 'url' of step 'some' refuses the value") as caught:
        _run(own=Database(url="{{db.password}}"), look=lambda settings: settings.url)
    assert find_canary(error_details(caught.value)) == []


def test_models_stand_in_a_dict_too(plant: Callable[..., str]) -> None:
    """A dict may hold models beside plain settings, as in ZenML."""
    value = plant("db", "password")
    own = {"db": Database(url="postgresql://host", password="{{db.password}}"), "n": 3}
    run = _run(own=own, look=lambda settings: (settings.db.password == value, settings["db"].url, settings.n))
    assert run.steps["some"].output.load() == (True, "postgresql://host", 3)


def test_a_step_s_settings_come_over_the_pipeline_s(plant: Callable[..., str]) -> None:
    """Key by key in dicts; a model of the step takes the place of the pipeline's settings."""
    plant("db", "password")
    shared = {"a": 1, "b": 2}
    assert _run(shared=shared, own={"b": 3}, look=dict).steps["some"].output.load() == {"a": 1, "b": 3}
    assert _run(shared=shared, look=dict).steps["some"].output.load() == {"a": 1, "b": 2}
    model = Database(url="postgresql://host")
    assert _run(shared=shared, own=model, look=lambda settings: settings.url).steps["some"].output.load() == "postgresql://host"
    assert _run(shared=model, look=lambda settings: settings.url).steps["some"].output.load() == "postgresql://host"
    assert _run(shared=model, own={"a": 1}, look=dict).steps["some"].output.load() == {"a": 1}


def test_everything_that_settings_miss_is_reported_before_the_first_step(plant: Callable[..., str]) -> None:
    """Secrets and keys that are missing in the pipeline's and the step's settings are one report, and nothing runs."""
    plant("db", "password")
    ran: list[int] = []
    with pytest.raises(StackValidationError) as caught:
        _run(
            shared={"a": "{{gone.key}}"},
            own={"b": "{{db.pasword}}", "c": Database(url="postgresql://{{gone.user}}")},
            look=lambda _: ran.append(1),
        )
    assert [(one.component, one.attribute, one.code) for one in caught.value.report.problems] == [
        ("pipeline 'one'", "a", "secret-not-found"),
        ("step 'some'", "b", "secret-key-not-found"),
        ("step 'some'", "c.url", "secret-not-found"),
    ]
    assert str(caught.value).endswith("Remedy: %secret register gone --key --user, then %secret update db --pasword")
    assert not ran
    assert find_canary(error_details(caught.value)) == []


def test_a_setting_that_is_gone_when_it_is_read_says_whose(client: Client, plant: Callable[..., str]) -> None:
    """An error while reading names the step and the reference."""
    plant("db", "password")

    def look(settings: Any) -> str:
        client.secrets_manager.delete_secret("db")
        return str(settings.token)

    with pytest.raises(SecretNotFoundError, match=r"\{\{db.password\}\} of step 'some' can't be resolved"):
        _run(own={"token": "{{db.password}}"}, look=look)


def test_references_where_none_may_stand_are_refused() -> None:
    """A clear-text field and a field that is no text take no reference."""
    for field in ("label", "port"):
        wrong: Any = {field: "{{db.password}}"}
        with pytest.raises(InvalidReferenceError, match=f"'{field}' accepts no reference"):
            Database(url="postgresql://host", **wrong)


def test_settings_that_are_no_settings_are_refused() -> None:
    """Neither a text nor a key that is no text."""

    def some() -> None: ...

    with pytest.raises(StepInterfaceError, match="settings of step 'some' are a str"):
        step(settings="text")(some)  # type: ignore[call-overload] # that is the point
    with pytest.raises(StepInterfaceError, match="key 7"):
        step(settings={7: 1})(some)  # type: ignore[dict-item] # that is the point


def test_an_unknown_setting_is_named() -> None:
    """A slip in a setting's name gets the near miss."""
    settings = StepSettings({"learning_rate": 1})
    with pytest.raises(AttributeError, match=r"no setting 'learning_rat'\. Did you mean 'learning_rate'"):
        _ = settings.learning_rat
    with pytest.raises(KeyError):
        settings["other"]


def test_settings_called_like_methods_are_read_by_key(plant: Callable[..., str]) -> None:
    """A key such as ``copy`` or ``items`` is a setting like any other."""
    value = plant("db", "password")
    own = {"copy": "{{db.password}}", "items": 1, "model_dump": "{{db.password}}"}
    run = _run(own=own, look=lambda settings: (settings["copy"] == value, settings["items"], settings["model_dump"] == value))
    assert run.steps["some"].output.load() == (True, 1, True)


def test_a_plain_value_in_a_secret_field_is_masked() -> None:
    """A value that is given instead of a reference is never shown."""
    value = canary("plain")
    own = Database(url="postgresql://host", password=value)
    run = _run(own=own, look=lambda settings: settings.password == value)
    assert run.steps["some"].output.load() is True
    for shown in (repr(run), repr(run.steps), repr(run.steps["some"].settings), repr(own), own.model_dump_json()):
        assert find_canary(shown) == []


def test_settings_are_copied_without_being_resolved() -> None:
    """A copy of settings is the same settings, although nothing can resolve their references here."""
    settings = StepSettings({"a": "{{gone.key}}", "b": [1]})
    assert repr(copy.copy(settings)) == repr(settings)
