"""The contract of every secrets manager, with its value objects.

A flavor is a subclass of :class:`SecretsManager` that implements the few methods at the end of the class, those that start with an
underscore. Names, schemas, near misses, the cache and the record of reads are handled here, once.
"""

from __future__ import annotations

import enum
import uuid
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from zensecrets_jupyter.core import names, settings
from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    InvalidSecretError,
    SecretExistsError,
    SecretKeyNotFoundError,
    SecretNotFoundError,
    UnsupportedOperationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.fields import is_secret_field
from zensecrets_jupyter.core.interaction import awaited_hint
from zensecrets_jupyter.core.managers import _reads, _registry
from zensecrets_jupyter.core.managers._cache import ReadCache
from zensecrets_jupyter.core.managers._registry import Availability
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema, BaseSecretSchema, schema_or_stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from zensecrets_jupyter.core.interaction import PassphraseSource, PassphraseWanted
    from zensecrets_jupyter.core.value import Origin


_PartT = TypeVar("_PartT")


class Capability(enum.Flag):
    """What a secrets manager can do."""

    READ = enum.auto()
    LIST = enum.auto()
    REGISTER = enum.auto()
    UPDATE = enum.auto()
    DELETE = enum.auto()
    VERSIONS = enum.auto()
    UNDELETE = enum.auto()


ALL_BUT_VERSIONS = Capability.READ | Capability.LIST | Capability.REGISTER | Capability.UPDATE | Capability.DELETE


@dataclass(frozen=True)
class SecretRecord:
    """What a secrets manager keeps under a name: the type of the schema, and the content as plain texts."""

    schema: str
    content: Mapping[str, str] = field(repr=False)


class SecretVersion(NamedTuple):
    """One kept state of a secret: its ``number`` (from 1, growing), schema type, time of writing (UTC), and whether it is current."""

    number: int
    schema: str
    created: datetime
    current: bool


class SecretSummary(NamedTuple):
    """What a list shows of a secret without reading a value; ``None`` where the manager does not know without reading."""

    name: str
    schema: str | None = None
    version: int | None = None
    updated: datetime | None = None


class ManagerOptions(BaseModel):
    """The attributes that a flavor takes at registration; sensitive ones are a SecretField."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Return what ``repr`` shows: sensitive options as marks."""
        fields = type(self).model_fields
        return [(name, f"‹secret:{name}›" if is_secret_field(fields[name]) else getattr(self, name)) for name in fields]


@dataclass(frozen=True)
class ManagerContext:
    """What the workspace tells a secrets manager about itself when it opens it.

    Attributes:
        name: What the user called it.
        id: Its identity, which stays when it is renamed; sealed content is bound to it.
        folder: A folder of its own for files that it keeps; it need not exist yet.
        origin: Where its values can be resolved again when they are unpickled; ``None`` for one that nobody registered.
        ask_passphrase: Asks a person for the passphrase of a store; ``None`` where nobody can be asked.
    """

    name: str = "unregistered"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    folder: Path = field(default_factory=lambda: settings.home() / "secrets_managers" / "unregistered")
    origin: Origin | None = None
    ask_passphrase: PassphraseSource | None = None


