"""The contract of every secrets manager.

A flavor is a subclass of :class:`SecretsManager` that implements the few methods at the end of
:class:`~zensecrets_jupyter.core.managers._flavor.Flavor`. Names, schemas, near misses, the cache and the record of reads are handled above
them, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import SecretKeyNotFoundError, SecretNotFoundError
from zensecrets_jupyter.core.managers import _registry
from zensecrets_jupyter.core.managers._calls import checked_secret, checked_values, masks_refused
from zensecrets_jupyter.core.managers._reading import ReadingManager
from zensecrets_jupyter.core.managers.records import Capability, record_of
from zensecrets_jupyter.core.schemas import schema_or_stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zensecrets_jupyter.core.managers.records import SecretRecord, SecretVersion
    from zensecrets_jupyter.core.schemas import BaseSecretSchema


class SecretsManager(ReadingManager):
    """A place that keeps secrets. A subclass that names its ``FLAVOR`` is known as soon as it is defined.

    Every method raises :class:`~zensecrets_jupyter.core.errors.ManagerError` or a subclass when the place refuses, does not answer or
    is damaged; the docstrings name the errors that come on top. Instances may be used from several threads.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make the flavor known."""
        super().__init_subclass__(**kwargs)
        if "FLAVOR" in cls.__dict__ and cls.FLAVOR:
            _registry.add(cls)

    @masks_refused
    def register_secret(self, secret: BaseSecretSchema) -> None:
        """Store a new secret.

        Raises:
            UnsupportedOperationError: If the name is that of a secret that another program keeps.
            SecretExistsError: If the name is taken; what is there stays untouched.
            InvalidSecretError: If the manager can't hold such a name or content.
        """
        self.register_record(checked_secret(secret).name, record_of(secret))

    @masks_refused
    def update_secret(self, secret: BaseSecretSchema) -> None:
        """Replace the schema and the whole content of an existing secret.

        Raises:
            SecretNotFoundError: If there is none of that name.
            InvalidSecretError: If the manager can't hold such content.
        """
        self.replace_record(checked_secret(secret).name, record_of(secret))

    @masks_refused
    def merge_secret(self, secret_name: str, content: Mapping[str, str], *, remove: Iterable[str] = ()) -> None:
        """Set the given keys of an existing secret and drop those in ``remove``; the other keys and the schema stay.

        Raises:
            SecretNotFoundError: If there is none of that name.
            SecretKeyNotFoundError: If a key to remove is not there.
            InvalidSecretError: If the outcome would not follow the secret's schema; nothing is written.
        """
        # What can't be read can't be kept.
        self.require(Capability.READ | Capability.UPDATE, "change single keys of")
        removed, changed = dict.fromkeys(remove), checked_values(content)

        def change(present: SecretRecord) -> SecretRecord:
            for key in removed:
                if key not in present.content:
                    message = f"Secret {secret_name!r} has no key {key!r} to remove."
                    hint = f"Its keys are {', '.join(sorted(present.content))}."
                    raise SecretKeyNotFoundError(message, name=secret_name, key=key, manager=self.name, hint=hint)
            kept = {key: value for key, value in present.content.items() if key not in removed}
            merged = schema_or_stand_in(present.schema).from_content(secret_name, {**kept, **changed})
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

    def write_records(self, new: Mapping[str, SecretRecord], replaced: Mapping[str, SecretRecord]) -> None:
        """Store ``new`` secrets and replace others, all or none, where the flavor has ``writes_together``.

        Raises:
            SecretExistsError: If a new one is there already.
            SecretNotFoundError: If one to be replaced is not there.
            InvalidSecretError: If the manager can't hold one of them.
        """
        for needed, verb, records in ((Capability.REGISTER, "register", new), (Capability.UPDATE, "update", replaced)):
            if records:
                self.require(needed, verb)
            for name in records:
                self.check_change(names.check_name(name))
        missing = ""
        try:
            self._write_together(new, replaced)
        except SecretNotFoundError as error:
            missing = error.name
        finally:
            self._cache.drop_everywhere(*new, *replaced)
        if missing:
            raise self.not_found(missing)

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
