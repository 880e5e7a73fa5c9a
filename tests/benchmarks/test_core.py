"""Benchmarks of references, of the validation of a stack, and of reading a cached secret.

Budgets: the resolution reads each of the 100 secrets exactly once, and then takes less than 2 µs for each reference; the validation is at
least 15 times faster than one read after the other; reading a cached secret takes 5 µs. The resolution is compared with OmegaConf, which
resolves references to texts in memory.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, ClassVar

import pytest
from omegaconf import OmegaConf

from tests.support.managers.counting import CountingBackend
from tests.support.managers.stores import secret
from tests.support.stacks import component, stack
from zensecrets_jupyter import Client, StackComponentConfig
from zensecrets_jupyter.core.managers import SecretsManager
from zensecrets_jupyter.core.settings import SecretValidationLevel
from zensecrets_jupyter.core.stack import ComponentType

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from zensecrets_jupyter.core.stack import Stack, StackComponent

SECRETS = 100
FIELDS = ("one", "two", "three", "four")
SIZES = (1, 100, 10_000)
SECONDS_PER_READ = 0.02


class FourConfig(StackComponentConfig):
    """A component with four attributes."""

    TYPE: ClassVar[str] = "annotator"
    FLAVOR: ClassVar[str] = "four"

    one: str = ""
    two: str = ""
    three: str = ""
    four: str = ""


@pytest.fixture
def manager() -> SecretsManager[CountingBackend]:
    """Return a manager with a hundred secrets."""
    manager = SecretsManager(CountingBackend())
    for number in range(SECRETS):
        manager.backend.put(f"s{number}", key=f"the value of secret number {number}")
    return manager


def _stack_and_components(manager: SecretsManager[CountingBackend], references: int, flavor: str) -> tuple[Stack, list[StackComponent]]:
    """Return a stack, and its components with this total number of references.

    Each component has at most four references.
    """
    new_stack = stack(manager=manager)
    numbers = itertools.cycle(range(SECRETS))
    components = []
    for number in range((references + 3) // 4):
        attributes = {field: f"{{{{s{next(numbers)}.key}}}}" for field in FIELDS[: min(4, references - number * 4)]}
        new_component = component(ComponentType.ANNOTATOR, flavor, f"c{number}", **attributes)
        components.append(new_component.bind_references(new_stack.resolver(f"c{number}")))
    return new_stack, components


@pytest.mark.parametrize("references", SIZES)
@pytest.mark.parametrize("flavor", ["four", "custom"])
def test_resolve(benchmark: BenchmarkFixture, manager: SecretsManager[CountingBackend], flavor: str, references: int) -> None:
    """References are resolved as declared attributes, or as attributes of a custom flavor."""
    _, components = _stack_and_components(manager, references, flavor)
    attributes = [(owner, field) for owner in components for field in FIELDS][:references]

    def resolve() -> None:
        for owner, field in attributes:
            getattr(owner, field)

    benchmark.group = f"resolve {references:,} references over {SECRETS} secrets"
    benchmark(resolve)
    benchmark.extra_info["reads"] = len(manager.backend.reads)
    assert len(manager.backend.reads) == min(references, SECRETS)


@pytest.mark.parametrize("references", SIZES)
def test_resolve_by_omegaconf(benchmark: BenchmarkFixture, references: int) -> None:
    """OmegaConf resolves the same number of references to a hundred texts."""
    texts = {f"s{number}": {"key": f"the value of secret number {number}"} for number in range(SECRETS)}
    parts = [
        {field: f"${{s{(number * 4 + index) % SECRETS}.key}}" for index, field in enumerate(FIELDS)}
        for number in range((references + 3) // 4)
    ]
    configuration = OmegaConf.create({**texts, "parts": parts})
    attributes = [(part, field) for part in configuration.parts for field in FIELDS][:references]

    def resolve() -> None:
        for part, field in attributes:
            getattr(part, field)

    benchmark.group = f"resolve {references:,} references over {SECRETS} secrets"
    benchmark(resolve)


@pytest.mark.benchmark(group="validate 50 components x 4 references over 100 secrets, 20 ms a read")
def test_validate(benchmark: BenchmarkFixture) -> None:
    """A stack whose secrets were never read is validated."""

    def make_manager() -> tuple[tuple[SecretsManager[CountingBackend]], dict[str, object]]:
        new_manager = SecretsManager(CountingBackend())
        new_manager.backend.seconds = SECONDS_PER_READ
        for number in range(SECRETS):
            new_manager.backend.put(f"s{number}", key=f"the value of secret number {number}")
        return (new_manager,), {}

    def validate(new_manager: SecretsManager[CountingBackend]) -> None:
        new_stack, components = _stack_and_components(new_manager, 200, "four")
        settings = [(str(stack_component), stack_component.config) for stack_component in components]
        assert new_stack.validate(level=SecretValidationLevel.SECRET_AND_KEY_EXISTS, settings=settings).ok
        assert len(new_manager.backend.reads) == SECRETS

    benchmark.pedantic(validate, setup=make_manager, rounds=5)


@pytest.mark.benchmark(group="validate 50 components x 4 references over 100 secrets, 20 ms a read")
def test_validate_one_by_one(benchmark: BenchmarkFixture, manager: SecretsManager[CountingBackend]) -> None:
    """Each reference is read separately, one after the other, as in ZenML."""
    _, components = _stack_and_components(manager, 200, "four")
    manager.backend.seconds = SECONDS_PER_READ

    def validate() -> None:
        for stack_component in components:
            for requirement in stack_component.requirements():
                manager.get_secret(requirement.reference.name, refresh=True).value(requirement.reference.key)

    benchmark.pedantic(validate, rounds=2)


@pytest.mark.benchmark(group="warm get")
@pytest.mark.parametrize("through", ["client", "manager", "attribute"])
def test_warm_get(benchmark: BenchmarkFixture, through: str) -> None:
    """A cached secret of the local store is read in one of three ways.

    The ways are a new Client, the secrets manager, and an attribute of a component.
    """
    workspace = Client().workspace
    Client().secrets_manager.register_secret(secret("service", token="the token"))
    workspace.register_component(ComponentType.ANNOTATOR, "labels", "label_studio", {"authentication_secret": "{{service.token}}"})
    workspace.update_stack("default", {ComponentType.ANNOTATOR: "labels"})
    active = Client().active_stack
    manager = active.secrets_manager

    def by_attribute() -> object:
        assert active.annotator is not None
        return active.annotator.authentication_secret

    calls = {"client": lambda: Client().get_secret("service"), "manager": lambda: manager.get_secret("service"), "attribute": by_attribute}
    benchmark(calls[through])
