"""Secrets in AWS Secrets Manager, one JSON document each, with the version before.

Needs boto3 (extra ``aws``) and credentials where boto3 looks for them: the environment, ``~/.aws``, SSO, the role of the machine. AWS keeps
its two labels, current and previous, so there are two versions to look at. Its list may lag behind writes by some minutes.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timezone
from typing import TYPE_CHECKING, Any, ClassVar

from zensecrets_jupyter.core.errors import SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.managers._aws_client import AwsOptions, connected
from zensecrets_jupyter.core.managers._aws_versions import CURRENT, labelled, number_in, numbers, version_id
from zensecrets_jupyter.core.managers._document import Document
from zensecrets_jupyter.core.managers._named_files import PEM
from zensecrets_jupyter.core.managers._names import ALPHABETS
from zensecrets_jupyter.core.managers._outcomes import Outcome, Refusal
from zensecrets_jupyter.core.managers._quiet import quietly
from zensecrets_jupyter.core.managers._remote import Listed
from zensecrets_jupyter.core.managers._versioned import Kept, VersionedSecretsManager
from zensecrets_jupyter.core.managers.records import Capability

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from zensecrets_jupyter.core.managers._names import Alphabet
    from zensecrets_jupyter.core.managers.records import ManagerOptions

_WRITTEN = "ZENSECRETS_WRITTEN"
"""The label under which a version is written before it becomes the current one."""
_SCHEMA_TAG = "zensecrets:schema"
_DELETED, _SKEWED = "marked-for-deletion", "clock-skew"

_ERRORS: dict[str, Outcome] = {
    # What GetSecretValue and its like answer: "Errors" of each action in the API reference.
    "ResourceNotFoundException": Outcome.MISSING,
    _DELETED: Outcome.MISSING,
    "ResourceExistsException": Outcome.EXISTS,
    "LimitExceededException": Outcome.FULL,
    "InternalServiceError": Outcome.TRANSIENT,
    "InternalServiceErrorException": Outcome.TRANSIENT,
    "DecryptionFailure": Outcome.DENIED,
    "EncryptionFailure": Outcome.DENIED,
    # "Common errors" of the API reference, with and without their last word.
    "AccessDenied": Outcome.DENIED,
    "AccessDeniedException": Outcome.DENIED,
    "OptInRequired": Outcome.DENIED,
    "ExpiredToken": Outcome.UNKNOWN_USER,
    "ExpiredTokenException": Outcome.UNKNOWN_USER,
    "IncompleteSignature": Outcome.UNKNOWN_USER,
    "IncompleteSignatureException": Outcome.UNKNOWN_USER,
    "InvalidClientTokenId": Outcome.UNKNOWN_USER,
    "InvalidSignatureException": Outcome.UNKNOWN_USER,
    "MissingAuthenticationToken": Outcome.UNKNOWN_USER,
    "MissingAuthenticationTokenException": Outcome.UNKNOWN_USER,
    "SignatureDoesNotMatch": Outcome.UNKNOWN_USER,
    "UnrecognizedClientException": Outcome.UNKNOWN_USER,
    _SKEWED: Outcome.SKEWED,
    "RequestExpired": Outcome.SKEWED,
    "RequestTimeTooSkewed": Outcome.SKEWED,
    "PriorRequestNotComplete": Outcome.TRANSIENT,
    "RequestLimitExceeded": Outcome.TRANSIENT,
    "ServiceUnavailable": Outcome.TRANSIENT,
    "Throttling": Outcome.TRANSIENT,
    "ThrottlingException": Outcome.TRANSIENT,
    "TooManyRequestsException": Outcome.TRANSIENT,
    # By its status, what has a code that is not listed: from a proxy on the way, say.
    "401": Outcome.UNKNOWN_USER,
    "403": Outcome.DENIED,
    "413": Outcome.TOO_LARGE,
    **dict.fromkeys(("429", "500", "502", "503", "504"), Outcome.TRANSIENT),
    # botocore.exceptions
    "NoCredentialsError": Outcome.UNKNOWN_USER,
    "PartialCredentialsError": Outcome.UNKNOWN_USER,
    "CredentialRetrievalError": Outcome.UNKNOWN_USER,
    "TokenRetrievalError": Outcome.UNKNOWN_USER,
    "SSOError": Outcome.UNKNOWN_USER,
    "EndpointConnectionError": Outcome.UNREACHABLE,
    "ProxyConnectionError": Outcome.UNREACHABLE,
    "SSLError": Outcome.UNREACHABLE,
    "HTTPClientError": Outcome.TRANSIENT,
    "ResponseParserError": Outcome.TRANSIENT,
}


class AwsSecretsManager(VersionedSecretsManager[Any, AwsOptions]):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`.

    An update first writes a version without making it current, then moves the label from the version that was read: AWS refuses that
    where another writer was quicker, so no update is lost. The number of a version is a part of its id.
    """

    FLAVOR: ClassVar[str] = "aws"
    options_model: ClassVar[type[ManagerOptions]] = AwsOptions
    alphabet: ClassVar[Alphabet] = ALPHABETS["aws"]
    named_files: ClassVar[Mapping[str, str]] = {"AWS_CA_BUNDLE": PEM}
    libraries: ClassVar[tuple[str, ...]] = ("boto3",)
    capabilities: ClassVar[Capability] = VersionedSecretsManager.capabilities | Capability.UNDELETE
    foreign_errors: ClassVar[Mapping[str, Outcome]] = _ERRORS
    # "Secret value size" in the quotas of Secrets Manager.
    largest: ClassVar[int] = 65_536
    # SecretIdList of BatchGetSecretValue.
    batch_reads: ClassVar[int] = 20

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.interface.SecretsManager.describe`; no request is made for it."""
        kept = "not at all" if self.chosen.force else f"{self.chosen.recovery_days} days"
        where = {"region": self.chosen.region_name or "boto3's own", "deleted secrets are kept for": kept}
        return {**super().describe(), **where}

    def not_found(self, secret_name: str) -> SecretNotFoundError:
        """Return the error that says that there is no such secret, and until when it can be brought back if it was deleted."""
        with suppress(ZenSecretsError, Refusal):
            key = self.key_of(secret_name)
            until = self._attempt(lambda client: self._call(client, "describe_secret", SecretId=key)).get("DeletedDate")
            if until:
                message = f"Secret {secret_name!r} in secrets manager {self.name!r} was deleted; AWS keeps it until {until:%Y-%m-%d}."
                hint = f"Bring it back: %secret undelete {secret_name}, or register it anew."
                return SecretNotFoundError(message, name=secret_name, manager=self.name, hint=hint)
        return super().not_found(secret_name)

    # The requests of the flavor.

    def _connect(self) -> Any:
        return connected(self.chosen, connections=self.parallel_reads)

    def _get(self, client: Any, key: str) -> Document:
        return _document_in(self._call(client, "get_secret_value", SecretId=key, VersionStage=CURRENT))

    def _get_external(self, client: Any, path: str) -> str | bytes:
        answer = self._call(client, "get_secret_value", SecretId=path, VersionStage=CURRENT)
        found: str | bytes = answer["SecretString"] if "SecretString" in answer else answer["SecretBinary"]
        return found

    def _get_many(self, client: Any, keys: list[str]) -> Mapping[str, Document | Refusal]:
        found: dict[str, Document | Refusal] = {}
        try:
            answer = self._call(client, "batch_get_secret_value", SecretIdList=keys)
        except client.exceptions.ClientError as error:
            if self._outcome_of(error) is not Outcome.DENIED:
                raise
            # A permission of its own, that whoever may read need not have.
            answer = {}
        # What is refused, or did not fit into one answer, is read alone. So is what does not say that it is current.
        for one in answer.get("SecretValues", []):
            if CURRENT in one.get("VersionStages", []):
                found[one["Name"]] = _document_in(one)
        missing = {one["SecretId"] for one in answer.get("Errors", []) if _ERRORS.get(one.get("ErrorCode", "")) is Outcome.MISSING}
        for key in keys:
            if key not in found and key not in missing:
                try:
                    found[key] = self._get(client, key)
                except client.exceptions.ClientError as error:
                    outcome = self._outcome_of(error)
                    if outcome is Outcome.TRANSIENT:
                        raise
                    if outcome is not Outcome.MISSING:
                        found[key] = Refusal(outcome, self._detail_of(error))
        return found

    def _list_keys(self, client: Any, prefix: str) -> Iterable[Listed]:
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
                yield Listed(one["Name"], tags.get(_SCHEMA_TAG), current, changed and _in_utc(changed))
            if not answer.get("NextToken"):
                return
            arguments["NextToken"] = answer["NextToken"]

    def _create(self, client: Any, key: str, document: Document) -> None:
        tags = [{"Key": name, "Value": value} for name, value in {**self.chosen.tags, **_tags_of(document)}.items()]
        version = version_id(1, document)
        try:
            self._call(client, "create_secret", Name=key, SecretString=document.text, ClientRequestToken=version, Tags=tags)
        except (client.exceptions.ResourceExistsException, client.exceptions.InvalidRequestException) as error:
            # AWS says the latter of a name that is in its recovery window, moto the former.
            exists = "ResourceExistsException" in self._codes_of(error)
            if not exists and _DELETED not in self._codes_of(error):
                raise
        else:
            return
        try:
            kept = self._call(client, "describe_secret", SecretId=key)
        except client.exceptions.ResourceNotFoundException:
            # Deleted by force a moment ago, and not yet gone.
            raise Refusal(Outcome.TRANSIENT, _DELETED) from None
        except client.exceptions.ClientError as error:
            if not exists or self._outcome_of(error) is not Outcome.DENIED:
                raise
            kept = {}
        if not kept.get("DeletedDate"):
            raise Refusal(Outcome.EXISTS)
        self._take_the_place_of(kept, client, key, document)

    def _take_the_place_of(self, kept: Mapping[str, Any], client: Any, key: str, document: Document) -> None:
        """Register anew what is in its recovery window.

        The old content is current again between two of the requests, and deleted again if the second of them fails.
        """
        _refuse_foreign(kept)
        current, _ = labelled(kept)
        self._call(client, "restore_secret", SecretId=key)
        try:
            # Not the id that CreateSecret was given: AWS takes a request with an id that it has for one that is done.
            self._write(client, key, document, version=version_id(1, document, mark="+"), over=current)
        except Refusal:
            # Another writer took the name meanwhile.
            raise Refusal(Outcome.EXISTS) from None
        except BaseException:
            # Whatever comes of this, the first error is the one to tell.
            with suppress(Exception):
                self._remove(client, key)
            raise
        self._tag(client, key, document)

    def _replace(self, client: Any, key: str, document: Document, present: Document) -> None:
        token = str(present.token)
        number = number_in(token) or numbers(self._call(client, "describe_secret", SecretId=key)).get(token)
        if number is None:
            raise Refusal(Outcome.CONFLICT)
        self._write(client, key, document, version=version_id(number + 1, document), over=token)
        if document.schema != present.schema:
            self._tag(client, key, document)

    def _write(self, client: Any, key: str, document: Document, *, version: str, over: str) -> None:
        """Make ``document`` the current version if ``over`` still is; the outcome is CONFLICT if not."""
        self._call(
            client,
            "put_secret_value",
            SecretId=key,
            SecretString=document.text,
            ClientRequestToken=version,
            VersionStages=[_WRITTEN],
        )
        if version == over:
            return
        try:
            moved = {"VersionStage": CURRENT, "MoveToVersionId": version, "RemoveFromVersionId": over}
            self._call(client, "update_secret_version_stage", SecretId=key, **moved)
        except client.exceptions.InvalidParameterException:
            conflict = Refusal(Outcome.CONFLICT)
        else:
            return
        raise conflict

    def _tag(self, client: Any, key: str, document: Document) -> None:
        # For lists only: whoever may write need not have the permission to tag.
        tags = [{"Key": name, "Value": value} for name, value in _tags_of(document).items()]
        with suppress(client.exceptions.ClientError):
            self._call(client, "tag_resource", SecretId=key, Tags=tags)

    def _remove(self, client: Any, key: str) -> None:
        how = {"ForceDeleteWithoutRecovery": True} if self.chosen.force else {"RecoveryWindowInDays": self.chosen.recovery_days}
        self._call(client, "delete_secret", SecretId=key, **how)

    def _restore(self, client: Any, key: str) -> None:
        kept = self._call(client, "describe_secret", SecretId=key)
        if not kept.get("DeletedDate"):
            raise Refusal(Outcome.EXISTS)
        _refuse_foreign(kept)
        self._call(client, "restore_secret", SecretId=key)

    def _get_versions(self, client: Any, key: str) -> list[Kept]:
        kept = self._call(client, "describe_secret", SecretId=key)
        if kept.get("DeletedDate"):
            raise Refusal(Outcome.MISSING, _DELETED)
        found: list[Kept] = []
        for version, number in numbers(kept).items():
            answer = self._call(client, "get_secret_value", SecretId=key, VersionId=version)
            found.append(Kept(number, _in_utc(answer["CreatedDate"]), _document_in(answer), current=not found))
        return found

    def _call(self, client: Any, operation: str, **arguments: Any) -> Any:
        # At debug level botocore logs whole requests and answers.
        with quietly("botocore"):
            try:
                return getattr(client, operation)(**arguments)
            except (FileNotFoundError, PermissionError) as error:
                missing = f"its configuration names {error.filename}, which can't be used"
        raise Refusal(Outcome.UNKNOWN_USER, missing)

    def _codes_of(self, error: Exception) -> tuple[str, ...]:
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


def _document_in(answer: Mapping[str, Any]) -> Document:
    # What is binary is somebody else's.
    return Document(answer.get("SecretString", ""), answer["VersionId"])


def _refuse_foreign(kept: Mapping[str, Any]) -> None:
    """Raise Refusal if what is in its recovery window was not written by this package; AWS tells nobody what it holds."""
    current, _ = labelled(kept)
    if number_in(current) is None and _SCHEMA_TAG not in {tag["Key"] for tag in kept.get("Tags", [])}:
        raise Refusal(Outcome.NOT_OURS, _DELETED)


def _tags_of(document: Document) -> dict[str, str]:
    # "Tag" in the API reference: letters and digits of any script, spaces, and these.
    fits = re.fullmatch(r"[\w\s+=.:/@-]{1,256}", document.schema)
    return {_SCHEMA_TAG: document.schema} if fits else {}
