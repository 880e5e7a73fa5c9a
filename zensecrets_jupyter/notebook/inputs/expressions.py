"""What an expression may become, told by its form: nothing is run."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def with_hyphen(node: ast.BinOp) -> ast.Call | None:
    """Return the call that was meant by one such as ``client.create-secret("x")``."""
    left, right = node.left, node.right
    if not (isinstance(node.op, ast.Sub) and isinstance(left, ast.Attribute) and isinstance(right, ast.Call)):
        return None
    if not isinstance(right.func, ast.Name):
        return None
    function = ast.Attribute(value=left.value, attr=f"{left.attr}_{right.func.id}", ctx=ast.Load())
    return ast.Call(func=function, args=right.args, keywords=right.keywords)


def json_in(node: ast.expr) -> ast.expr:
    """Return what a text of JSON says, as Python has it; anything else as it is."""
    try:
        found = json.loads(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)) else None
        return node if found is None else ast.parse(repr(found), mode="eval").body
    except (ValueError, SyntaxError, RecursionError):
        return node


def parts_of(node: ast.expr) -> list[ast.expr]:
    """Return the parts of an expression that may become its value."""
    if isinstance(node, ast.JoinedStr):
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


def folded(node: ast.expr) -> str:
    """Return what a sum of texts is; nothing if another is in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = folded(node.left), folded(node.right)
        return left + right if left and right else ""
    return ""


def texts_of(value: Any) -> Iterator[str]:
    """Yield the texts of a variable that is a text, or a mapping of texts."""
    if type(value) is str:
        yield value
    elif type(value) is dict:
        yield from (inner for inner in value.values() if type(inner) is str)
