"""Stacks and components: what is reached through a stack resolves in it, and what can't be resolved says why, in order."""

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

TOKEN = "{{service.token}}"


@pytest.fixture
def manager() -> SecretsManager[CountingBackend]:
    """Return a manager that counts."""
    return SecretsManager(CountingBackend())


def annotator(**attributes: str) -> StackComponent:
    """Return an annotator with those attributes."""
    return component(ComponentType.ANNOTATOR, "label_studio", "labels", **attributes)


def test_an_attribute_reached_through_a_stack_is_the_value(manager: SecretsManager[CountingBackend]) -> None:
    """The seed's example: the component's authentication_secret is the value, an exact str."""
    text = canary("token")
    manager.backend.put("label_studio_secret", api_key=text)
    mine = stack(annotator(authentication_secret="{{label_studio_secret.api_key}}"), manager=manager)
    assert mine.annotator is not None
    assert mine.annotator.authentication_secret == text
    assert mine.annotator.config.authentication_secret == text
    assert type(mine.annotator.authentication_secret) is str
    assert the_redactor().redact(mine.annotator.authentication_secret) == "‹secret:label_studio_secret.api_key›"
    assert mine.annotator.port == 8093


def test_a_thousand_accesses_are_one_read(manager: SecretsManager[CountingBackend]) -> None:
    """An attribute may be read as often as one likes: the secrets manager is asked once."""
    manager.backend.put("service", token=canary("token"))
    mine = stack(annotator(authentication_secret=TOKEN), manager=manager)
    assert mine.annotator is not None
    assert len({mine.annotator.authentication_secret for _ in range(1000)}) == 1
    assert manager.backend.reads == ["service"]


def test_an_update_through_us_is_seen_at_the_next_access(manager: SecretsManager[CountingBackend]) -> None:
    """After an update the attribute is the new value, with one more read."""
    one, two = canary("one"), canary("two")
    manager.backend.put("service", token=one)
    mine = stack(annotator(authentication_secret=TOKEN), manager=manager)
    assert mine.annotator is not None
    assert mine.annotator.authentication_secret == one
    manager.merge_secret("service", {"token": two})
    assert mine.annotator.authentication_secret == two
    assert manager.backend.reads == ["service", "service"]


def test_a_text_with_several_references_is_joined(manager: SecretsManager[CountingBackend]) -> None:
    """References inside a longer text are replaced where they stand, clear text and sensitive ones alike, to an exact str."""
    password = canary("password")
    manager.register_secret(BasicAuthSecretSchema(name="db", username="somebody", password=password))
    mine = stack(annotator(instance_url="https://{{db.username}}:{{ db.password }}@host"), manager=manager)
    assert mine.annotator is not None
    url = mine.annotator.instance_url
    assert url == f"https://somebody:{password}@host"
    assert type(url) is str
    assert the_redactor().redact(url) == "https://somebody:‹secret:db.password›@host"
    assert manager.backend.reads == ["db"]


def test_a_text_of_clear_text_only_is_no_secret(manager: SecretsManager[CountingBackend]) -> None:
    """What holds nothing sensitive is an ordinary str and shown as it is."""
    manager.register_secret(BasicAuthSecretSchema(name="db", username="somebody", password=canary("password")))
    assert repr(resolve_text(manager, "{{db.username}}")) == "'somebody'"
    assert repr(resolve_text(manager, "user={{db.username}}")) == "'user=somebody'"
    assert type(resolve_text(manager, "plain")) is str
    assert type(resolve_text(manager, "{{db.username}}:{{db.password}}")) is str


def test_nothing_is_resolved_by_looking(manager: SecretsManager[CountingBackend]) -> None:
    """Showing, copying or comparing a stack or its components asks the secrets manager for nothing."""
    manager.backend.put("service", token=canary("token"))
    mine = stack(annotator(authentication_secret=TOKEN), manager=manager)
    assert mine.annotator is not None
    shown = [repr(mine), str(mine.annotator), repr(mine.annotator), repr(mine.components), str(vars(mine)), str(vars(mine.annotator))]
    copy.copy(mine.annotator)
    assert copy.deepcopy(mine.annotator).config == mine.annotator.config
    assert mine.required_secrets == [SecretReference("service", "token")]
    assert mine.annotator.config.model_dump_json()
    assert not hasattr(mine.annotator, "nothing_of_that_name")
    assert manager.backend.reads == []
    assert TOKEN in repr(mine.annotator)
    assert find_canary("".join(shown)) == []
    assert (
        repr(mine) == "<Stack 'mine': orchestrator 'default', artifact store 'default', annotator 'labels', secrets manager 'unregistered'>"
    )


def test_every_type_of_component_is_an_attribute(manager: SecretsManager[CountingBackend]) -> None:
    """A stack has an attribute for each type, None where it has no such component, and its secrets manager."""
    kinds = [kind for kind in ComponentType if kind is not ComponentType.SECRETS_MANAGER]
    full = stack(*(component(kind, name=kind.value) for kind in kinds), manager=manager)
    empty = stack(manager=manager, complete=False)
    for kind in kinds:
        assert getattr(full, kind.value).name == kind.value
        assert getattr(empty, kind.value) is None
        assert full.components[kind].type is kind
    assert full.secrets_manager is manager
    assert dict(empty.components) == {}


