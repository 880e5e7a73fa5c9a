"""Values that are typed in calls of our API, found in the code of a cell that failed: such a call may never have run."""

from __future__ import annotations

import ast
import builtins
import difflib
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import zensecrets_jupyter
from zensecrets_jupyter.core.names import NO_VALUES, holds_no_value
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque
from zensecrets_jupyter.notebook.inputs.expressions import folded, json_in, parts_of, texts_of, with_hyphen
from zensecrets_jupyter.notebook.inputs.keys import is_no_key

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUE_METHODS = frozenset(
    """
    create_secret from_content merge_secret model_copy model_validate model_validate_json register_secret update_secret
    """.split()  # noqa: SIM905 - the other lists of words are written so too
)
"""Methods that are given values."""
SCHEMAS = frozenset(
    """
    AWSSecretSchema ArbitrarySecretSchema AzureSecretSchema BaseSecretSchema BasicAuthSecretSchema GCPSecretSchema HuggingFaceSecretSchema
    KServeAzureSecretSchema KServeGSSecretSchema KServeS3SecretSchema LabelStudioSecretSchema MySQLSecretSchema OpenAISecretSchema
    PostgreSQLSecretSchema SeldonAzureSecretSchema SeldonGSSecretSchema SeldonS3SecretSchema SlackSecretSchema WhylabsSecretSchema
    """.split()  # noqa: SIM905 - likewise
)
"""Classes that are given values."""
_LEADING_ON = frozenset(
    """
    active_stack arbitrary_kv_pairs components get_stack get_stack_component get_secret open_component open_manager secrets_manager stack
    workspace
    """.split()  # noqa: SIM905 - likewise
)
"""Attributes and methods, besides those that are given values, that lead to objects of our API."""
_OURS = tuple(f"zensecrets_jupyter.{part}" for part in ("core.client", "core.managers", "core.schemas", "core.stack", "core.workspace"))
"""Where the classes are defined whose objects are given values. Steps and pipelines, which run a person's own code, are not among them."""
NAME = re.compile(r"[A-Za-z_][\w-]{0,63}")
_ALIKE, VERY_ALIKE = 0.75, 0.85
"""How alike two names are, as :mod:`difflib` measures it, if one may be a slip of the other; and if nothing else speaks for it."""
HANDS_ON = frozenset(
    {"dict", "str", "bytes", "dumps", "loads", "b64encode", "b64decode", "urlsafe_b64encode", "quote", "OrderedDict", "SecretStr"}
)
"""Functions that return what they are given, in some form."""
_OF_TEXTS = frozenset({"decode", "encode", "format", "hex", "join", "lower", "replace", "rstrip", "strip", "upper"})
"""Methods of a text that make another of it."""
_WITH_DEFAULT = frozenset({"get", "getenv", "getattr", "pop", "setdefault"})
"""Functions whose first text is a name, and the second what comes back where there is none of it."""
_READING = ("delete_", "describe_", "exists_", "fetch_", "find_", "get_", "has_", "list_", "read_", "remove_", "show_")
"""How the names of methods begin that are given no values."""
_WRITING = ("create", "merge", "register", "update")
_MAGICS = frozenset({"run_cell_magic", "run_line_magic", "run_cell", "run_cell_async"})
_OPTIONS = re.compile(r"\A\s*(?:-\w+(?:\s+\d+)?\s+)*")
_DEEPEST = 20
_MISSING = object()


_Search = Callable[[str, Mapping[str, Any]], set[str]]


def literals_in(code: str, names: Mapping[str, Any], unreadable: _Search = lambda _code, _names: set()) -> set[str]:
    """Return the texts that were meant as values in calls of our API, run or not.

    Args:
        code: Python code without magics.
        names: The variables that it sees.
        unreadable: What looks through the line of a magic such as ``%time`` that is no Python.

    Raises:
        SyntaxError: If it is no Python.
    """
    tree = _parsed(code)
    return {text for text in _Finder(tree, names, unreadable).find() if is_no_key(text)}


