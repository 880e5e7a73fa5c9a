"""Steps that log in to a PostgreSQL server with resolved references of their stack."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.postgresql import running_postgresql
from zensecrets_jupyter import Client, StackValidationError, StepContext, pipeline, step
from zensecrets_jupyter.core.schemas import get_schema
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgresql import Server
    from zensecrets_jupyter.core.stack import StackComponent


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Start a server with one user, who has a password."""
    with running_postgresql("ada", canary("postgresql")) as server:
        yield server


@pytest.fixture(autouse=True)
def _add_feature_store(server: Server) -> None:
    """Add a feature store with references to the secret ``db`` to the active stack."""
    workspace = Client().workspace
    attributes = {
        "user": "{{db.user}}",
        "password": "{{db.password}}",
        # Four braces in an f-string are two braces in its text: {{db.user}}.
        "url": f"postgresql://{{{{db.user}}}}:{{{{db.password}}}}@{server.host}:{server.port}/postgres",
        "host": server.host,
        "port": str(server.port),
    }
    workspace.register_component(ComponentType.FEATURE_STORE, "features", "custom", attributes)
    workspace.update_stack("default", {ComponentType.FEATURE_STORE: "features"})


def _feature_store(context: StepContext) -> StackComponent:
    """Return the feature store of the stack."""
    store = context.stack.feature_store
    assert store is not None
    return store


def _current_user(connection: psycopg.Connection) -> str:
    """Return the user that is logged in through a connection."""
    row = connection.execute("SELECT current_user").fetchone()
    assert row is not None
    return str(row[0])


@step
def log_in_by_url(context: StepContext) -> str:
    """Log in with references inside a URL, and return the name of the current user."""
    with psycopg.connect(_feature_store(context).url) as connection:
        return _current_user(connection)


@step
def log_in_by_parts(context: StepContext) -> str:
    """Log in with one reference per attribute, and return the name of the current user."""
    store = _feature_store(context)
    with psycopg.connect(host=store.host, port=store.port, user=store.user, password=store.password, dbname="postgres") as connection:
        return _current_user(connection)


@pipeline
def log_in() -> None:
    """Run both steps."""
    log_in_by_url()
    log_in_by_parts()


def _register(user: str, password: str) -> None:
    """Register the secret ``db``."""
    secret = get_schema("postgresql")(name="db", user=user, password=password)
    Client().secrets_manager.register_secret(secret)


def test_the_correct_password_logs_in(server: Server, tmp_path: Path) -> None:
    """Both steps log in, and the run leaves no copy of the password."""
    _register(server.user, server.password)
    run = log_in()
    assert [run.steps[name].output.read() for name in ("log_in_by_url", "log_in_by_parts")] == ["ada", "ada"]
    assert not find_canary(repr(run))
    # The folder contains the workspace with its secrets, which are encrypted, and its artifacts.
    assert not find_canary(tmp_path)


def test_a_wrong_password_is_refused_by_the_server(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The step raises the error of the server, which contains no value."""
    _register(server.user, canary("wrong"))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed") as caught:
        log_in()
    assert not find_canary("".join(traceback.format_exception(caught.value)))
    printed = capsys.readouterr()
    assert not find_canary(printed.out + printed.err)
    assert not find_canary(tmp_path)


def test_a_missing_secret_is_reported_before_the_login(server: Server) -> None:
    """The validation reports each reference to the missing secret, and no step logs in."""
    with pytest.raises(StackValidationError) as caught:
        log_in()
    assert {problem.attribute for problem in caught.value.report.problems} == {"user", "password", "url"}


def test_a_corrected_secret_logs_in(server: Server) -> None:
    """After an update of the secret, the pipeline succeeds.

    The failure of the run before was not cached.
    """
    _register(server.user, canary("wrong"))
    with pytest.raises(psycopg.OperationalError):
        log_in()
    Client().secrets_manager.merge_secret("db", {"password": server.password})
    assert log_in().status == "completed"
