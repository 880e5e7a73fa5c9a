"""The quickstart runs unchanged where the stack has another secrets manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.core.sealing.sessions import run_in_session, session_folder
from tests.docs.quickstarts import run_quickstart_on
from tests.postgresql import running_postgresql
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from pathlib import Path


def test_the_quickstart_runs_on_a_database_server(tmp_path: Path) -> None:
    """Every cell ends without an error, with the secrets on PostgreSQL and the server's password in no message."""
    with running_postgresql("team", canary("password")) as server:
        url = f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}/postgres"
        (tmp_path / "url").write_text(url)
        (tmp_path / "run").mkdir()
        run_quickstart_on("sql", {"url": f"@{tmp_path / 'url'}", "protection": "keyfile"}, tmp_path / "run")


def test_the_quickstart_runs_on_the_keyring() -> None:
    """Every cell ends without an error, with the secrets in a real keyring."""
    with session_folder() as session:
        said = run_in_session(session, "pytest", "-q", "-p", "no:cacheprovider", "tests/docs/quickstart_on_keyring.py")
    assert "1 passed" in said
