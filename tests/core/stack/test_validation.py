"""What would keep a pipeline from running: every problem at once, with as few reads as the level needs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

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
from zensecrets_jupyter.core.stack.stack import StackResolver
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zensecrets_jupyter.core.managers import SecretSummary

NONE, SECRET, KEY = SecretValidationLevel.NONE, SecretValidationLevel.SECRET_EXISTS, SecretValidationLevel.SECRET_AND_KEY_EXISTS


def reading(**more: Any) -> SecretsManager[CountingBackend]:
    """Return a manager with the secret ``there`` that has one key."""
    made = SecretsManager(CountingBackend())
    for name, value in more.items():
        setattr(made, name, value)
    made.backend.put("there", key=canary("there"))
    return made


def needing(*references: str) -> StackComponent:
    """Return an annotator that needs them, each in an attribute of its own."""
    return component(ComponentType.ANNOTATOR, name="labels", **{f"a{number}": text for number, text in enumerate(references)})


# Reads.


def test_each_secret_is_read_once_and_in_parallel() -> None:
    """Fifty components with four references each over a hundred secrets are a hundred reads, and thirty-two are under way together."""
    manager = reading(seconds=0.02)
    together = threading.Barrier(manager.parallel_reads, timeout=30)
    first = threading.Semaphore(manager.parallel_reads)

    def meet(_name: str) -> None:
        if first.acquire(blocking=False):
            together.wait()

    manager.backend.during_read = meet
    for number in range(100):
        manager.backend.put(f"s{number}", key=canary("k"))
    parts = [_component_with(number) for number in range(50)]
    mine = Stack("mine", [], manager, id="x")
    settings = [(str(part), part.config) for part in parts]
    report = mine.validate(level=KEY, settings=settings)
    assert [problem.lacks for problem in report.problems] == [ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE]
    assert len(manager.backend.reads) == len(set(manager.backend.reads)) == 100
    assert manager.backend.lists == 0
    assert not together.broken
    mine.validate(level=KEY, settings=settings)
    assert len(manager.backend.reads) == 100


def _component_with(number: int) -> StackComponent:
    references = [f"{{{{s{(number * 4 + place) % 100}.key}}}}" for place in range(4)]
    return needing(*references)


def test_secret_exists_reads_nothing() -> None:
    """The level that only looks for secrets lists once and reads none, also where reading is not allowed."""

    class ListOnly(CountingBackend):
        capabilities: ClassVar[Capability] = Capability.LIST

    for manager in (reading(), SecretsManager(ListOnly())):
        manager.backend.put("there", other=canary("other"))
        report = stack(needing("{{there.key}}", "{{there.nothing}}", "{{missing.key}}"), manager=manager).validate(level=SECRET)
        assert [problem.code for problem in report.problems] == ["secret-not-found"]
        assert (manager.backend.reads, manager.backend.lists) == ([], 1)


def test_keys_are_looked_at_without_listing() -> None:
    """The level that looks at keys works for who may only read: nothing is ever listed."""

    class ReadOnly(CountingBackend):
        capabilities: ClassVar[Capability] = Capability.READ

    manager = SecretsManager(ReadOnly())
    manager.backend.put("there", key=canary("there"))
    report = stack(needing("{{there.key}}", "{{there.kee}}", "{{missing.key}}"), manager=manager).validate(level=KEY)
    assert [problem.code for problem in report.problems] == ["secret-key-not-found", "secret-not-found"]
    assert sorted(manager.backend.reads) == ["missing", "there"]
    assert manager.backend.lists == 0


def test_many_missing_secrets_are_one_list() -> None:
    """Near misses of any number of missing secrets cost one list."""
    manager = reading()
    report = stack(needing(*(f"{{{{ther{number}.key}}}}" for number in range(10))), manager=manager).validate(level=KEY)
    assert all("Did you mean 'there'?" in problem.hint for problem in report.problems)
    assert len(report.problems) == 10
    assert manager.backend.lists == 1


def test_none_asks_for_nothing() -> None:
    """At the level NONE no secret is looked for; the stack's shape still is."""
    manager = reading()
    report = stack(needing("{{missing.key}}"), manager=manager).validate(level=NONE)
    assert report.ok
    assert (manager.backend.reads, manager.backend.lists) == ([], 0)
    assert stack(needing("{{missing.key}}"), manager=None).validate(level=NONE).ok
    assert not stack(manager=manager, complete=False).validate(level=NONE).ok


