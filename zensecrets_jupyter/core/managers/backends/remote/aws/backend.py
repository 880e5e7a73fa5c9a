"""The ``aws`` backend: AWS Secrets Manager, with the previous version of each secret.

It stores one JSON document for each secret. It needs the extra ``aws``, and credentials that boto3 finds: in the environment, in
``~/.aws``, from SSO, or from the role of the machine. AWS keeps two labelled versions, the current and the previous one. A list may lag
behind writes by some minutes.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timezone
from typing import TYPE_CHECKING, Any, ClassVar

from zensecrets_jupyter.core.errors import SecretNotFoundError
from zensecrets_jupyter.core.managers.backends.remote.aws.client import AwsOptions, create_client
from zensecrets_jupyter.core.managers.backends.remote.aws.versions import (
    CURRENT,
    labelled_version_ids,
    number_in,
    version_id,
    version_numbers,
)
from zensecrets_jupyter.core.managers.backends.remote.backend import ListedKey, RemoteBackend, StoredVersion
from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.environment_files import PEM
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS
from zensecrets_jupyter.core.managers.backends.remote.runner import suppressed_debug_logs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from zensecrets_jupyter.core.managers.backends.remote.naming import NameEncoding
    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable
    from zensecrets_jupyter.core.managers.records import ManagerOptions

_PENDING_LABEL = "ZENSECRETS_WRITTEN"
"""The label of a new version before it becomes the current one. AWS calls it a staging label."""
_SCHEMA_TAG = "zensecrets:schema"
"""The tag with the schema. With this tag, a list shows the schemas without reading values."""
_DELETED_CODE, _SKEWED_CODE = "marked-for-deletion", "clock-skew"
"""Our codes for two errors for which AWS has only a general code, and the reason in the text."""

_ERRORS: ErrorTable = {
    # These codes are under "Errors" of each action in the API reference.
    "ResourceNotFoundException": ErrorKind.MISSING,
    _DELETED_CODE: ErrorKind.MISSING,
    "ResourceExistsException": ErrorKind.EXISTS,
    "LimitExceededException": ErrorKind.FULL,
    "InternalServiceError": ErrorKind.TRANSIENT,
    "InternalServiceErrorException": ErrorKind.TRANSIENT,
    "DecryptionFailure": ErrorKind.DENIED,
    "EncryptionFailure": ErrorKind.DENIED,
    # These codes are under "Common errors" of the API reference. Services use them with and without "Exception".
    "AccessDenied": ErrorKind.DENIED,
    "AccessDeniedException": ErrorKind.DENIED,
    "OptInRequired": ErrorKind.DENIED,
    "ExpiredToken": ErrorKind.UNKNOWN_USER,
    "ExpiredTokenException": ErrorKind.UNKNOWN_USER,
    "IncompleteSignature": ErrorKind.UNKNOWN_USER,
    "IncompleteSignatureException": ErrorKind.UNKNOWN_USER,
    "InvalidClientTokenId": ErrorKind.UNKNOWN_USER,
    "InvalidSignatureException": ErrorKind.UNKNOWN_USER,
    "MissingAuthenticationToken": ErrorKind.UNKNOWN_USER,
    "MissingAuthenticationTokenException": ErrorKind.UNKNOWN_USER,
    "SignatureDoesNotMatch": ErrorKind.UNKNOWN_USER,
    "UnrecognizedClientException": ErrorKind.UNKNOWN_USER,
    _SKEWED_CODE: ErrorKind.SKEWED,
    "RequestExpired": ErrorKind.SKEWED,
    "RequestTimeTooSkewed": ErrorKind.SKEWED,
    "PriorRequestNotComplete": ErrorKind.TRANSIENT,
    "RequestLimitExceeded": ErrorKind.TRANSIENT,
    "ServiceUnavailable": ErrorKind.TRANSIENT,
    "Throttling": ErrorKind.TRANSIENT,
    "ThrottlingException": ErrorKind.TRANSIENT,
    "TooManyRequestsException": ErrorKind.TRANSIENT,
    # A response without a known code may come from a proxy. Then the HTTP status decides the kind.
    "401": ErrorKind.UNKNOWN_USER,
    "403": ErrorKind.DENIED,
    "413": ErrorKind.TOO_LARGE,
    **dict.fromkeys(("429", "500", "502", "503", "504"), ErrorKind.TRANSIENT),
}
"""Error kinds by code of AWS. :meth:`AwsBackend.library_errors` has the errors of botocore."""


class AwsBackend(RemoteBackend[Any, AwsOptions]):
    """The backend for AWS Secrets Manager.

    An update first writes a new version. Then it moves the label of the current version from the version that was read to the new version.
    AWS refuses the move if another writer has moved the label, so no update is lost. The ID of a version contains its number.
    """

    FLAVOR: ClassVar[str] = "aws"
    options_model: ClassVar[type[ManagerOptions]] = AwsOptions
    encoding: ClassVar[NameEncoding] = ENCODINGS["aws"]
    environment_files: ClassVar[Mapping[str, str]] = {"AWS_CA_BUNDLE": PEM}
    libraries: ClassVar[tuple[str, ...]] = ("boto3",)
    error_kinds: ClassVar[ErrorTable] = _ERRORS
    # This is "Secret value size" in the quotas of Secrets Manager.
    max_size: ClassVar[int] = 65_536
    # This is the maximum length of SecretIdList in BatchGetSecretValue.
    batch_size: int = 20

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        retention = "not at all" if self.options.force else f"{self.options.recovery_days} days"
        facts = {"region": self.options.region_name or "boto3's own", "deleted secrets are kept for": retention}
        return {**super().describe(), **facts}

    def explain_deleted(self, name: str, key: str) -> SecretNotFoundError | None:
        """See :meth:`RemoteBackend.explain_deleted`."""
        # DeletedDate is the end of the retention, not the time of the deletion (DescribeSecret in the API reference).
        end_date = self.runner.run_unmapped(lambda client: self._call(client, "describe_secret", SecretId=key)).get("DeletedDate")
        if end_date:
            message = f"Secret {name!r} in secrets manager {self.name!r} was deleted. AWS keeps it until {end_date:%Y-%m-%d}."
            hint = f"Restore it: %secret undelete {name}, or register it again."
            return SecretNotFoundError(message, name=name, manager=self.name, hint=hint)
        return None

    # Requests.

    def library_errors(self) -> ErrorTable:
        """See :meth:`RemoteBackend.library_errors`."""
        from botocore import exceptions
        from botocore.parsers import ResponseParserError

        return {
            exceptions.NoCredentialsError: ErrorKind.UNKNOWN_USER,
            exceptions.PartialCredentialsError: ErrorKind.UNKNOWN_USER,
            exceptions.CredentialRetrievalError: ErrorKind.UNKNOWN_USER,
            exceptions.TokenRetrievalError: ErrorKind.UNKNOWN_USER,
            exceptions.SSOError: ErrorKind.UNKNOWN_USER,
            exceptions.EndpointConnectionError: ErrorKind.UNREACHABLE,
            exceptions.ProxyConnectionError: ErrorKind.UNREACHABLE,
            exceptions.SSLError: ErrorKind.UNREACHABLE,
            exceptions.ConnectionError: ErrorKind.TRANSIENT,
            exceptions.HTTPClientError: ErrorKind.TRANSIENT,
            ResponseParserError: ErrorKind.TRANSIENT,
        }

    def connect(self) -> Any:
        """See :meth:`RemoteBackend.connect`."""
        return create_client(self.options, max_connections=self.parallel_reads)

    def fetch(self, client: Any, key: str) -> SecretEnvelope:
        """See :meth:`RemoteBackend.fetch`."""
        return _envelope_in(self._call(client, "get_secret_value", SecretId=key, VersionStage=CURRENT))

    def fetch_external(self, client: Any, path: str) -> str | bytes:
        """See :meth:`RemoteBackend.fetch_external`."""
        response = self._call(client, "get_secret_value", SecretId=path, VersionStage=CURRENT)
        payload: str | bytes = response["SecretString"] if "SecretString" in response else response["SecretBinary"]
        return payload

    def fetch_many(self, client: Any, keys: Sequence[str]) -> Mapping[str, SecretEnvelope | RemoteError]:
        """See :meth:`RemoteBackend.fetch_many`."""
        results: dict[str, SecretEnvelope | RemoteError] = {}
        try:
            response = self._call(client, "batch_get_secret_value", SecretIdList=[*keys])
        except client.exceptions.ClientError as error:
            if self.runner.kind_of(error) is not ErrorKind.DENIED:
                raise
            # BatchGetSecretValue needs a permission of its own. Without it, the secrets are read one by one.
            response = {}
        # AWS may refuse some secrets, omit them from the response, or return a version that is not current. These
        # secrets are read one by one below.
        for item in response.get("SecretValues", []):
            if CURRENT in item.get("VersionStages", []):
                results[item["Name"]] = _envelope_in(item)
        missing_keys = {
            item["SecretId"] for item in response.get("Errors", []) if _ERRORS.get(item.get("ErrorCode", "")) is ErrorKind.MISSING
        }
        for key in keys:
            if key not in results and key not in missing_keys:
                try:
                    results[key] = self.fetch(client, key)
                except client.exceptions.ClientError as error:
                    kind = self.runner.kind_of(error)
                    if kind is ErrorKind.TRANSIENT:
                        raise
                    if kind is not ErrorKind.MISSING:
                        results[key] = RemoteError(kind, self.runner.detail_of(error))
        return results

    def list_keys(self, client: Any, prefix: str) -> Iterable[ListedKey]:
        """See :meth:`RemoteBackend.list_keys`."""
        # ListSecrets returns at most 100 secrets in a response.
        arguments: dict[str, Any] = {"MaxResults": 100}
        if prefix:
            arguments["Filters"] = [{"Key": "name", "Values": [prefix]}]
        while True:
            response = self._call(client, "list_secrets", **arguments)
            for item in response.get("SecretList", []):
                tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}
                labels_by_version = item.get("SecretVersionsToStages", {})
                current_number = next((number_in(version) for version, labels in labels_by_version.items() if CURRENT in labels), None)
                updated = item.get("LastChangedDate")
                yield ListedKey(item["Name"], tags.get(_SCHEMA_TAG), current_number, updated and _in_utc(updated))
            if not response.get("NextToken"):
                return
            arguments["NextToken"] = response["NextToken"]

    def insert(self, client: Any, key: str, envelope: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.insert`."""
        tags = [{"Key": name, "Value": value} for name, value in {**self.options.tags, **_tags_of(envelope)}.items()]
        new_id = version_id(1, envelope)
        try:
            self._call(client, "create_secret", Name=key, SecretString=envelope.text, ClientRequestToken=new_id, Tags=tags)
        except (client.exceptions.ResourceExistsException, client.exceptions.InvalidRequestException) as error:
            # For a deleted secret that can be restored, AWS raises InvalidRequestException. moto, which simulates AWS in tests, raises
            # ResourceExistsException.
            # After ResourceExistsException, the existing secret may be a current or a deleted one.
            may_be_current = "ResourceExistsException" in self.codes_of(error)
            if not may_be_current and _DELETED_CODE not in self.codes_of(error):
                raise
        else:
            return
        try:
            metadata = self._call(client, "describe_secret", SecretId=key)
        except client.exceptions.ResourceNotFoundException:
            # The name is still taken, because a forced deletion is in progress.
            raise RemoteError(ErrorKind.TRANSIENT, _DELETED_CODE) from None
        except client.exceptions.ClientError as error:
            if not may_be_current or self.runner.kind_of(error) is not ErrorKind.DENIED:
                raise
            # Without permission to read the metadata, the secret counts as existing.
            metadata = {}
        if not metadata.get("DeletedDate"):
            raise RemoteError(ErrorKind.EXISTS)
        self._replace_deleted(metadata, client, key, envelope)

    def _replace_deleted(self, metadata: Mapping[str, Any], client: Any, key: str, envelope: SecretEnvelope) -> None:
        """Register a secret whose name belongs to a deleted secret that can be restored.

        Between the restore and the write, the old content is current. If the write fails, the secret is deleted again, unless another
        writer has registered the name since the restore.
        """
        _refuse_foreign(metadata)
        deleted_id, _ = labelled_version_ids(metadata)
        self._call(client, "restore_secret", SecretId=key)
        try:
            # AWS ignores a write whose version ID exists already. The separator "+" avoids the ID that CreateSecret uses for this envelope.
            self._write(client, key, envelope, new_id=version_id(1, envelope, separator="+"), replaced_id=deleted_id)
        except BaseException as error:
            if isinstance(error, RemoteError) and error.kind is ErrorKind.CONFLICT:
                # Another writer has registered the name since the restore.
                raise RemoteError(ErrorKind.EXISTS) from None
            # If the deletion fails too, the error of the write is raised.
            with suppress(Exception):
                self.remove(client, key)
            raise
        self._tag(client, key, envelope)

    def overwrite(self, client: Any, key: str, envelope: SecretEnvelope, current: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.overwrite`."""
        token = str(current.token)
        # A version from the AWS console has no number in its ID. A version that has lost its label has been replaced.
        number = number_in(token) or version_numbers(self._call(client, "describe_secret", SecretId=key)).get(token)
        if number is None:
            raise RemoteError(ErrorKind.CONFLICT)
        self._write(client, key, envelope, new_id=version_id(number + 1, envelope), replaced_id=token)
        if envelope.schema != current.schema:
            self._tag(client, key, envelope)

    def _write(self, client: Any, key: str, envelope: SecretEnvelope, *, new_id: str, replaced_id: str) -> None:
        """Write ``envelope`` as the version ``new_id``, and make it the current version in place of the version ``replaced_id``.

        If another version is current, the error has the kind CONFLICT.
        """
        self._call(
            client,
            "put_secret_value",
            SecretId=key,
            SecretString=envelope.text,
            ClientRequestToken=new_id,
            VersionStages=[_PENDING_LABEL],
        )
        if new_id == replaced_id:
            # An earlier attempt made this version current, and then the secret was deleted. So the version has the label already.
            return
        try:
            move = {"VersionStage": CURRENT, "MoveToVersionId": new_id, "RemoveFromVersionId": replaced_id}
            self._call(client, "update_secret_version_stage", SecretId=key, **move)
        except client.exceptions.InvalidParameterException:
            conflict = RemoteError(ErrorKind.CONFLICT)
        else:
            return
        raise conflict

    def _tag(self, client: Any, key: str, envelope: SecretEnvelope) -> None:
        """Set the tag with the schema, if AWS accepts it."""
        # An error is ignored, because the tag is needed for lists only, and the user may have no permission to set tags.
        tags = [{"Key": name, "Value": value} for name, value in _tags_of(envelope).items()]
        with suppress(client.exceptions.ClientError):
            self._call(client, "tag_resource", SecretId=key, Tags=tags)

    def remove(self, client: Any, key: str) -> None:
        """See :meth:`RemoteBackend.remove`."""
        options = {"ForceDeleteWithoutRecovery": True} if self.options.force else {"RecoveryWindowInDays": self.options.recovery_days}
        self._call(client, "delete_secret", SecretId=key, **options)

    def recover(self, client: Any, key: str) -> None:
        """See :meth:`RecoveryRequests.recover`."""
        metadata = self._call(client, "describe_secret", SecretId=key)
        if not metadata.get("DeletedDate"):
            raise RemoteError(ErrorKind.EXISTS)
        _refuse_foreign(metadata)
        self._call(client, "restore_secret", SecretId=key)

    def fetch_versions(self, client: Any, key: str) -> Sequence[StoredVersion]:
        """See :meth:`VersionRequests.fetch_versions`."""
        metadata = self._call(client, "describe_secret", SecretId=key)
        if metadata.get("DeletedDate"):
            raise RemoteError(ErrorKind.MISSING, _DELETED_CODE)
        versions: list[StoredVersion] = []
        for version, number in version_numbers(metadata).items():
            response = self._call(client, "get_secret_value", SecretId=key, VersionId=version)
            # The first version is the current one.
            versions.append(StoredVersion(number, _in_utc(response["CreatedDate"]), _envelope_in(response), current=not versions))
        return versions

    def _call(self, client: Any, operation: str, **arguments: Any) -> Any:
        """Return the response to one request."""
        # botocore logs whole requests and responses at debug level.
        with suppressed_debug_logs("botocore"):
            try:
                return getattr(client, operation)(**arguments)
            except (FileNotFoundError, PermissionError) as error:
                # boto3 opens some files at the first request, such as a CA bundle.
                problem = f"its configuration names {error.filename}, which can't be used"
        raise RemoteError(ErrorKind.UNKNOWN_USER, problem)

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """See :meth:`RemoteBackend.codes_of`."""
        response = getattr(error, "response", None)
        if not isinstance(response, dict):
            return ()
        details = response.get("Error", {})
        code, message = str(details.get("Code", "")), str(details.get("Message", ""))
        status = str(response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
        # The text "delet" is in "deleted" and in "deletion".
        if code == "InvalidRequestException" and "delet" in message:
            return (_DELETED_CODE, code, status)
        if code == "InvalidSignatureException" and re.match("Signature (expired|not yet current)", message):
            return (_SKEWED_CODE, code, status)
        return (code, status)


def _in_utc(time: datetime) -> datetime:
    """Return a time in UTC."""
    # boto3 returns times in the time zone of the machine.
    return time.astimezone(timezone.utc)


def _envelope_in(response: Mapping[str, Any]) -> SecretEnvelope:
    """Return the envelope of a response, with the version ID as its token."""
    # This package writes only text. A binary payload of another program becomes an empty text.
    return SecretEnvelope(response.get("SecretString", ""), response["VersionId"])


def _refuse_foreign(metadata: Mapping[str, Any]) -> None:
    """Raise RemoteError if another program wrote the deleted secret."""
    # AWS does not return the content of a deleted secret. The secret is ours if its version ID has a number, or if it has our tag.
    current_id, _ = labelled_version_ids(metadata)
    if number_in(current_id) is None and _SCHEMA_TAG not in {tag["Key"] for tag in metadata.get("Tags", [])}:
        raise RemoteError(ErrorKind.NOT_OURS, _DELETED_CODE)


def _tags_of(envelope: SecretEnvelope) -> dict[str, str]:
    """Return the tag with the schema, or no tag if AWS refuses the value."""
    # The API reference ("Tag") allows letters and digits of any script, spaces, and the punctuation in this pattern.
    is_accepted = re.fullmatch(r"[\w\s+=.:/@-]{1,256}", envelope.schema)
    return {_SCHEMA_TAG: envelope.schema} if is_accepted else {}
