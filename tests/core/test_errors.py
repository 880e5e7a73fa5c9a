"""Tests of every class of errors: attributes, messages, pickles and base classes."""

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


def _with_subclasses(root: type[ZenSecretsError]) -> list[type[ZenSecretsError]]:
    classes = [root]
    for subclass in root.__subclasses__():
        classes += _with_subclasses(subclass)
    return classes


# The commands define a further class for wrong command lines, which is not in the module ``errors``.
ERROR_CLASSES = [error for error in dict.fromkeys(_with_subclasses(ZenSecretsError)) if error.__module__ == errors.__name__]

# The keyword arguments that each class adds to those of its bases, with test values. A class that is not listed adds none.
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "SecretError": {"name": "db", "manager": "vault"},
    "SecretKeyNotFoundError": {"key": "password"},
    "InvalidReferenceError": {"text": "{{a}}", "position": 3},
    "ManagerError": {"flavor": "local"},
    "StackNotFoundError": {"stack": "mine"},
    "StackExistsError": {"stack": "mine"},
    "StackValidationError": {"report": Report("mine", SecretValidationLevel.NONE, (Problem("code", "The problem."),), "the remedy")},
}


def _create(error_class: type[ZenSecretsError]) -> ZenSecretsError:
    """Return an error with a value for each of its attributes."""
    attributes: dict[str, Any] = {}
    for base in reversed(error_class.__mro__):
        attributes.update(ATTRIBUTES.get(base.__name__, {}))
    return error_class("The problem.", hint="The next step.", **attributes)


@pytest.mark.parametrize("error_class", ERROR_CLASSES)
def test_an_error_is_public_and_can_be_pickled(error_class: type[ZenSecretsError]) -> None:
    """Each error class has a docstring and a unique code. Pickles and copies of an error have all its attributes."""
    assert error_class.__doc__
    assert "code" in error_class.__dict__
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error_class.code)
    assert [other for other in ERROR_CLASSES if other.code == error_class.code] == [error_class]
    assert error_class.__name__ in zensecrets_jupyter.__all__
    assert getattr(zensecrets_jupyter, error_class.__name__) is error_class
    original = _create(error_class)
    for copied in (pickle.loads(pickle.dumps(original)), copy.copy(original), copy.deepcopy(original)):  # noqa: S301 - the test itself pickled the error
        assert type(copied) is error_class
        assert (vars(copied), copied.args, str(copied)) == (vars(original), original.args, str(original))


@pytest.mark.parametrize("error_class", ERROR_CLASSES)
def test_an_error_is_one_line(error_class: type[ZenSecretsError]) -> None:
    """The text of an error is the message and the hint in one line, also if the error is a KeyError or an OSError."""
    assert str(_create(error_class)) == "The problem. The next step."
    assert is_one_line(_create(error_class))
    # A StackValidationError can't be created without a report.
    if error_class is not StackValidationError:
        assert str(error_class("The problem.")) == "The problem."
        assert error_class("The problem.").hint == ""


@pytest.mark.parametrize("error_class", ERROR_CLASSES)
def test_the_classes_of_the_package_precede_built_in_classes(error_class: type[ZenSecretsError]) -> None:
    """In the method resolution order, built-in classes come last.

    Otherwise ``str`` of a KeyError would add quotes.
    """
    package_positions = [index for index, base in enumerate(error_class.__mro__) if issubclass(base, ZenSecretsError)]
    built_in_positions = [index for index, base in enumerate(error_class.__mro__) if not issubclass(base, ZenSecretsError)]
    assert max(package_positions) < min(built_in_positions)


def test_the_docstring_shows_the_class_tree() -> None:
    """The module's docstring has each class below its base, with its built-in base."""
    documented: dict[str, tuple[str, str]] = {}
    parents: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        # The indentation is the depth of a class in the tree. The built-in base class follows the word "also".
        match = re.match(r"    ( *)(\w+Error)\b(?: +also ([\w.]+))?", line)
        if match:
            depth = len(match[1])
            parents = [parent for parent in parents if parent[0] < depth]
            documented[match[2]] = (parents[-1][1] if parents else "Exception", match[3] or "")
            parents.append((depth, match[2]))
    assert set(documented) == {error.__name__ for error in ERROR_CLASSES}
    for error in ERROR_CLASSES:
        documented_base, documented_built_in = documented[error.__name__]
        assert error.__bases__[0].__name__ == documented_base
        built_in = ""
        # PicklingError is documented as ``pickle.PicklingError``, and its ``__module__`` is ``_pickle``.
        if len(error.__bases__) > 1:
            built_in_class = error.__bases__[1]
            built_in = f"{built_in_class.__module__}.{built_in_class.__qualname__}".removeprefix("builtins.").removeprefix("_pickle.")
        assert documented_built_in.removeprefix("pickle.") == built_in


def test_code_for_zenml_catches_the_errors() -> None:
    """Code that catches a built-in class, such as KeyError, also catches these errors."""
    built_in_classes = {
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
    for name, built_in in built_in_classes.items():
        assert issubclass(getattr(errors, name), getattr(builtins, built_in))


def test_a_raised_error_keeps_its_attributes() -> None:
    """If an error is caught as its built-in base class, it still has all its attributes."""
    with pytest.raises(KeyError) as caught:
        raise errors.SecretKeyNotFoundError("No key.", name="db", key="password", manager="vault", hint="Look.")
    assert vars(caught.value) == {"message": "No key.", "hint": "Look.", "name": "db", "key": "password", "manager": "vault"}
