"""Wrong calls of the Python API: errors with a correct call, and without values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

# ``pipeline`` and ``step`` have this package's own API. The two ``classic_`` decorators have the API of ZenML 0.20.
from zensecrets_jupyter import ArbitrarySecretSchema, Client, StepInterfaceError, ZenSecretsError, pipeline, redact, step
from zensecrets_jupyter.pipelines import pipeline as classic_pipeline
from zensecrets_jupyter.steps import step as classic_step
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CALLS: dict[str, tuple[Callable[[Any, Any, str], object], str]] = {
    "create_secret with key and value swapped": (lambda c, _sm, v: c.create_secret("a", {f"{v} x": "password"}), "not shown"),
    "create_secret with a number as a value": (lambda c, _sm, v: c.create_secret("a", {"k": v, "n": 5}), "'n' is not a text"),
    "create_secret with a number as a key": (lambda c, _sm, v: c.create_secret("a", {"k": v, 5: v}), "'5' is not a text"),
    "create_secret with a text": (lambda c, _sm, v: c.create_secret("a", v), "mapping of keys to texts"),
    # A near miss is an argument with a similar name: here ``value`` instead of ``values``.
    "create_secret with a near miss": (lambda c, _sm, v: c.create_secret("a", value={"k": v}), "was called with wrong arguments"),
    "create_secret of the class": (lambda c, _sm, v: type(c).create_secret("a", {"k": v}), "called on the class Client, not on an object"),
    "create_secret of the class by name": (lambda c, _sm, v: type(c).create_secret(name="a", values={"k": v}), "on the class Client"),
    "update_secret with a text": (
        lambda c, _sm, v: c.update_secret("kept", add_or_update_values=v),
        "mapping of keys to values was expected, not an object of type str",
    ),
    "update_secret with pairs": (
        lambda c, _sm, v: c.update_secret("kept", add_or_update_values=[("k", v)]),
        "mapping of keys to values was expected, not an object of type list",
    ),
    "update_secret with an unknown argument": (lambda c, _sm, v: c.update_secret("kept", valus={"k": v}), "no argument 'valus'"),
    # "nothing" is ``None``.
    "get_secret with nothing": (lambda c, _sm, _v: c.get_secret(None), "type NoneType.*list_secrets"),
    "get_secret with an empty name": (lambda c, _sm, _v: c.get_secret(""), "Give the name of a secret"),
    "a manager's get_secret with an empty name": (lambda _c, sm, _v: sm.get_secret(""), "Give the name of a secret"),
    "list_secrets with page 0": (lambda c, _sm, _v: c.list_secrets(page=0, size=5), "has no page 0"),
    "list_secrets with a size below 0": (lambda c, _sm, _v: c.list_secrets(size=-1), "has no size -1"),
    "list_secrets with a text as page": (lambda c, _sm, _v: c.list_secrets(page="1"), "has no page a str"),
    "get_secret with a number": (lambda c, _sm, _v: c.get_secret(5), "has to be a text"),
    "register_secret with a mapping": (lambda _c, sm, v: sm.register_secret({"name": "a", "k": v}), "A secret was expected"),
    "register_secret with arguments by name": (lambda _c, sm, v: sm.register_secret(name="a", k=v), "register_secret\\(secret\\)"),
    "register_secret with a name and a mapping": (lambda _c, sm, v: sm.register_secret("a", {"k": v}), "register_secret\\(secret\\)"),
    "register_secret of the class with a mapping": (lambda _c, sm, v: type(sm).register_secret({"k": v}), "on the class SecretsManager"),
    "register_secret with a mapping and more": (lambda _c, sm, v: sm.register_secret({"k": v}, "a"), "register_secret\\(secret\\)"),
    "manager's update_secret with a mapping": (lambda _c, sm, v: sm.update_secret({"k": v}), "A secret was expected"),
    "manager's update_secret with a key": (lambda _c, sm, v: sm.update_secret("kept", k=v), "update_secret\\(secret\\)"),
    "merge_secret with a text": (
        lambda _c, sm, v: sm.merge_secret("kept", v),
        "mapping of keys to values was expected, not an object of type str",
    ),
    "merge_secret with keys by name": (lambda _c, sm, v: sm.merge_secret("kept", k=v), "merge_secret\\(secret_name"),
    "a schema with a bad name": (lambda _c, _sm, v: ArbitrarySecretSchema(name=f"bad {v}", arbitrary_kv_pairs={"k": "v"}), "not shown"),
}
"""Functions with a wrong call, each with a regular expression for the error.

