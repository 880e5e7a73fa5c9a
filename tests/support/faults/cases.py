"""The faults with which every flavor is tested, and the allowed results of each operation.

A :class:`FaultScenario` describes for one flavor how each fault is injected into its backend. For a fault that the backend cannot have, it
states the reason. So every flavor has a result for every fault.

A payload is foreign if another program wrote it. Values are canaries: unique texts that the tests search for in errors.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.error_texts import error_details, is_one_line
from tests.support.managers.stores import secret
from zensecrets_jupyter.core.errors import (
    InvalidSecretError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerUnreachableError,
    SecretNotFoundError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.system.related_errors import related_errors
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from zensecrets_jupyter.core.managers import SecretsManager

STORED_NAME = "stored"
"""The name of the secret that exists before each operation."""


class FaultCase(NamedTuple):
    """The operations that are tried under one fault, and the allowed results.

    Attributes:
        operations: The names of the operations. A name is a verb, or a verb and a variant, such as ``register long`` for a long name.
        errors: The errors that an operation may raise. If empty, every operation must succeed.
        may_succeed: Whether an operation may also succeed, in addition to raising one of the errors.
    """

    operations: tuple[str, ...]
    errors: tuple[type[ZenSecretsError], ...]
    may_succeed: bool = False


_ALL_OPERATIONS = ("list", "read", "register", "change", "delete")

FAULT_CASES: dict[str, FaultCase] = {
    "wrong credentials": FaultCase(_ALL_OPERATIONS, (ManagerAccessError,)),
    "no permission to list": FaultCase(("list",), (ManagerAccessError,)),
    "no permission to read": FaultCase(("read", "change"), (ManagerAccessError,)),
    "name too long": FaultCase(("register long",), (InvalidSecretError,)),
    "illegal name": FaultCase(("register illegal",), (InvalidSecretError,), may_succeed=True),
    "value too large": FaultCase(("register large", "change large"), (InvalidSecretError,)),
    "throttled": FaultCase(_ALL_OPERATIONS, ()),
    "one time-out": FaultCase(_ALL_OPERATIONS, ()),
    "permanent time-out": FaultCase(_ALL_OPERATIONS, (ManagerUnreachableError,)),
    "reset during a write": FaultCase(("register", "change", "delete"), (ManagerUnreachableError,), may_succeed=True),
    "one error 500": FaultCase(_ALL_OPERATIONS, ()),
    "permanent error 500": FaultCase(_ALL_OPERATIONS, (ManagerUnreachableError,)),
    "clock skew": FaultCase(_ALL_OPERATIONS, (ManagerAccessError,)),
    "deleted between list and read": FaultCase(("read after listing",), (SecretNotFoundError,)),
    "foreign payload": FaultCase(("read foreign", "change foreign", "delete foreign"), (ManagerCorruptedError,)),
}
"""The cases by the name of the fault."""


@dataclass
class FaultScenario:
    """A backend of one flavor, and how each fault is injected into it.

    Attributes:
        flavor: The name of the flavor.
        open_manager: Opens a new manager. The backend has no secret at first.
        seed: Stores a secret, given its name and value.
        faults: For each injected fault, a function. It returns a context manager that injects the fault while its block runs.
        faults_without_injection: The faults that need no injection, because the arguments of the operation cause them.
        impossible_faults: The faults that the backend cannot have, each with the reason.
        delete: Deletes a secret without the manager under test, as another process would.
        make_foreign: Stores a foreign payload under the name of a secret. Returns a check that the payload still exists. After
            checking, the check may remove the payload.
        max_value_size: The maximum number of bytes of a value. The operations with a large value write a canary followed by this number
            of letters, which is always too large.
        skipped_operations: The operations that do not apply to the backend.
        special_errors: For a fault, the error that this backend raises in place of the error of the case.
        unaffected_operations: For a fault, the operations that may succeed in spite of it.
        open_patient_manager: Opens a manager with a long deadline, for the faults under which every operation must succeed. So the tests
            pass on a busy machine. If it is ``None``, :attr:`open_manager` is used.
    """

    flavor: str
    open_manager: Callable[[], SecretsManager]
    seed: Callable[[str, str], None]
    faults: Mapping[str, Callable[[], AbstractContextManager[Any]]] = field(default_factory=dict)
    faults_without_injection: tuple[str, ...] = (
        "name too long",
        "illegal name",
        "value too large",
        "deleted between list and read",
        "foreign payload",
    )
    impossible_faults: Mapping[str, str] = field(default_factory=dict)
    delete: Callable[[str], None] | None = None
    make_foreign: Callable[[str], Callable[[], bool]] | None = None
    max_value_size: int = 0
    skipped_operations: tuple[str, ...] = ()
    special_errors: Mapping[str, type[ZenSecretsError]] = field(default_factory=dict)
    unaffected_operations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open_patient_manager: Callable[[], SecretsManager] | None = None

    def run(self, fault: str) -> str:
        """Run every operation of a fault case.

        Returns:
            The results of the operations, joined with "or": the codes of the raised errors, and "success". If no operation was run, the
            text is "impossible" or "no operation is supported".

        Raises:
            AssertionError: If an operation has another result, if an error contains a value, or if a secret is lost or incomplete.
        """
        if fault in self.impossible_faults:
            assert self.impossible_faults[fault], "an impossible fault has a reason"
            return "impossible"
        assert fault in self.faults or fault in self.faults_without_injection, f"the scenario of {self.flavor!r} has no entry for {fault!r}"
        value = canary("stored")
        self.seed(STORED_NAME, value)
        results = set()
        for operation in FAULT_CASES[fault].operations:
            must_succeed = not FAULT_CASES[fault].errors
            manager = self.open_patient_manager() if must_succeed and self.open_patient_manager else self.open_manager()
            if operation in self.skipped_operations or _CAPABILITIES[operation.split()[0]] not in manager.capabilities:
                continue
            results.add(self._run_operation(manager, fault, operation))
            self._check_secrets(operation, value)
            # Each operation starts with the same secrets: STORED_NAME exists, and "new" does not.
            if operation == "delete" and STORED_NAME not in self.open_manager().list_secrets():
                self.seed(STORED_NAME, value)
            if operation == "register" and "new" in self.open_manager().list_secrets():
                self.open_manager().delete_secret("new")
        return " or ".join(sorted(results)) or "no operation is supported"

    def _run_operation(self, manager: SecretsManager, fault: str, operation: str) -> str:
        """Run one operation under a fault and return the code of its error, or "success"."""
        case = FAULT_CASES[fault]
        expected_errors = self.special_errors.get(fault, case.errors)
        may_succeed = not case.errors or case.may_succeed or operation in self.unaffected_operations.get(fault, ())
        call, check = self._prepare(manager, operation)
        with self.faults.get(fault, nullcontext)():
            try:
                call()
            except ZenSecretsError as error:
                caught = error
            else:
                assert may_succeed, f"{operation} succeeded under {fault!r}"
                return "success"
        assert isinstance(caught, expected_errors), f"{operation} under {fault!r}: {type(caught).__name__}: {caught}"
        assert caught.hint
        assert is_one_line(caught)
        assert not find_canary(error_details(caught))
        library_errors = [related for related in related_errors(caught) if not isinstance(related, ZenSecretsError)]
        assert not library_errors, "the error refers to an error of a library, which may quote a request"
        assert check is None or check()
        return caught.code

    def _prepare(self, manager: SecretsManager, operation: str) -> tuple[Callable[[], object], Callable[[], bool] | None]:
        """Return a function that runs an operation, and ``None`` or a check that must pass after the operation has raised its error."""
        verb, _, variant = operation.partition(" ")
        if variant == "foreign":
            assert self.make_foreign is not None
            check = self.make_foreign("foreign")
            return _operation_call(manager, verb, "foreign", canary(operation)), check
        if variant == "after listing":
            self.seed("fleeting", "value")
            assert "fleeting" in manager.list_secrets()
            assert self.delete is not None
            self.delete("fleeting")
            return lambda: manager.get_secret("fleeting"), None
        name = "new" if verb == "register" else STORED_NAME
        if variant == "long":
            # This is the longest valid name. Many backends encode each letter as several characters. Their encoded name is too long.
            name = "ж" * 255
        elif variant == "illegal":
            # Many services do not allow these characters. A backend encodes the name or refuses it.
            name = "ä/%Ж\U0001f511+'"
        value = canary(operation)
        if variant == "large":
            value += "x" * self.max_value_size
        return _operation_call(manager, verb, name, value), None

    def _check_secrets(self, operation: str, value: str) -> None:
        """Check that no secret is lost, and that each has either its old content or, after a write, its new content.

        A changed secret gets its old content again, for the next operation.
        """
        manager = self.open_manager()
        names = manager.list_secrets()
        if operation != "delete":
            assert STORED_NAME in names
        for name in {STORED_NAME, "new"} & set(names):
            if Capability.READ in manager.capabilities:
                content = manager.get_secret(name, refresh=True).content
                if content != {"key": value}:
                    # A write has replaced the old value. The new value begins with another canary, so a lost or empty value is found.
                    assert operation in {"register", "change"}
                    assert set(content) == {"key"}
                    assert find_canary(content["key"])
                if name == STORED_NAME and content != {"key": value}:
                    manager.update_secret(secret(STORED_NAME, key=value))


_CAPABILITIES = {
    "list": Capability.LIST,
    "read": Capability.READ,
    "register": Capability.REGISTER,
    "change": Capability.UPDATE,
    "delete": Capability.DELETE,
}
"""The capability that a manager needs for each verb."""


def _operation_call(manager: SecretsManager, verb: str, name: str, value: str) -> Callable[[], object]:
    """Return a function that runs one operation."""
    calls: dict[str, Callable[[], object]] = {
        "list": manager.list_secrets,
        "read": lambda: manager.get_secret(name),
        "register": lambda: manager.register_secret(secret(name, key=value)),
        "change": lambda: manager.merge_secret(name, {"key": value}),
        "delete": lambda: manager.delete_secret(name),
    }
    return calls[verb]


def seed(open_manager: Callable[[], SecretsManager], name: str, value: str) -> None:
    """Store a secret through a manager. An existing secret with the name is replaced."""
    manager = open_manager()
    if name in manager.list_secrets():
        manager.delete_secret(name)
    manager.register_secret(secret(name, key=value))
