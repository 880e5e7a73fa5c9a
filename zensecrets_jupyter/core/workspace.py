"""The workspace: which components and stacks are registered, and which stack is active.

It is kept in one SQLite file under ``ZENSECRETS_HOME``, which several kernels, terminals and servers use at once. Sensitive attributes
that were given as plain values are sealed in it with a data key of the workspace's own.
"""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from zensecrets_jupyter.core import settings
from zensecrets_jupyter.core._admission import (
    Present,
    check_components,
    check_label,
    checked_attributes,
    component_in,
    initial_secrets,
    refuse_taken,
    refuse_taken_stack,
    remaining_components,
    stack_in,
    stored_names,
    way_out_of,
)
from zensecrets_jupyter.core._registrations import ComponentRecord, Registrations, SealedValues, StackRecord, State, Writer
from zensecrets_jupyter.core.errors import (
    FlavorUnavailableError,
    InvalidComponentError,
    InvalidStackError,
    NoSecretsManagerError,
    SettingsError,
    UnknownFlavorError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.interaction import PassphraseWanted, ask_passphrase
from zensecrets_jupyter.core.managers import Capability, ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers import get_flavor as get_manager_flavor
from zensecrets_jupyter.core.names import check_name
from zensecrets_jupyter.core.registry import Registry
from zensecrets_jupyter.core.stack import (
    ComponentType,
    Stack,
    StackComponent,
    StackComponentConfig,
    StackResolver,
    get_flavor,
    not_in_stack,
    resolve_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from zensecrets_jupyter.core.schemas import BaseSecretSchema

_Outcome = TypeVar("_Outcome")
FlavorT = TypeVar("FlavorT", StackComponentConfig, SecretsManager)


class _Opened(NamedTuple):
    """Stacks that were opened, by name: as good as new while nothing is registered and no class is defined anew."""

    state: State | None
    definitions: int
    stacks: dict[str, Stack]


class Workspace:
    """What is registered under one folder.

    Every method that takes a component or a stack by name raises ComponentNotFoundError or StackNotFoundError with near misses where
    there is none; the docstrings name the errors that come on top. A failed call changes nothing.
    """

    def __init__(self, home: Path) -> None:
        """Use ``home``; nothing is created before the first use."""
        self.home = home
        self._registrations = Registrations(home, ask_passphrase)
        self._managers: dict[str, tuple[ComponentRecord, SecretsManager]] = {}
        self._opened = _Opened(None, 0, {})
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        """Return the folder."""
        return f"<Workspace {str(self.home)!r}>"

    @property
    def passphrase_wanted(self) -> PassphraseWanted | None:
        """The passphrase that a person will be asked for when a sensitive attribute is sealed or read; ``None`` if none will be."""
        return self._registrations.passphrase_wanted

    # Components.

    def components(self, component_type: ComponentType | None = None) -> list[ComponentRecord]:
        """Return what is registered of one type, or of all, sorted by type and name."""
        found = self._state().components.values()
        wanted = [record for record in found if component_type in {None, record.type}]
        return sorted(wanted, key=lambda record: (record.type.value, record.name))

    def component(self, component_type: ComponentType, name: str) -> ComponentRecord:
        """Return the registration of a component."""
        return component_in(self._state(), component_type, name)

    def register_component(self, component_type: ComponentType, name: str, flavor: str, attributes: Mapping[str, Any]) -> ComponentRecord:
        """Register a component and return its registration.

        Raises:
            ComponentExistsError: If there is one of that type and name.
            UnknownFlavorError, FlavorUnavailableError: If the flavor is not known or not usable here.
            InvalidComponentError, InvalidOptionsError, InvalidReferenceError: If the name or an attribute is not acceptable.
            UnreadableFileError: If it is a secrets manager that is to take secrets over from a file, and that can't be read.
        """
        check_label(component_type.article, name)
        given, secrets = initial_secrets(component_type, flavor, attributes)
        clear, sensitive = checked_attributes(component_type, flavor, given, Present(), self._names_secret)
        record = self._add_component(component_type, name, flavor, clear, sensitive)
        complete = False
        try:
            with self._taken_over(record, secrets):
                complete = True
        finally:
            if not complete:
                self.delete_component(component_type, name)
        return record

    def update_component(
        self, component_type: ComponentType, name: str, attributes: Mapping[str, Any], *, remove: Iterable[str] = ()
    ) -> ComponentRecord:
        """Set the given attributes of a component, drop those in ``remove``, and return its registration; the others stay.

        Raises:
            InvalidComponentError, InvalidOptionsError, InvalidReferenceError: If the outcome is not acceptable.
            UnreadableFileError, SecretExistsError: If it is a secrets manager that can't take over the secrets of a file.
        """
        record = self.component(component_type, name)
        given, secrets = initial_secrets(component_type, record.flavor, attributes)
        with self._taken_over(record, secrets):
            return self._change_component(component_type, name, given, remove)

    def _change_component(
        self, component_type: ComponentType, name: str, attributes: Mapping[str, Any], remove: Iterable[str]
    ) -> ComponentRecord:
        removed = list(remove)
        while True:
            record = self.component(component_type, name)
            present = self._registrations.attributes(record)
            for attribute in stored_names(record, removed):
                if attribute not in present:
                    message = f"The {component_type.words} {name!r} has no attribute {attribute!r} to remove."
                    raise InvalidComponentError(message, hint=f"Its attributes are {', '.join(present) or 'none'}.")
                del present[attribute]
            kept = Present(present, [attribute for attribute in present if not record.sealed or attribute not in record.sealed.names])
            clear, sensitive = checked_attributes(component_type, record.flavor, attributes, kept, self._names_secret)
            changed = self._write(record.id, sensitive, partial(_change_if_present, record, clear))
            if changed is not None:
                return changed

    def attributes(self, record: ComponentRecord) -> dict[str, Any]:
        """Return the attributes of a component with its sealed values in clear.

        Raises:
            ManagerLockedError: If there are sealed ones and the data key can't be opened.
        """
        return self._registrations.attributes(record)

    def rename_component(self, component_type: ComponentType, name: str, new_name: str) -> ComponentRecord:
        """Give a component another name; stacks keep it.

        Raises:
            ComponentExistsError: If the new name is taken.
            InvalidComponentError: If no component may be called so.
        """
        check_label(component_type.article, new_name)
        with self._registrations.writing() as writer:
            record = component_in(writer.state, component_type, name)
            refuse_taken(writer.state, component_type, new_name)
            return writer.rename_component(record, new_name)

    def copy_component(self, component_type: ComponentType, name: str, new_name: str) -> ComponentRecord:
        """Register a component like another one; the copy of a local secrets manager starts empty. Errors as for registering."""
        check_label(component_type.article, new_name)
        record = self.component(component_type, name)
        clear = self._registrations.attributes(record)
        sensitive = {attribute: clear.pop(attribute) for attribute in (record.sealed.names if record.sealed else ())}
        return self._add_component(component_type, new_name, record.flavor, clear, sensitive)

    def delete_component(self, component_type: ComponentType, name: str) -> None:
        """Forget a component, with the files that a local one kept in the workspace.

        Raises:
            InvalidComponentError: If a stack has it, or if it is a local secrets manager that still holds secrets.
        """
        record = self.component(component_type, name)
        if component_type is ComponentType.SECRETS_MANAGER:
            self._refuse_full(record)
        with self._registrations.writing() as writer:
            record = component_in(writer.state, component_type, name)
            users = [stack.name for stack in writer.state.stacks.values() if stack.components.get(component_type) == name]
            if users:
                message = f"The {component_type.words} {name!r} is part of stack {', '.join(map(repr, sorted(users)))}."
                raise InvalidComponentError(message, hint=way_out_of(users[0], component_type))
            writer.delete_component(record)
        shutil.rmtree(self._folder(record), ignore_errors=True)

    def open_component(self, component_type: ComponentType, name: str) -> StackComponent:
        """Return a component; its references resolve in the active stack, which has to hold it.

        Raises:
            FlavorUnavailableError: If its flavor is not defined in this process.
            InvalidComponentError: If its attributes no longer suit its flavor.
        """
        component = self._bare_component(self.component(component_type, name))
        return component.bind_references(_ActiveStackResolver(self, component))

    def open_manager(self, name: str) -> SecretsManager:
        """Return a secrets manager; one instance a manager and process.

        Raises:
            FlavorUnavailableError: If its flavor is not defined or not usable in this process.
        """
        return self._manager(self.component(ComponentType.SECRETS_MANAGER, name))

    def artifact_folder(self, store: StackComponent) -> Path:
        """Return where a local artifact store keeps what steps return; it need not exist yet.

        Raises:
            SettingsError: If its path begins with the home folder of nobody.
        """
        if not store.path:
            return self.home / "artifact_stores" / store.id
        try:
            return settings.absolute_path(store.path)
        except ValueError as error:
            problem = f"The path of artifact store {store.name!r} can't be used: {error}."
        raise SettingsError(problem, hint=f"Give it another: %zen artifact-store update {store.name} --path=FOLDER")

    # Stacks.

    def stacks(self) -> list[StackRecord]:
        """Return the registered stacks, sorted by name."""
        return sorted(self._state().stacks.values(), key=lambda record: record.name)

    def stack_record(self, name: str | None = None) -> StackRecord:
        """Return the registration of a stack; of the active one where no name is given."""
        return stack_in(self._state(), name)

    def stack(self, name: str | None = None) -> Stack:
        """Return a stack, the active one where no name is given; the same object while nothing changes that it is made of.

        Raises:
            FlavorUnavailableError: If the flavor of a component is not defined in this process.
        """
        state = self._state()
        opened = self._opened
        if opened.state is not state or opened.definitions != Registry.definitions:
            opened = self._opened = _Opened(state, Registry.definitions, {})
        stack = opened.stacks.get(state.active if name is None else name)
        if stack is None:
            stack = self._open_stack(state, stack_in(state, name))
            opened.stacks[stack.name] = stack
        return stack

    def _open_stack(self, state: State, record: StackRecord) -> Stack:
        components, manager = [], None
        for component_type, component_name in record.components.items():
            registration = component_in(state, component_type, component_name)
            if component_type is ComponentType.SECRETS_MANAGER:
                manager = self._manager(registration)
            else:
                components.append(self._bare_component(registration))
        return Stack(record.name, components, manager, id=record.id)

    @property
    def active_stack_name(self) -> str:
        """The name of the active stack."""
        return self._state().active

    def set_active_stack(self, name: str) -> StackRecord:
        """Make a stack the active one and return its registration."""
        with self._registrations.writing() as writer:
            stack_in(writer.state, name)
            return writer.set_active(name)

    def register_stack(self, name: str, components: Mapping[ComponentType, str]) -> StackRecord:
        """Register a stack of components that are registered, and return its registration.

        Raises:
            StackExistsError: If there is one of that name.
            InvalidStackError: If no stack may be called so.
        """
        check_label("a stack", name)
        with self._registrations.writing() as writer:
            refuse_taken_stack(writer.state, name)
            check_components(writer.state, components)
            return writer.add_stack(name, components)

    def update_stack(self, name: str, components: Mapping[ComponentType, str]) -> StackRecord:
        """Put components into a stack, each in place of the one of its type, and return its registration."""
        with self._registrations.writing() as writer:
            record = stack_in(writer.state, name)
            check_components(writer.state, components)
            return writer.change_stack(record, {**record.components, **components})

    def remove_from_stack(self, name: str, component_types: Iterable[ComponentType]) -> StackRecord:
        """Take the components of these types out of a stack and return its registration.

        Raises:
            InvalidStackError: If it has no component of one of the types, or no stack can do without one.
        """
        with self._registrations.writing() as writer:
            record = stack_in(writer.state, name)
            return writer.change_stack(record, remaining_components(record, component_types))

    def rename_stack(self, name: str, new_name: str) -> StackRecord:
        """Give a stack another name; errors as for registering."""
        check_label("a stack", new_name)
        with self._registrations.writing() as writer:
            record = stack_in(writer.state, name)
            refuse_taken_stack(writer.state, new_name)
            return writer.rename_stack(record, new_name)

    def copy_stack(self, name: str, new_name: str) -> StackRecord:
        """Register a stack of the same components; errors as for registering."""
        return self.register_stack(new_name, self.stack_record(name).components)

    def delete_stack(self, name: str) -> None:
        """Forget a stack; its components stay.

        Raises:
            InvalidStackError: If it is the active one.
        """
        with self._registrations.writing() as writer:
            record = stack_in(writer.state, name)
            if record.active:
                message = f"Stack {name!r} is the active one and can't be deleted."
                raise InvalidStackError(message, hint="Make another one active first: %stack set NAME")
            writer.delete_stack(record)

    # What the parts above need.

    def fingerprint(self, text: str) -> str:
        """Return a digest of ``text``, keyed with the workspace's own data key: it tells nothing to who does not have that.

        Raises:
            ManagerLockedError: If the data key is sealed and nobody gives what opens it.
        """
        return self._registrations.fingerprint(text)

    def seal(self, data: bytes) -> tuple[int, bytes]:
        """Return the generation of the workspace's data key, and ``data`` sealed with it.

        Raises:
            ManagerLockedError: If the data key is sealed and nobody gives what opens it.
        """
        return self._registrations.seal_data(data)

    def unseal(self, generation: int, sealed: bytes) -> bytes:
        """Return the data that :meth:`seal` returned ``sealed`` for.

        Raises:
            ManagerLockedError: If the data key is sealed and nobody gives what opens it.
            ManagerCorruptedError: If the key is gone, or the data was altered or sealed in another workspace.
        """
        return self._registrations.unseal_data(generation, sealed)

    def manager_by_identity(self, identity: str, name: str) -> SecretsManager:
        """Return the secrets manager of that identity, or on another machine the one of that name.

        Raises:
            NoSecretsManagerError: If there is neither.
        """
        state = self._state()
        record = state.components.get(identity)
        if record is None:
            named = [found for found in state.components.values() if (found.type, found.name) == (ComponentType.SECRETS_MANAGER, name)]
            record = named[0] if named else None
        if record is None:
            message = f"The secrets manager {name!r}, which a value is to be resolved in, is not registered here."
            raise NoSecretsManagerError(message, hint=f"Register it: %zen secrets-manager register {name} --flavor=FLAVOR")
        return self._manager(record)

    def _state(self) -> State:
        return self._registrations.state()

    def _folder(self, record: ComponentRecord) -> Path:
        return self.home / f"{record.type.value}s" / record.id

    def _manager(self, record: ComponentRecord) -> SecretsManager:
        with self._lock:
            flavor = _defined_here(record, lambda: get_manager_flavor(record.flavor))
            known = self._managers.get(record.id)
            if known and known[0] == record and type(known[1]) is flavor:
                return known[1]
            options = flavor.make_options(self._registrations.attributes(record))
            context = ManagerContext(
                name=record.name,
                id=record.id,
                folder=self._folder(record),
                origin=RegisteredManager(record.id, record.name),
                ask_passphrase=ask_passphrase,
                check_registered=partial(self._check_registered, record),
            )
            manager = flavor(options, context=context)
            self._managers[record.id] = (record, manager)
            return manager

    def _check_registered(self, record: ComponentRecord) -> None:
        if record.id not in self._registrations.state(refresh=True).components:
            message = f"The secrets manager {record.name!r} was deleted, so nothing was written."
            raise NoSecretsManagerError(message, hint="See what there is: %zen secrets-manager list")

    def _bare_component(self, record: ComponentRecord) -> StackComponent:
        flavor = _defined_here(record, lambda: get_flavor(record.type.value, record.flavor))
        clear = [name for name in record.attributes if not record.sealed or name not in record.sealed.names]
        config = flavor.from_stored(self._registrations.attributes(record), clear=clear)
        return StackComponent(record.name, record.type, config, id=record.id, flavor=record.flavor)

    def _add_component(
        self, component_type: ComponentType, name: str, flavor: str, clear: Mapping[str, Any], sensitive: Mapping[str, Any]
    ) -> ComponentRecord:
        identity = str(uuid.uuid4())
        refuse_taken(self._state(), component_type, name)

        def add(writer: Writer, sealed: SealedValues | None) -> ComponentRecord:
            refuse_taken(writer.state, component_type, name)
            return writer.add_component(identity, component_type, name, flavor, clear, sealed)

        return self._write(identity, sensitive, add)

    def _write(self, identity: str, sensitive: Mapping[str, Any], work: Callable[[Writer, SealedValues | None], _Outcome]) -> _Outcome:
        """Return what ``work`` returns in a transaction, given the sensitive attributes of a component as they are stored there."""
        if sensitive:
            return self._registrations.seal(lambda writer: work(writer, writer.sealed(identity, sensitive)))
        with self._registrations.writing() as writer:
            return work(writer, None)

    @contextmanager
    def _taken_over(self, record: ComponentRecord, secrets: Iterable[BaseSecretSchema]) -> Iterator[None]:
        """Register secrets in a manager; if that or what is done with them there fails, none of them stays."""
        done: list[str] = []
        complete = False
        try:
            for secret in secrets:
                self._manager(record).register_secret(secret)
                done.append(secret.name)
            yield
            complete = True
        finally:
            for name in () if complete else done:
                self._manager(record).delete_secret(name)

    def _names_secret(self, text: str) -> bool:
        """Tell whether the active stack's secrets manager lists a secret called ``text``; ``False`` where it can't be asked."""
        try:
            check_name(text)
            manager = self.stack().secrets_manager
            return Capability.LIST in manager.capabilities and text in manager.list_secrets()
        except ZenSecretsError:
            return False

    def _refuse_full(self, record: ComponentRecord) -> None:
        try:
            manager = self._manager(record)
            held = manager.list_secrets() if manager.is_local and Capability.LIST in manager.capabilities else []
        except FlavorUnavailableError:
            return
        if held:
            message = f"Secrets manager {record.name!r} still holds {len(held)} secret{'s' if len(held) > 1 else ''}."
            hint = f"Delete them first, with a stack that has it: %secret cleanup, or keep a copy: %secret export {held[0]} … FILE"
            raise InvalidComponentError(message, hint=hint)


class RegisteredManager:
    """Where values of a registered secrets manager can be resolved again, here or in another process."""

    def __init__(self, identity: str, name: str) -> None:
        """Name the manager by its identity and, for other machines, by its name."""
        self._identity = identity
        self._name = name

    def __repr__(self) -> str:
        """Return the manager's name."""
        return f"<RegisteredManager {self._name!r}>"

    def restore_value(self, template: str) -> str:
        """Return what ``template`` stands for now; errors as :meth:`Stack.resolve` has them."""
        return resolve_text(self._manager(), template)

    def restore_secret(self, name: str) -> Any:
        """Return the secret called ``name`` as it is now; errors as ``get_secret`` has them."""
        return self._manager().get_secret(name)

    def _manager(self) -> SecretsManager:
        return get_workspace().manager_by_identity(self._identity, self._name)


class _ActiveStackResolver:
    """Where a component hangs that was not reached from a stack."""

    def __init__(self, workspace: Workspace, component: StackComponent) -> None:
        self._workspace = workspace
        self._component = component

    def __str__(self) -> str:
        return str(self._component)

    def resolve(self, text: str) -> str:
        """Resolve in the stack that is active now; NotInStackError if that does not hold the component."""
        stack = self._workspace.stack()
        present = stack.components.get(self._component.type)
        if present is None or present.id != self._component.id:
            raise not_in_stack(self._component, stack)
        return StackResolver(stack, str(self._component)).resolve(text)

    def reader(self, text: str) -> Callable[[], str]:
        """Return what resolves ``text`` in the stack that is active when it is called."""
        return partial(self.resolve, text)


_workspaces: dict[tuple[Path, int], Workspace] = {}
_workspaces_lock = threading.Lock()


def get_workspace() -> Workspace:
    """Return the workspace under ``ZENSECRETS_HOME`` as that is set now; one object a folder and process."""
    # A forked process gets objects of its own: a connection to SQLite must not be carried across a fork.
    key = settings.home(), os.getpid()
    workspace = _workspaces.get(key)
    if workspace is None:
        with _workspaces_lock:
            workspace = _workspaces.setdefault(key, Workspace(key[0]))
    return workspace


def _change_if_present(
    record: ComponentRecord, clear: Mapping[str, Any], writer: Writer, sealed: SealedValues | None
) -> ComponentRecord | None:
    """Replace the attributes of a component; return ``None``, and change nothing, if it is no longer what ``record`` says."""
    return writer.change_component(record, clear, sealed) if writer.state.components.get(record.id) == record else None


def _defined_here(record: ComponentRecord, find: Callable[[], type[FlavorT]]) -> type[FlavorT]:
    try:
        return find()
    except UnknownFlavorError:
        pass
    message = f"The {record.type.words} {record.name!r} has the flavor {record.flavor!r}, which is not defined here."
    raise FlavorUnavailableError(message, flavor=record.flavor, hint="Run the cell that defines its class, or install its package.")
