"""Stacks without a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.stack import ComponentType, Stack, StackComponent, get_flavor

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers import SecretsManager


def component(component_type: ComponentType, flavor: str = "custom", name: str = "mine", **attributes: Any) -> StackComponent:
    """Return a component that belongs to no stack."""
    config = get_flavor(component_type.value, flavor)(**attributes)
    return StackComponent(name, component_type, config, id=f"id-of-{name}", flavor=flavor)


def stack(*components: StackComponent, manager: SecretsManager | None, complete: bool = True) -> Stack:
    """Return the stack ``mine``; if ``complete``, with a local orchestrator and artifact store."""
    defaults = [component(kind, "local", "default") for kind in (ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE)]
    given_types = {item.type for item in components}
    return Stack(
        "mine",
        [*(item for item in defaults if complete and item.type not in given_types), *components],
        manager,
        id="the-id",
    )
