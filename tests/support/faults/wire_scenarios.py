"""The climates of AWS and Vault, as a proxy in front of them makes it."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.core.managers.conftest import AWS_USER, VaultPlace
from tests.support.fakes.moto_server import running_moto
from tests.support.fakes.vault_server import running_vault
from tests.support.faults.cases import Climate
from tests.support.faults.http import Weather
from tests.support.faults.services import PATIENCE, AwsPlace, VaultsPlace
from tests.support.managers.counting import secret
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.faults.services import Place


@contextmanager
def aws(_folder: Path) -> Iterator[Climate]:
    """Yield the climate of AWS, as moto has it."""
    with running_moto() as port, Weather("127.0.0.1", port).running() as weather, pytest.MonkeyPatch.context() as environment:
        for variable, value in AWS_USER.items():
            environment.setenv(variable, value)
        yield climate_of(AwsPlace(str(uuid.uuid4()), weather))


@contextmanager
def vault(_folder: Path) -> Iterator[Climate]:
    """Yield the climate of Vault, as the fake has it."""
    with running_vault() as (fake, port), Weather("127.0.0.1", port).running() as weather:
        yield climate_of(VaultsPlace(str(uuid.uuid4()), VaultPlace(fake, weather, fake.new_token())))


def climate_of(place: Place) -> Climate:
    """Return the climate of a place whose weather is made by spells."""

    def seed(name: str, value: str) -> None:
        manager = place.open(**PATIENCE)
        if name in manager.list_secrets():
            manager.delete_secret(name)
        manager.register_secret(secret(name, key=value))

    def make_foreign(name: str) -> Callable[[], bool]:
        if name not in place.open(**PATIENCE).list_secrets():
            place.put(name, canary("foreign"))
        return lambda: place.versions(name) == 1

    lost = "|".join(sorted({request for requests in place.writes.values() for request in requests}))
    made = {
        "wrong credentials": partial(place.spell, "wrong credentials"),
        "no permission to list": partial(place.spell, "may not list"),
        "no permission to read": partial(place.spell, "may not read"),
        "throttled": partial(place.spell, "throttled", times=2),
        "time-out once": partial(place.spell, "silent", times=1),
        "time-out for ever": partial(place.spell, "silent"),
        "reset in the middle of a write": partial(place.spell, "answer lost", times=1, only=lost),
        "500 once": partial(place.spell, "500", times=1),
        "500 for ever": partial(place.spell, "500"),
    }
    never = {}
    if place.skewed is None:
        never["clock skew"] = "a token is not bound to the time of this machine"
    else:
        made["clock skew"] = partial(place.spell, "clock skew")
    return Climate(
        place.backend_class.FLAVOR,
        place.open,
        seed,
        make=made,
        never=never,
        delete=lambda name: place.open(**PATIENCE).delete_secret(name),
        make_foreign=make_foreign,
        too_large=place.backend_class.max_size,
    )
