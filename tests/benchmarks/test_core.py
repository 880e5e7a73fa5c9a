"""Benchmarks of references, of the validation of a stack, and of reading a cached secret.

Budgets:

- The resolution of references reads each of the 100 secrets exactly once. After that, the resolution of a reference takes less than 2 µs.
- The validation is at least 15 times faster than reading the secrets one after the other.
- Reading a cached secret takes at most 5 µs.

The times are not asserted. The resolution is compared with OmegaConf, whose references refer to texts in memory.
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

SECRET_COUNT = 100
# The attributes of each component. Each has one reference.
FIELDS = ("one", "two", "three", "four")
REFERENCE_COUNTS = (1, 100, 10_000)
SECONDS_PER_READ = 0.02
"""The time that the backend waits in each read, as if it were a remote service."""


class FourAttributesConfig(StackComponentConfig):
    """The configuration of a component with four attributes."""

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
    for number in range(SECRET_COUNT):
        manager.backend.put(f"s{number}", key=f"the value of secret number {number}")
    return manager


def _stack_and_components(manager: SecretsManager[CountingBackend], count: int, flavor: str) -> tuple[Stack, list[StackComponent]]:
    """Return a stack, and components whose references it resolves. The components are not in the stack.

    The components have ``count`` references in total, and each has at most four. The first reference is to the first secret, the second to
    the second secret, and so on. After the last secret, the first one follows again.
    """
    new_stack = stack(manager=manager)
    secret_numbers = itertools.cycle(range(SECRET_COUNT))
    components = []
    for number in range((count + 3) // 4):
        # In an f-string, four braces are two, so a reference is `{{s0.key}}`.
        attributes = {field: f"{{{{s{next(secret_numbers)}.key}}}}" for field in FIELDS[: min(4, count - number * 4)]}
        new_component = component(ComponentType.ANNOTATOR, flavor, f"c{number}", **attributes)
        components.append(new_component.bind_references(new_stack.resolver(f"c{number}")))
    return new_stack, components


@pytest.mark.parametrize("reference_count", REFERENCE_COUNTS)
@pytest.mark.parametrize("flavor", ["four", "custom"])
def test_resolve(benchmark: BenchmarkFixture, manager: SecretsManager[CountingBackend], flavor: str, reference_count: int) -> None:
    """References are resolved in attributes of components.

    The flavor ``four`` declares the attributes. The flavor ``custom`` declares none, and accepts any.
    """
    _, components = _stack_and_components(manager, reference_count, flavor)
    attributes = [(owner, field) for owner in components for field in FIELDS][:reference_count]

    def resolve() -> None:
        for owner, field in attributes:
            getattr(owner, field)

    benchmark.group = f"resolve {reference_count:,} references over {SECRET_COUNT} secrets"
    benchmark(resolve)
    benchmark.extra_info["reads"] = len(manager.backend.reads)
    assert len(manager.backend.reads) == min(reference_count, SECRET_COUNT)


@pytest.mark.parametrize("reference_count", REFERENCE_COUNTS)
def test_resolve_by_omegaconf(benchmark: BenchmarkFixture, reference_count: int) -> None:
    """OmegaConf resolves the same number of references to a hundred texts."""
    texts = {f"s{number}": {"key": f"the value of secret number {number}"} for number in range(SECRET_COUNT)}
    secret_numbers = itertools.cycle(range(SECRET_COUNT))
    components = [{field: f"${{s{next(secret_numbers)}.key}}" for field in FIELDS} for _ in range((reference_count + 3) // 4)]
    configuration = OmegaConf.create({**texts, "components": components})
    attributes = [(owner, field) for owner in configuration.components for field in FIELDS][:reference_count]

    def resolve() -> None:
        for owner, field in attributes:
            getattr(owner, field)

    benchmark.group = f"resolve {reference_count:,} references over {SECRET_COUNT} secrets"
    benchmark(resolve)


@pytest.mark.benchmark(group="validate 50 components x 4 references over 100 secrets, 20 ms a read")
def test_validate(benchmark: BenchmarkFixture) -> None:
    """A stack is validated whose secrets are not cached.

    Each round has a new secrets manager, which has read nothing.
    """

    def make_arguments() -> tuple[tuple[SecretsManager[CountingBackend]], dict[str, object]]:
        """Return the arguments for a round."""
        new_manager = SecretsManager(CountingBackend())
        new_manager.backend.seconds = SECONDS_PER_READ
        for number in range(SECRET_COUNT):
            new_manager.backend.put(f"s{number}", key=f"the value of secret number {number}")
        return (new_manager,), {}

    def validate(new_manager: SecretsManager[CountingBackend]) -> None:
        new_stack, components = _stack_and_components(new_manager, 200, "four")
        settings = [(str(stack_component), stack_component.config) for stack_component in components]
        assert new_stack.validate(level=SecretValidationLevel.SECRET_AND_KEY_EXISTS, settings=settings).ok
        assert len(new_manager.backend.reads) == SECRET_COUNT

    benchmark.pedantic(validate, setup=make_arguments, rounds=5)


@pytest.mark.benchmark(group="validate 50 components x 4 references over 100 secrets, 20 ms a read")
def test_validate_one_by_one(benchmark: BenchmarkFixture, manager: SecretsManager[CountingBackend]) -> None:
    """For comparison, each reference is checked separately: its secret is read again.

    ZenML validates a stack in this way.
    """
    _, components = _stack_and_components(manager, 200, "four")
    manager.backend.seconds = SECONDS_PER_READ

    def validate() -> None:
        for stack_component in components:
            for requirement in stack_component.requirements():
                manager.get_secret(requirement.reference.name, refresh=True).value(requirement.reference.key)

    benchmark.pedantic(validate, rounds=2)


# "Warm" means that the secret is in the cache.
@pytest.mark.benchmark(group="warm get")
@pytest.mark.parametrize("method", ["client", "manager", "attribute"])
def test_warm_get(benchmark: BenchmarkFixture, method: str) -> None:
    """A cached secret of the local store is read by a new Client, by the secrets manager, or by an attribute of a component."""
    workspace = Client().workspace
    Client().secrets_manager.register_secret(secret("service", token="the token"))
    workspace.register_component(ComponentType.ANNOTATOR, "labels", "label_studio", {"authentication_secret": "{{service.token}}"})
    workspace.update_stack("default", {ComponentType.ANNOTATOR: "labels"})
    active_stack = Client().active_stack
    manager = active_stack.secrets_manager

    def read_attribute() -> object:
        assert active_stack.annotator is not None
        return active_stack.annotator.authentication_secret

    reads = {
        "client": lambda: Client().get_secret("service"),
        "manager": lambda: manager.get_secret("service"),
        "attribute": read_attribute,
    }
    benchmark(reads[method])
