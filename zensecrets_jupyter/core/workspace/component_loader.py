"""Instances of registered components, secrets managers and stacks."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.errors import FlavorUnavailableError, NoSecretsManagerError, NotInStackError, UnknownFlavorError
from zensecrets_jupyter.core.interaction import ask_passphrase
from zensecrets_jupyter.core.managers import Backend, ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers import get_flavor as get_manager_flavor
from zensecrets_jupyter.core.registry import Registry
from zensecrets_jupyter.core.stack import Stack, StackComponent, StackComponentConfig, get_flavor
from zensecrets_jupyter.core.workspace.checks import get_component, get_stack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zensecrets_jupyter.core.value import Origin
    from zensecrets_jupyter.core.workspace.database import WorkspaceDatabase
    from zensecrets_jupyter.core.workspace.records import ComponentRecord, StackRecord, State

FlavorT = TypeVar("FlavorT", StackComponentConfig, Backend)
"""The base class of a flavor: the backend of a secrets manager, or the attributes of another component."""


class _StackCache(NamedTuple):
    """Loaded stacks by name.

    They are valid as long as the database returns the same object ``state``, and :class:`Registry` counts ``definition_count`` definitions
    of classes. The database returns another object after a change.
    """

    state: State | None
    definition_count: int
    stacks: dict[str, Stack]


class ComponentLoader:
    """Creates and caches the instances of the components and stacks of one workspace."""

    def __init__(self, folder: Path, database: WorkspaceDatabase, make_origin: Callable[[str, str], Origin]) -> None:
        """Load from a database.

        Args:
            folder: The folder of the workspace.
            database: The database.
            make_origin: Returns the origin of the values of a secrets manager, from the id and the name of the manager.
        """
        self._root = folder
        self._database = database
        self._make_origin = make_origin
        self._managers: dict[str, tuple[ComponentRecord, SecretsManager]] = {}
        self._cache = _StackCache(None, 0, {})
        self._lock = threading.RLock()

    def folder(self, record: ComponentRecord) -> Path:
        """Return the folder of a component's own files in the workspace, such as ``artifact_stores/<id>``."""
        return self._root / f"{record.type.value}s" / record.id

    def stack(self, name: str | None = None) -> Stack:
        """Return a stack, by default the active one.

        The object stays the same until a registration or a class definition changes.
        """
        state = self._database.state()
        cache = self._cache
        if cache.state is not state or cache.definition_count != Registry.definition_count:
            cache = self._cache = _StackCache(state, Registry.definition_count, {})
        stack = cache.stacks.get(state.active_stack if name is None else name)
        if stack is None:
            stack = self._load_stack(state, get_stack(state, name))
            cache.stacks[stack.name] = stack
        return stack

    def _load_stack(self, state: State, record: StackRecord) -> Stack:
        components, manager = [], None
        for component_type, component_name in record.components.items():
            component = get_component(state, component_type, component_name)
            if component_type is ComponentType.SECRETS_MANAGER:
                manager = self.manager(component)
            else:
                components.append(self._unbound_component(component))
        return Stack(record.name, components, manager, id=record.id)

    def component(self, record: ComponentRecord) -> StackComponent:
        """Return a component whose references resolve in the active stack.

        Raises:
            FlavorUnavailableError: If its flavor is not defined in this process.
            InvalidComponentError: If its attributes no longer match its flavor.
        """
        component = self._unbound_component(record)
        return component.bind_references(_ActiveStackResolver(self, component))

    def _unbound_component(self, record: ComponentRecord) -> StackComponent:
        """Return a component whose references do not resolve yet, because it does not belong to a stack."""
        flavor = _find_flavor(record, lambda: get_flavor(record.type.value, record.flavor))
        config = flavor.from_storage(self._database.attributes(record), clear_names=record.clear_names)
        return StackComponent(record.name, record.type, config, id=record.id, flavor=record.flavor)

    def manager(self, record: ComponentRecord) -> SecretsManager:
        """Return a secrets manager.

        A process has one instance of each manager, until its registration or the class of its flavor changes.

        Raises:
            FlavorUnavailableError: If its flavor is not defined or not usable in this process.
        """
        with self._lock:
            flavor = _find_flavor(record, lambda: get_manager_flavor(record.flavor))
            cached_record, cached_manager = self._managers.get(record.id, (None, None))
            if cached_manager is not None and cached_record == record and type(cached_manager.backend) is flavor:
                return cached_manager
            options = flavor.make_options(self._database.attributes(record))
            context = ManagerContext(
                name=record.name,
                id=record.id,
                folder=self.folder(record),
                origin=self._make_origin(record.id, record.name),
                ask_passphrase=ask_passphrase,
                check_registered=partial(self._check_registered, record),
            )
            manager = SecretsManager(flavor(options, context=context))
            self._managers[record.id] = (record, manager)
            return manager

    def _check_registered(self, record: ComponentRecord) -> None:
        """Raise NoSecretsManagerError if the manager was deleted, possibly by another process."""
        if record.id not in self._database.state(refresh=True).components:
            message = f"The secrets manager {record.name!r} was deleted, so nothing was written."
            raise NoSecretsManagerError(message, hint="List the registered ones: %zen secrets-manager list")

    def manager_by_id(self, manager_id: str, name: str) -> SecretsManager:
        """Return the secrets manager with this id, or else the one with this name.

        A saved value has the id and the name of its manager. If the value is loaded on another machine, the manager with this name may
        have another id there.

        Raises:
            NoSecretsManagerError: If no registered secrets manager has that id or name.
        """
        components = self._database.state().components
        record = components.get(manager_id)
        if record is None:
            managers = (component for component in components.values() if component.type is ComponentType.SECRETS_MANAGER)
            record = next((manager for manager in managers if manager.name == name), None)
        if record is None:
            message = f"The secrets manager {name!r} of a value is not registered here."
            raise NoSecretsManagerError(message, hint=f"Register it: %zen secrets-manager register {name} --flavor=FLAVOR")
        return self.manager(record)


