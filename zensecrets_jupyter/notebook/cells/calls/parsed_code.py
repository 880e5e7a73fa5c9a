"""Find inline secrets in calls of the API, in the syntax tree of failed code.

The code may have failed before it reached a call, so the arguments are read from the tree. The search does not run any code.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.names import VALUE_FREE_ARGUMENTS, is_value_free_argument
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque
from zensecrets_jupyter.notebook.cells.calls.api_names import (
    NAVIGATION,
    PASS_THROUGH,
    SCHEMAS,
    SECRET_NAME,
    SIMILAR,
    VALUE_METHODS,
    VERY_SIMILAR,
    is_api_object,
    is_similar,
    may_be_value,
    schema_class,
    value_free_names,
)
from zensecrets_jupyter.notebook.cells.calls.expressions import concatenate, decode_json, operands_of, parse_hyphenated_call, texts_of
from zensecrets_jupyter.notebook.cells.calls.malformed_code import find_secrets_in_malformed_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TEXT_METHODS = frozenset({"decode", "encode", "format", "hex", "join", "lower", "replace", "rstrip", "strip", "upper"})
"""Methods of a text whose result contains the text."""
_DEFAULT_GETTERS = frozenset({"get", "getattr", "getenv", "pop", "setdefault"})
"""Functions whose first argument is a name, and whose second argument is the default result."""
_READ_PREFIXES = ("delete_", "describe_", "exists_", "fetch_", "find_", "get_", "has_", "list_", "read_", "remove_", "show_")
"""Prefixes of the names of methods that take no secret values."""
_WRITE_VERBS = ("create", "merge", "register", "update")
"""Verbs in the names of methods that take secret values."""
_MAGIC_CALLS = frozenset({"run_cell", "run_cell_async", "run_cell_magic", "run_line_magic"})
"""Methods of IPython that run code from a string."""
_MAGIC_OPTIONS = re.compile(r"\A\s*(?:-\w+(?:\s+\d+)?\s+)*")
"""The options before the code of a magic such as ``%timeit -n 1``."""
_MAX_DEPTH = 20
"""The depth of nested expressions at which a search stops."""
_MISSING = object()
"""The result for an object that is missing or can't be read without running code."""


def find_secrets_in_code(code: str, variables: Mapping[str, Any]) -> set[str]:
    """Return the texts that the user meant as secret values in calls of the API.

    Args:
        code: Python code in which IPython has replaced the magics by calls such as ``run_line_magic("time", "…")``.
        variables: The variables of the code, by name.

    Raises:
        SyntaxError: If the code can't be parsed.
    """
    return {text for text in _CallFinder(_parse(code), variables).find() if may_be_value(text)}


