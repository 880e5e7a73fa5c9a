"""The secrets manager: the whole API for users, on top of any backend.

It checks names and contents, caches secrets, logs each read for the step cache, and suggests similar names in errors. A
:class:`~zensecrets_jupyter.core.managers.backend.Backend` stores the secrets.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Generic

from typing_extensions import TypeVar

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.errors import (
    InvalidSecretError,
    SecretExistsError,
    SecretKeyNotFoundError,
    SecretNotFoundError,
    UnsupportedOperationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.interaction import pending_secret_hint
from zensecrets_jupyter.core.managers import read_log
from zensecrets_jupyter.core.managers.backend import (
    Backend,
    BatchReads,
    BatchWrites,
    ChangeTracking,
    Clearable,
    Rekeyable,
    Renamable,
    Restorable,
    Versioned,
)
from zensecrets_jupyter.core.managers.cache import ReadCache
from zensecrets_jupyter.core.managers.call_checks import check_mapping, check_secret, mask_refused_values, name_type_error
from zensecrets_jupyter.core.managers.records import CHANGES, Capability, SecretRecord, record_of
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema, external_schema, schema_or_fallback

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from zensecrets_jupyter.core.interaction import RequiredPassphrase
    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions, SecretSummary, SecretVersion
    from zensecrets_jupyter.core.schemas import BaseSecretSchema

BackendT_co = TypeVar("BackendT_co", bound=Backend, default=Backend, covariant=True)
_ResultT = TypeVar("_ResultT")


class SecretsManager(Generic[BackendT_co]):
    """A registered secrets manager: reads and writes the secrets of one backend.

    Every method raises :class:`~zensecrets_jupyter.core.errors.ManagerError` or a subclass if the backend refuses a request, does not
    answer or is damaged. The docstrings list further errors. An instance is thread-safe.
    """

    def __init__(self, backend: BackendT_co) -> None:
        """Use ``backend``. No file or connection is opened before the first operation."""
        self.backend = backend
        # This is the same object with another type, because mypy cannot narrow a type variable by a protocol.
        self._backend: Backend = backend
        self._cache = ReadCache(backend.time_to_live, _change_token_of(backend), flavor=backend.FLAVOR)

    def __repr__(self) -> str:
        """Return flavor and name, without options, because options may contain values."""
        return f"<SecretsManager {self.name!r} of flavor {self.flavor!r}>"

    # Properties.

    @property
    def name(self) -> str:
        """Name under which the manager is registered."""
        return self._backend.context.name

    @property
    def id(self) -> str:
        """ID of the manager, which does not change when the manager is renamed."""
        return self._backend.context.id

    @property
    def flavor(self) -> str:
        """Name of the flavor, such as ``local``."""
        return self._backend.FLAVOR

    @property
    def type(self) -> ComponentType:
        """Type of the stack component."""
        return ComponentType.SECRETS_MANAGER

    @property
    def options(self) -> ManagerOptions:
        """Options with which the manager was registered."""
        return self._backend.options

    @property
    def config(self) -> ManagerOptions:
        """The same as ``options``, under the name that all stack components use."""
        return self._backend.options

    @property
    def context(self) -> ManagerContext:
        """Name, ID and folder of the manager in the workspace."""
        return self._backend.context

    @property
    def capabilities(self) -> Capability:
        """Operations that the backend supports."""
        return self._backend.capabilities

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the backend."""
        return self._backend.is_local

    @property
    def parallel_reads(self) -> int:
        """Maximum number of concurrent reads."""
        return self._backend.parallel_reads

    @property
    def supports_batch_writes(self) -> bool:
        """Whether :meth:`write_records` is supported."""
        return isinstance(self._backend, BatchWrites)

    @property
    def opens_without_keyring(self) -> bool:
        """Whether secrets can be read now with neither a prompt nor the keyring, which may prompt."""
        return self._backend.opens_without_keyring

    @property
    def opens_without_prompt(self) -> bool:
        """Whether secrets can be read now without a prompt.

        Secrets whose encryption key is in an unlocked keyring can be read. The check itself never unlocks a keyring.
        """
        return self._backend.opens_without_prompt

    @property
    def required_passphrase(self) -> RequiredPassphrase | None:
        """The passphrase that the next operation needs from the user, or ``None``."""
        return self._backend.required_passphrase

    @property
    def keeps_key_in_file(self) -> bool:
        """Whether the encryption key of the secrets is in a file.

        A program that can read the files of this user can then read the secrets.
        """
        return self._backend.keeps_key_in_file

    @property
    def read_only_locations(self) -> Mapping[str, str]:
        """The locations of secrets of other programs, by name. These secrets are read-only."""
        return self._backend.read_only_locations

    def describe(self) -> dict[str, str]:
        """Return facts for users, by label: the location of the secrets and their protection."""
        return self._backend.describe()

    def require(self, required: Capability, verb: str) -> None:
        """Check that an operation is supported, before the user is asked for input.

        Args:
            required: The capabilities that the operation needs.
            verb: The operation, for the message "can't VERB secrets".

        Raises:
            UnsupportedOperationError: If the operation is not supported.
            NoSecretsManagerError: If the operation is a change and the manager was deleted since it was opened.
        """
        if required not in self.capabilities:
            raise self._backend.unsupported_error(f"{verb} secrets")
        if required & CHANGES:
            self.context.check_registered()

    def check_change(self, secret_name: str) -> None:
        """Check that a secret does not belong to another program.

        Raises:
            UnsupportedOperationError: If the secret belongs to another program. The message states where the secret is stored.
        """
        self._backend.check_change(secret_name)

    # Reading.

    def get_secret(self, secret_name: str, *, refresh: bool = False) -> BaseSecretSchema:
        """Return a secret.

        Args:
            secret_name: Name of the secret.
            refresh: Whether to ignore the cache.

        Raises:
            SecretNotFoundError: If the secret does not exist. The hint suggests similar names.
        """
        if not refresh:
            # This code runs at every access to an attribute of a component, so it has to be fast.
            cached = self._cache.get_fresh(secret_name)
            if cached is not None:
                if read_log.active_logs:
                    read_log.note(self, secret_name, cached)
                return cached
        if refresh:
            self._cache.drop(secret_name)
        with suppress(SecretNotFoundError):
            return self._fetch(secret_name)
        raise self.not_found_error(secret_name)

    def get_secrets(self, secret_names: Iterable[str], *, refresh: bool = False) -> dict[str, BaseSecretSchema | ZenSecretsError]:
        """Return the secret or the error for each name. Several secrets are read at the same time.

        Args:
            secret_names: Names of the secrets.
            refresh: Whether to ignore the cache.
        """
        unique_names = list(dict.fromkeys(secret_names))
        if refresh:
            for name in unique_names:
                self._cache.drop(name)
        results = self._read_in_batches(unique_names, self._get_batch)
        missing_names = [name for name, result in results.items() if isinstance(result, SecretNotFoundError)]
        candidates = self._similar_name_candidates() if missing_names else []
        # One request for each missing name would be slow, so the errors are made without requests.
        complete_errors = {name: self._make_not_found_error(name, candidates, may_request=False) for name in missing_names}
        return {**results, **complete_errors}

    def get_records(self, secret_names: Iterable[str]) -> dict[str, SecretRecord | ZenSecretsError]:
        """Return the stored record or the error for each name, without the cache."""
        self.require(Capability.READ, "read")
        return self._read_in_batches(list(dict.fromkeys(secret_names)), self._read_records)

    def list_secrets(self) -> list[str]:
        """Return the names of all secrets, sorted. No value is read."""
        self.require(Capability.LIST, "list")
        return sorted(self._backend.names())

    def get_all_secret_keys(self) -> list[str]:
        """Return the names of all secrets, sorted. This is ZenML's name of :meth:`list_secrets`. There, a key is the name of a secret."""
        return self.list_secrets()

    def summaries(self) -> list[SecretSummary]:
        """Return a summary of each secret, sorted by name. No value is read."""
        self.require(Capability.LIST, "list")
        return sorted(self._backend.list())

    def history(self, secret_name: str) -> list[SecretVersion]:
        """Return the versions of a secret, the newest first.

        Raises:
            SecretNotFoundError: If the secret does not exist.
        """
        self.require(Capability.VERSIONS, "keep versions of")
        if isinstance(self._backend, Versioned):
            with suppress(SecretNotFoundError):
                return list(self._backend.history(secret_name))
            raise self.not_found_error(secret_name)
        raise self._backend.unsupported_error("keep versions of secrets")

    def not_found_error(self, secret_name: str) -> SecretNotFoundError:
        """Return the error for a missing secret, with similar names if the backend can list."""
        return self._make_not_found_error(secret_name, None, may_request=True)

    def exists_error(self, secret_name: str) -> SecretExistsError:
        """Return the error for a name that exists already."""
        return self._backend.exists_error(secret_name)

    def secret_of(self, name: str, record: SecretRecord) -> BaseSecretSchema:
        """Return the secret of a record.

        A record that does not match its schema gets the schema ``arbitrary``. An example is a record whose schema class was changed in a
        cell.
        """
        if name in self.read_only_locations:
            return external_schema(record.clear_keys).from_content(name, record.content, self.context.origin)
        with suppress(InvalidSecretError):
            return schema_or_fallback(record.schema).from_content(name, record.content, self.context.origin)
        return ArbitrarySecretSchema.from_content(name, record.content, self.context.origin)

    # Writing.

    @mask_refused_values
    def register_secret(self, secret: BaseSecretSchema) -> None:
        """Store a new secret.

        Raises:
            UnsupportedOperationError: If another program has a secret with that name.
            SecretExistsError: If the name exists already. The existing secret stays unchanged.
            InvalidSecretError: If the backend cannot store the name or the content.
        """
        self.register_record(check_secret(secret).name, record_of(secret))

    @mask_refused_values
    def update_secret(self, secret: BaseSecretSchema) -> None:
        """Replace the schema and the whole content of a secret.

        Raises:
            SecretNotFoundError: If the secret does not exist.
            InvalidSecretError: If the backend cannot store the content.
        """
        self.replace_record(check_secret(secret).name, record_of(secret))

    @mask_refused_values
    def merge_secret(self, secret_name: str, content: Mapping[str, str], *, remove: Iterable[str] = ()) -> None:
        """Set and remove single keys of a secret. The other keys and the schema stay unchanged.

        Args:
            secret_name: Name of the secret.
            content: Keys to set, with their values.
            remove: Keys to remove.

        Raises:
            SecretNotFoundError: If the secret does not exist.
            SecretKeyNotFoundError: If a key to remove is missing.
            InvalidSecretError: If the result would not match the schema. Nothing is written.
        """
        # A write-only backend cannot read the other keys. Its own error says so, before the general check.
        self._backend.check_merge(secret_name)
        self.require(Capability.READ | Capability.UPDATE, "change single keys of")
        # A dict keeps the order. ``remove`` is read once, because a backend may call ``change`` again after a conflict.
        keys_to_remove = dict.fromkeys(remove)
        new_values = check_mapping(content)

        def change(current: SecretRecord) -> SecretRecord:
            for key in keys_to_remove:
                if key not in current.content:
                    message = f"Secret {secret_name!r} has no key {key!r} to remove."
                    hint = f"Its keys are {', '.join(sorted(current.content))}."
                    raise SecretKeyNotFoundError(message, name=secret_name, key=key, manager=self.name, hint=hint)
            remaining = {key: value for key, value in current.content.items() if key not in keys_to_remove}
            secret = schema_or_fallback(current.schema).from_content(secret_name, {**remaining, **new_values})
            return record_of(secret)

        self._replace(secret_name, change)

    def rename_secret(self, secret_name: str, new_name: str) -> None:
        """Rename a secret.

        Raises:
            UnsupportedOperationError: If another program has a secret with one of the names.
            SecretNotFoundError: If the secret does not exist.
            SecretExistsError: If the new name exists already.
            InvalidSecretError: If ``new_name`` is not a valid name.
        """
        self.require(Capability.READ | Capability.REGISTER | Capability.DELETE, "rename")
        names.check_name(new_name)
        self.check_change(secret_name)
        self.check_change(new_name)
        with self._writing(secret_name, renamed_to=new_name):
            if isinstance(self._backend, Renamable):
                self._backend.rename(secret_name, new_name)
            else:
                self._backend.create(new_name, self._backend.read(secret_name))
                self._backend.delete(secret_name)

    def delete_secret(self, secret_name: str) -> None:
        """Delete a secret.

        Raises:
            SecretNotFoundError: If the secret does not exist.
        """
        self.require(Capability.DELETE, "delete")
        self.check_change(secret_name)
        with self._writing(secret_name):
            self._backend.delete(secret_name)

    def undelete_secret(self, secret_name: str) -> None:
        """Restore the last version of a deleted secret, while the backend still has it.

        Raises:
            SecretNotFoundError: If there is no deleted secret with that name.
            SecretExistsError: If a secret with that name exists. It stays unchanged.
        """
        self.require(Capability.UNDELETE, "bring back deleted")
        self.check_change(secret_name)
        if not isinstance(self._backend, Restorable):
            raise self._backend.unsupported_error("bring back deleted secrets")
        with self._writing(secret_name):
            self._backend.restore(secret_name)

    def delete_all_secrets(self) -> None:
        """Delete every secret of this manager."""
        self.require(Capability.LIST | Capability.DELETE, "delete")
        try:
            if isinstance(self._backend, Clearable):
                self._backend.delete_all()
            else:
                for name in list(self._backend.names()):
                    # Another process may have deleted the secret already.
                    with suppress(SecretNotFoundError):
                        self._backend.delete(name)
        finally:
            self._cache.drop_everywhere()

    def rollback(self, secret_name: str, number: int) -> SecretVersion:
        """Store the content of version ``number`` as a new version, and return the new version.

        Raises:
            SecretNotFoundError: If the secret or the version does not exist.
        """
        self.require(Capability.VERSIONS | Capability.UPDATE, "roll back")
        if not isinstance(self._backend, Versioned):
            raise self._backend.unsupported_error("roll back secrets")
        backend_error: SecretNotFoundError
        try:
            return self._backend.rollback(secret_name, number)
        except SecretNotFoundError as error:
            backend_error = error
        finally:
            self._cache.drop_everywhere(secret_name)
        # An error with a hint is complete, such as the error for a missing version, whose hint lists the versions.
        raise backend_error if backend_error.hint else self.not_found_error(secret_name)

    def rewrap(self, protection: str, *, passphrase: str | None = None) -> None:
        """Change the protection of the data key of an encrypted store. Secrets are not encrypted again.

        Args:
            protection: "keyring", "passphrase" or "keyfile". If the store has this protection already, it gets another passphrase, or
                another key in the keyring or in a file.
            passphrase: The new passphrase. The default is ``ZENSECRETS_NEW_PASSPHRASE``, or ``ZENSECRETS_PASSPHRASE`` if the store had
                no passphrase before. Without these variables the user is asked.

        Raises:
            UnsupportedOperationError: If the backend does not encrypt with its own key.
            InvalidOptionsError: If the protection does not exist.
            InteractionUnavailableError: If a new passphrase is needed and no user can be asked.
            ManagerLockedError: If the store cannot be opened, or the keyring is locked or missing. The old protection stays.
        """
        self._rekeyable().rewrap(protection, passphrase=passphrase)

    def rotate_key(self) -> None:
        """Encrypt every secret and every earlier version with a new data key. The kind of protection stays the same.

        Raises:
            UnsupportedOperationError: If the backend does not encrypt with its own key.
            ManagerLockedError: If the store cannot be opened.
            ManagerCorruptedError: If a row is damaged. Then nothing is changed.
        """
        self._rekeyable().rotate_key()

    # Records: secrets as they are stored, without a schema class.

    def check_record(self, secret_name: str, record: SecretRecord) -> None:
        """Check that the backend can store a record. No request is sent.

        Raises:
            InvalidSecretError: If the backend cannot store the name or the content.
            UnsupportedOperationError: If another program has a secret with that name.
        """
        self.check_change(names.check_name(secret_name))
        self._backend.check(secret_name, record)

    def register_record(self, secret_name: str, record: SecretRecord) -> None:
        """Store a new secret from a record. The errors are those of :meth:`register_secret`."""
        self.require(Capability.REGISTER, "register")
        self.check_change(names.check_name(secret_name))
        try:
            self._backend.create(secret_name, record)
        finally:
            self._cache.drop_everywhere(secret_name)

    def replace_record(self, secret_name: str, record: SecretRecord) -> None:
        """Replace a secret by a record. The errors are those of :meth:`update_secret`."""
        self._replace(secret_name, lambda _current: record)

    def write_records(self, new_records: Mapping[str, SecretRecord], replacements: Mapping[str, SecretRecord]) -> None:
        """Create and replace several secrets in one transaction, if :attr:`supports_batch_writes`.

        Args:
            new_records: The secrets to create, by name.
            replacements: The new records of existing secrets, by name.

        Raises:
            SecretExistsError: If a secret to create exists already.
            SecretNotFoundError: If a secret to replace does not exist.
            InvalidSecretError: If the backend cannot store one of the secrets.
        """
        for capability, verb, records in ((Capability.REGISTER, "register", new_records), (Capability.UPDATE, "update", replacements)):
            if records:
                self.require(capability, verb)
            for name in records:
                self.check_change(names.check_name(name))
        if not isinstance(self._backend, BatchWrites):
            raise self._backend.unsupported_error(f"write {len(new_records) + len(replacements)} secrets at once")
        with self._writing(*new_records, *replacements):
            self._backend.write_batch(new_records, replacements)

    # Internals.

    def _rekeyable(self) -> Rekeyable:
        """Return the backend if it can change its key.

        Raises:
            UnsupportedOperationError: If the backend cannot change its key.
        """
        if isinstance(self._backend, Rekeyable) and Capability.REKEY in self.capabilities:
            return self._backend
        message = f"Secrets manager {self.name!r} (flavor {self.flavor}) has no key that can be changed."
        raise UnsupportedOperationError(
            message, flavor=self.flavor, hint="Use a secrets manager with an encrypted store, such as one of flavor local."
        )

    def _replace(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        """Replace a secret by the record that ``change`` returns for the current record."""
        self.require(Capability.UPDATE, "update")
        self.check_change(name)
        with self._writing(name):
            self._backend.replace(name, change)

    @contextmanager
    def _writing(self, *secret_names: str, renamed_to: str = "") -> Iterator[None]:
        """After the write in the block, remove the secrets from all caches, and replace a SecretNotFoundError by a complete error."""
        missing_name: str | None = None
        try:
            yield
        except SecretKeyNotFoundError:
            # This subclass of SecretNotFoundError has a hint already.
            raise
        except SecretNotFoundError as error:
            # The backend may report a missing secret without its name, or under another name.
            missing_name = error.name if error.name in secret_names else secret_names[0]
        finally:
            self._cache.drop_everywhere(*secret_names, *([renamed_to] if renamed_to else []))
        if missing_name is not None:
            raise self.not_found_error(missing_name)

    def _similar_name_candidates(self) -> list[str]:
        """Return the names of all secrets, or no name if the backend cannot list them."""
        if Capability.LIST in self.capabilities:
            with suppress(ZenSecretsError):
                return list(self._backend.names())
        return []

    def _make_not_found_error(self, secret_name: str, candidates: Collection[str] | None, *, may_request: bool) -> SecretNotFoundError:
        """Return the error for a missing secret, with a hint.

        Args:
            secret_name: Name of the secret.
            candidates: The existing names, from which similar names are suggested. If ``None``, they are listed.
            may_request: Whether the backend may send a request to find the reason.
        """
        backend_error = self._backend.explain_missing(secret_name, may_request=may_request)
        if backend_error is not None:
            return backend_error
        candidates = self._similar_name_candidates() if candidates is None else candidates
        message = f"There is no secret {secret_name!r} in secrets manager {self.name!r}."
        hint = (
            pending_secret_hint(self.id, secret_name)
            or names.key_reference_hint(secret_name, candidates)
            or names.did_you_mean(secret_name, candidates)
        )
        if not hint and not secret_name:
            hint = "Give the name of a secret. To see the names: %secret list, or Client().list_secrets()."
        elif not hint and "." in secret_name:
            # A name with a dot is invalid, so the hint must not suggest to register it.
            hint = "The name of a secret has no dot. Give the name alone, without a key."
        hint = hint or f"Register it: %secret register {secret_name}"
        return SecretNotFoundError(message, name=secret_name, manager=self.name, hint=hint)

    def _fetch(self, name: str) -> BaseSecretSchema:
        """Return a secret from the cache or from the backend, and log the read."""
        if not isinstance(name, str):
            raise name_type_error(name)
        if read_log.active_logs:
            # The log also contains a read that fails.
            read_log.note(self, name, None)
        self.require(Capability.READ, "read")
        secret = self._cache.fetch(name, self._load)
        if read_log.active_logs:
            read_log.note(self, name, secret)
        return secret

    def _load(self, name: str) -> BaseSecretSchema:
        """Return a secret from the backend."""
        return self.secret_of(name, self._backend.read(name))

    def _read_in_batches(self, secret_names: list[str], read_batch: Callable[[list[str]], dict[str, _ResultT]]) -> dict[str, _ResultT]:
        """Return the results of ``read_batch`` for all names. Several batches are read at the same time."""
        batch_size = self._backend.batch_size if isinstance(self._backend, BatchReads) else 1
        batches = [secret_names[start : start + batch_size] for start in range(0, len(secret_names), batch_size)]
        thread_count = min(self.parallel_reads, len(batches))
        results: dict[str, _ResultT] = {}
        if thread_count <= 1:
            for batch in batches:
                results.update(read_batch(batch))
            return results
        with ThreadPoolExecutor(thread_count, thread_name_prefix="zensecrets-read") as pool:
            for batch_results in pool.map(read_batch, batches):
                results.update(batch_results)
        return results

    def _read_batch(self, batch: list[str]) -> Mapping[str, SecretRecord | ZenSecretsError]:
        """Return the record or the error for each name of a batch.

        Several names are read with one request. Without batch reads, a batch has only one name.

        Raises:
            ZenSecretsError: If the request fails, or if the batch has only one name and its secret cannot be read.
        """
        if len(batch) > 1 and isinstance(self._backend, BatchReads):
            return self._backend.read_batch(batch)
        return {name: self._backend.read(name) for name in batch}

    def _read_records(self, batch: list[str]) -> dict[str, SecretRecord | ZenSecretsError]:
        """Add the values of a batch to the redactor, and return the record or the error for each name."""
        results: Mapping[str, SecretRecord | ZenSecretsError]
        try:
            results = self._read_batch(batch)
        except ZenSecretsError as error:
            results = dict.fromkeys(batch, error)
        return {
            name: result if isinstance(result, ZenSecretsError) else self._protect_record(name, result) for name, result in results.items()
        }

    def _protect_record(self, name: str, record: SecretRecord) -> SecretRecord | ZenSecretsError:
        """Add the values of a record to the redactor. Return the record or an error."""
        try:
            # The constructor of the secret adds its values to the redactor.
            secret = self.secret_of(name, record)
        except InvalidSecretError as error:
            return error
        read_log.note(self, name, secret)
        return record

    def _get_batch(self, batch: list[str]) -> dict[str, BaseSecretSchema | ZenSecretsError]:
        """Return the secret or the error for each name of a batch. Cached secrets are not read again."""
        if len(batch) == 1:
            return {batch[0]: self._get_or_error(batch[0])}
        for name in batch:
            read_log.note(self, name, None)
        try:
            self.require(Capability.READ, "read")
            results = self._cache.fetch_many(batch, self._load_batch)
        except ZenSecretsError as error:
            return dict.fromkeys(batch, error)
        for name, secret in results.items():
            if not isinstance(secret, ZenSecretsError):
                read_log.note(self, name, secret)
        return results

    def _load_batch(self, batch: list[str]) -> dict[str, BaseSecretSchema | ZenSecretsError]:
        """Return the secret or the error for each name of a batch, from the backend."""
        results = self._read_batch(batch)
        return {name: result if isinstance(result, ZenSecretsError) else self.secret_of(name, result) for name, result in results.items()}

    def _get_or_error(self, name: str) -> BaseSecretSchema | ZenSecretsError:
        """Return a secret or its error."""
        cached = self._cache.get_fresh(name)
        if cached is not None:
            read_log.note(self, name, cached)
            return cached
        try:
            return self._fetch(name)
        except ZenSecretsError as error:
            return error


def _change_token_of(backend: Backend) -> Callable[[], object] | None:
    """Return the function that reads the change token, or ``None`` if the backend has none."""
    return backend.change_token if isinstance(backend, ChangeTracking) else None
