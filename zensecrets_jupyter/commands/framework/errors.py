"""The error for a malformed command."""

from __future__ import annotations

from zensecrets_jupyter.core.errors import ZenSecretsError


class UsageProblem(ZenSecretsError):  # noqa: N818 - Click and IPython each have a UsageError of their own
    """A command, an option or an argument is unknown, missing, or contradicts another one; nothing was done."""

    code = "usage"
