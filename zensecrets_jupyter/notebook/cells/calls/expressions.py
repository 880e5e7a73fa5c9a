"""Possible values of an expression, read from its syntax tree. The expression is not evaluated."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def parse_hyphenated_call(node: ast.BinOp) -> ast.Call | None:
    """Return the call that is meant by a subtraction such as ``client.create-secret("x")``.

    Python reads the hyphen as a minus sign. The result is the call ``client.create_secret("x")``, or ``None`` for other subtractions.
    """
    left, right = node.left, node.right
    if not (isinstance(node.op, ast.Sub) and isinstance(left, ast.Attribute) and isinstance(right, ast.Call)):
        return None
    if not isinstance(right.func, ast.Name):
        return None
    function = ast.Attribute(value=left.value, attr=f"{left.attr}_{right.func.id}", ctx=ast.Load())
    return ast.Call(func=function, args=right.args, keywords=right.keywords)


def decode_json(node: ast.expr) -> ast.expr:
    """Return the decoded content of a JSON string as an expression, or any other node unchanged."""
    try:
        decoded = json.loads(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)) else None
        return node if decoded is None else ast.parse(repr(decoded), mode="eval").body
    except (ValueError, SyntaxError, RecursionError):
        return node


def operands_of(node: ast.expr) -> list[ast.expr]:
    """Return the operands of an expression that the value of the expression may contain."""
    if isinstance(node, ast.JoinedStr):
        # Of an f-string, the texts between the placeholders.
        return [value for value in node.values if isinstance(value, ast.Constant)]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, (ast.Await, ast.NamedExpr, ast.Starred)):
        return [node.value]
    return []


def concatenate(node: ast.expr) -> str:
    """Return the result of a concatenation of string literals.

    The result is an empty string if an operand is empty, or is not a string literal.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = concatenate(node.left), concatenate(node.right)
        return left + right if left and right else ""
    return ""


def texts_of(value: Any) -> Iterator[str]:
    """Yield the texts in the value of a variable.

    They are the value itself if it is a text, or the texts among the values of a dictionary. Objects of subclasses of ``str`` and ``dict``
    are ignored.
    """
    if type(value) is str:
        yield value
    elif type(value) is dict:
        yield from (text for text in value.values() if type(text) is str)
