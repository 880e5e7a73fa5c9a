"""The flavor `aws` on a moto server: the whole suite, and what is special about AWS."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.fakes.http_weather import Weather, answering, resetting
from zensecrets_jupyter.core.errors import ManagerAccessError, ManagerUnreachableError, ZenSecretsError
from zensecrets_jupyter.core.managers.aws import AwsSecretsManager
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests
from zensecrets_jupyter.testing.stateful import Habits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager


def refusal(code: str, status: int = 400, message: str = "zsCanary is not allowed") -> Callable[[Any], None]:
    """Return what AWS answers with that code."""
    return answering(status, {"__type": code, "message": message})


class TestAws(SecretsManagerTests):
    """The whole suite, with the recovery window that AWS has by default."""

    manager_class = AwsSecretsManager
    limit = 65_536
    habits = Habits(versions_kept=2, renames_with_history=False)
    series = 8
    writers = 4

    @pytest.fixture(autouse=True)
    def _server(self, aws: Weather) -> None:
        self.aws = aws
        # The attributes are a class's own elsewhere; here the server's address is known only now.
        type(self).attributes = {"endpoint_url": aws.address, "deadline": 0.4}

    def raw(self) -> bytes:
        """Return all that AWS has, with what is in its recovery window and every version."""
        client = boto3.client("secretsmanager", endpoint_url=self.aws.address)
        found = []
        for page in client.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True):
            for one in page["SecretList"]:
                if "DeletedDate" not in one and self.identity in one["Name"]:
                    found += [
                        client.get_secret_value(SecretId=one["Name"], VersionId=version)["SecretString"]
                        for version in one["SecretVersionsToStages"]
                    ]
        return "\n".join(found).encode()

    def weather(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return what AWS can say to anything."""
        return {
            "denied": (partial(self.aws.spell, refusal("AccessDeniedException")), ManagerAccessError),
            "throttled": (partial(self.aws.spell, refusal("ThrottlingException")), ManagerUnreachableError),
            "broken": (partial(self.aws.spell, resetting), ManagerUnreachableError),
        }
