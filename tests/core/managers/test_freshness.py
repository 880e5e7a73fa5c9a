"""The cache of secrets managers with shared services.

A cached read sends no request. A manager sees a write of another process after the time to live, or with ``refresh=True``.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest

from tests.support.faults.cloud_services import SERVICE_FLAVORS, faulty_service
from tests.support.faults.tcp_proxy import TcpProxy
from tests.support.managers.stores import secret
from tests.support.postgresql import Server, running_postgresql
from tests.support.processes import run_python
from zensecrets_jupyter.core.errors import SecretNotFoundError
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager, get_flavor
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.workspace import get_workspace
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.core.managers.conftest import VaultFixture
    from zensecrets_jupyter.core.managers import Backend

LONG_TIME_TO_LIVE, SHORT_TIME_TO_LIVE = 3600.0, 0.2
"""Times to live in seconds: longer than any test, and short enough to wait for."""
WAIT = 30
"""Maximum seconds to wait for a condition."""

OTHER_PROCESS = """
import json, sys
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager, get_flavor
flavor, identity, attributes, value = json.loads(sys.argv[1])
backend_class = get_flavor(flavor)
context = ManagerContext(name="theirs", id=identity)
manager = SecretsManager(backend_class(backend_class.make_options(attributes), context=context))
manager.merge_secret("shared", {"key": value})
print("true")
"""
"""A program that changes the secret ``shared``. It prints the JSON value ``true`` at its end. The tests run it in another process."""


class CachedService(NamedTuple):
    """A service whose secrets managers cache secrets. ``request_count`` returns the number of requests so far."""

    flavor: str
    identity: str
    attributes: Mapping[str, Any]
    request_count: Callable[[], int]

    def open(self, time_to_live: float = LONG_TIME_TO_LIVE) -> SecretsManager:
        """Return a manager whose cached secrets have a time to live in seconds."""
        base_class = get_flavor(self.flavor)
        # The time to live is set in a new subclass, so the class of the flavor is not changed.
        backend_class = cast("type[Backend]", type(base_class.__name__, (base_class,), {"time_to_live": time_to_live}))
        return SecretsManager(
            backend_class(backend_class.make_options(self.attributes), context=ManagerContext(name="ours", id=self.identity))
        )

    def write_in_another_process(self, value: str) -> None:
        """Change the secret ``shared`` in another process."""
        assert run_python(OTHER_PROCESS, json.dumps([self.flavor, self.identity, dict(self.attributes), value])) is True


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    """Run a database server."""
    with running_postgresql("team", "the password") as server:
        yield server


@pytest.fixture(params=["sql", *SERVICE_FLAVORS])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CachedService]:
    """Yield the service of each flavor."""
    if request.param == "sql":
        server: Server = request.getfixturevalue("postgresql")
        proxy = TcpProxy(server.host, server.port)
        url = f"postgresql://{server.user}:{server.password}@{proxy.address[0]}:{proxy.address[1]}/postgres"
        keys = {"protection": "keyfile", "key_folder": str(tmp_path / "keys"), "database_schema": f"s{uuid.uuid4().hex}"}
        # A database has no HTTP requests, so the test counts the chunks of bytes that the client sends.
        yield CachedService("sql", str(uuid.uuid4()), {"url": url, **keys}, lambda: proxy.sent_chunk_count)
        proxy.close()
    else:
        remote = faulty_service(request.param, request)
        yield CachedService(request.param, remote.identity, remote.attributes, remote.request_count)


def test_cached_read_sends_no_request(service: CachedService) -> None:
    """A hundred single reads and a hundred batch reads of cached secrets send no request."""
    manager = service.open()
    texts = {name: canary(name) for name in ("one", "two", "three")}
    for name, text in texts.items():
        manager.register_secret(secret(name, key=text))
    manager.get_secrets(["one", "two"])
    manager.get_secret("three")
    before = service.request_count()
    for _ in range(100):
        assert {name: manager.get_secret(name).content["key"] for name in texts} == texts
        assert len(manager.get_secrets(texts)) == len(texts)
    assert before > 0
    assert service.request_count() == before


def test_write_of_another_process_is_seen(service: CachedService) -> None:
    """A manager returns a cached secret for its time to live, even after a write of another process.

    After the time to live, or with ``refresh=True``, the manager returns the new content.
    """
    long_cached, short_cached = service.open(LONG_TIME_TO_LIVE), service.open(SHORT_TIME_TO_LIVE)
    first, second = canary("first"), canary("second")
    long_cached.register_secret(secret("shared", key=first))
    for manager in (long_cached, short_cached):
        assert manager.get_secret("shared").content == {"key": first}
    service.write_in_another_process(second)
    before = service.request_count()
    for _ in range(100):
        assert long_cached.get_secret("shared").content == {"key": first}
    assert long_cached.get_secrets(["shared"]) == {"shared": secret("shared", key=first)}
    assert service.request_count() == before
    deadline = time.monotonic() + WAIT
    while short_cached.get_secret("shared").content != {"key": second}:
        assert time.monotonic() < deadline, "the write of the other process was never seen"
        time.sleep(SHORT_TIME_TO_LIVE / 10)
    assert long_cached.get_secret("shared").content == {"key": first}
    before = service.request_count()
    assert long_cached.get_secret("shared", refresh=True).content == {"key": second}
    assert service.request_count() > before
    before = service.request_count()
    assert long_cached.get_secret("shared").content == {"key": second}
    assert service.request_count() == before


def test_write_of_another_instance_is_seen_at_once(service: CachedService) -> None:
    """After any write, the next read of another manager object in the same process returns the new content."""
    writer, reader = service.open(), service.open()
    writer.register_secret(secret("shared", key="first"))
    assert reader.get_secret("shared").content == {"key": "first"}
    writer.merge_secret("shared", {"key": "second"})
    assert reader.get_secret("shared").content == {"key": "second"}
    writer.update_secret(secret("shared", key="third"))
    assert reader.get_secret("shared").content == {"key": "third"}
    # The last version of the history is the oldest one. Its content is "first", or "second" if the service keeps only two versions.
    writer.rollback("shared", writer.history("shared")[-1].number)
    assert reader.get_secret("shared").content != {"key": "third"}
    writer.rename_secret("shared", "renamed")
    with pytest.raises(SecretNotFoundError):
        reader.get_secret("shared")
    assert reader.get_secret("renamed").content == writer.get_secret("renamed").content
    writer.delete_all_secrets()
    with pytest.raises(SecretNotFoundError):
        reader.get_secret("renamed")


def test_write_of_another_manager_is_seen_at_once(vault: VaultFixture) -> None:
    """Two registered managers that share a namespace see each other's writes at once, even of cached secrets."""
    attributes = {**vault.attributes, "scope": "namespace", "namespace": "vision"}
    for name in ("one", "two"):
        get_workspace().register_component(ComponentType.SECRETS_MANAGER, name, "vault", attributes)
    first, second = (get_workspace().open_manager(name) for name in ("one", "two"))
    first.register_secret(secret("shared", key="first"))
    assert second.get_secret("shared").content == {"key": "first"}
    new_value = canary("second")
    first.merge_secret("shared", {"key": new_value})
    assert second.get_secret("shared").content == {"key": new_value}
    second.delete_secret("shared")
    with pytest.raises(SecretNotFoundError):
        first.get_secret("shared")
