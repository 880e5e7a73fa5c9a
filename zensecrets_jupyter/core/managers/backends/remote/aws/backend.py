"""The ``aws`` backend: AWS Secrets Manager, one JSON document for each secret, with its previous version.

Needs boto3 (extra ``aws``) and credentials where boto3 looks for them: the environment, ``~/.aws``, SSO, the role of the machine. AWS keeps
two labelled versions, the current and the previous one. Its list may lag behind writes by some minutes.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timezone
from typing import TYPE_CHECKING, Any, ClassVar

from zensecrets_jupyter.core.errors import SecretNotFoundError
from zensecrets_jupyter.core.managers.backends.remote.aws.client import AwsOptions, connected
from zensecrets_jupyter.core.managers.backends.remote.aws.versions import CURRENT, labelled, number_in, numbers, version_id
from zensecrets_jupyter.core.managers.backends.remote.backend import ListedKey, RemoteBackend, StoredVersion
from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.log_silencer import quietly
from zensecrets_jupyter.core.managers.backends.remote.named_files import PEM
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from zensecrets_jupyter.core.managers.backends.remote.naming import NameEncoding
    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable
    from zensecrets_jupyter.core.managers.records import ManagerOptions

_WRITTEN = "ZENSECRETS_WRITTEN"
"""The label under which a version is written before it becomes the current one."""
_SCHEMA_TAG = "zensecrets:schema"
_DELETED, _SKEWED = "marked-for-deletion", "clock-skew"

_ERRORS: ErrorTable = {
    # What GetSecretValue and its like answer: "Errors" of each action in the API reference.
    "ResourceNotFoundException": ErrorKind.MISSING,
    _DELETED: ErrorKind.MISSING,
    "ResourceExistsException": ErrorKind.EXISTS,
    "LimitExceededException": ErrorKind.FULL,
    "InternalServiceError": ErrorKind.TRANSIENT,
    "InternalServiceErrorException": ErrorKind.TRANSIENT,
    "DecryptionFailure": ErrorKind.DENIED,
    "EncryptionFailure": ErrorKind.DENIED,
    # "Common errors" of the API reference, with and without their last word.
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
    _SKEWED: ErrorKind.SKEWED,
    "RequestExpired": ErrorKind.SKEWED,
    "RequestTimeTooSkewed": ErrorKind.SKEWED,
    "PriorRequestNotComplete": ErrorKind.TRANSIENT,
    "RequestLimitExceeded": ErrorKind.TRANSIENT,
    "ServiceUnavailable": ErrorKind.TRANSIENT,
    "Throttling": ErrorKind.TRANSIENT,
    "ThrottlingException": ErrorKind.TRANSIENT,
    "TooManyRequestsException": ErrorKind.TRANSIENT,
    # By its status, what has a code that is not listed: from a proxy on the way, say.
    "401": ErrorKind.UNKNOWN_USER,
    "403": ErrorKind.DENIED,
    "413": ErrorKind.TOO_LARGE,
    **dict.fromkeys(("429", "500", "502", "503", "504"), ErrorKind.TRANSIENT),
}
"""Kinds of errors, by the codes of AWS; those of botocore are in :meth:`AwsBackend.library_errors`."""


class AwsBackend(RemoteBackend[Any, AwsOptions]):
    """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`.

    An update first writes a version without making it current, then moves the label from the version that was read: AWS refuses that
    where another writer was quicker, so no update is lost. The number of a version is a part of its id.
    """

    FLAVOR: ClassVar[str] = "aws"
    options_model: ClassVar[type[ManagerOptions]] = AwsOptions
    encoding: ClassVar[NameEncoding] = ENCODINGS["aws"]
    named_files: ClassVar[Mapping[str, str]] = {"AWS_CA_BUNDLE": PEM}
    libraries: ClassVar[tuple[str, ...]] = ("boto3",)
    error_kinds: ClassVar[ErrorTable] = _ERRORS
    # "Secret value size" in the quotas of Secrets Manager.
    max_size: ClassVar[int] = 65_536
    # SecretIdList of BatchGetSecretValue.
    batch_size: int = 20

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        kept = "not at all" if self.options.force else f"{self.options.recovery_days} days"
        where = {"region": self.options.region_name or "boto3's own", "deleted secrets are kept for": kept}
        return {**super().describe(), **where}

    def explain_deleted(self, name: str, key: str) -> SecretNotFoundError | None:
        """See :meth:`RemoteBackend.explain_deleted`."""
        until = self.runner.attempt(lambda client: self._call(client, "describe_secret", SecretId=key)).get("DeletedDate")
        if until:
            message = f"Secret {name!r} in secrets manager {self.name!r} was deleted; AWS keeps it until {until:%Y-%m-%d}."
            hint = f"Bring it back: %secret undelete {name}, or register it anew."
            return SecretNotFoundError(message, name=name, manager=self.name, hint=hint)
        return None

    # The requests of the flavor.

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
        return connected(self.options, connections=self.parallel_reads)

    def fetch(self, client: Any, key: str) -> SecretEnvelope:
        """See :meth:`RemoteBackend.fetch`."""
        return _document_in(self._call(client, "get_secret_value", SecretId=key, VersionStage=CURRENT))

    def fetch_external(self, client: Any, path: str) -> str | bytes:
        """See :meth:`RemoteBackend.fetch_external`."""
        answer = self._call(client, "get_secret_value", SecretId=path, VersionStage=CURRENT)
        found: str | bytes = answer["SecretString"] if "SecretString" in answer else answer["SecretBinary"]
        return found

    def fetch_many(self, client: Any, keys: Sequence[str]) -> Mapping[str, SecretEnvelope | RemoteError]:
        """See :meth:`RemoteBackend.fetch_many`."""
        found: dict[str, SecretEnvelope | RemoteError] = {}
        try:
            answer = self._call(client, "batch_get_secret_value", SecretIdList=[*keys])
        except client.exceptions.ClientError as error:
            if self.runner.kind_of(error) is not ErrorKind.DENIED:
                raise
            # A permission of its own, that whoever may read need not have.
            answer = {}
        # What is refused, or did not fit into one answer, is read alone. So is what does not say that it is current.
        for one in answer.get("SecretValues", []):
            if CURRENT in one.get("VersionStages", []):
                found[one["Name"]] = _document_in(one)
        missing = {one["SecretId"] for one in answer.get("Errors", []) if _ERRORS.get(one.get("ErrorCode", "")) is ErrorKind.MISSING}
        for key in keys:
            if key not in found and key not in missing:
                try:
                    found[key] = self.fetch(client, key)
                except client.exceptions.ClientError as error:
                    kind = self.runner.kind_of(error)
                    if kind is ErrorKind.TRANSIENT:
                        raise
                    if kind is not ErrorKind.MISSING:
                        found[key] = RemoteError(kind, self.runner.detail_of(error))
        return found

    def list_keys(self, client: Any, prefix: str) -> Iterable[ListedKey]:
        """See :meth:`RemoteBackend.list_keys`."""
        arguments: dict[str, Any] = {"MaxResults": 100}
        if prefix:
            arguments["Filters"] = [{"Key": "name", "Values": [prefix]}]
        while True:
            answer = self._call(client, "list_secrets", **arguments)
            for one in answer.get("SecretList", []):
                tags = {tag["Key"]: tag["Value"] for tag in one.get("Tags", [])}
                labels = one.get("SecretVersionsToStages", {})
                current = next((number_in(version) for version, on_it in labels.items() if CURRENT in on_it), None)
                changed = one.get("LastChangedDate")
                yield ListedKey(one["Name"], tags.get(_SCHEMA_TAG), current, changed and _in_utc(changed))
            if not answer.get("NextToken"):
                return
            arguments["NextToken"] = answer["NextToken"]

    def insert(self, client: Any, key: str, envelope: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.insert`."""
        tags = [{"Key": name, "Value": value} for name, value in {**self.options.tags, **_tags_of(envelope)}.items()]
        version = version_id(1, envelope)
        try:
            self._call(client, "create_secret", Name=key, SecretString=envelope.text, ClientRequestToken=version, Tags=tags)
        except (client.exceptions.ResourceExistsException, client.exceptions.InvalidRequestException) as error:
            # AWS says the latter of a name that is in its recovery window, moto the former.
            exists = "ResourceExistsException" in self.codes_of(error)
            if not exists and _DELETED not in self.codes_of(error):
                raise
        else:
            return
        try:
            kept = self._call(client, "describe_secret", SecretId=key)
        except client.exceptions.ResourceNotFoundException:
            # Deleted by force a moment ago, and not yet gone.
            raise RemoteError(ErrorKind.TRANSIENT, _DELETED) from None
        except client.exceptions.ClientError as error:
            if not exists or self.runner.kind_of(error) is not ErrorKind.DENIED:
                raise
            kept = {}
        if not kept.get("DeletedDate"):
            raise RemoteError(ErrorKind.EXISTS)
        self._take_the_place_of(kept, client, key, envelope)

    def _take_the_place_of(self, kept: Mapping[str, Any], client: Any, key: str, envelope: SecretEnvelope) -> None:
        """Register anew what is in its recovery window.

        The old content is current again between two of the requests, and deleted again if the second of them fails.
        """
        _refuse_foreign(kept)
        current, _ = labelled(kept)
        self._call(client, "restore_secret", SecretId=key)
        try:
            # Not the id that CreateSecret was given: AWS takes a request with an id that it has for one that is done.
            self._write(client, key, envelope, version=version_id(1, envelope, mark="+"), over=current)
        except RemoteError:
            # Another writer took the name meanwhile.
            raise RemoteError(ErrorKind.EXISTS) from None
        except BaseException:
            # Whatever comes of this, the first error is the one to tell.
            with suppress(Exception):
                self.remove(client, key)
            raise
        self._tag(client, key, envelope)

    def overwrite(self, client: Any, key: str, envelope: SecretEnvelope, present: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.overwrite`."""
        token = str(present.token)
        number = number_in(token) or numbers(self._call(client, "describe_secret", SecretId=key)).get(token)
        if number is None:
            raise RemoteError(ErrorKind.CONFLICT)
        self._write(client, key, envelope, version=version_id(number + 1, envelope), over=token)
        if envelope.schema != present.schema:
            self._tag(client, key, envelope)

    def _write(self, client: Any, key: str, envelope: SecretEnvelope, *, version: str, over: str) -> None:
        """Make ``envelope`` the current version if ``over`` still is; the kind of the error is CONFLICT if not."""
        self._call(
            client,
            "put_secret_value",
            SecretId=key,
            SecretString=envelope.text,
            ClientRequestToken=version,
            VersionStages=[_WRITTEN],
        )
        if version == over:
            return
        try:
            moved = {"VersionStage": CURRENT, "MoveToVersionId": version, "RemoveFromVersionId": over}
            self._call(client, "update_secret_version_stage", SecretId=key, **moved)
        except client.exceptions.InvalidParameterException:
            conflict = RemoteError(ErrorKind.CONFLICT)
        else:
            return
        raise conflict

    def _tag(self, client: Any, key: str, envelope: SecretEnvelope) -> None:
        # For lists only: whoever may write need not have the permission to tag.
        tags = [{"Key": name, "Value": value} for name, value in _tags_of(envelope).items()]
        with suppress(client.exceptions.ClientError):
            self._call(client, "tag_resource", SecretId=key, Tags=tags)

    def remove(self, client: Any, key: str) -> None:
        """See :meth:`RemoteBackend.remove`."""
        how = {"ForceDeleteWithoutRecovery": True} if self.options.force else {"RecoveryWindowInDays": self.options.recovery_days}
        self._call(client, "delete_secret", SecretId=key, **how)

    def recover(self, client: Any, key: str) -> None:
        """See :meth:`RecoveryRequests.recover`."""
        kept = self._call(client, "describe_secret", SecretId=key)
        if not kept.get("DeletedDate"):
            raise RemoteError(ErrorKind.EXISTS)
        _refuse_foreign(kept)
        self._call(client, "restore_secret", SecretId=key)

    def fetch_versions(self, client: Any, key: str) -> Sequence[StoredVersion]:
        """See :meth:`VersionRequests.fetch_versions`."""
        kept = self._call(client, "describe_secret", SecretId=key)
        if kept.get("DeletedDate"):
            raise RemoteError(ErrorKind.MISSING, _DELETED)
        found: list[StoredVersion] = []
        for version, number in numbers(kept).items():
            answer = self._call(client, "get_secret_value", SecretId=key, VersionId=version)
            found.append(StoredVersion(number, _in_utc(answer["CreatedDate"]), _document_in(answer), current=not found))
        return found

    def _call(self, client: Any, operation: str, **arguments: Any) -> Any:
        # At debug level botocore logs whole requests and answers.
        with quietly("botocore"):
            try:
                return getattr(client, operation)(**arguments)
            except (FileNotFoundError, PermissionError) as error:
                missing = f"its configuration names {error.filename}, which can't be used"
        raise RemoteError(ErrorKind.UNKNOWN_USER, missing)

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """See :meth:`RemoteBackend.codes_of`."""
        answer = getattr(error, "response", None)
        if not isinstance(answer, dict):
            return ()
        told = answer.get("Error", {})
        code, text = str(told.get("Code", "")), str(told.get("Message", ""))
        status = str(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
        if code == "InvalidRequestException" and "delet" in text:
            return (_DELETED, code, status)
        if code == "InvalidSignatureException" and re.match("Signature (expired|not yet current)", text):
            return (_SKEWED, code, status)
        return (code, status)


def _in_utc(moment: datetime) -> datetime:
    # boto3 tells it in the time zone of the machine.
    return moment.astimezone(timezone.utc)


def _document_in(answer: Mapping[str, Any]) -> SecretEnvelope:
    # What is binary is somebody else's.
    return SecretEnvelope(answer.get("SecretString", ""), answer["VersionId"])


def _refuse_foreign(kept: Mapping[str, Any]) -> None:
    """Raise RemoteError if what is in its recovery window was not written by this package; AWS tells nobody what it holds."""
    current, _ = labelled(kept)
    if number_in(current) is None and _SCHEMA_TAG not in {tag["Key"] for tag in kept.get("Tags", [])}:
        raise RemoteError(ErrorKind.NOT_OURS, _DELETED)


def _tags_of(envelope: SecretEnvelope) -> dict[str, str]:
    # "Tag" in the API reference: letters and digits of any script, spaces, and these.
    fits = re.fullmatch(r"[\w\s+=.:/@-]{1,256}", envelope.schema)
    return {_SCHEMA_TAG: envelope.schema} if fits else {}