@lru_cache(maxsize=64)
def _parse(code: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(code)


class _Signature(NamedTuple):
    """Properties of the arguments of a call.

    Attributes:
        takes_values: Whether the arguments are secret values. If not, only texts that look random are found in them.
        schema: The schema class that the arguments belong to; ``None`` if there is none.
    """

    takes_values: bool
    schema: Any = None

    def is_public(self, key: str) -> bool:
        """Return whether the schema shows the value of a key in plain text."""
        try:
            return self.schema is not None and key in self.schema.get_schema_keys() and not self.schema.is_sensitive(key)
        except Exception:  # noqa: BLE001 - the user's own schema class may raise anything
            return False


class _CallFinder:
    """Finder of the secret values in one syntax tree."""

    def __init__(self, tree: ast.Module, variables: Mapping[str, Any]) -> None:
        self._tree = tree
        self._variables = variables
        self._assigned_expressions: dict[str, list[ast.expr]] = {}
        self._imported_names: set[str] = set()
        # The cached results of _is_api() for names.
        self._is_api_by_name: dict[str, bool | None] = {}
        for node in ast.walk(tree):
            self._collect_name(node)

    def _collect_name(self, node: ast.AST) -> None:
        """Record the assigned expression of a name, or the names imported from this package."""
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self._assigned_expressions.setdefault(target.id, []).append(node.value)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and isinstance(node.target, ast.Name) and node.value is not None:
            self._assigned_expressions.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "zensecrets_jupyter":
            self._imported_names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            self._imported_names.update(alias.asname or alias.name for alias in node.names if alias.name.startswith("zensecrets_jupyter"))

    def find(self) -> Iterator[str]:
        """Yield the texts that may be values, in API calls and in assignments to attributes or items of API objects."""
        for node in ast.walk(self._tree):
            # Only calls and subtractions with the meaning of a call pass the next check.
            call = parse_hyphenated_call(node) if isinstance(node, ast.BinOp) else node
            if isinstance(call, ast.Call):
                yield from self._find_in_magic(call)
                signature = self._signature_of(call)
                if signature is not None:
                    yield from self._find_in_arguments(call, signature)
            elif isinstance(node, (ast.Assign, ast.AugAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(isinstance(target, (ast.Attribute, ast.Subscript)) and self._is_api(target.value) for target in targets):
                    yield from self._texts_in(node.value)

    def _find_in_magic(self, call: ast.Call) -> Iterator[str]:
        """Yield the texts in the code that a magic such as ``%time`` runs."""
        if isinstance(call.func, ast.Attribute) and call.func.attr in _MAGIC_CALLS:
            for argument in call.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    code = _MAGIC_OPTIONS.sub("", argument.value, count=1)
                    try:
                        yield from find_secrets_in_code(code, self._variables)
                    except (SyntaxError, ValueError):
                        yield from find_secrets_in_malformed_code(code, self._variables)

    def _signature_of(self, call: ast.Call) -> _Signature | None:
        """Return the signature of a call of the API; ``None`` for other calls."""
        function = call.func
        if isinstance(function, ast.Attribute):
            name, is_api = function.attr, self._is_api(function.value)
            if is_api is None and is_similar(name, VALUE_METHODS, VERY_SIMILAR):
                # The object is unknown. Arguments of our methods are in lower case, unlike those of boto3's `create_secret(Name=...)`.
                is_api = not any(keyword.arg and keyword.arg[0].isupper() for keyword in call.keywords)
        elif isinstance(function, ast.Name):
            name, is_api = function.id, self._is_api(function)
        else:
            return None
        if not is_api:
            return None
        schema = self._schema_of(function, name)
        return _Signature(schema is not None or self._takes_values(name), schema)

    def _takes_values(self, name: str) -> bool:
        """Return whether a method or class of the API takes secret values.

        An unknown name, which is similar to no public name, counts as taking values.
        """
        value_free = value_free_names()
        if name in value_free or (name.startswith(_READ_PREFIXES) and not any(verb in name for verb in _WRITE_VERBS)):
            return False
        nearest = difflib.get_close_matches(name, VALUE_METHODS | SCHEMAS | value_free, n=1, cutoff=SIMILAR)
        return not nearest or nearest[0] not in value_free

    def _schema_of(self, function: ast.expr, name: str) -> Any:
        """Return the schema class that a function expression refers to, or ``None``."""
        schema = self._object_of(function)
        if schema is _MISSING:
            schema = schema_class(name)
        return schema if isinstance(schema, type) and hasattr(schema, "get_schema_keys") else None

    def _is_api(self, node: ast.expr, depth: int = 0) -> bool | None:
        """Return whether an expression belongs to the API; ``None`` if this can't be determined."""
        if depth > _MAX_DEPTH:
            return None
        if isinstance(node, ast.Name):
            if node.id not in self._is_api_by_name:
                # This entry ends the recursion for a name that is assigned from itself, as in `x = x.copy()`.
                self._is_api_by_name[node.id] = None
                self._is_api_by_name[node.id] = self._classify_name(node.id, self._object_of(node), depth)
            return self._is_api_by_name[node.id]
        known_object = self._object_of(node)
        if known_object is not _MISSING:
            return is_api_object(known_object)
        if isinstance(node, ast.Attribute):
            # Attributes such as `name` are no API objects, unless they are in NAVIGATION.
            is_owner_api = self._is_api(node.value, depth + 1)
            return is_owner_api and (node.attr in NAVIGATION or node.attr not in value_free_names())
        if isinstance(node, (ast.Await, ast.NamedExpr)):
            return self._is_api(node.value, depth + 1)
        return self._is_api(node.func, depth + 1) if isinstance(node, ast.Call) else False

    def _classify_name(self, name: str, known_object: Any, depth: int) -> bool | None:
        """Return whether a name belongs to the API; ``None`` if this can't be determined.

        ``known_object`` is the object that the name has now, or ``_MISSING``.
        """
        # For each expression that is assigned to the name: whether it belongs to the API.
        assigned_results = [self._is_api(value, depth + 1) for value in self._assigned_expressions.get(name, ())]
        if True in assigned_results:
            # The cell may have failed before the assignment, so the variable may still have another value.
            return True
        if known_object is not _MISSING:
            return is_api_object(known_object)
        # No assigned expression belongs to the API.
        if assigned_results and None not in assigned_results:
            return False
        is_api = name == "Client" or name in self._imported_names or (not assigned_results and is_similar(name, SCHEMAS, VERY_SIMILAR))
        return True if is_api else None

    def _object_of(self, node: ast.expr) -> Any:
        """Return the object of a name or an attribute without running code.

        The result is ``_MISSING`` if the object does not exist, or if only running code can read it.
        """
        if isinstance(node, ast.Name):
            return self._variables.get(node.id, getattr(builtins, node.id, _MISSING))
        if isinstance(node, ast.Attribute):
            owner = self._object_of(node.value)
            # Only the dictionaries of instances and modules are read, because a property may read a secret.
            attributes = None if isinstance(owner, type) else getattr(owner, "__dict__", None)
            return attributes.get(node.attr, _MISSING) if isinstance(attributes, dict) else _MISSING
        return _MISSING

    def _find_in_arguments(self, call: ast.Call, signature: _Signature) -> Iterator[str]:
        """Yield the secret values in the arguments of a call."""
        for index, argument in enumerate(call.args):
            for text in self._texts_in(argument):
                # A text that looks random is yielded even if the function takes no values.
                may_be_name = index == 0 and SECRET_NAME.fullmatch(text)
                if (signature.takes_values and not may_be_name) or is_opaque(text):
                    yield text
        for keyword in call.keywords:
            if keyword.arg in VALUE_FREE_ARGUMENTS:
                continue
            # `keyword.arg` is None for an argument such as `**values`.
            # is_value_free_argument() also accepts other names for the arguments, such as `description`. In a call of a schema,
            # `description` may be a key with a value, so only names that are very similar to VALUE_FREE_ARGUMENTS count.
            is_value_free = keyword.arg is not None and not signature.schema and is_value_free_argument(keyword.arg)
            is_value_free = is_value_free or (keyword.arg is not None and is_similar(keyword.arg, VALUE_FREE_ARGUMENTS, VERY_SIMILAR))
            for text in self._texts_in(keyword.value, signature.is_public):
                is_public = keyword.arg is not None and signature.is_public(keyword.arg)
                if (signature.takes_values and not is_value_free and not is_public) or is_opaque(text):
                    yield text

    def _texts_in(self, node: ast.expr, is_public: Callable[[str], bool] = lambda _key: False, depth: int = 0) -> Iterator[str]:
        """Yield the texts in an argument; of a mapping, only the texts in its values.

        Args:
            node: The argument.
            is_public: Returns whether the value of a key is public.
            depth: The number of expressions that contain this expression.
        """
        if depth > _MAX_DEPTH:
            return
        inner_expressions: list[ast.expr] = []
        if isinstance(node, ast.Constant):
            if isinstance(node.value, (str, bytes)):
                yield node.value if isinstance(node.value, str) else node.value.decode("utf-8", "replace")
        elif isinstance(node, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
            inner_expressions = [
                value
                for key, value in zip(keys, node.values, strict=True)
                if key not in VALUE_FREE_ARGUMENTS and not (isinstance(key, str) and is_public(key))
            ]
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            # A list of pairs, such as `[("key", "value")]`, is read as a mapping.
            pairs = [item for item in node.elts if isinstance(item, ast.Tuple) and len(item.elts) == 2]  # noqa: PLR2004 - a pair has a key and a value
            inner_expressions = [pair.elts[1] for pair in pairs] if pairs else node.elts
        elif isinstance(node, ast.Name):
            inner_expressions = self._assigned_expressions.get(node.id, [])
            yield from texts_of(self._variables.get(node.id, "" if inner_expressions else self._unquoted_value(node)))
        elif isinstance(node, ast.Call):
            inner_expressions = self._returned_arguments(node)
        else:
            inner_expressions = operands_of(node)
        for inner_expression in inner_expressions:
            yield from self._texts_in(inner_expression, is_public, depth + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            # The operands may be parts of one value.
            yield concatenate(node)

    def _unquoted_value(self, node: ast.Name) -> str:
        """Return a name that looks like a value that was typed without quotes.

        The result is an empty string for other names and for variables.
        """
        return node.id if self._object_of(node) is _MISSING and is_opaque(node.id) else ""

    def _returned_arguments(self, call: ast.Call) -> list[ast.expr]:
        """Return the arguments that the result of a call may contain.

        For example, the result of ``dict(k="…")`` contains its argument, but the result of
        ``getenv("…")`` does not.
        """
        function = call.func
        name = function.id if isinstance(function, ast.Name) else ""
        if isinstance(function, ast.Attribute):
            name = function.attr
            # A method of a string literal, such as `format`, may return its arguments too.
            is_literal = isinstance(function.value, (ast.Constant, ast.JoinedStr, ast.BinOp))
            if is_literal or name in _TEXT_METHODS:
                arguments = [*call.args, *(keyword.value for keyword in call.keywords)] if is_literal else []
                return [function.value, *arguments]
        if name in _DEFAULT_GETTERS:
            return [*call.args[1:], *(keyword.value for keyword in call.keywords if keyword.arg == "default")]
        if name not in PASS_THROUGH:
            return []
        arguments = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg not in VALUE_FREE_ARGUMENTS)]
        return [decode_json(argument) for argument in arguments] if name == "loads" else arguments
