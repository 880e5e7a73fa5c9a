"""Copies from a local store to each remote service and back."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.support.faults.cloud_services import SERVICE_FLAVORS, faulty_service
from tests.support.faults.services import LONG_TIMEOUTS
from zensecrets_jupyter.core.managers import ManagerContext, SecretRecord, SecretsManager
from zensecrets_jupyter.core.managers.backends.sealed.local import LocalBackend
from zensecrets_jupyter.core.transfer.secret_copy import copy_secrets
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from pathlib import Path

# In some services, the list of these records has several pages. The names and keys below need escapes in most services.
RECORDS = {
    **{f"n{number}": SecretRecord("arbitrary", {"key": canary(str(number)), "other": str(number)}) for number in range(40)},
    "schlüssel": SecretRecord("arbitrary", {"key.with.dots": "é\n\0\u2028", "empty": ""}),
    # No package defines this schema. It has to be copied unchanged.
    "鍵": SecretRecord("of another package", {"pem": "-----\nabc\n-----\n"}),
    "Key_B-1": SecretRecord("aws", {"aws_access_key_id": "a", "aws_secret_access_key": "b"}),
    "none": SecretRecord("arbitrary", {}),
}


def _new_local_manager(home: Path) -> SecretsManager[LocalBackend]:
    identity = str(uuid.uuid4())
    return SecretsManager(LocalBackend(context=ManagerContext(name="local", id=identity, folder=home / identity)))


@pytest.mark.parametrize("flavor", SERVICE_FLAVORS)
def test_copy_to_a_service_and_back(flavor: str, home: Path, request: pytest.FixtureRequest) -> None:
    """Content, keys and schemas are unchanged in the service and after the copy back.

    A second copy writes nothing.
    """
    # This service can inject faults, but the test injects none.
    service = faulty_service(flavor, request)
    source, target = _new_local_manager(home), _new_local_manager(home)
    for name, record in RECORDS.items():
        source.register_record(name, record)
    assert set(copy_secrets(source, service.open(**LONG_TIMEOUTS)).registered) == set(RECORDS)
    remote = service.open(**LONG_TIMEOUTS)
    assert remote.get_records(remote.list_secrets()) == RECORDS
    before = {name: service.version_count(name) for name in RECORDS}
    report = copy_secrets(source, remote, on_conflict="replace")
    assert (set(report.same), report.registered, report.replaced, report.failed) == (set(RECORDS), [], [], {})
    assert {name: service.version_count(name) for name in RECORDS} == before
    copy_secrets(remote, target)
    assert target.get_records(target.list_secrets()) == RECORDS
