"""Keys: the names under which remote services store secrets. They are not the keys in the content of a secret.

Many services allow few characters in a key, so other characters of a name are escaped. A key can be converted back to the name, is
different for each name, is never shortened, and begins with the prefix of its scope. With scope ``none``, a key has no prefix.
"""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.error_texts import is_one_line
from zensecrets_jupyter.core.errors import InvalidOptionsError, InvalidSecretError
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS, RemoteKeys, Scope, ScopedOptions
from zensecrets_jupyter.testing.strategies import names

IDENTITY = "1f1b7a0c-9a0f-4d52-8f9c-3f3f0f2f7a11"
"""An ID of a secrets manager."""

# These alphabets are from the documentation of the services, not from our code. A service without an entry allows any character.
ALLOWED_CHARACTERS = {
    "aws": string.ascii_letters + string.digits + "/_+=.@-",
    "gcp": string.ascii_letters + string.digits + "_-",
    "azure": string.ascii_letters + string.digits + "-",
    "vault": string.ascii_letters + string.digits + "/_-=",
    "github": string.ascii_uppercase + string.digits + "_",
}


class _ScopedBackend(MemoryBackend):
    options_model = ScopedOptions


def _keys(flavor: str, scope: str = "component", namespace: str | None = None, identity: str = IDENTITY) -> RemoteKeys:
    """Return the object that converts names to keys and back, for a flavor and a scope."""
    return RemoteKeys(ENCODINGS[flavor], ScopedOptions(scope=Scope(scope), namespace=namespace), identity)


# The names are short, so that few keys are over the limit of the service.
@pytest.mark.parametrize("flavor", ENCODINGS)
@given(name=names(max_length=25))
def test_key_uses_the_alphabet_and_is_reversible(flavor: str, name: str) -> None:
    """The key of a valid name has only allowed characters, and can be converted back to the name."""
    for scope in Scope:
        keys = _keys(flavor, scope.value, "team" if scope is Scope.NAMESPACE else None)
        try:
            key = keys.key_for(name)
        except InvalidSecretError as error:
            # With scope ``none``, a name such as "zenml/x" is refused too, because it begins like the key of another scope.
            assert "is too long for" in str(error) or name.startswith("zenml/")  # noqa: PT017 - only some names are too long, so pytest.raises() does not fit
            continue
        assert set(key) <= set(ALLOWED_CHARACTERS.get(flavor, key))
        assert keys.name_for(key) == name


@pytest.mark.parametrize("flavor", ENCODINGS)
@given(key=st.text(alphabet=string.ascii_letters + string.digits + "_-=+@/", max_size=12))
def test_any_key_has_one_name_or_none(flavor: str, key: str) -> None:
    """An arbitrary key has no name, or it has a name that is converted to the same key. A key without a name is of another program."""
    keys = _keys(flavor, "none")
    name = keys.name_for(key)
    assert name is None or keys.key_for(name) == key


def test_common_names_are_readable() -> None:
    """In most services, names of letters, digits, hyphens and underscores are unchanged in a key.

    GitHub's keys have capitals. A character is escaped if the service does not allow it, or does not allow it at this position. For
    example, a key in GitHub must not begin with a digit or with ``GITHUB_``.
    """
    assert _keys("aws").key_for("aws_prod-1") == f"zenml/component/{IDENTITY}/aws_prod-1"
    assert _keys("vault", "namespace", "team").key_for("Db") == "zenml/namespace/team/Db"
    assert _keys("gcp", "global").key_for("label-studio_Token") == "zenml---global---label-studio_Token"
    assert _keys("azure", "none").key_for("label-studio") == "label-studio"
    assert _keys("azure", "none").key_for("A_b--") == "--41--5fb--2d--2d"
    assert _keys("github", "none").key_for("aws_prod") == "AWS_PROD"
    assert _keys("github", "none").key_for("github_token") == "__67ITHUB_TOKEN"
    assert _keys("github", "none").key_for("1st") == "__31ST"
    assert _keys("zenml", "none").key_for("ключ=/") == "ключ=/"


