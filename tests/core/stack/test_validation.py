"""Tests of the validation of stacks: all problems at once, with as few reads as the level needs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

import pytest

from tests.support.cells import run_cell
from tests.support.error_texts import error_details
from tests.support.managers.counting import CountingBackend
from tests.support.stacks import component, stack
from zensecrets_jupyter import ManagerUnreachableError, SettingsError, StackComponentConfig, StackValidationError
from zensecrets_jupyter.core.managers import Capability, SecretRecord, SecretsManager
from zensecrets_jupyter.core.reference import SecretReference
from zensecrets_jupyter.core.settings import VALIDATION_LEVEL_VARIABLE, SecretValidationLevel
from zensecrets_jupyter.core.stack import ComponentType, Requirement, RequiresSecrets, Stack, StackComponent
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zensecrets_jupyter.core.managers import SecretSummary

# The three validation levels, with short names.
NONE, SECRET, KEY = SecretValidationLevel.NONE, SecretValidationLevel.SECRET_EXISTS, SecretValidationLevel.SECRET_AND_KEY_EXISTS


def manager_with_secret() -> SecretsManager[CountingBackend]:
    """Return a secrets manager with the secret ``there``, which has one key."""
    manager = SecretsManager(CountingBackend())
    manager.backend.put("there", key=canary("there"))
    return manager


def annotator_with(*references: str) -> StackComponent:
    """Return an annotator with these texts as the attributes ``a0``, ``a1``, and so on."""
    return component(ComponentType.ANNOTATOR, name="labels", **{f"a{number}": text for number, text in enumerate(references)})


# Reading secrets.


def test_each_secret_is_read_once_and_in_parallel() -> None:
    """The validation of two hundred references to a hundred secrets reads each secret once.

    The reads use all parallel reads that the manager allows. A second validation reads no secret again.
    """
    manager = manager_with_secret()
    barrier = threading.Barrier(manager.parallel_reads, timeout=30)
    first_reads = threading.Semaphore(manager.parallel_reads)

    def wait_for_others(_name: str) -> None:
        # Each of the first reads waits until all of them have begun. With fewer parallel reads, the barrier would break after its timeout.
        if first_reads.acquire(blocking=False):
            barrier.wait()

    manager.backend.during_read = wait_for_others
    for number in range(100):
        manager.backend.put(f"s{number}", key=canary("k"))
    components = [_component_with(number) for number in range(50)]
    # The stack has no components, so it has two further problems. The references are in settings.
    my_stack = Stack("mine", [], manager, id="x")
    settings = [(str(stack_component), stack_component.config) for stack_component in components]
    report = my_stack.validate(level=KEY, settings=settings)
    assert [problem.type_to_set for problem in report.problems] == [ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE]
    assert len(manager.backend.reads) == len(set(manager.backend.reads)) == 100
    assert manager.backend.list_count == 0
    assert not barrier.broken
    my_stack.validate(level=KEY, settings=settings)
    assert len(manager.backend.reads) == 100


def _component_with(number: int) -> StackComponent:
    """Return an annotator with references to four of the hundred secrets. Fifty annotators refer to each secret twice."""
    references = [f"{{{{s{(number * 4 + offset) % 100}.key}}}}" for offset in range(4)]
    return annotator_with(*references)


def test_secret_exists_reads_nothing() -> None:
    """At the level SECRET_EXISTS, the validation lists the secrets once and reads none of them.

    So a missing key is not noticed, and a backend that can only list is sufficient.
    """

    class ListOnly(CountingBackend):
        capabilities: ClassVar[Capability] = Capability.LIST

    for manager in (manager_with_secret(), SecretsManager(ListOnly())):
        manager.backend.put("there", other=canary("other"))
        report = stack(annotator_with("{{there.key}}", "{{there.nothing}}", "{{missing.key}}"), manager=manager).validate(level=SECRET)
        assert [problem.code for problem in report.problems] == ["secret-not-found"]
        assert (manager.backend.reads, manager.backend.list_count) == ([], 1)


def test_checking_keys_needs_no_list_permission() -> None:
    """At the level SECRET_AND_KEY_EXISTS, a validation works without the permission to list secrets."""

    class ReadOnly(CountingBackend):
        capabilities: ClassVar[Capability] = Capability.READ

    manager = SecretsManager(ReadOnly())
    manager.backend.put("there", key=canary("there"))
    report = stack(annotator_with("{{there.key}}", "{{there.kee}}", "{{missing.key}}"), manager=manager).validate(level=KEY)
    assert [problem.code for problem in report.problems] == ["secret-key-not-found", "secret-not-found"]
    assert sorted(manager.backend.reads) == ["missing", "there"]
    assert manager.backend.list_count == 0


def test_many_missing_secrets_take_one_list() -> None:
    """For the suggestions of similar names, the validation lists the secrets once, even if several secrets are missing."""
    manager = manager_with_secret()
    report = stack(annotator_with(*(f"{{{{ther{number}.key}}}}" for number in range(10))), manager=manager).validate(level=KEY)
    assert all("Did you mean 'there'?" in problem.hint for problem in report.problems)
    assert len(report.problems) == 10
    assert manager.backend.list_count == 1


def test_none_checks_only_the_components() -> None:
    """At the level NONE, a validation checks only whether the stack has the necessary components."""
    manager = manager_with_secret()
    report = stack(annotator_with("{{missing.key}}"), manager=manager).validate(level=NONE)
    assert report.ok
    assert (manager.backend.reads, manager.backend.list_count) == ([], 0)
    assert stack(annotator_with("{{missing.key}}"), manager=None).validate(level=NONE).ok
    assert not stack(manager=manager, add_defaults=False).validate(level=NONE).ok


def test_a_stack_without_references_is_valid() -> None:
    """A stack without references is valid at any level, even without a secrets manager."""
    for level in SecretValidationLevel:
        assert stack(manager=None).validate(level=level).ok


# The level.


@pytest.mark.parametrize(
    ("variable_value", "level", "problem_count"),
    [
        ("none", NONE, 0),
        ("Secret_Exists", SECRET, 1),
        ("secret_and_key_exists", KEY, 2),
        (" SECRET_AND_KEY_EXISTS ", KEY, 2),
        ("", KEY, 2),
    ],
)
def test_the_level_is_read_at_each_call(
    variable_value: str, level: SecretValidationLevel, problem_count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The level is read from the environment variable at each validation.

    The case of letters and outer spaces have no effect. An empty variable means the default, SECRET_AND_KEY_EXISTS.
    """
    my_stack = stack(annotator_with("{{there.nothing}}", "{{missing.key}}"), manager=manager_with_secret())
    monkeypatch.setenv(VALIDATION_LEVEL_VARIABLE, variable_value)
    report = my_stack.validate()
    assert (report.level, len(report.problems)) == (level, problem_count)


