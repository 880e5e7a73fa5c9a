"""Tests of what a secrets manager promises: what it keeps, under which names, and what it says where it can't."""

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
from zensecrets_jupyter.core.managers.records import ALL_BUT_VERSIONS
from zensecrets_jupyter.core.schemas.built_in.basic_auth import BasicAuthSecretSchema
from zensecrets_jupyter.testing._manager_hooks import ManagerHooks, content_of, needs, secret
from zensecrets_jupyter.testing.canary import canary
from zensecrets_jupyter.testing.stateful import check_beside_a_dict

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.managers import SecretsManager

READ, LIST, REGISTER = Capability.READ, Capability.LIST, Capability.REGISTER
UPDATE, DELETE, UNDELETE, VERSIONS = Capability.UPDATE, Capability.DELETE, Capability.UNDELETE, Capability.VERSIONS

KIB_64 = 64 * 1024
SPARE = 1024
"""Maximum number of bytes that a stored secret has besides its values, if there is a limit."""


class ContractTests(ManagerHooks):
    """Each test is of one promise; its marks say which capabilities make it."""

    def test_it_can_be_used_here_and_says_where_it_keeps_what(self) -> None:
        """It is available where it is tested, and describes itself in texts, without a value among them."""
        assert self.backend_class.availability().ok
        facts = self.open_manager().describe()
        assert all(isinstance(text, str) for fact in facts.items() for text in fact)

    def test_an_attribute_that_it_does_not_have_is_refused(self) -> None:
        """The error names the attribute and not what it was given."""
        text = canary()
        with pytest.raises(InvalidOptionsError) as caught:
            self.backend_class.make_options({**self.attributes, "no_such_attribute": text})
        assert "no_such_attribute" in str(caught.value)
        assert text not in str(caught.value)

    def test_what_it_does_not_claim_it_refuses(self) -> None:
        """Each act that its capabilities do not say is an UnsupportedOperationError, before anything else is looked at."""
        manager = self.open_manager()
        acts: list[tuple[Capability, Callable[[], Any]]] = [
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
        for needed, act in acts:
            if needed not in manager.capabilities:
                with pytest.raises(UnsupportedOperationError) as caught:
                    act()
                assert caught.value.flavor == manager.flavor

    @needs(READ)
    def test_what_is_there_is_read_as_it_was_written(self) -> None:
        """Awkward values under awkward keys come back as they were, through another instance too, and alone or many at once."""
        contents = {
            "values": {f"key{number}": value for number, value in enumerate(self.awkward_values)},
            "single": {"k": "value"},
        }
        self.seed(contents)
        manager = self.open_manager()
        assert {name: content_of(manager, name) for name in contents} == contents
        found = self.open_manager().get_secrets([*contents, "missing"])
        assert isinstance(found.pop("missing"), SecretNotFoundError)
        assert {name: getattr(one, "content", one) for name, one in found.items()} == contents
        assert manager.get_secret("single") is manager.get_secret("single"), "a secret is read once"

    @needs(LIST)
    def test_names_are_listed_in_order(self) -> None:
        """All names are listed, sorted, once, with a summary each; where there is nothing the list is empty."""
        assert self.open_manager().list_secrets() == []
        self.seed({name: {"k": "v"} for name in ("b", "a10", "a2", "B", "ä")})
        manager = self.open_manager()
        assert manager.list_secrets() == ["B", "a10", "a2", "b", "ä"]
        assert manager.get_all_secret_keys() == manager.list_secrets()
        assert [one.name for one in manager.summaries()] == manager.list_secrets()

    @needs(READ)
    def test_what_is_not_there_is_an_error_with_near_misses(self) -> None:
        """A missing secret is an error that is a KeyError too, names the manager, and where it lists also what may have been meant."""
        self.seed({"database": {"k": "v"}})
        manager = self.open_manager()
        with pytest.raises(SecretNotFoundError) as caught:
            manager.get_secret("databse")
        assert isinstance(caught.value, KeyError)
        assert (caught.value.name, caught.value.manager) == ("databse", "tried")
        assert "'database'" in str(caught.value) or LIST not in manager.capabilities
        for odd in ("", "a.b", "{{a}}", "x" * 1000, "a/../b", "\0", "\ud800"):
            with pytest.raises(SecretNotFoundError):
                manager.get_secret(odd)

    @needs(READ | LIST | REGISTER)
    def test_no_two_awkward_names_are_one(self) -> None:
        """Each name keeps its own content and is listed as it is, or is refused with the reason; none takes another's place."""
        manager = self.open_manager()
        kept = [name for name in self.awkward_names if _registers(manager, name)]
        assert len(kept) > len(self.awkward_names) // 2, "most names have to fit"
        assert self.open_manager().list_secrets() == sorted(kept)
        assert {name: content_of(self.open_manager(), name) for name in kept} == {name: {"k": name} for name in kept}

    @needs(REGISTER)
    def test_a_name_is_registered_once(self) -> None:
        """Registering a name that is taken, through whichever instance, is an error that is a ValueError too; the old content stays."""
        self.seed({"a": {"k": "first"}})
        manager = self.open_manager()
        with pytest.raises(SecretExistsError) as caught:
            manager.register_secret(secret("a", {"k": "second"}))
        assert isinstance(caught.value, ValueError)
        assert READ not in manager.capabilities or content_of(manager, "a") == {"k": "first"}

    @needs(READ | REGISTER | UPDATE)
    def test_the_schema_stays(self) -> None:
        """A secret is read with the schema that it was registered with, also after a change of one key; update replaces the content."""
        manager = self.open_manager()
        manager.register_secret(BasicAuthSecretSchema(name="a", username="u", password="first"))  # noqa: S106 - a test's own
        manager.merge_secret("a", {"password": "second"})
        found = self.open_manager().get_secret("a")
        assert isinstance(found, BasicAuthSecretSchema)
        assert found.content == {"username": "u", "password": "second"}
        with pytest.raises(InvalidSecretError):
            manager.merge_secret("a", {"other": "third"})
        manager.update_secret(secret("a", {"k": "v"}))
        assert content_of(self.open_manager(), "a") == {"k": "v"}

    @needs(READ | REGISTER | UPDATE)
    def test_a_change_keeps_the_other_keys(self) -> None:
        """Given keys change, removed ones go, all others stay; a key that is not there can't be removed, and then nothing changes."""
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
    def test_what_is_deleted_is_gone(self) -> None:
        """One secret, or all, are gone for every instance, and their names are free at once; deleting what is not there is an error."""
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

    @needs(ALL_BUT_VERSIONS)
    def test_a_renamed_secret_is_the_same(self) -> None:
        """Content and schema go along; a name that is taken is refused, and both are as they were."""
        manager = self.open_manager()
        manager.register_secret(BasicAuthSecretSchema(name="a", username="u", password="p"))  # noqa: S106 - a test's own
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
    def test_a_large_value_is_kept_or_refused_with_the_limit(self) -> None:
        """64 KiB, or what the place takes, come back whole; more is refused with the limit, and nothing is written."""
        manager = self.open_manager()
        fits = "ж" * (((self.limit or KIB_64 + SPARE) - SPARE) // 2)
        manager.register_secret(secret("large", {"k": fits}))
        assert content_of(self.open_manager(), "large") == {"k": fits}
        if self.limit:
            too_large = secret("too-large", {"k": "x" * (self.limit + 1)})
            with pytest.raises(InvalidSecretError, match=str(self.limit)):
                manager.register_secret(too_large)
            with pytest.raises(InvalidSecretError, match=str(self.limit)):
                manager.merge_secret("large", {"k": "x" * (self.limit + 1)})
            assert content_of(self.open_manager(), "large") == {"k": fits}
            with pytest.raises(SecretNotFoundError):
                manager.get_secret("too-large")

    @needs(READ | REGISTER | UPDATE | VERSIONS)
    def test_an_earlier_version_can_be_made_current(self) -> None:
        """Each write is a version; rolling back makes another one with the old content; a number that is not there is an error."""
        manager = self.open_manager()
        manager.register_secret(secret("a", {"k": "1"}))
        manager.merge_secret("a", {"k": "2"})
        first = manager.history("a")[-1].number
        assert [one.current for one in manager.history("a")] == [True, False]
        back = manager.rollback("a", first)
        assert back.current
        assert content_of(self.open_manager(), "a") == {"k": "1"}
        with pytest.raises(SecretNotFoundError):
            manager.rollback("a", 10**6)
        for act in (lambda: manager.history("none"), lambda: manager.rollback("none", 1)):
            with pytest.raises(SecretNotFoundError):
                act()

    @needs(READ | REGISTER | LIST | DELETE | UNDELETE)
    def test_what_was_deleted_can_be_brought_back(self) -> None:
        """It is as it was last; what is there, was never there or is kept no longer can't be brought back, and is told so."""
        manager = self.open_manager()
        manager.register_secret(BasicAuthSecretSchema(name="a", username="u", password="first"))  # noqa: S106 - a test's own
        with pytest.raises(SecretExistsError):
            manager.undelete_secret("a")
        manager.merge_secret("a", {"password": "second"})
        manager.delete_secret("a")
        if self.keeps_deleted:
            manager.undelete_secret("a")
            found = self.open_manager().get_secret("a")
            assert isinstance(found, BasicAuthSecretSchema)
            assert found.content == {"username": "u", "password": "second"}
            assert manager.list_secrets() == ["a"]
        for name in ["none", *([] if self.keeps_deleted else ["a"])]:
            with pytest.raises(SecretNotFoundError):
                manager.undelete_secret(name)

    @needs(ALL_BUT_VERSIONS)
    def test_it_holds_what_a_dict_holds(self) -> None:
        """Through any series of writes, renames, rollbacks and reopenings it holds what a dict of versions holds."""
        check_beside_a_dict(self.open_manager, habits=self.habits, examples=self.series, steps=15)


def _registers(manager: SecretsManager, name: str) -> bool:
    try:
        manager.register_secret(secret(name, {"k": name}))
    except InvalidSecretError as error:
        assert error.hint, "a refusal says what to do"  # noqa: PT017 - whether it is raised depends on the name
        return False
    return True
