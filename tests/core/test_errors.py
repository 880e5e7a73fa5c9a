"""The tree of errors: one test walks every class."""

from __future__ import annotations

import builtins
import copy
import pickle
import re
from typing import Any

import pytest

import zensecrets_jupyter
from tests.support.error_texts import is_one_line
from zensecrets_jupyter.core import errors
from zensecrets_jupyter.core.errors import StackValidationError, ZenSecretsError
from zensecrets_jupyter.core.settings import SecretValidationLevel
from zensecrets_jupyter.core.stack import Problem, Report


def _all(root: type[ZenSecretsError]) -> list[type[ZenSecretsError]]:
    return [root, *(error for child in root.__subclasses__() for error in _all(child))]


# The commands have a class of their own for what was typed wrongly: it is no part of the core's tree.
ALL = [error for error in dict.fromkeys(_all(ZenSecretsError)) if error.__module__ == errors.__name__]

# What each class adds to the message, the hint and the attributes of its bases.
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "SecretError": {"name": "db", "manager": "vault"},
    "SecretKeyNotFoundError": {"key": "password"},
    "InvalidReferenceError": {"text": "{{a}}", "position": 3},
    "ManagerError": {"flavor": "local"},
    "StackNotFoundError": {"stack": "mine"},
    "StackExistsError": {"stack": "mine"},
    "StackValidationError": {"report": Report("mine", SecretValidationLevel.NONE, (Problem("code", "What is wrong."),), "mend it")},
}


def _made(error: type[ZenSecretsError]) -> ZenSecretsError:
    attributes = {name: value for base in reversed(error.__mro__) for name, value in ATTRIBUTES.get(base.__name__, {}).items()}
    return error("What is wrong.", hint="What to do.", **attributes)


@pytest.mark.parametrize("error", ALL)
def test_an_error_is_a_full_citizen(error: type[ZenSecretsError]) -> None:
    """It is documented, has a code of its own, is in the drawn tree and at the door, and pickles and copies with all it carries."""
    assert error.__doc__
    assert "code" in error.__dict__
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code)
    assert [other for other in ALL if other.code == error.code] == [error]
    assert error.__name__ in zensecrets_jupyter.__all__
    assert getattr(zensecrets_jupyter, error.__name__) is error
    made = _made(error)
    for again in (pickle.loads(pickle.dumps(made)), copy.copy(made), copy.deepcopy(made)):  # noqa: S301 - our own bytes
        assert type(again) is error
        assert (vars(again), again.args, str(again)) == (vars(made), made.args, str(made))


@pytest.mark.parametrize("error", ALL)
def test_an_error_is_one_line(error: type[ZenSecretsError]) -> None:
    """Its text is the message and the hint, unquoted, also where it is a KeyError or an OSError as well."""
    assert str(_made(error)) == "What is wrong. What to do."
    assert is_one_line(_made(error))
    if error is not StackValidationError:
        assert str(error("What is wrong.")) == "What is wrong."
        assert error("What is wrong.").hint == ""


@pytest.mark.parametrize("error", ALL)
def test_our_own_base_comes_first(error: type[ZenSecretsError]) -> None:
    """In the order of bases our own class stands before the built-in one, or KeyError would quote the text."""
    places = [place for place, base in enumerate(error.__mro__) if issubclass(base, ZenSecretsError)]
    others = [place for place, base in enumerate(error.__mro__) if not issubclass(base, ZenSecretsError)]
    assert max(places) < min(others)


def test_the_drawn_tree_is_the_real_one() -> None:
    """The module's docstring draws every class under its base, with the built-in that it also is."""
    drawn: dict[str, tuple[str, str]] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ( *)(\w+Error)\b(?: +also ([\w.]+))?", line)
        if found:
            depth = len(found[1])
            above = [one for one in above if one[0] < depth]
            drawn[found[2]] = (above[-1][1] if above else "Exception", found[3] or "")
            above.append((depth, found[2]))
    assert set(drawn) == {error.__name__ for error in ALL}
    for error in ALL:
        base, also = drawn[error.__name__]
        assert error.__bases__[0].__name__ == base
        second = error.__bases__[1] if len(error.__bases__) > 1 else None
        told = f"{second.__module__}.{second.__qualname__}".removeprefix("builtins.").removeprefix("_pickle.") if second else ""
        assert also.removeprefix("pickle.") == told


def test_zenml_code_catches_what_it_caught() -> None:
    """Whoever catches the built-in that ZenML raised still catches ours."""
    pairs = {
        "SecretNotFoundError": "KeyError",
        "SecretKeyNotFoundError": "KeyError",
        "SecretExistsError": "ValueError",
        "NoSecretsManagerError": "RuntimeError",
        "NotInStackError": "RuntimeError",
        "SettingsError": "ValueError",
        "UnknownFlavorError": "LookupError",
        "FlavorUnavailableError": "ImportError",
        "ManagerLockedError": "PermissionError",
        "ManagerUnreachableError": "ConnectionError",
    }
    for ours, theirs in pairs.items():
        assert issubclass(getattr(errors, ours), getattr(builtins, theirs))


def test_a_raised_error_keeps_its_attributes() -> None:
    """Catching an error as its built-in base gives all its data."""
    with pytest.raises(KeyError) as caught:
        raise errors.SecretKeyNotFoundError("No key.", name="db", key="password", manager="vault", hint="Look.")
    assert vars(caught.value) == {"message": "No key.", "hint": "Look.", "name": "db", "key": "password", "manager": "vault"}