def test_required_secrets_come_once_in_the_order_of_the_components(manager: SecretsManager[CountingBackend]) -> None:
    """Each reference is named once, and each requirement with its component and attribute."""
    mine = stack(
        annotator(authentication_secret="{{b.k}}", instance_url="{{a.k}}"),
        component(ComponentType.ALERTER, "slack", slack_token="{{b.k}}{{c.k}}"),
        manager=manager,
    )
    # The order of an annotator's attributes is that of its class.
    assert [str(found) for found in mine.required_secrets] == ["{{b.k}}", "{{a.k}}", "{{c.k}}"]
    assert mine.requirements()[0] == Requirement("annotator 'labels'", "authentication_secret", SecretReference("b", "k"))
    settings = annotator(instance_url="{{d.k}}").config
    assert mine.requirements([("step 'x'", settings)])[-1] == Requirement("step 'x'", "instance_url", SecretReference("d", "k"))


# Errors, in the order in which they are looked for.


def test_first_the_component_has_to_be_in_a_stack() -> None:
    """A component on its own can't resolve: that comes before anything about managers and secrets."""
    with pytest.raises(NotInStackError, match="not part of a stack") as caught:
        _ = annotator(authentication_secret=TOKEN).authentication_secret
    assert isinstance(caught.value, RuntimeError)
    assert is_one_line(caught.value)


def test_then_the_stack_has_to_have_a_secrets_manager() -> None:
    """A stack without one says so before it says anything about the secret, with the command that adds one."""
    mine = stack(annotator(authentication_secret=TOKEN), manager=None)
    assert mine.annotator is not None
    with pytest.raises(NoSecretsManagerError) as caught:
        _ = mine.annotator.authentication_secret
    assert isinstance(caught.value, RuntimeError)
    assert str(caught.value) == (
        "{{service.token}} of annotator 'labels' can't be resolved: Stack 'mine' has no secrets manager. "
        "Add one: %stack update mine -x SECRETS_MANAGER"
    )
    assert not mine.has_secrets_manager
    with pytest.raises(NoSecretsManagerError, match="Stack 'mine' has no secrets manager"):
        _ = mine.secrets_manager


def test_then_the_secret_has_to_exist(manager: SecretsManager[CountingBackend]) -> None:
    """A missing secret is a KeyError of ours with the reference, who holds it, the manager and a near miss."""
    manager.backend.put("servce", token=canary("token"))
    mine = stack(annotator(authentication_secret=TOKEN), manager=manager)
    assert mine.annotator is not None
    with pytest.raises(SecretNotFoundError) as caught:
        _ = mine.annotator.authentication_secret
    assert isinstance(caught.value, KeyError)
    assert not isinstance(caught.value, SecretKeyNotFoundError)
    assert "{{service.token}} of annotator 'labels' can't be resolved: There is no secret 'service'" in str(caught.value)
    assert "Did you mean 'servce'?" in str(caught.value)
    assert (caught.value.name, caught.value.manager) == ("service", "unregistered")
    assert find_canary(error_details(caught.value)) == []


def test_then_the_key_has_to_exist(manager: SecretsManager[CountingBackend]) -> None:
    """A missing key is a KeyError of ours that names the keys there are, and never a value."""
    manager.backend.put("service", tokn=canary("token"), url=canary("url"))
    mine = stack(annotator(authentication_secret=TOKEN, instance_url="https://{{service.url}}/{{service.token}}"), manager=manager)
    assert mine.annotator is not None
    for attribute in ("authentication_secret", "instance_url"):
        with pytest.raises(SecretKeyNotFoundError, match="Its keys are tokn, url") as caught:
            getattr(mine.annotator, attribute)
        assert isinstance(caught.value, KeyError)
        assert (caught.value.name, caught.value.key) == ("service", "token")
        assert "Did you mean 'tokn'?" in str(caught.value)
        assert is_one_line(caught.value)
        assert find_canary(error_details(caught.value)) == []
        assert caught.value.__cause__ is None


def test_what_the_manager_says_comes_through() -> None:
    """An error of the place itself is not dressed up as a missing secret."""

    class Refusing(CountingBackend):
        def read(self, name: str) -> SecretRecord:
            raise ManagerUnreachableError(f"{name} did not come in time")

    mine = stack(annotator(authentication_secret=TOKEN), manager=SecretsManager(Refusing()))
    assert mine.annotator is not None
    with pytest.raises(ManagerUnreachableError, match="service did not come in time"):
        _ = mine.annotator.authentication_secret


def test_a_component_says_what_it_is() -> None:
    """Type, name, flavor and identity are its own; an unknown attribute is an AttributeError."""
    mine = annotator(authentication_secret=TOKEN)
    assert (str(mine), mine.name, mine.flavor, mine.id) == ("annotator 'labels'", "labels", "label_studio", "id-of-labels")
    with pytest.raises(AttributeError, match="nothing"):
        _ = mine.nothing
    assert [need.attribute for need in mine.requirements()] == ["authentication_secret"]


@pytest.mark.parametrize(
    ("kind", "command", "article"),
    [
        (ComponentType.ANNOTATOR, "annotator", "an annotator"),
        (ComponentType.ARTIFACT_STORE, "artifact-store", "an artifact store"),
        (ComponentType.SECRETS_MANAGER, "secrets-manager", "a secrets manager"),
        (ComponentType.EXPERIMENT_TRACKER, "experiment-tracker", "an experiment tracker"),
        (ComponentType.ORCHESTRATOR, "orchestrator", "an orchestrator"),
        (ComponentType.FEATURE_STORE, "feature-store", "a feature store"),
    ],
)
def test_a_type_knows_its_words(kind: ComponentType, command: str, article: str) -> None:
    """Each type is a command group, and words in a sentence."""
    assert (kind.command, kind.label_with_article) == (command, article)
    assert kind.label_with_article.endswith(kind.label)
