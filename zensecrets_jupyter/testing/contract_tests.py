"""Tests of the contract of a secrets manager: operations, names, values, versions and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    InvalidSecretError,
    SecretExistsError,
    SecretKeyNotFoundError,
    SecretNotFoundError,
    UnsupportedOperationError,
)
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.managers.records import READ_AND_WRITE
from zensecrets_jupyter.core.schemas.built_in.basic_auth import BasicAuthSecretSchema
from zensecrets_jupyter.testing.canary import canary
from zensecrets_jupyter.testing.manager_hooks import ManagerHooks, content_of, needs, secret
from zensecrets_jupyter.testing.stateful import check_against_dict

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.managers import SecretsManager

READ, LIST, REGISTER = Capability.READ, Capability.LIST, Capability.REGISTER
UPDATE, DELETE, UNDELETE, VERSIONS = Capability.UPDATE, Capability.DELETE, Capability.UNDELETE, Capability.VERSIONS

KIB_64 = 64 * 1024
"""The size in bytes of the large value in a test of a backend without a limit."""
OVERHEAD = 1024
"""Maximum number of bytes that a backend stores for a secret in addition to its values, such as keys and schema."""


class ContractTests(ManagerHooks):
    """Each test checks one part of the contract.

    The decorator ``needs`` lists the necessary capabilities. A test without it runs for every backend.
    """

    def test_backend_is_available_and_describes_itself(self) -> None:
        """The backend is available, and the manager's description is a mapping of texts."""
        assert self.backend_class.availability().ok
        description = self.open_manager().describe()
        assert all(isinstance(text, str) for text in (*description.keys(), *description.values()))

    def test_unknown_option_is_refused(self) -> None:
        """An unknown option raises InvalidOptionsError with its name and without its value."""
        value = canary()
        with pytest.raises(InvalidOptionsError) as caught:
            self.backend_class.make_options({**self.attributes, "no_such_attribute": value})
        assert "no_such_attribute" in str(caught.value)
        assert value not in str(caught.value)

    def test_unsupported_operations_are_refused(self) -> None:
        """An operation that the backend does not support raises UnsupportedOperationError before any other check."""
        manager = self.open_manager()
        operations: list[tuple[Capability, Callable[[], Any]]] = [
            (READ, lambda: manager.get_secret("a")),
            (LIST, manager.list_secrets),
            (LIST, manager.summaries),
            (REGISTER, lambda: manager.register_secret(secret("a", {"k": "v"}))),
            (UPDATE, lambda: manager.update_secret(secret("a", {"k": "v"}))),
            (READ | UPDATE, lambda: manager.merge_secret("a", {"k": "v"})),
            (DELETE, lambda: manager.delete_secret("a")),
            (LIST | DELETE, manager.delete_all_secrets),
            (UNDELETE, lambda: manager.undelete_secret("a")),
            (READ | REGISTER | DELETE, lambda: manager.rename_secret("a", "b")),
            (VERSIONS, lambda: manager.history("a")),
            (VERSIONS | UPDATE, lambda: manager.rollback("a", 1)),
        ]
        for capability, operation in operations:
            # For a combination such as ``READ | UPDATE``: whether at least one of the capabilities is missing.
            if capability not in manager.capabilities:
                with pytest.raises(UnsupportedOperationError) as caught:
                    operation()
                assert caught.value.flavor == manager.flavor

    @needs(READ)
    def test_stored_content_is_read_unchanged(self) -> None:
        """Another instance reads awkward values unchanged, one by one and in a batch.

        A second read comes from the cache.
        """
        contents = {
            "values": {f"key{number}": value for number, value in enumerate(self.awkward_values)},
            "single": {"k": "value"},
        }
        self.seed(contents)
        manager = self.open_manager()
        assert {name: content_of(manager, name) for name in contents} == contents
        results = self.open_manager().get_secrets([*contents, "missing"])
        assert isinstance(results.pop("missing"), SecretNotFoundError)
        # A result that is an error is compared as it is, so that the failed assertion shows it.
        assert {name: getattr(result, "content", result) for name, result in results.items()} == contents
        assert manager.get_secret("single") is manager.get_secret("single"), "the second read comes from the cache"

    @needs(LIST)
    def test_names_are_listed_sorted(self) -> None:
        """All names are listed once and sorted, each with a summary. An empty backend has an empty list."""
        assert self.open_manager().list_secrets() == []
        self.seed({name: {"k": "v"} for name in ("b", "a10", "a2", "B", "ä")})
        manager = self.open_manager()
        # The order is by code point, as of ``sorted``: capitals come before small letters.
        assert manager.list_secrets() == ["B", "a10", "a2", "b", "ä"]
        # ZenML's method ``get_all_secret_keys`` returns the names of the secrets.
        assert manager.get_all_secret_keys() == manager.list_secrets()
        assert [summary.name for summary in manager.summaries()] == manager.list_secrets()

    @needs(READ)
    def test_missing_secret_raises_an_error_with_similar_names(self) -> None:
        """A missing secret raises SecretNotFoundError, which is a KeyError.

        The error has the name of the manager, and the similar name of an existing secret.
        """
        self.seed({"database": {"k": "v"}})
        manager = self.open_manager()
        # The misspelled name is similar to ``database``.
        with pytest.raises(SecretNotFoundError) as caught:
            manager.get_secret("databse")
        assert isinstance(caught.value, KeyError)
        assert (caught.value.name, caught.value.manager) == ("databse", "tested")
        assert "'database'" in str(caught.value) or LIST not in manager.capabilities
        # Most of these names are invalid. Reading them raises the same error as for a missing secret.
        for unregistered_name in ("", "a.b", "{{a}}", "x" * 1000, "a/../b", "\0", "\ud800"):
            with pytest.raises(SecretNotFoundError):
                manager.get_secret(unregistered_name)

    @needs(READ | LIST | REGISTER)
    def test_awkward_names_stay_distinct(self) -> None:
        """Each awkward name is either refused or stored, listed and read unchanged."""
        manager = self.open_manager()
        accepted_names = [name for name in self.awkward_names if _accepts_name(manager, name)]
        assert len(accepted_names) > len(self.awkward_names) // 2, "a backend must accept most names"
        assert self.open_manager().list_secrets() == sorted(accepted_names)
        stored_contents = {name: content_of(self.open_manager(), name) for name in accepted_names}
        assert stored_contents == {name: {"k": name} for name in accepted_names}

    @needs(REGISTER)
    def test_existing_name_is_refused(self) -> None:
        """Registering an existing name raises SecretExistsError, which is a ValueError, and keeps the old content."""
        self.seed({"a": {"k": "first"}})
        manager = self.open_manager()
        with pytest.raises(SecretExistsError) as caught:
            manager.register_secret(secret("a", {"k": "second"}))
        assert isinstance(caught.value, ValueError)
        assert READ not in manager.capabilities or content_of(manager, "a") == {"k": "first"}

    @needs(READ | REGISTER | UPDATE)
    def test_schema_is_stored(self) -> None:
        """A merge keeps the schema, and a key that the schema lacks is refused.

        An update replaces schema and content.
        """
        manager = self.open_manager()
        manager.register_secret(BasicAuthSecretSchema(name="a", username="u", password="first"))  # noqa: S106 - the test makes up this password
        manager.merge_secret("a", {"password": "second"})
        stored = self.open_manager().get_secret("a")
        assert isinstance(stored, BasicAuthSecretSchema)
        assert stored.content == {"username": "u", "password": "second"}
        with pytest.raises(InvalidSecretError):
            manager.merge_secret("a", {"other": "third"})
        manager.update_secret(secret("a", {"k": "v"}))
        assert content_of(self.open_manager(), "a") == {"k": "v"}

    @needs(READ | REGISTER | UPDATE)
    def test_merge_keeps_other_keys(self) -> None:
        """A merge sets and removes keys and keeps the others. A missing key or secret raises an error, and nothing changes."""
        manager = self.open_manager()
        manager.register_secret(secret("a", {"k": "1", "l": "2"}))
        manager.merge_secret("a", {"k": "3", "m": ""}, remove=["l"])
        with pytest.raises(SecretKeyNotFoundError):
            manager.merge_secret("a", {"k": "4"}, remove=["none"])
        assert content_of(self.open_manager(), "a") == {"k": "3", "m": ""}
        with pytest.raises(SecretNotFoundError):
            manager.merge_secret("none", {})
        with pytest.raises(SecretNotFoundError):
            manager.update_secret(secret("none", {}))

    @needs(REGISTER | LIST | DELETE)
    def test_deleted_secrets_are_gone(self) -> None:
        """Deleted secrets are gone for every instance, and their names can be registered again.

        Deleting a deleted secret raises an error. Deleting all secrets raises no error, even if there are none.
        """
        manager = self.open_manager()
        for name in ("a", "b", "c"):
            manager.register_secret(secret(name, {"k": name}))
        manager.delete_secret("a")
        assert self.open_manager().list_secrets() == ["b", "c"]
        with pytest.raises(SecretNotFoundError):
            manager.delete_secret("a")
        manager.register_secret(secret("a", {"k": "new"}))
        assert READ not in manager.capabilities or content_of(manager, "a") == {"k": "new"}
        manager.delete_all_secrets()
        assert self.open_manager().list_secrets() == []
        manager.delete_all_secrets()

    @needs(READ_AND_WRITE)
    def test_rename_keeps_content_and_schema(self) -> None:
        """A renamed secret keeps content and schema.

        A new name that exists, and a missing old name, are refused.
        """
        manager = self.open_manager()
        manager.register_secret(BasicAuthSecretSchema(name="a", username="u", password="p"))  # noqa: S106 - the test makes up this password
        manager.register_secret(secret("b", {"k": "b"}))
        with pytest.raises(SecretExistsError):
            manager.rename_secret("a", "b")
        with pytest.raises(SecretNotFoundError):
            manager.rename_secret("none", "c")
        manager.rename_secret("a", "c")
        assert self.open_manager().list_secrets() == ["b", "c"]
        assert isinstance(self.open_manager().get_secret("c"), BasicAuthSecretSchema)
        assert content_of(manager, "b") == {"k": "b"}

    @needs(READ | REGISTER | UPDATE)
    def test_large_value_is_stored_or_refused(self) -> None:
        """A value of 64 KiB, or of almost the limit, is stored. A value above the limit is refused, and the error states the limit."""
        manager = self.open_manager()
        max_bytes = self.limit - OVERHEAD if self.limit else KIB_64
        # The letter has two bytes in UTF-8.
        allowed_value = "ж" * (max_bytes // 2)
        manager.register_secret(secret("large", {"k": allowed_value}))
        assert content_of(self.open_manager(), "large") == {"k": allowed_value}
        if self.limit:
            too_large = secret("too-large", {"k": "x" * (self.limit + 1)})
            with pytest.raises(InvalidSecretError, match=str(self.limit)):
                manager.register_secret(too_large)
            with pytest.raises(InvalidSecretError, match=str(self.limit)):
                manager.merge_secret("large", {"k": "x" * (self.limit + 1)})
            assert content_of(self.open_manager(), "large") == {"k": allowed_value}
            with pytest.raises(SecretNotFoundError):
                manager.get_secret("too-large")

    @needs(READ | REGISTER | UPDATE | VERSIONS)
    def test_rollback_restores_an_earlier_version(self) -> None:
        """Each write creates a version, and a rollback creates a version with the old content.

        A missing version or secret raises an error.
        """
        manager = self.open_manager()
        manager.register_secret(secret("a", {"k": "1"}))
        manager.merge_secret("a", {"k": "2"})
        # The history has the newest version first.
        first = manager.history("a")[-1].number
        assert [version.current for version in manager.history("a")] == [True, False]
        restored = manager.rollback("a", first)
        assert restored.current
        assert content_of(self.open_manager(), "a") == {"k": "1"}
        missing_number = 10**6
        with pytest.raises(SecretNotFoundError):
            manager.rollback("a", missing_number)
        for operation in (lambda: manager.history("none"), lambda: manager.rollback("none", 1)):
            with pytest.raises(SecretNotFoundError):
                operation()

    @needs(READ | REGISTER | LIST | DELETE | UNDELETE)
    def test_undelete_restores_a_deleted_secret(self) -> None:
        """An undelete restores the last content.

        A secret that exists, or never existed, cannot be restored.
        """
        manager = self.open_manager()
        manager.register_secret(BasicAuthSecretSchema(name="a", username="u", password="first"))  # noqa: S106 - the test makes up this password
        with pytest.raises(SecretExistsError):
            manager.undelete_secret("a")
        manager.merge_secret("a", {"password": "second"})
        manager.delete_secret("a")
        # ``restores_deleted`` is false if an option of the backend makes deletions final, such as ``force`` of Vault.
        if self.restores_deleted:
            manager.undelete_secret("a")
            restored = self.open_manager().get_secret("a")
            assert isinstance(restored, BasicAuthSecretSchema)
            assert restored.content == {"username": "u", "password": "second"}
            assert manager.list_secrets() == ["a"]
        for name in ["none", *([] if self.restores_deleted else ["a"])]:
            with pytest.raises(SecretNotFoundError):
                manager.undelete_secret(name)

    @needs(READ_AND_WRITE)
    def test_random_operations_match_a_dict(self) -> None:
        """After any series of operations, the manager and a dict have the same content."""
        check_against_dict(self.open_manager, version_behavior=self.version_behavior, examples=self.random_series_count, steps=15)


def _accepts_name(manager: SecretsManager, name: str) -> bool:
    """Register a secret and return whether the manager accepts its name."""
    try:
        manager.register_secret(secret(name, {"k": name}))
    except InvalidSecretError as error:
        assert error.hint, "the error must have a hint"  # noqa: PT017 - the name decides whether the error is raised
        return False
    return True
