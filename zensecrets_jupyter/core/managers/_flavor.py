"""What a flavor of secrets manager is, what one says of itself, and what it implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ValidationError

from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.errors import InvalidOptionsError, SecretExistsError, SecretNotFoundError, UnsupportedOperationError
from zensecrets_jupyter.core.managers._cache import ReadCache
from zensecrets_jupyter.core.managers._registry import Availability
from zensecrets_jupyter.core.managers.records import ALL_BUT_VERSIONS, CHANGES, Capability, ManagerContext, ManagerOptions, SecretSummary
from zensecrets_jupyter.core.names import did_you_mean, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from zensecrets_jupyter.core.errors import ZenSecretsError
    from zensecrets_jupyter.core.interaction import PassphraseWanted
    from zensecrets_jupyter.core.managers.records import SecretRecord, SecretVersion
    from zensecrets_jupyter.core.schemas import BaseSecretSchema


class Flavor(ABC):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`.

    A subclass implements the few methods at the end of this class, those that start with an underscore.
    """

    FLAVOR: ClassVar[str] = ""
    options_model: ClassVar[type[ManagerOptions]] = ManagerOptions
    capabilities: ClassVar[Capability] = ALL_BUT_VERSIONS
    is_local: ClassVar[bool] = False
    """Whether only this machine can reach it; a stack with a remote orchestrator refuses such a manager."""
    parallel_reads: ClassVar[int] = 32
    """How many secrets :meth:`get_secrets` reads at a time; 1 where reading is cheaper than a thread."""
    writes_together: ClassVar[bool] = False
    """Whether several secrets can be written in one step, all or none, by ``_write_together``."""
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

    @classmethod
    def make_options(cls, attributes: Mapping[str, Any]) -> ManagerOptions:
        """Return the options that ``attributes`` give, under our names or ZenML's.

        Raises:
            InvalidOptionsError: If one is missing, unknown or malformed; it says which and never its value.
        """
        model, guess = cls.options_model, ""
        model.protect(attributes)
        try:
            return model.model_validate(model.in_our_names(attributes))
        except ValidationError as error:
            given = {ours: theirs for theirs, ours in model.OTHER_NAMES.items() if theirs in attributes}
            details = error.errors(include_url=False, include_context=True, include_input=False)
            found = [_explained(detail, given) for detail in details]
            unknown = [str(detail["loc"][-1]) for detail in details if detail["type"] == "extra_forbidden"]
            guess = did_you_mean(unknown[0], [*model.model_fields, *model.OTHER_NAMES]) if unknown else ""
        except ValueError as error:
            found = [str(error)]
        known = ", ".join(model.model_fields) or "none"
        message = f"Flavor {cls.FLAVOR!r} of secrets manager does not take this: {', '.join(found)}."
        raise InvalidOptionsError(message, flavor=cls.FLAVOR, hint=f"{guess} Its attributes are {known}.".strip())

    @classmethod
    def initial_secrets(cls, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], list[BaseSecretSchema]]:
        """Return the attributes to register without those that say where to take secrets from once, and these secrets."""
        return dict(attributes), []

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

    @property
    def flavor(self) -> str:
        """Its flavor, such as ``local``; as a component of a stack has it."""
        return self.FLAVOR

    @property
    def type(self) -> ComponentType:
        """What type of component it is; as a component of a stack has it."""
        return ComponentType.SECRETS_MANAGER

    @property
    def config(self) -> ManagerOptions:
        """Its options; as a component of a stack has them."""
        return self.options

    def __repr__(self) -> str:
        """Return the flavor and the name; options may hold values and are left out."""
        return f"<{type(self).__name__} {self.name!r}>"

    @property
    def opens_unasked(self) -> bool:
        """Whether a secret can be read now without a person being asked for anything."""
        return True

    @property
    def opens_without_prompt(self) -> bool:
        """Whether :attr:`opens_unasked` holds, or a keyring that is unlocked opens it, which is looked for without unlocking it."""
        return self.opens_unasked

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

    def require(self, needed: Capability, verb: str) -> None:
        """Return if the manager can do that; for who wants to know before anybody is asked for anything.

        Args:
            needed: What it takes.
            verb: What it is for, as in "can't VERB secrets".

        Raises:
            UnsupportedOperationError: If it can't.
            NoSecretsManagerError: If it is a change, and the manager was deleted since it was opened.
        """
        if needed in self.capabilities:
            if needed & CHANGES:
                self.context.check_registered()
            return
        message = f"Secrets manager {self.name!r} (flavor {self.FLAVOR}) can't {verb} secrets."
        raise UnsupportedOperationError(message, flavor=self.FLAVOR, hint="Use a stack with another secrets manager for that.")

    def exists(self, secret_name: str) -> SecretExistsError:
        """Return the error that says that the name is taken; flavors raise it from ``_register``."""
        message = f"A secret {secret_name!r} exists already in secrets manager {self.name!r}; it was not changed."
        hint = f"To change it: %secret update {secret_name}"
        return SecretExistsError(message, name=secret_name, manager=self.name, hint=hint)

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

    def _write_together(self, new: Mapping[str, SecretRecord], replaced: Mapping[str, SecretRecord]) -> None:
        """Store new secrets and replace others, in one step; errors as from ``_register`` and ``_update``. Only called with the flag."""
        raise UnsupportedOperationError(f"Flavor {self.FLAVOR!r} can't write {len(new) + len(replaced)} at once.", flavor=self.FLAVOR)

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


def _explained(detail: ErrorDetails, given: Mapping[str, str]) -> str:
    """Return which attribute is refused, by the name that it was given under, and why."""
    first, *inner = detail["loc"] or ("options",)
    attribute = ".".join(map(str, (given.get(str(first), first), *inner)))
    kind = detail["type"]
    if kind in {"enum", "literal_error"}:
        # Our own words; the context of other kinds may quote what was given.
        return f"{attribute} (only {detail.get('ctx', {}).get('expected', '')})"
    if kind == "extra_forbidden":
        # Out of a file, a value may stand where the attribute should.
        return told(attribute).strip("'") + " (unknown)"
    return f"{attribute} ({kind.replace('_', ' ')})"