def test_an_invalid_level_is_refused_without_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid level raises an error before any request."""
    manager = manager_with_secret()
    monkeypatch.setenv(VALIDATION_LEVEL_VARIABLE, "MAYBE")
    with pytest.raises(SettingsError, match="NONE, SECRET_EXISTS, SECRET_AND_KEY_EXISTS"):
        stack(annotator_with("{{there.key}}"), manager=manager).validate()
    assert (manager.backend.reads, manager.backend.list_count) == ([], 0)


# The report.


def test_the_report_lists_all_problems() -> None:
    """The report lists problems of components, secrets and keys, each with its location, and the remedy."""
    manager = manager_with_secret()
    my_stack = stack(
        annotator_with("{{ther.key}}", "fine", "{{there.kei}}"),
        component(ComponentType.ALERTER, "slack", "talk", slack_token="x-{{ther.key}}-{{there.key}}"),
        manager=manager,
        add_defaults=False,
    )
    report = my_stack.validate(level=KEY)
    assert [(problem.code, problem.component, problem.attribute, str(problem.reference or "")) for problem in report.problems] == [
        ("invalid-stack", "", "", ""),
        ("invalid-stack", "", "", ""),
        ("secret-not-found", "annotator 'labels'", "a0", "{{ther.key}}"),
        ("secret-key-not-found", "annotator 'labels'", "a2", "{{there.kei}}"),
        ("secret-not-found", "alerter 'talk'", "slack_token", "{{ther.key}}"),
    ]
    assert str(report).splitlines() == [
        "Stack 'mine' can't run: 5 problems.",
        "  - The stack has no orchestrator. Add an orchestrator.",
        "  - The stack has no artifact store. Add an artifact store.",
        "  - Annotator 'labels'.a0 needs {{ther.key}}, and there is no secret 'ther'. Did you mean 'there'?",
        ("  - Annotator 'labels'.a2 needs {{there.kei}}, and secret 'there' has no key 'kei'. Did you mean 'key'? Its keys are key."),
        "  - Alerter 'talk'.slack_token needs {{ther.key}}, and there is no secret 'ther'. Did you mean 'there'?",
        "Remedy: %stack update mine -o ORCHESTRATOR -a ARTIFACT_STORE, then %stack register-secrets mine",
    ]
    assert find_canary(str(report) + repr(report)) == []


def test_raise_for_problems_raises_the_report() -> None:
    """raise_for_problems raises an error with the report, and does nothing if there is no problem."""
    report = stack(annotator_with("{{missing.key}}"), manager=manager_with_secret()).validate(level=KEY)
    with pytest.raises(StackValidationError) as caught:
        report.raise_for_problems()
    assert caught.value.report is report
    assert str(caught.value) == str(report)
    assert "1 problem." in str(report)
    assert find_canary(error_details(caught.value)) == []
    valid_report = stack(annotator_with("{{there.key}}"), manager=manager_with_secret()).validate(level=KEY)
    valid_report.raise_for_problems()
    assert str(valid_report) == "Stack 'mine' is valid (SECRET_AND_KEY_EXISTS)."


def test_without_a_secrets_manager_each_reference_is_a_problem() -> None:
    """Without a secrets manager, each reference is a problem, and the remedy begins with a command that adds one."""
    for level in (SECRET, KEY):
        report = stack(annotator_with("{{a.b}}", "{{c.d}}"), manager=None).validate(level=level)
        assert [(problem.code, str(problem.reference)) for problem in report.problems] == [
            ("no-secrets-manager", "{{a.b}}"),
            ("no-secrets-manager", "{{c.d}}"),
        ]
        assert report.remedy.startswith("%stack update mine -x SECRETS_MANAGER")


@pytest.mark.parametrize("level", [SECRET, KEY])
def test_a_failing_manager_is_a_problem(level: SecretValidationLevel) -> None:
    """If the secrets manager raises an error, the report has it as a problem, together with the other problems."""

    class Refusing(CountingBackend):
        def read(self, name: str) -> SecretRecord:
            raise ManagerUnreachableError(f"{name} did not come in time.", hint="Try again.")

        def list(self) -> Iterable[SecretSummary]:
            raise ManagerUnreachableError("It did not come in time.", hint="Try again.")

    # Without defaults, the stack has no orchestrator and no artifact store: two further problems.
    report = stack(annotator_with("{{there.key}}"), manager=SecretsManager(Refusing()), add_defaults=False).validate(level=level)
    assert [problem.code for problem in report.problems] == ["invalid-stack", "invalid-stack", "manager-unreachable"]
    assert "did not come in time. Try again." in str(report)


def test_a_missing_capability_is_a_problem() -> None:
    """A secrets manager without the required capability is a problem with its own code."""

    class WriteOnly(CountingBackend):
        capabilities: ClassVar[Capability] = Capability.REGISTER

    for level in (SECRET, KEY):
        report = stack(annotator_with("{{there.key}}"), manager=SecretsManager(WriteOnly())).validate(level=level)
        assert [problem.code for problem in report.problems] == ["unsupported-operation"]
        assert report.remedy == "%zen secrets-manager describe unregistered"


def test_settings_of_steps_are_validated() -> None:
    """Missing secrets in the settings of steps and pipelines are reported with the step or pipeline and with a remedy."""

    class WholeSecret:
        """Settings that require the secret ``env``, but no specific key of it."""

        def requirements(self, owner: str) -> list[Requirement]:
            return [Requirement(owner, "secrets", SecretReference("env", ""))]

    settings: list[tuple[str, RequiresSecrets]] = [
        ("step 'train'", annotator_with("{{missing.one}}", "{{missing.two}}", "{{there.kee}}").config),
        ("pipeline 'p'", WholeSecret()),
    ]
    report = stack(manager=manager_with_secret()).validate(level=KEY, settings=settings)
    assert [(problem.component, problem.attribute, problem.code) for problem in report.problems] == [
        ("step 'train'", "a0", "secret-not-found"),
        ("step 'train'", "a1", "secret-not-found"),
        ("step 'train'", "a2", "secret-key-not-found"),
        ("pipeline 'p'", "secrets", "secret-not-found"),
    ]
    assert "Pipeline 'p'.secrets needs secret 'env', and there is no secret 'env'." in str(report)
    assert report.remedy == "%secret register missing --one --two, then %secret register env, then %secret update there --kee"


def test_an_optional_key_without_a_value_is_missing() -> None:
    """If a key is optional and the secret has no value for it, a reference to the key is a problem."""
    manager = manager_with_secret()
    # The first argument is the type of the schema, whose session token is optional.
    manager.backend.records["aws"] = SecretRecord("aws", {"aws_access_key_id": "id", "aws_secret_access_key": canary("key")})
    report = stack(annotator_with("{{aws.aws_session_token}}"), manager=manager).validate(level=KEY)
    assert [problem.code for problem in report.problems] == ["secret-key-not-found"]


# Components of a stack.


@pytest.mark.parametrize("level", list(SecretValidationLevel))
def test_a_remote_orchestrator_needs_remote_components(level: SecretValidationLevel) -> None:
    """A local secrets manager and a local artifact store are problems for a remote orchestrator."""

    class Local(CountingBackend):
        is_local: ClassVar[bool] = True

    cluster = component(ComponentType.ORCHESTRATOR, "kubernetes", "cluster")
    report = stack(cluster, manager=SecretsManager(Local())).validate(level=level)
    assert [problem.type_to_set for problem in report.problems] == [ComponentType.SECRETS_MANAGER, ComponentType.ARTIFACT_STORE]
    assert "The orchestrator 'cluster' runs on another machine and can't reach the local secrets manager 'unregistered'." in str(report)
    assert "can't reach the local artifact store 'default'" in str(report)
    assert report.remedy == "%stack update mine -x SECRETS_MANAGER -a ARTIFACT_STORE"
    bucket = component(ComponentType.ARTIFACT_STORE, "s3", "bucket", path="s3://bucket")
    assert stack(cluster, bucket, manager=SecretsManager(CountingBackend())).validate(level=level).ok


def test_is_remote_reads_nothing() -> None:
    """The check whether an orchestrator is remote reads no secret.

    Kubeflow with a reference as its context is remote, so the local artifact store is a problem.
    """
    manager = manager_with_secret()
    cluster = component(ComponentType.ORCHESTRATOR, "kubeflow", "cluster", kubernetes_context="{{there.key}}")
    report = stack(cluster, manager=manager).validate(level=SECRET)
    assert manager.backend.reads == []
    assert [problem.type_to_set for problem in report.problems] == [ComponentType.ARTIFACT_STORE]


REMOTE_CELL = """
from typing import ClassVar
from zensecrets_jupyter import StackComponentConfig

class AskingConfig(StackComponentConfig):
    TYPE: ClassVar[str] = "orchestrator"
    FLAVOR: ClassVar[str] = "asking_in_a_cell"
    where: str

    @property
    def is_remote(self):
        return self.where != "here"
"""
"""A cell that defines a flavor of orchestrators. An orchestrator is remote if its attribute ``where`` is not ``here``."""


def test_is_remote_of_a_user_class_sees_references() -> None:
    """If is_remote of a class from a cell reads an attribute with a reference, it gets the text of the reference."""
    manager = manager_with_secret()
    config: Callable[..., StackComponentConfig] = run_cell(REMOTE_CELL)["AskingConfig"]
    orchestrator = StackComponent("asks", ComponentType.ORCHESTRATOR, config(where="{{there.key}}"), id="x", flavor="asking_in_a_cell")
    report = stack(orchestrator, manager=manager).validate(level=SECRET)
    assert [problem.type_to_set for problem in report.problems] == [ComponentType.ARTIFACT_STORE]
    assert manager.backend.reads == []


def test_a_resolver_has_its_owner_as_text() -> None:
    """The resolver of a stack component names its owner in errors."""
    assert str(stack(manager=None).resolver("step 'train'")) == "step 'train'"
