"""Files that environment variables name, such as certificates: a library says badly, or not at all, that one can't be used."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import InvalidOptionsError

if TYPE_CHECKING:
    from collections.abc import Mapping

PEM = "certificates in PEM"
JSON = "credentials in JSON"

OF_REQUESTS: Mapping[str, str] = {"REQUESTS_CA_BUNDLE": PEM, "CURL_CA_BUNDLE": PEM}
"""The variables that requests reads ("SSL Cert Verification" in its documentation), each with what its file holds."""


def problem_with(variables: Mapping[str, str], *, flavor: str) -> InvalidOptionsError | None:
    """Return the error for the first variable that is set and whose file can't be used; none if each can.

    The path is not in its text: somebody may have set the variable to what the file should hold.

    Args:
        variables: The variables' names, each with what its file holds, :data:`PEM` or :data:`JSON`.
        flavor: The flavor of secrets manager, for the error.
    """
    for variable, content in variables.items():
        path = os.environ.get(variable)
        problem = _problem(Path(path), content) if path else ""
        if problem:
            return InvalidOptionsError(
                f"{variable} names a file that {problem}.", flavor=flavor, hint=f"Set it to a file with {content}, or unset it."
            )
    return None


def _problem(path: Path, content: str) -> str:
    """Return what is wrong with a file, as words that follow "a file that"; nothing if it may be used."""
    try:
        if path.is_dir():
            # Certificates may be in a folder.
            return "" if content == PEM else "is a folder"
        data = path.read_bytes()
    except FileNotFoundError:
        return "is not there"
    except (OSError, ValueError) as error:
        return f"can't be read ({type(error).__name__})"
    if content == PEM:
        return "" if b"-----BEGIN " in data else f"holds no {PEM}"
    try:
        json.loads(data)
    except ValueError:
        return f"holds no {JSON}"
    return ""
