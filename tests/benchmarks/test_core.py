"""Resolving references, validating a stack and reading a secret that was read before, beside what people use or would write instead.

Budgets: 100 reads exactly and then under 2 µs a reference; at least 15 times faster than a sequential read per reference; 5 µs for a warm
get. OmegaConf's interpolation resolves a text of its own in memory: it knows no secrets, but is what people configure with.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, ClassVar

import pytest
from omegaconf import OmegaConf

from tests.support.managers.counting import CountingBackend, secret
from tests.support.stacks import component, stack
from zensecrets_jupyter import Client, StackComponentConfig
from zensecrets_jupyter.core.managers import SecretsManager
from zensecrets_jupyter.core.settings import SecretValidationLevel
from zensecrets_jupyter.core.stack import ComponentType, StackResolver

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from zensecrets_jupyter.core.stack import Stack, StackComponent

SECRETS = 100
FIELDS = ("one", "two", "three", "four")
SIZES = (1, 100, 10_000)
SECONDS_A_READ = 0.02


class FourConfig(StackComponentConfig):
    """A component with four texts."""

    TYPE: ClassVar[str] = "annotator"
    FLAVOR: ClassVar[str] = "four"

    one: str = ""
    two: str = ""
    three: str = ""
    four: str = ""


@pytest.fixture
def manager() -> SecretsManager[CountingBackend]:
    """Return a manager with a hundred secrets."""
    made = SecretsManager(CountingBackend())
    for number in range(SECRETS):
        made.backend.put(f"s{number}", key=f"the value of secret number {number}")
    return made


def _stack_and_components(manager: SecretsManager[CountingBackend], references: int, flavor: str) -> tuple[Stack, list[StackComponent]]:
    """Return a stack, and components that hang in it and hold so many references together, four each, over all the secrets."""
    mine = stack(manager=manager)
    numbers = itertools.cycle(range(SECRETS))
    made = []
    for number in range((references + 3) // 4):
        held = {field: f"{{{{s{next(numbers)}.key}}}}" for field in FIELDS[: min(4, references - number * 4)]}
        made.append(component(ComponentType.ANNOTATOR, flavor, f"c{number}", **held).bind_references(StackResolver(mine, f"c{number}")))
    return mine, made


@pytest.mark.parametrize("references", SIZES)
@pytest.mark.parametrize("flavor", ["four", "custom"])
def test_resolve(benchmark: BenchmarkFixture, manager: SecretsManager[CountingBackend], flavor: str, references: int) -> None:
    """Each reference is read once as an attribute of its component: one that its class declares, or one of a custom flavor."""
    _, components = _stack_and_components(manager, references, flavor)
    places = [(one, field) for one in components for field in FIELDS][:references]

    def resolve() -> None:
        for one, field in places:
            getattr(one, field)

    benchmark.group = f"resolve {references:,} references over {SECRETS} secrets"
    benchmark(resolve)
    benchmark.extra_info["reads"] = len(manager.backend.reads)
    assert len(manager.backend.reads) == min(references, SECRETS)


@pytest.mark.parametrize("references", SIZES)
def test_resolve_by_omegaconf(benchmark: BenchmarkFixture, references: int) -> None:
    """The same by interpolation: each of as many places is a reference to one of a hundred texts."""
    texts = {f"s{number}": {"key": f"the value of secret number {number}"} for number in range(SECRETS)}
    parts = [
        {field: f"${{s{(number * 4 + place) % SECRETS}.key}}" for place, field in enumerate(FIELDS)}
        for number in range((references + 3) // 4)
    ]
    found = OmegaConf.create({**texts, "parts": parts})
    places = [(one, field) for one in found.parts for field in FIELDS][:references]

    def resolve() -> None:
        for one, field in places:
            getattr(one, field)

    benchmark.group = f"resolve {references:,} references over {SECRETS} secrets"
    benchmark(resolve)


@pytest.mark.benchmark(group="validate 50 components x 4 references over 100 secrets, 20 ms a read")
def test_validate(benchmark: BenchmarkFixture) -> None:
    """The whole validation of a stack that was not read before."""

    def make() -> tuple[tuple[SecretsManager[CountingBackend]], dict[str, object]]:
        fresh = SecretsManager(CountingBackend())
        fresh.backend.seconds = SECONDS_A_READ
        for number in range(SECRETS):
            fresh.backend.put(f"s{number}", key=f"the value of secret number {number}")
        return (fresh,), {}

    def validate(fresh: SecretsManager[CountingBackend]) -> None:
        mine, components = _stack_and_components(fresh, 200, "four")
        settings = [(str(one), one.config) for one in components]
        assert mine.validate(level=SecretValidationLevel.SECRET_AND_KEY_EXISTS, settings=settings).ok
        assert len(fresh.backend.reads) == SECRETS

    benchmark.pedantic(validate, setup=make, rounds=5)  # type: ignore[no-untyped-call] # pytest-benchmark has no types there


@pytest.mark.benchmark(group="validate 50 components x 4 references over 100 secrets, 20 ms a read")
def test_validate_one_by_one(benchmark: BenchmarkFixture, manager: SecretsManager[CountingBackend]) -> None:
    """A read per reference, one after the other, as ZenML does."""
    _, components = _stack_and_components(manager, 200, "four")
    manager.backend.seconds = SECONDS_A_READ

    def validate() -> None:
        for one in components:
            for need in one.requirements():
                manager.get_secret(need.reference.name, refresh=True).value(need.reference.key)

    benchmark.pedantic(validate, rounds=2)  # type: ignore[no-untyped-call] # likewise


@pytest.mark.benchmark(group="warm get")
@pytest.mark.parametrize("through", ["client", "manager", "attribute"])
def test_warm_get(benchmark: BenchmarkFixture, through: str) -> None:
    """A secret of the default local manager that was read before: by a new Client, by its manager, and as a component's attribute."""
    workspace = Client().workspace
    Client().secrets_manager.register_secret(secret("service", token="the token"))
    workspace.register_component(ComponentType.ANNOTATOR, "labels", "label_studio", {"authentication_secret": "{{service.token}}"})
    workspace.update_stack("default", {ComponentType.ANNOTATOR: "labels"})
    mine = Client().active_stack
    known = mine.secrets_manager

    def by_attribute() -> object:
        assert mine.annotator is not None
        return mine.annotator.authentication_secret

    calls = {"client": lambda: Client().get_secret("service"), "manager": lambda: known.get_secret("service"), "attribute": by_attribute}
    benchmark(calls[through])
