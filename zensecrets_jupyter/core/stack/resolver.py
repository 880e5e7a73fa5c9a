"""Resolution of references: each ``{{name.key}}`` in a text is replaced by a value from a secrets manager."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from zensecrets_jupyter.core import reference
from zensecrets_jupyter.core.errors import NoSecretsManagerError, SecretKeyNotFoundError, SecretNotFoundError
from zensecrets_jupyter.core.interaction import pending_secret_hint
from zensecrets_jupyter.core.reference import SecretReference, TextPart

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.managers import SecretsManager


class StackResolver:
    """Resolves the references of one owner, such as a component or a step, with the secrets manager of a stack."""

    __slots__ = ("_manager", "_owner", "_stack_name")

    def __init__(self, manager: SecretsManager | None, stack_name: str, owner: str) -> None:
        """Resolve references.

        Args:
            manager: The secrets manager of the stack; ``None`` if the stack has none.
            stack_name: The name of the stack.
            owner: The name of the references' owner in errors. It can be empty.
        """
        self._manager = manager
        self._stack_name = stack_name
        self._owner = owner

    def __str__(self) -> str:
        """Return the name of the references' owner in errors."""
        return self._owner

    def resolve(self, text: str) -> str:
        """Return ``text`` with its references resolved.

        Raises:
            NoSecretsManagerError: If the stack has no secrets manager.
            SecretNotFoundError: If a secret does not exist.
            SecretKeyNotFoundError: If a secret does not have the key; the error names its keys.
        """
        manager = self._manager
        try:
            if manager is None:
                raise missing_manager_error(self._stack_name)
            return resolve_text(manager, text)
        except (NoSecretsManagerError, SecretNotFoundError) as error:
            # SecretKeyNotFoundError is a subclass of SecretNotFoundError.
            problem = error
        if manager is not None and isinstance(problem, SecretKeyNotFoundError):
            # The key may be missing because the form that asks for the secret is still open.
            problem.hint = pending_secret_hint(manager.id, problem.name) or problem.hint
        raise _add_owner(problem, text, self._owner)

    def reader(self, text: str) -> Callable[[], str]:
        """Return a function that resolves ``text`` on each call."""
        # A text that is a single reference is parsed only here, and not at each call.
        parts = reference.split_references(text)
        if self._manager is None or len(parts) != 1 or not isinstance(parts[0], SecretReference):
            return partial(self.resolve, text)
        name, key = parts[0]
        get_secret = self._manager.get_secret

        def read() -> str:
            try:
                return get_secret(name).value(key)
            except SecretNotFoundError:
                # self.resolve below raises the error again, with the owner of the reference in the message.
                pass
            return self.resolve(text)

        return read


def missing_manager_error(stack_name: str) -> NoSecretsManagerError:
    """Return the error for a stack without a secrets manager, which tells how to add one."""
    message = f"Stack {stack_name!r} has no secrets manager."
    return NoSecretsManagerError(message, hint=f"Add one: %stack update {stack_name} -x SECRETS_MANAGER")


def resolve_text(manager: SecretsManager, text: str) -> str:
    """Return ``text`` with its references resolved by ``manager``.

    Raises:
        SecretNotFoundError: If a secret, or a key of one, does not exist.
    """
    parts = _split(text)
    if len(parts) == 1 and type(parts[0]) is SecretReference:
        return manager.get_secret(parts[0].name).value(parts[0].key)
    return "".join(manager.get_secret(part.name).value(part.key) if type(part) is SecretReference else str(part) for part in parts)


@lru_cache(maxsize=4096)
def _split(text: str) -> tuple[TextPart, ...]:
    """Return the plain texts and references that ``text`` consists of."""
    return reference.split_references(text)


def _add_owner(error: NoSecretsManagerError | SecretNotFoundError, text: str, owner: str) -> NoSecretsManagerError | SecretNotFoundError:
    """Return a copy of ``error`` whose message names the text that can't be resolved, and its owner."""
    message = f"{text}{f' of {owner}' if owner else ''} can't be resolved: {error.message}"
    if isinstance(error, SecretKeyNotFoundError):
        return SecretKeyNotFoundError(message, name=error.name, key=error.key, manager=error.manager, hint=error.hint)
    if isinstance(error, SecretNotFoundError):
        return SecretNotFoundError(message, name=error.name, manager=error.manager, hint=error.hint)
    return NoSecretsManagerError(message, flavor=error.flavor, hint=error.hint)
