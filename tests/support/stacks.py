"""Stacks and components that are not stored in a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.stack import ComponentType, Stack, StackComponent, get_flavor

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers import SecretsManager


def component(component_type: ComponentType, flavor: str = "custom", name: str = "mine", **attributes: Any) -> StackComponent:
    """Return a component that belongs to no stack."""
    config = get_flavor(component_type.value, flavor)(**attributes)
    return StackComponent(name, component_type, config, id=f"id-of-{name}", flavor=flavor)


def stack(*components: StackComponent, manager: SecretsManager | None, add_defaults: bool = True) -> Stack:
    """Return the stack ``mine``.

    Args:
        components: The components of the stack.
        manager: The secrets manager of the stack.
        add_defaults: Whether a local orchestrator and a local artifact store are added if ``components`` has none.
    """
    types = {stack_component.type for stack_component in components}
    default_types = (ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE) if add_defaults else ()
    defaults = [component(default_type, "local", "default") for default_type in default_types if default_type not in types]
    return Stack("mine", [*defaults, *components], manager, id="the-id")
