"""The climate of a real ZenML server, as a proxy in front of it makes it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.faults.cases import Climate, seed
from tests.support.faults.http import Weather
from tests.support.faults.services import PATIENCE
from tests.support.faults.zenml_service import ON_ITS_OWN, SECRETS, HastyZenml, spell
from tests.support.zenml_server import running_zenml
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def zenml(folder: Path) -> Iterator[Climate]:
    """Yield the climate of a ZenML server, where every secret is an ordinary one, for somebody who has logged in."""
    with (
        running_zenml() as server,
        Weather("127.0.0.1", server.port).running() as weather,
        pytest.MonkeyPatch.context() as environment,
    ):
        server.leave_login(folder / "zenml", weather.address)
        environment.setenv("XDG_CONFIG_HOME", str(folder))

        def open_manager(**more: float) -> SecretsManager:
            return SecretsManager(
                HastyZenml(HastyZenml.make_options({**ON_ITS_OWN, **more}), context=ManagerContext(name="tried", id="one"))
            )

        made = partial(spell, weather)
        yield Climate(
            "zenml",
            open_manager,
            partial(seed, partial(open_manager, **PATIENCE)),
            make={
                "wrong credentials": partial(made, "wrong credentials"),
                "no permission to list": partial(made, "may not list"),
                "no permission to read": partial(made, "may not read"),
                "throttled": partial(made, "throttled", times=2),
                "time-out once": partial(made, "silent", times=1),
                "time-out for ever": partial(made, "silent"),
                "reset in the middle of a write": partial(made, "answer lost", times=1, only=f"(POST|PUT|DELETE) {SECRETS}"),
                "500 once": partial(made, "500", times=1),
                "500 for ever": partial(made, "500"),
            },
            calm=("name too long", "illegal name", "value too large", "deleted between list and read"),
            never={
                "clock skew": "a token is not bound to the time of this machine",
                "not ours": "whoever wrote a secret, it is an ordinary one of the server",
            },
            delete=lambda name: open_manager(**PATIENCE).delete_secret(name),
            too_large=HastyZenml.max_size,
        )