class SecretsManager(ABC):
    """A place that keeps secrets.

    A subclass that names its ``FLAVOR`` is known as soon as it is defined.

    Every method raises :class:`~zensecrets_jupyter.core.errors.ManagerError` or a subclass when the place refuses, does not answer or
    is damaged; the docstrings name the errors that come on top. Instances may be used from several threads.
    """

    FLAVOR: ClassVar[str] = ""
    options_model: ClassVar[type[ManagerOptions]] = ManagerOptions
    capabilities: ClassVar[Capability] = ALL_BUT_VERSIONS
    is_local: ClassVar[bool] = False
    """Whether only this machine can reach it; a stack with a remote orchestrator refuses such a manager."""
    parallel_reads: ClassVar[int] = 32
    """How many secrets :meth:`get_secrets` reads at a time; 1 where reading is cheaper than a thread."""
    batch_reads: ClassVar[int] = 1
    """How many secrets one request reads; over 1 where the flavor has ``_read_batch``."""
    time_to_live: ClassVar[float] = 60.0
    """Seconds for which a secret that was read is taken from the cache; a write by this process, through any instance, drops it at once."""

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """Prepare the manager; nothing is opened, created or connected before the first use.

        Raises:
            InvalidOptionsError: If an option is missing and has no default.
        """
        self.options = options if options is not None else self.make_options({})
        self.context = context or ManagerContext()
        self._cache = ReadCache(self.time_to_live, self._change_token, kind=self.FLAVOR)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make the flavor known."""
        super().__init_subclass__(**kwargs)
        if "FLAVOR" in cls.__dict__ and cls.FLAVOR:
            _registry.add(cls)

    @classmethod
    def make_options(cls, attributes: Mapping[str, Any]) -> ManagerOptions:
        """Return the options that ``attributes`` give.

        Raises:
            InvalidOptionsError: If one is missing, unknown or malformed; it says which and never its value.
        """
        try:
            return cls.options_model.model_validate(dict(attributes))
        except ValidationError as error:
            found = [
                f"{'.'.join(map(str, detail['loc'])) or 'options'} ({detail['type'].replace('_', ' ')})"
                for detail in error.errors(include_url=False, include_context=False, include_input=False)
            ]
        known = ", ".join(cls.options_model.model_fields) or "none"
        message = f"Flavor {cls.FLAVOR!r} of secrets manager does not take this: {', '.join(found)}."
        raise InvalidOptionsError(message, flavor=cls.FLAVOR, hint=f"Its attributes are {known}.")

    @classmethod
    def availability(cls) -> Availability:
        """Tell whether the flavor can be used on this machine, and if not why; it reads no secret and writes nothing."""
        return Availability(ok=True)

    @property
    def name(self) -> str:
        """What the user called it."""
        return self.context.name

    @property
    def id(self) -> str:
        """Its identity, which stays when it is renamed."""
        return self.context.id

    def __repr__(self) -> str:
        """Return the flavor and the name; options may hold values and are left out."""
        return f"<{type(self).__name__} {self.name!r}>"

    @property
    def opens_unasked(self) -> bool:
        """Whether a secret can be read now without a person being asked for anything."""
        return True

    @property
    def passphrase_wanted(self) -> PassphraseWanted | None:
        """The passphrase that a person will be asked for when a secret is read or written; ``None`` if none will be."""
        return None

    @property
    def keeps_key_in_file(self) -> bool:
        """Whether who can read this user's files can read the secrets too: nothing that is written beside them makes it easier."""
        return False

    @property
    def read_only(self) -> Mapping[str, str]:
        """The secrets that other programs keep and that this manager only reads, whatever else it can: by name, each with its place."""
        return {}

    def describe(self) -> dict[str, str]:
        """Return facts about this manager for a person, by name: where it keeps its secrets, and how they are protected."""
        return {}

    # What users call.

    def register_secret(self, secret: BaseSecretSchema) -> None:
        """Store a new secret.

        Raises:
            UnsupportedOperationError: If the name is that of a secret that another program keeps.
            SecretExistsError: If the name is taken; what is there stays untouched.
            InvalidSecretError: If the manager can't hold such a name or content.
        """
        self.register_record(secret.name, record_of(secret))

    def get_secret(self, secret_name: str, *, refresh: bool = False) -> BaseSecretSchema:
        """Return the secret called ``secret_name``; with ``refresh`` it is read even where the cache holds it.

        Raises:
            SecretNotFoundError: If there is none; it names near misses.
        """
        if not refresh:
            # The common case: kept short, it is run at every access to an attribute.
            cached = self._cache.fresh(secret_name)
            if cached is not None:
                if _reads.active:
                    _reads.note(self, secret_name, cached)
                return cached
        if refresh:
            self._cache.drop(secret_name)
        with suppress(SecretNotFoundError):
            return self._fetch(secret_name)
        raise self.not_found(secret_name)

    def get_secrets(self, secret_names: Iterable[str], *, refresh: bool = False) -> dict[str, BaseSecretSchema | ZenSecretsError]:
        """Return for each name its secret, or the error that reading it ended with; each is read once, several at a time.

        With ``refresh`` each is read even where the cache holds it.
        """
        wanted = list(dict.fromkeys(secret_names))
        for name in wanted if refresh else ():
            self._cache.drop(name)
        found = {name: secret for part in self._in_batches(wanted, self._get_batch) for name, secret in part.items()}
        missing = [name for name, secret in found.items() if isinstance(secret, SecretNotFoundError)]
        known = self._known_names() if missing else []
        return {**found, **{name: self._not_found(name, known) for name in missing}}

    def update_secret(self, secret: BaseSecretSchema) -> None:
        """Replace the schema and the whole content of an existing secret.

        Raises:
            SecretNotFoundError: If there is none of that name.
            InvalidSecretError: If the manager can't hold such content.
        """
        self.replace_record(secret.name, record_of(secret))

    def merge_secret(self, secret_name: str, content: Mapping[str, str], *, remove: Iterable[str] = ()) -> None:
        """Set the given keys of an existing secret and drop those in ``remove``; the other keys and the schema stay.

        Raises:
            SecretNotFoundError: If there is none of that name.
            SecretKeyNotFoundError: If a key to remove is not there.
            InvalidSecretError: If the outcome would not follow the secret's schema; nothing is written.
        """
        # What can't be read can't be kept.
        self.require(Capability.READ | Capability.UPDATE, "change single keys of")
        removed = list(remove)

        def change(present: SecretRecord) -> SecretRecord:
            for key in removed:
                if key not in present.content:
                    message = f"Secret {secret_name!r} has no key {key!r} to remove."
                    hint = f"Its keys are {', '.join(sorted(present.content))}."
                    raise SecretKeyNotFoundError(message, name=secret_name, key=key, manager=self.name, hint=hint)
            kept = {key: value for key, value in present.content.items() if key not in removed}
            merged = schema_or_stand_in(present.schema).from_content(secret_name, {**kept, **content})
            return record_of(merged)

        self._change(secret_name, change)

    def rename_secret(self, secret_name: str, new_name: str) -> None:
        """Give a secret another name.

        Raises:
            UnsupportedOperationError: If one of the names is that of a secret that another program keeps.
            SecretNotFoundError: If there is none of that name.
            SecretExistsError: If the new name is taken.
            InvalidSecretError: If no secret may be called ``new_name``.
        """
        self.require(Capability.READ | Capability.REGISTER | Capability.DELETE, "rename")
        names.check_name(new_name)
        self.check_change(secret_name)
        self.check_change(new_name)
        try:
            self._rename(secret_name, new_name)
        except SecretNotFoundError:
            missing = True
        else:
            missing = False
        finally:
            self._cache.drop_everywhere(secret_name, new_name)
        if missing:
            raise self.not_found(secret_name)

    def delete_secret(self, secret_name: str) -> None:
        """Delete a secret.

        Raises:
            SecretNotFoundError: If there is none of that name.
        """
        self.require(Capability.DELETE, "delete")
        self.check_change(secret_name)
        missing = False
        try:
            self._delete(secret_name)
        except SecretNotFoundError:
            missing = True
        finally:
            self._cache.drop_everywhere(secret_name)
        if missing:
            raise self.not_found(secret_name)

    def undelete_secret(self, secret_name: str) -> None:
        """Bring back a secret that was deleted, as it was last, while the place still keeps it.

        Raises:
            SecretNotFoundError: If there is nothing to bring back.
            SecretExistsError: If there is a secret of that name; it stays as it is.
        """
        self.require(Capability.UNDELETE, "bring back deleted")
        self.check_change(secret_name)
        missing = False
        try:
            self._undelete(secret_name)
        except SecretNotFoundError:
            missing = True
        finally:
            self._cache.drop_everywhere(secret_name)
        if missing:
            raise self.not_found(secret_name)

    def delete_all_secrets(self) -> None:
        """Delete every secret of this manager."""
        self.require(Capability.LIST | Capability.DELETE, "delete")
        try:
            self._delete_all()
        finally:
            self._cache.drop_everywhere()

    def list_secrets(self) -> list[str]:
        """Return the names of all secrets, sorted; no value is read."""
        self.require(Capability.LIST, "list")
        return sorted(self._list())

    def get_all_secret_keys(self) -> list[str]:
        """Return what :meth:`list_secrets` returns, under ZenML's old name for it."""
        return self.list_secrets()

    def summaries(self) -> list[SecretSummary]:
        """Return one line about each secret, sorted by name; no value is read."""
        self.require(Capability.LIST, "list")
        return sorted(self._summaries())

    def history(self, secret_name: str) -> list[SecretVersion]:
        """Return the kept versions of a secret, the newest first.

        Raises:
            SecretNotFoundError: If there is none of that name.
        """
        self.require(Capability.VERSIONS, "keep versions of")
        try:
            return self._history(secret_name)
        except SecretNotFoundError:
            pass
        raise self.not_found(secret_name)

    def rollback(self, secret_name: str, number: int) -> SecretVersion:
        """Make the content of version ``number`` the current one, as a new version, and return that.

        Raises:
            SecretNotFoundError: If there is no such secret, or no such version of it.
        """
        self.require(Capability.VERSIONS | Capability.UPDATE, "roll back")
        try:
            return self._rollback(secret_name, number)
        finally:
            self._cache.drop_everywhere(secret_name)

    def check_change(self, secret_name: str) -> None:
        """Return if the secret may be written here; one that another program keeps may not.

        Raises:
            UnsupportedOperationError: If it may not; it says where it is kept.
        """
        where = self.read_only.get(secret_name)
        if where is None:
            return
        message = f"Secret {secret_name!r} is another program's: secrets manager {self.name!r} only reads it, from {where}."
        raise UnsupportedOperationError(
            message, flavor=self.FLAVOR, hint="Change it there, by the program that keeps it, or use another name."
        )

    # What a copy to another secrets manager is made of: secrets as they are kept, whether or not they follow a schema of this process.

    def get_records(self, secret_names: Iterable[str]) -> dict[str, SecretRecord | ZenSecretsError]:
        """Return for each name what is kept under it just now, past the cache, or the error that reading it ended with."""
        self.require(Capability.READ, "read")
        wanted = list(dict.fromkeys(secret_names))
        return {name: record for part in self._in_batches(wanted, self._read_records) for name, record in part.items()}

    def check_record(self, secret_name: str, record: SecretRecord) -> None:
        """Return if the manager could hold ``record`` under that name, as far as that can be told without asking the place.

        Raises:
            InvalidSecretError: If it can't hold such a name or content.
            UnsupportedOperationError: If the name is that of a secret that another program keeps.
        """
        self.check_change(names.check_name(secret_name))
        self._check(secret_name, record)

    def register_record(self, secret_name: str, record: SecretRecord) -> None:
        """Store a new secret as it is kept elsewhere; errors as for :meth:`register_secret`."""
        self.require(Capability.REGISTER, "register")
        self.check_change(names.check_name(secret_name))
        try:
            self._register(secret_name, record)
        finally:
            self._cache.drop_everywhere(secret_name)

    def replace_record(self, secret_name: str, record: SecretRecord) -> None:
        """Replace an existing secret by one as it is kept elsewhere; errors as for :meth:`update_secret`."""
        self._change(secret_name, lambda _present: record)

    def not_found(self, secret_name: str) -> SecretNotFoundError:
        """Return the error that says that there is no such secret, with near misses where the manager lists."""
        return self._not_found(secret_name, self._known_names())

    def _known_names(self) -> list[str]:
        if Capability.LIST in self.capabilities:
            with suppress(ZenSecretsError):
                return list(self._list())
        return []

    def _not_found(self, secret_name: str, known: Iterable[str]) -> SecretNotFoundError:
        message = f"There is no secret {secret_name!r} in secrets manager {self.name!r}."
        hint = awaited_hint(self.id, secret_name) or names.did_you_mean(secret_name, known)
        hint = hint or f"Register it: %secret register {secret_name}"
        return SecretNotFoundError(message, name=secret_name, manager=self.name, hint=hint)

    def exists(self, secret_name: str) -> SecretExistsError:
        """Return the error that says that the name is taken; flavors raise it from ``_register``."""
        message = f"A secret {secret_name!r} exists already in secrets manager {self.name!r}; it was not changed."
        hint = f"To change it: %secret update {secret_name}"
        return SecretExistsError(message, name=secret_name, manager=self.name, hint=hint)

    def _fetch(self, name: str) -> BaseSecretSchema:
        _reads.note(self, name, None)
        self.require(Capability.READ, "read")
        secret = self._cache.fetch(name, self._load)
        _reads.note(self, name, secret)
        return secret

    def _load(self, name: str) -> BaseSecretSchema:
        return self.secret_of(name, self._read(name))

    def _in_batches(self, wanted: list[str], read: Callable[[list[str]], _PartT]) -> list[_PartT]:
        """Return what ``read`` returns of each batch, several at a time."""
        batches = [wanted[start : start + self.batch_reads] for start in range(0, len(wanted), self.batch_reads)]
        workers = min(self.parallel_reads, len(batches))
        if workers <= 1:
            return [read(batch) for batch in batches]
        with ThreadPoolExecutor(workers, thread_name_prefix="zensecrets-read") as pool:
            return list(pool.map(read, batches))

    def _read_records(self, batch: list[str]) -> dict[str, SecretRecord | ZenSecretsError]:
        found: Mapping[str, SecretRecord | ZenSecretsError]
        try:
            found = {batch[0]: self._read(batch[0])} if len(batch) == 1 else self._read_batch(batch)
        except ZenSecretsError as error:
            found = dict.fromkeys(batch, error)
        return {name: self._known(name, one) if isinstance(one, SecretRecord) else one for name, one in found.items()}

    def _known(self, name: str, record: SecretRecord) -> SecretRecord | ZenSecretsError:
        try:
            # What is read is known to the redactor from then on, in whichever form it is wanted.
            secret = self.secret_of(name, record)
        except InvalidSecretError as error:
            return error
        _reads.note(self, name, secret)
        return record

    def _get_batch(self, batch: list[str]) -> dict[str, BaseSecretSchema | ZenSecretsError]:
        if len(batch) == 1:
            return {batch[0]: self._get_or_error(batch[0])}
        for name in batch:
            _reads.note(self, name, None)
        try:
            self.require(Capability.READ, "read")
            found = self._cache.fetch_many(batch, self._load_batch)
        except ZenSecretsError as error:
            return dict.fromkeys(batch, error)
        for name, secret in found.items():
            if not isinstance(secret, ZenSecretsError):
                _reads.note(self, name, secret)
        return found

    def _load_batch(self, batch: list[str]) -> dict[str, BaseSecretSchema | ZenSecretsError]:
        found = self._read_batch(batch)
        return {name: one if isinstance(one, ZenSecretsError) else self.secret_of(name, one) for name, one in found.items()}

    def _get_or_error(self, name: str) -> BaseSecretSchema | ZenSecretsError:
        cached = self._cache.fresh(name)
        if cached is not None:
            _reads.note(self, name, cached)
            return cached
        try:
            return self._fetch(name)
        except ZenSecretsError as error:
            return error

    def secret_of(self, name: str, record: SecretRecord) -> BaseSecretSchema:
        """Return the secret that ``record`` holds.

        A record that no longer follows its schema, say after the class was changed in a cell, is still readable: it comes with any keys.
        """
        with suppress(InvalidSecretError):
            return schema_or_stand_in(record.schema).from_content(name, record.content, self.context.origin)
        return ArbitrarySecretSchema.from_content(name, record.content, self.context.origin)

    def _change(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        self.require(Capability.UPDATE, "update")
        self.check_change(name)
        missing = False
        try:
            self._update(name, change)
        except SecretKeyNotFoundError:
            raise
        except SecretNotFoundError:
            missing = True
        finally:
            self._cache.drop_everywhere(name)
        if missing:
            raise self.not_found(name)

    def require(self, needed: Capability, verb: str) -> None:
        """Return if the manager can do that; for who wants to know before anybody is asked for anything.

        Args:
            needed: What it takes.
            verb: What it is for, as in "can't VERB secrets".

        Raises:
            UnsupportedOperationError: If it can't.
        """
        if needed in self.capabilities:
            return
        message = f"Secrets manager {self.name!r} (flavor {self.FLAVOR}) can't {verb} secrets."
        raise UnsupportedOperationError(message, flavor=self.FLAVOR, hint="Use a stack with another secrets manager for that.")

    # What a flavor implements. A secret that is not there is always a SecretNotFoundError; its message is made above.

    @abstractmethod
    def _read(self, name: str) -> SecretRecord:
        """Return what is stored under ``name``."""

    def _read_batch(self, secret_names: Sequence[str]) -> Mapping[str, SecretRecord | ZenSecretsError]:
        """Return for each name what is stored under it, or the error, in one request; only called where ``batch_reads`` is over 1."""
        raise UnsupportedOperationError(f"Flavor {self.FLAVOR!r} can't read {len(secret_names)} secrets at once.", flavor=self.FLAVOR)

    @abstractmethod
    def _list(self) -> Iterable[str]:
        """Return the names, in any order, without reading a value."""

    def _check(self, name: str, record: SecretRecord) -> None:  # noqa: B027 - a place without limits has nothing to check
        """Raise InvalidSecretError if the place can't hold ``record`` under ``name``; nothing is asked of it."""

    def _register(self, name: str, record: SecretRecord) -> None:  # noqa: ARG002 - that of a flavor that does it
        """Store ``record`` under a new name, in one step; raise ``self.exists(name)`` if the name is taken. Only called with REGISTER."""
        raise UnsupportedOperationError(f"Flavor {self.FLAVOR!r} registers no {name!r}.", flavor=self.FLAVOR)

    def _update(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:  # noqa: ARG002 - likewise
        """Store ``change(what is there)``, so that no other writer comes between where the place allows it. Only called with UPDATE."""
        raise UnsupportedOperationError(f"Flavor {self.FLAVOR!r} updates no {name!r}.", flavor=self.FLAVOR)

    def _delete(self, name: str) -> None:
        """Delete what is stored under ``name``. Only called with DELETE."""
        raise UnsupportedOperationError(f"Flavor {self.FLAVOR!r} deletes no {name!r}.", flavor=self.FLAVOR)

    def _undelete(self, name: str) -> None:
        """Bring back what was deleted under ``name``; raise ``self.exists(name)`` if there is something. Only called with UNDELETE."""
        raise UnsupportedOperationError(f"Flavor {self.FLAVOR!r} brings back no {name!r}.", flavor=self.FLAVOR)

    def _delete_all(self) -> None:
        """Delete everything; in one step where the place allows it."""
        for name in list(self._list()):
            with suppress(SecretNotFoundError):
                self._delete(name)

    def _rename(self, name: str, new_name: str) -> None:
        """Move what is stored under ``name``; in one step where the place allows it."""
        record = self._read(name)
        self._register(new_name, record)
        self._delete(name)

    def _summaries(self) -> Iterable[SecretSummary]:
        """Return a summary of each secret."""
        return [SecretSummary(name) for name in self._list()]

    def _history(self, name: str) -> list[SecretVersion]:
        """Return the kept versions, the newest first; only called of flavors with VERSIONS."""
        raise UnsupportedOperationError(f"Flavor {self.FLAVOR!r} keeps no versions of {name!r}.", flavor=self.FLAVOR)

    def _rollback(self, name: str, number: int) -> SecretVersion:
        """Make version ``number`` current; only called of flavors with VERSIONS."""
        raise UnsupportedOperationError(f"Flavor {self.FLAVOR!r} keeps no version {number} of {name!r}.", flavor=self.FLAVOR)

    def _change_token(self) -> object:
        """Return something cheap that differs after any write by anybody, or ``None`` where the place has no such thing."""
        return None


def record_of(secret: BaseSecretSchema) -> SecretRecord:
    """Return what is stored of ``secret``: its type, and its content as exact ``str``."""
    return SecretRecord(secret.TYPE, {key: str.__str__(value) for key, value in secret.content.items()})
