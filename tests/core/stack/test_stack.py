"""Tests of stacks and components: references that a stack resolves, and the errors if it can't."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.managers.counting import CountingBackend
from tests.support.stacks import component, stack
from zensecrets_jupyter import (
    BasicAuthSecretSchema,
    ManagerUnreachableError,
    NoSecretsManagerError,
    NotInStackError,
    SecretKeyNotFoundError,
    SecretNotFoundError,
)
from zensecrets_jupyter.core.managers import SecretsManager
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.reference import SecretReference
from zensecrets_jupyter.core.stack import ComponentType, Requirement, resolve_text
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers import SecretRecord
    from zensecrets_jupyter.core.stack import StackComponent

TOKEN_REFERENCE = "{{service.token}}"


@pytest.fixture
def manager() -> SecretsManager[CountingBackend]:
    """Return a secrets manager that counts its requests."""
    return SecretsManager(CountingBackend())


def annotator(**attributes: str) -> StackComponent:
    """Return an annotator with these attributes."""
    return component(ComponentType.ANNOTATOR, "label_studio", "labels", **attributes)


def test_an_attribute_of_a_stack_component_is_resolved(manager: SecretsManager[CountingBackend]) -> None:
    """An attribute of a component in a stack is the value, whose type is ``str`` and no subclass."""
    text = canary("token")
    manager.backend.put("label_studio_secret", api_key=text)
    my_stack = stack(annotator(authentication_secret="{{label_studio_secret.api_key}}"), manager=manager)
    assert my_stack.annotator is not None
    assert my_stack.annotator.authentication_secret == text
    assert my_stack.annotator.config.authentication_secret == text
    assert type(my_stack.annotator.authentication_secret) is str
    assert the_redactor().redact(my_stack.annotator.authentication_secret) == "‹secret:label_studio_secret.api_key›"
    # The default port of the flavor.
    assert my_stack.annotator.port == 8093


def test_repeated_access_reads_once(manager: SecretsManager[CountingBackend]) -> None:
    """A thousand accesses to an attribute read the secret once."""
    manager.backend.put("service", token=canary("token"))
    my_stack = stack(annotator(authentication_secret=TOKEN_REFERENCE), manager=manager)
    assert my_stack.annotator is not None
    assert len({my_stack.annotator.authentication_secret for _ in range(1000)}) == 1
    assert manager.backend.reads == ["service"]


def test_an_update_is_visible_at_the_next_access(manager: SecretsManager[CountingBackend]) -> None:
    """After an update, the next access to the attribute returns the new value, with one more read."""
    old_value, new_value = canary("one"), canary("two")
    manager.backend.put("service", token=old_value)
    my_stack = stack(annotator(authentication_secret=TOKEN_REFERENCE), manager=manager)
    assert my_stack.annotator is not None
    assert my_stack.annotator.authentication_secret == old_value
    manager.merge_secret("service", {"token": new_value})
    assert my_stack.annotator.authentication_secret == new_value
    assert manager.backend.reads == ["service", "service"]


def test_several_references_in_a_text_are_replaced(manager: SecretsManager[CountingBackend]) -> None:
    """References inside a longer text are replaced, and the type of the result is ``str`` and no subclass."""
    password = canary("password")
    manager.register_secret(BasicAuthSecretSchema(name="db", username="ada", password=password))
    my_stack = stack(annotator(instance_url="https://{{db.username}}:{{ db.password }}@host"), manager=manager)
    assert my_stack.annotator is not None
    url = my_stack.annotator.instance_url
    assert url == f"https://ada:{password}@host"
    assert type(url) is str
    assert the_redactor().redact(url) == "https://ada:‹secret:db.password›@host"
    assert manager.backend.reads == ["db"]


def test_a_text_of_clear_text_keys_is_shown(manager: SecretsManager[CountingBackend]) -> None:
    """A resolved text is not masked if all its values are clear text.

    The type of every resolved text is ``str`` and no subclass.
    """
    manager.register_secret(BasicAuthSecretSchema(name="db", username="ada", password=canary("password")))
    assert repr(resolve_text(manager, "{{db.username}}")) == "'ada'"
    assert repr(resolve_text(manager, "user={{db.username}}")) == "'user=ada'"
    assert type(resolve_text(manager, "plain")) is str
    assert type(resolve_text(manager, "{{db.username}}:{{db.password}}")) is str


def test_representations_resolve_nothing(manager: SecretsManager[CountingBackend]) -> None:
    """Showing, copying and comparing a stack or its components reads no secret."""
    manager.backend.put("service", token=canary("token"))
    my_stack = stack(annotator(authentication_secret=TOKEN_REFERENCE), manager=manager)
    assert my_stack.annotator is not None
    representations = [
        repr(my_stack),
        str(my_stack.annotator),
        repr(my_stack.annotator),
        repr(my_stack.components),
        str(vars(my_stack)),
        str(vars(my_stack.annotator)),
    ]
    copy.copy(my_stack.annotator)
    assert copy.deepcopy(my_stack.annotator).config == my_stack.annotator.config
    assert my_stack.required_secrets == [SecretReference("service", "token")]
    assert my_stack.annotator.config.model_dump_json()
    assert not hasattr(my_stack.annotator, "nothing_of_that_name")
    assert manager.backend.reads == []
    assert TOKEN_REFERENCE in repr(my_stack.annotator)
    assert find_canary("".join(representations)) == []
    # The secrets manager is called "unregistered", because it was created without a name.
    assert (
        repr(my_stack)
        == "<Stack 'mine': orchestrator 'default', artifact store 'default', annotator 'labels', secrets manager 'unregistered'>"
    )


def test_each_component_type_is_an_attribute(manager: SecretsManager[CountingBackend]) -> None:
    """A stack has an attribute for each component type, which is None without a component of this type."""
    component_types = [component_type for component_type in ComponentType if component_type is not ComponentType.SECRETS_MANAGER]
    full = stack(*(component(component_type, name=component_type.value) for component_type in component_types), manager=manager)
    empty = stack(manager=manager, add_defaults=False)
    for component_type in component_types:
        assert getattr(full, component_type.value).name == component_type.value
        assert getattr(empty, component_type.value) is None
        assert full.components[component_type].type is component_type
    assert full.secrets_manager is manager
    assert dict(empty.components) == {}


def test_required_secrets_are_listed_once_in_order(manager: SecretsManager[CountingBackend]) -> None:
    """``required_secrets`` has each reference once, in the order of components and attributes.

    ``requirements`` has each reference with its component and attribute.
    """
    my_stack = stack(
        annotator(authentication_secret="{{b.k}}", instance_url="{{a.k}}"),
        component(ComponentType.ALERTER, "slack", slack_token="{{b.k}}{{c.k}}"),
        manager=manager,
    )
    # The order of an annotator's attributes is that of its class.
    assert [str(reference) for reference in my_stack.required_secrets] == ["{{b.k}}", "{{a.k}}", "{{c.k}}"]
    assert my_stack.requirements()[0] == Requirement("annotator 'labels'", "authentication_secret", SecretReference("b", "k"))
    # Any config with references can be used as the settings of a step.
    settings = annotator(instance_url="{{d.k}}").config
    assert my_stack.requirements([("step 'x'", settings)])[-1] == Requirement("step 'x'", "instance_url", SecretReference("d", "k"))


# Errors. A stack checks their causes in the order of these tests.


def test_a_component_outside_of_a_stack_raises_not_in_stack() -> None:
    """If a component is not part of a stack, reading a reference raises NotInStackError."""
    with pytest.raises(NotInStackError, match="not part of a stack") as caught:
        _ = annotator(authentication_secret=TOKEN_REFERENCE).authentication_secret
    assert isinstance(caught.value, RuntimeError)
    assert is_one_line(caught.value)


def test_a_stack_without_a_secrets_manager_raises_its_error() -> None:
    """If a stack has no secrets manager, reading a reference raises an error with the command that adds one."""
    my_stack = stack(annotator(authentication_secret=TOKEN_REFERENCE), manager=None)
    assert my_stack.annotator is not None
    with pytest.raises(NoSecretsManagerError) as caught:
        _ = my_stack.annotator.authentication_secret
    assert isinstance(caught.value, RuntimeError)
    assert str(caught.value) == (
        "{{service.token}} of annotator 'labels' can't be resolved: Stack 'mine' has no secrets manager. "
        "Add one: %stack update mine -x SECRETS_MANAGER"
    )
    assert not my_stack.has_secrets_manager
    with pytest.raises(NoSecretsManagerError, match="Stack 'mine' has no secrets manager"):
        _ = my_stack.secrets_manager


def test_a_missing_secret_raises_secret_not_found(manager: SecretsManager[CountingBackend]) -> None:
    """A missing secret raises a KeyError with the reference, its owner, the secrets manager and a similar name."""
    manager.backend.put("servce", token=canary("token"))
    my_stack = stack(annotator(authentication_secret=TOKEN_REFERENCE), manager=manager)
    assert my_stack.annotator is not None
    with pytest.raises(SecretNotFoundError) as caught:
        _ = my_stack.annotator.authentication_secret
    assert isinstance(caught.value, KeyError)
    assert not isinstance(caught.value, SecretKeyNotFoundError)
    assert "{{service.token}} of annotator 'labels' can't be resolved: There is no secret 'service'" in str(caught.value)
    assert "Did you mean 'servce'?" in str(caught.value)
    assert (caught.value.name, caught.value.manager) == ("service", "unregistered")
    assert find_canary(error_details(caught.value)) == []


def test_a_missing_key_raises_key_not_found(manager: SecretsManager[CountingBackend]) -> None:
    """A missing key raises a KeyError with the existing keys and without values."""
    manager.backend.put("service", tokn=canary("token"), url=canary("url"))
    my_stack = stack(
        annotator(authentication_secret=TOKEN_REFERENCE, instance_url="https://{{service.url}}/{{service.token}}"), manager=manager
    )
    assert my_stack.annotator is not None
    for attribute in ("authentication_secret", "instance_url"):
        with pytest.raises(SecretKeyNotFoundError, match="Its keys are tokn, url") as caught:
            getattr(my_stack.annotator, attribute)
        assert isinstance(caught.value, KeyError)
        assert (caught.value.name, caught.value.key) == ("service", "token")
        assert "Did you mean 'tokn'?" in str(caught.value)
        assert is_one_line(caught.value)
        assert find_canary(error_details(caught.value)) == []
        assert caught.value.__cause__ is None


def test_errors_of_the_backend_are_raised_unchanged() -> None:
    """An error of the backend is not reported as a missing secret."""

    class Refusing(CountingBackend):
        def read(self, name: str) -> SecretRecord:
            raise ManagerUnreachableError(f"{name} did not come in time")

    my_stack = stack(annotator(authentication_secret=TOKEN_REFERENCE), manager=SecretsManager(Refusing()))
    assert my_stack.annotator is not None
    with pytest.raises(ManagerUnreachableError, match="service did not come in time"):
        _ = my_stack.annotator.authentication_secret


def test_a_component_has_type_name_flavor_and_id() -> None:
    """A component has type, name, flavor and id, and an unknown attribute raises AttributeError."""
    labels = annotator(authentication_secret=TOKEN_REFERENCE)
    assert (str(labels), labels.name, labels.flavor, labels.id) == ("annotator 'labels'", "labels", "label_studio", "id-of-labels")
    with pytest.raises(AttributeError, match="nothing"):
        _ = labels.nothing
    assert [requirement.attribute for requirement in labels.requirements()] == ["authentication_secret"]


@pytest.mark.parametrize(
    ("component_type", "command", "article"),
    [
        (ComponentType.ANNOTATOR, "annotator", "an annotator"),
        (ComponentType.ARTIFACT_STORE, "artifact-store", "an artifact store"),
        (ComponentType.SECRETS_MANAGER, "secrets-manager", "a secrets manager"),
        (ComponentType.EXPERIMENT_TRACKER, "experiment-tracker", "an experiment tracker"),
        (ComponentType.ORCHESTRATOR, "orchestrator", "an orchestrator"),
        (ComponentType.FEATURE_STORE, "feature-store", "a feature store"),
    ],
)
def test_a_component_type_has_command_and_label(component_type: ComponentType, command: str, article: str) -> None:
    """Each component type has a command group and a label with its indefinite article."""
    assert (component_type.command, component_type.label_with_article) == (command, article)
    assert component_type.label_with_article.endswith(component_type.label)