def test_what_needs_nothing_reads_nothing() -> None:
    """A stack without references is valid, whatever the level and with no secrets manager at all."""
    for level in SecretValidationLevel:
        assert stack(manager=None).validate(level=level).ok


# The level.


@pytest.mark.parametrize(
    ("written", "level", "problems"),
    [
        ("none", NONE, 0),
        ("Secret_Exists", SECRET, 1),
        ("secret_and_key_exists", KEY, 2),
        (" SECRET_AND_KEY_EXISTS ", KEY, 2),
        ("", KEY, 2),
    ],
)
def test_the_level_is_read_at_call_time(written: str, level: SecretValidationLevel, problems: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variable decides at each call, in whatever case it is written."""
    mine = stack(needing("{{there.nothing}}", "{{missing.key}}"), manager=reading())
    monkeypatch.setenv(VALIDATION_LEVEL_VARIABLE, written)
    report = mine.validate()
    assert (report.level, len(report.problems)) == (level, problems)


def test_a_bad_level_is_told_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A level that is none of the three is an error, and the secrets manager was not asked."""
    manager = reading()
    monkeypatch.setenv(VALIDATION_LEVEL_VARIABLE, "MAYBE")
    with pytest.raises(SettingsError, match="NONE, SECRET_EXISTS, SECRET_AND_KEY_EXISTS"):
        stack(needing("{{there.key}}"), manager=manager).validate()
    assert (manager.backend.reads, manager.backend.lists) == ([], 0)


# The report.


def test_the_report_holds_every_problem_at_once() -> None:
    """Shape, missing secrets and missing keys come together: component, attribute, reference, near miss, and the remedy at the end."""
    manager = reading()
    mine = stack(
        needing("{{ther.key}}", "fine", "{{there.kei}}"),
        component(ComponentType.ALERTER, "slack", "talk", slack_token="x-{{ther.key}}-{{there.key}}"),
        manager=manager,
        complete=False,
    )
    report = mine.validate(level=KEY)
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


def test_a_report_with_problems_is_raised_as_an_error() -> None:
    """raise_for_problems raises the report as data and as text; a report without problems raises nothing."""
    report = stack(needing("{{missing.key}}"), manager=reading()).validate(level=KEY)
    with pytest.raises(StackValidationError) as caught:
        report.raise_for_problems()
    assert caught.value.report is report
    assert str(caught.value) == str(report)
    assert "1 problem." in str(report)
    assert find_canary(error_details(caught.value)) == []
    fine = stack(needing("{{there.key}}"), manager=reading()).validate(level=KEY)
    fine.raise_for_problems()
    assert str(fine) == "Stack 'mine' is valid (SECRET_AND_KEY_EXISTS)."


def test_a_stack_without_a_secrets_manager_names_every_secret_it_needs() -> None:
    """Each reference is a problem of its own, and the remedy adds a manager first."""
    for level in (SECRET, KEY):
        report = stack(needing("{{a.b}}", "{{c.d}}"), manager=None).validate(level=level)
        assert [(problem.code, str(problem.reference)) for problem in report.problems] == [
            ("no-secrets-manager", "{{a.b}}"),
            ("no-secrets-manager", "{{c.d}}"),
        ]
        assert report.remedy.startswith("%stack update mine -x SECRETS_MANAGER")


@pytest.mark.parametrize("level", [SECRET, KEY])
def test_a_manager_that_does_not_answer_is_a_problem_not_a_crash(level: SecretValidationLevel) -> None:
    """What the secrets manager says becomes part of the report, and the other problems are there too."""

    class Refusing(CountingBackend):
        def read(self, name: str) -> SecretRecord:
            raise ManagerUnreachableError(f"{name} did not come in time.", hint="Try again.")

        def list(self) -> Iterable[SecretSummary]:
            raise ManagerUnreachableError("It did not come in time.", hint="Try again.")

    report = stack(needing("{{there.key}}"), manager=SecretsManager(Refusing()), complete=False).validate(level=level)
    assert [problem.code for problem in report.problems] == ["invalid-stack", "invalid-stack", "manager-unreachable"]
    assert "did not come in time. Try again." in str(report)


def test_a_manager_that_may_not_do_what_the_level_needs_says_so() -> None:
    """A level that needs to list, or to read, on a manager that can't, is a problem with its own code."""

    class Blind(CountingBackend):
        capabilities: ClassVar[Capability] = Capability.REGISTER

    for level in (SECRET, KEY):
        report = stack(needing("{{there.key}}"), manager=SecretsManager(Blind())).validate(level=level)
        assert [problem.code for problem in report.problems] == ["unsupported-operation"]
        assert report.remedy == "%zen secrets-manager describe unregistered"


def test_settings_of_steps_are_validated_too() -> None:
    """What steps and pipelines need is told with their name, and its remedy registers or updates the secret itself."""

    class Whole:
        def requirements(self, owner: str) -> list[Requirement]:
            return [Requirement(owner, "secrets", SecretReference("env", ""))]

    settings: list[tuple[str, RequiresSecrets]] = [
        ("step 'train'", needing("{{missing.one}}", "{{missing.two}}", "{{there.kee}}").config),
        ("pipeline 'p'", Whole()),
    ]
    report = stack(manager=reading()).validate(level=KEY, settings=settings)
    assert [(problem.component, problem.attribute, problem.code) for problem in report.problems] == [
        ("step 'train'", "a0", "secret-not-found"),
        ("step 'train'", "a1", "secret-not-found"),
        ("step 'train'", "a2", "secret-key-not-found"),
        ("pipeline 'p'", "secrets", "secret-not-found"),
    ]
    assert "Pipeline 'p'.secrets needs secret 'env', and there is no secret 'env'." in str(report)
    assert report.remedy == "%secret register missing --one --two, then %secret register env, then %secret update there --kee"


def test_a_key_of_a_schema_that_has_no_value_is_missing() -> None:
    """An optional key without a value is no key: a reference to it is a problem before the run."""
    manager = reading()
    manager.backend.stored["aws"] = SecretRecord("aws", {"aws_access_key_id": "id", "aws_secret_access_key": canary("key")})
    report = stack(needing("{{aws.aws_session_token}}"), manager=manager).validate(level=KEY)
    assert [problem.code for problem in report.problems] == ["secret-key-not-found"]


# The shape of a stack.


@pytest.mark.parametrize("level", list(SecretValidationLevel))
def test_a_remote_orchestrator_reaches_nothing_local(level: SecretValidationLevel) -> None:
    """With a local secrets manager and a local artifact store, a remote orchestrator is two problems, each naming what it can't reach."""

    class Local(CountingBackend):
        is_local: ClassVar[bool] = True

    remote = component(ComponentType.ORCHESTRATOR, "kubernetes", "cluster")
    report = stack(remote, manager=SecretsManager(Local())).validate(level=level)
    assert [problem.lacks for problem in report.problems] == [ComponentType.SECRETS_MANAGER, ComponentType.ARTIFACT_STORE]
    assert "The orchestrator 'cluster' runs on another machine and can't reach the local secrets manager 'unregistered'." in str(report)
    assert "can't reach the local artifact store 'default'" in str(report)
    assert report.remedy == "%stack update mine -x SECRETS_MANAGER -a ARTIFACT_STORE"
    bucket = component(ComponentType.ARTIFACT_STORE, "s3", "bucket", path="s3://bucket")
    assert stack(remote, bucket, manager=SecretsManager(CountingBackend())).validate(level=level).ok


def test_the_shape_is_looked_at_without_reading() -> None:
    """Whether an orchestrator is remote is told from its references as they stand: at SECRET_EXISTS nothing is read for it."""
    manager = reading()
    cluster = component(ComponentType.ORCHESTRATOR, "kubeflow", "cluster", kubernetes_context="{{there.key}}")
    report = stack(cluster, manager=manager).validate(level=SECRET)
    assert manager.backend.reads == []
    assert [problem.lacks for problem in report.problems] == [ComponentType.ARTIFACT_STORE]


ASKING = """
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


def test_a_class_of_ones_own_tells_its_shape_without_a_value() -> None:
    """A class in a cell whose is_remote looks at an attribute sees the reference, and nothing is read for it."""
    manager = reading()
    config: Callable[..., StackComponentConfig] = run_cell(ASKING)["AskingConfig"]
    asking = StackComponent("asks", ComponentType.ORCHESTRATOR, config(where="{{there.key}}"), id="x", flavor="asking_in_a_cell")
    report = stack(asking, manager=manager).validate(level=SECRET)
    assert [problem.lacks for problem in report.problems] == [ComponentType.ARTIFACT_STORE]
    assert manager.backend.reads == []


def test_a_place_in_a_stack_says_whose_it_is() -> None:
    """What hangs in a stack is called by its owner in every error."""
    assert str(StackResolver(stack(manager=None), "step 'train'")) == "step 'train'"
