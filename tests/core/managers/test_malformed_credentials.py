"""Credentials that no request can carry, as a file with a line break gives them: told as credentials, not as a network that fails."""

from __future__ import annotations

import pytest

from zensecrets_jupyter import ManagerAccessError
from zensecrets_jupyter.core.managers import ManagerContext, get_flavor
from zensecrets_jupyter.testing.canary import canary, find_canary

NOWHERE = "127.0.0.1:1"

MALFORMED = [
    ("vault", {"url": f"http://{NOWHERE}"}, {"VAULT_TOKEN": f"hvs.{canary('vault')}\nx"}),
    ("github", {"repository": "o/r", "api_url": f"http://{NOWHERE}"}, {"GITHUB_TOKEN": f"ghp_{canary('github')}\nx"}),
    (
        "azure",
        {"vault_url": f"https://{NOWHERE}"},
        {"AZURE_TENANT_ID": f"{canary('azure')} /", "AZURE_CLIENT_ID": "a", "AZURE_CLIENT_SECRET": "b"},
    ),
]


@pytest.mark.parametrize(("flavor", "attributes", "variables"), MALFORMED)
def test_a_malformed_credential_is_told_as_one(
    flavor: str, attributes: dict[str, str], variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No network is blamed, nobody is asked to report it, and nothing of it is shown."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    defined = get_flavor(flavor)
    manager = defined(defined.make_options({**attributes, "deadline": 1}), context=ManagerContext(name="tried"))
    with pytest.raises(ManagerAccessError, match=r"does not know who is asking.*Check the credentials") as caught:
        manager.list_secrets()
    assert find_canary(str(caught.value)) == []