@lru_cache(maxsize=64)
def _parsed(code: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(code)


def is_slip_of(name: str, known: frozenset[str], alike: float = _ALIKE) -> bool:
    """Tell whether a name is one of the ``known`` or may be a slip of one."""
    return name in known or bool(difflib.get_close_matches(name, known, n=1, cutoff=alike))


@cache
def _plain_methods() -> frozenset[str]:
    """Names of our API that are given no values, of those classes that this process has loaded."""
    loaded = []
    for module, kind in (("client", "Client"), ("managers.interface", "SecretsManager"), ("workspace", "Workspace"), ("stack", "Stack")):
        loaded += dir(getattr(sys.modules.get(f"zensecrets_jupyter.core.{module}"), kind, None))
    loaded += dir(getattr(sys.modules.get("zensecrets_jupyter.core.schemas"), "ArbitrarySecretSchema", None))
    return frozenset(name for name in (*loaded, *zensecrets_jupyter.__all__) if not name.startswith("_")) - VALUE_METHODS - SCHEMAS


class _Taken(NamedTuple):
    """What a call does with its arguments: whether they are values, and which schema they are for."""

    values: bool
    schema: Any = None

    def is_clear(self, key: str) -> bool:
        """Tell whether a key of the schema is shown as it is."""
        try:
            return self.schema is not None and key in self.schema.get_schema_keys() and not self.schema.is_sensitive(key)
        except Exception:  # noqa: BLE001 - a person's own class may be anything
            return False


class _Finder:
    """Looks through one tree."""

    def __init__(self, tree: ast.Module, names: Mapping[str, Any], unreadable: _Search) -> None:
        self._tree = tree
        self._unreadable = unreadable
        self._names = names
        self._given: dict[str, list[ast.expr]] = {}
        self._imported: set[str] = set()
        self._judged: dict[str, bool | None] = {}
        for node in ast.walk(tree):
            self._note(node)

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self._given.setdefault(target.id, []).append(node.value)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and isinstance(node.target, ast.Name) and node.value is not None:
            self._given.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "zensecrets_jupyter":
            self._imported.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            self._imported.update(alias.asname or alias.name for alias in node.names if alias.name.startswith("zensecrets_jupyter"))

    def find(self) -> Iterator[str]:
        """Yield the texts."""
        for node in ast.walk(self._tree):
            call = with_hyphen(node) if isinstance(node, ast.BinOp) else node
            if isinstance(call, ast.Call):
                yield from self._in_magic(call)
                taken = self._taken_by(call)
                if taken is not None:
                    yield from self._arguments(call, taken)
            elif isinstance(node, (ast.Assign, ast.AugAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(isinstance(one, (ast.Attribute, ast.Subscript)) and self._is_ours(one.value) for one in targets):
                    yield from self._texts(node.value)

    def _in_magic(self, call: ast.Call) -> Iterator[str]:
        """Yield what stands in the code that ``%time`` and its kind run."""
        if isinstance(call.func, ast.Attribute) and call.func.attr in _MAGICS:
            for argument in call.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    code = _OPTIONS.sub("", argument.value, count=1)
                    try:
                        yield from literals_in(code, self._names, self._unreadable)
                    except (SyntaxError, ValueError):
                        yield from self._unreadable(code, self._names)

    def _taken_by(self, call: ast.Call) -> _Taken | None:
        """Return what a call of our API does with its arguments; none if it is no such call."""
        function = call.func
        if isinstance(function, ast.Attribute):
            name, ours = function.attr, self._is_ours(function.value)
            if ours is None and is_slip_of(name, VALUE_METHODS, VERY_ALIKE):
                # Nothing says what this is a method of. Amazon's `create_secret(Name=...)` is no method of ours.
                ours = not any(keyword.arg and keyword.arg[0].isupper() for keyword in call.keywords)
        elif isinstance(function, ast.Name):
            name, ours = function.id, self._is_ours(function)
        else:
            return None
        if not ours:
            return None
        schema = self._schema(function, name)
        return _Taken(schema is not None or self._takes_values(name), schema)

    def _takes_values(self, name: str) -> bool:
        plain = _plain_methods()
        if name in plain or (name.startswith(_READING) and not any(word in name for word in _WRITING)):
            return False
        nearest = difflib.get_close_matches(name, VALUE_METHODS | SCHEMAS | plain, n=1, cutoff=_ALIKE)
        return not nearest or nearest[0] not in plain

    def _schema(self, function: ast.expr, name: str) -> Any:
        found = self._resolved(function)
        if found is _MISSING:
            nearest = [name] if name in SCHEMAS else difflib.get_close_matches(name, SCHEMAS, n=1, cutoff=VERY_ALIKE)
            found = getattr(zensecrets_jupyter, nearest[0], None) if nearest and nearest[0] in zensecrets_jupyter.__all__ else None
        return found if isinstance(found, type) and hasattr(found, "get_schema_keys") else None

    def _is_ours(self, node: ast.expr, depth: int = 0) -> bool | None:
        """Tell whether an expression is an object, a class or a module of our API; none if nothing says what it is."""
        if depth > _DEEPEST:
            return None
        if isinstance(node, ast.Name):
            if node.id not in self._judged:
                # What a name is made of may be the name itself.
                self._judged[node.id] = None
                self._judged[node.id] = self._is_name_ours(node.id, self._resolved(node), depth)
            return self._judged[node.id]
        found = self._resolved(node)
        if found is not _MISSING:
            return is_of_our_api(found)
        if isinstance(node, ast.Attribute):
            inner = self._is_ours(node.value, depth + 1)
            return inner and not (node.attr in _plain_methods() and node.attr not in _LEADING_ON and node.attr != "Client")
        if isinstance(node, (ast.Await, ast.NamedExpr)):
            return self._is_ours(node.value, depth + 1)
        return self._is_ours(node.func, depth + 1) if isinstance(node, ast.Call) else False

    def _is_name_ours(self, name: str, found: Any, depth: int) -> bool | None:
        kinds = [self._is_ours(given, depth + 1) for given in self._given.get(name, ())]
        if True in kinds:
            # The cell may have failed before the name became this.
            return True
        if found is not _MISSING:
            return is_of_our_api(found)
        if kinds and None not in kinds:
            return False
        is_known = name == "Client" or name in self._imported or (not kinds and is_slip_of(name, SCHEMAS, VERY_ALIKE))
        return True if is_known else None

    def _resolved(self, node: ast.expr) -> Any:
        """Return what an expression is now, if it is a name or leads from one without running anything."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id, getattr(builtins, node.id, _MISSING))
        if isinstance(node, ast.Attribute):
            inner = self._resolved(node.value)
            # What an object computes, such as a property, may read a secret.
            inside = getattr(inner, "__dict__", None) if isinstance(inner, ModuleType) or not isinstance(inner, type) else None
            return inside.get(node.attr, _MISSING) if isinstance(inside, dict) else _MISSING
        return _MISSING

    def _arguments(self, call: ast.Call, taken: _Taken) -> Iterator[str]:
        for place, argument in enumerate(call.args):
            for text in self._texts(argument):
                is_name = place == 0 and NAME.fullmatch(text)
                if is_opaque(text) if is_name or not taken.values else True:
                    yield text
        for keyword in call.keywords:
            if keyword.arg in NO_VALUES:
                continue
            # A schema that takes any key may have one that is called `description`.
            is_slip = keyword.arg is not None and not taken.schema and holds_no_value(keyword.arg)
            is_slip = is_slip or (keyword.arg is not None and is_slip_of(keyword.arg, NO_VALUES, VERY_ALIKE))
            for text in self._texts(keyword.value, taken.is_clear):
                is_value = taken.values and not is_slip and not (keyword.arg is not None and taken.is_clear(keyword.arg))
                if is_value or is_opaque(text):
                    yield text

    def _texts(self, node: ast.expr, is_clear: Callable[[str], bool] = lambda _key: False, depth: int = 0) -> Iterator[str]:
        """Yield the texts in an argument; of mappings, the values."""
        if depth > _DEEPEST:
            return
        parts: list[ast.expr] = []
        if isinstance(node, ast.Constant):
            if isinstance(node.value, (str, bytes)):
                yield node.value if isinstance(node.value, str) else node.value.decode("utf-8", "replace")
        elif isinstance(node, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
            parts = [
                value
                for key, value in zip(keys, node.values, strict=True)
                if key not in NO_VALUES and not (isinstance(key, str) and is_clear(key))
            ]
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            pairs = [one for one in node.elts if isinstance(one, ast.Tuple) and len(one.elts) == 2]  # noqa: PLR2004 - a key and a value
            parts = [one.elts[1] for one in pairs] if pairs else node.elts
        elif isinstance(node, ast.Name):
            parts = self._given.get(node.id, [])
            yield from texts_of(self._names.get(node.id, "" if parts else self._unquoted(node)))
        elif isinstance(node, ast.Call):
            parts = self._parts_of_call(node)
        else:
            parts = parts_of(node)
        for part in parts:
            yield from self._texts(part, is_clear, depth + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            yield folded(node)

    def _unquoted(self, node: ast.Name) -> str:
        """Return a name that is none of a variable and looks like a value: its quotes were forgotten."""
        return node.id if self._resolved(node) is _MISSING and is_opaque(node.id) else ""

    def _parts_of_call(self, call: ast.Call) -> list[ast.expr]:
        """Return what a call in an argument may hand on: the texts of ``dict(k="…")`` are values, that of ``getenv("…")`` is none."""
        function = call.func
        if isinstance(function, ast.Attribute):
            is_text = isinstance(function.value, (ast.Constant, ast.JoinedStr, ast.BinOp))
            if is_text or function.attr in _OF_TEXTS:
                return [function.value, *(call.args if is_text else []), *(one.value for one in call.keywords if is_text)]
        name = function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
        if name in _WITH_DEFAULT:
            return [*call.args[1:], *(keyword.value for keyword in call.keywords if keyword.arg == "default")]
        if name not in HANDS_ON:
            return []
        given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg not in NO_VALUES)]
        return [json_in(one) for one in given] if name == "loads" else given


def is_of_our_api(found: Any) -> bool:
    """Tell whether a thing is an object, a class or a module that values are handed to."""
    if isinstance(found, ModuleType):
        return found.__name__.partition(".")[0] == "zensecrets_jupyter"
    kind = found if isinstance(found, type) else type(found)
    return any(str(base.__module__).startswith(_OURS) for base in kind.__mro__)