class _ActiveStackResolver:
    """Resolves the references of a component in the active stack."""

    def __init__(self, loader: ComponentLoader, component: StackComponent) -> None:
        self._loader = loader
        self._component = component

    def __str__(self) -> str:
        return str(self._component)

    def resolve(self, text: str) -> str:
        """Return ``text`` with its references resolved; raises NotInStackError if the active stack does not contain the component."""
        stack = self._loader.stack()
        stack_component = stack.components.get(self._component.type)
        if stack_component is None or stack_component.id != self._component.id:
            raise _not_in_stack_error(self._component, stack)
        return stack.resolve(text, str(self._component))

    def reader(self, text: str) -> Callable[[], str]:
        """Return a function that resolves ``text`` on each call, in the stack that is then active."""
        return partial(self.resolve, text)


def _not_in_stack_error(component: StackComponent, stack: Stack) -> NotInStackError:
    """Return the error for resolving references of a component that ``stack`` does not contain."""
    message = f"The references of {component} can't be resolved: it is not part of the active stack {stack.name!r}."
    hint = f"Add it with %stack update {stack.name} --{component.type.command} {component.name}, or activate another stack: %stack set"
    return NotInStackError(message, hint=hint)


def _find_flavor(record: ComponentRecord, find: Callable[[], type[FlavorT]]) -> type[FlavorT]:
    """Return the result of ``find``, the class of a component's flavor.

    Raises:
        FlavorUnavailableError: If ``find`` raises UnknownFlavorError. The message names the component.
    """
    try:
        return find()
    except UnknownFlavorError:
        # The other error is raised below, outside this block, so that a traceback does not show both.
        pass
    message = f"The {record.type.label} {record.name!r} has the flavor {record.flavor!r}, which is not defined here."
    raise FlavorUnavailableError(message, flavor=record.flavor, hint="Run the cell that defines its class, or install its package.")
