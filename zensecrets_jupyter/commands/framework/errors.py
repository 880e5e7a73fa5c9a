"""What is wrong with a command as it was typed."""

from __future__ import annotations

from zensecrets_jupyter.core.errors import ZenSecretsError


class UsageProblem(ZenSecretsError):  # noqa: N818 - Click and IPython have a UsageError each, which it must not be taken for
    """A command, an option or an argument is unknown, missing or contradicts another one; nothing was done."""

    code = "usage"