Their arguments are a client ``c``, the client's secrets manager ``sm``, and a value ``v``. An argument with an underscore is not used.
"""


@pytest.mark.parametrize("case", CALLS)
def test_a_wrong_call_raises_an_error_without_the_value(case: str, home: Path) -> None:
    """The error does not contain the value, and no secret is changed.

    After the call, the value is masked.
    """
    call, error_text = CALLS[case]
    client = Client()
    client.create_secret("kept", {"k": "kept-as-it-is"})
    value = canary(case)
    with pytest.raises((TypeError, ValueError, ZenSecretsError), match=error_text) as caught:
        call(client, client.secrets_manager, value)
    assert find_canary(str(caught.value)) == []
    # In the cases "swapped" and "bad name", the value is passed as a key or a name and not masked.
    # Calls of get_secret and list_secrets have no value.
    is_passed_as_value = not any(word in case for word in ("swapped", "bad name", "get_secret", "list_secrets"))
    if is_passed_as_value:
        # The value is masked, because a traceback may show the source line of the call.
        assert find_canary(redact(f"call({value!r})")) == []
    assert [secret.name for secret in client.list_secrets()] == ["kept"]
    assert client.get_secret("kept").secret_values == {"k": "kept-as-it-is"}
    assert find_canary(home) == []


@step
def _number_step() -> int:
    return 1


@pipeline
def _number_pipeline(k: int = 1) -> None:
    _number_step()


@classic_step
def _classic_number_step() -> int:
    return 1


@classic_pipeline
def _classic_number_pipeline(number: Any) -> None:
    number()


PIPELINE_CALLS: dict[str, tuple[Callable[[], object], str]] = {
    "an unknown argument": (lambda: _number_pipeline(kk=3), "Wrong arguments for pipeline '_number_pipeline'.*Did you mean 'k'"),
    "a number as run_name": (lambda: _number_pipeline.with_options(run_name=5), "no text in one line"),  # type: ignore[arg-type]
    "two lines as run_name": (lambda: _number_pipeline.with_options(run_name="a\nb"), "no text in one line"),
    "a list of configurations": (lambda: _number_pipeline.with_options(steps=[1]), "is no mapping"),  # type: ignore[arg-type]
    "a text as enable_cache": (lambda: _number_pipeline.with_options(enable_cache="false"), "Give True or False"),
    "a text as enable_cache of a step": (lambda: _number_step.with_options(enable_cache="no"), "Give True or False"),
    "a near miss of run's arguments": (
        lambda: _classic_number_pipeline(number=_classic_number_step()).run(runname="x"),
        "Did you mean 'run_name'",
    ),
}
"""Functions with a wrong call, each with a regular expression for the error."""


@pytest.mark.parametrize("case", PIPELINE_CALLS)
def test_a_wrong_call_of_a_pipeline_raises_step_interface_error(case: str) -> None:
    """The error suggests the most similar argument, or says which values are valid."""
    call, error_text = PIPELINE_CALLS[case]
    with pytest.raises(StepInterfaceError, match=error_text):
        call()


@pytest.mark.parametrize("method", ["delete_secret", "merge_secret", "rename_secret"])
def test_a_change_of_a_secret_with_an_empty_name_is_refused(method: str) -> None:
    """The error says that a name is missing."""
    further_arguments: dict[str, tuple[Any, ...]] = {"delete_secret": (), "merge_secret": ({"k": canary()},), "rename_secret": ("new",)}
    with pytest.raises(ZenSecretsError, match="Give the name of a secret") as caught:
        getattr(Client().secrets_manager, method)("", *further_arguments[method])
    assert find_canary(str(caught.value)) == []