def test_upper_and_lower_case_are_distinct() -> None:
    """Names that differ only in case have different keys. Azure and GitHub ignore case, so there the keys differ in other characters."""
    for flavor in ENCODINGS:
        keys = [_keys(flavor, "global").key_for(name) for name in ("Token", "token", "TOKEN")]
        assert len(set(keys)) == 3
        has_case = flavor not in {"azure", "github"}
        assert len({key.casefold() for key in keys}) == (1 if has_case else 3)


@pytest.mark.parametrize("flavor", ENCODINGS)
def test_long_name_is_refused(flavor: str) -> None:
    """A name whose key is over the limit is refused. The error has the limit and the length of the scope's prefix."""
    keys = _keys(flavor)
    max_length = ENCODINGS[flavor].max_length
    longest_name = "a" * (max_length - len(keys.prefix))
    assert len(keys.key_for(longest_name)) == max_length
    with pytest.raises(InvalidSecretError, match=rf"{len(keys.prefix)} of them for the scope\. At most {max_length} are allowed") as caught:
        keys.key_for(longest_name + "a")
    assert is_one_line(caught.value)


@pytest.mark.parametrize("flavor", ENCODINGS)
def test_scopes_have_separate_keys(flavor: str) -> None:
    """A key of one scope, namespace or component has no name in another scope, namespace or component."""
    # Without separators and escapes, some of these keys would be equal: namespace "a-b" with name "x", and namespace "a" with name "b-x".
    all_keys = [
        _keys(flavor, "none"),
        _keys(flavor, "global"),
        _keys(flavor),
        _keys(flavor, identity="2f1b7a0c-9a0f-4d52-8f9c-3f3f0f2f7a11"),
        _keys(flavor, "namespace", "a"),
        _keys(flavor, "namespace", "a-"),
        _keys(flavor, "namespace", "a-b"),
        _keys(flavor, "namespace", "component"),
    ]
    keys_with_owners = [(owner, name, owner.key_for(name)) for owner in all_keys for name in ("x", "b-x", "a/b")]
    for keys in all_keys:
        own_names = [name for owner, name, _ in keys_with_owners if owner is keys]
        assert keys.names_of(key for _, _, key in keys_with_owners) == own_names


@pytest.mark.parametrize("flavor", ENCODINGS)
def test_name_like_a_key_of_a_scope(flavor: str) -> None:
    """With scope ``none``, no name has a key that belongs to another scope.

    If the service allows any character, the name ``zenml/x`` is refused. Otherwise the separator in the name is escaped.
    """
    encoding = ENCODINGS[flavor]
    # An encoding without ``letters`` escapes nothing, because the service allows any character.
    if not encoding.letters:
        with pytest.raises(InvalidSecretError, match="is reserved for scopes"):
            _keys(flavor, "none").key_for("zenml/x")
        assert _keys(flavor, "none").name_for("zenml/x") is None
    elif encoding.separator == "/":
        assert _keys(flavor, "none").key_for("zenml/x") == "zenml=2fx"
    else:
        assert _keys(flavor, "none").name_for(encoding.escape("zenml") + encoding.separator + "x") is None


@pytest.mark.parametrize(
    ("attributes", "expected_text"),
    [
        ({"scope": "namespace"}, r"'namespace' is not acceptable \(missing, scope=namespace needs it\)"),
        ({"scope": "component", "namespace": "a"}, r"'namespace' is not acceptable \(given without scope=namespace\)"),
        ({"scope": "namespace", "namespace": "a/b"}, r"'namespace' is not acceptable \(holds white space, a slash, a dot or a brace\)"),
        ({"scope": "team"}, "'scope' has to be '"),
    ],
)
def test_invalid_scope_is_refused_at_registration(attributes: dict[str, str], expected_text: str) -> None:
    """An unknown scope, and a missing, invalid or unused namespace, are refused with the reason."""
    with pytest.raises(InvalidOptionsError, match=expected_text):
        _ScopedBackend.make_options(attributes)


def test_default_scope_is_the_component() -> None:
    """The default scope is ``component``, so a manager shares its secrets with no other manager."""
    manager: SecretsManager = SecretsManager(_ScopedBackend(context=ManagerContext()))
    assert isinstance(manager.options, ScopedOptions)
    assert manager.options.scope is Scope.COMPONENT
