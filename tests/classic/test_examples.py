"""Scripts for ZenML 0.20 work with this package if it replaces ``zenml`` in their imports.

The scripts run one after the other in the process of pytest.
"""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING

import pytest

from tests.classic.examples import examples_in, replace_package
from zensecrets_jupyter import Client
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = examples_in("examples_020.md")
COMPONENTS: dict[ComponentType, tuple[str, dict[str, str]]] = {
    ComponentType.STEP_OPERATOR: ("custom", {}),
    ComponentType.EXPERIMENT_TRACKER: (
        "mlflow",
        {"tracking_uri": "https://tracking.example.com", "tracking_token": "{{services.tracking}}"},
    ),
    ComponentType.ALERTER: ("slack", {"slack_token": "{{services.slack}}", "default_slack_channel_id": "C0"}),
    ComponentType.ANNOTATOR: ("label_studio", {"authentication_secret": "{{services.labels}}"}),
}
"""The flavor and the attributes of each component that the scripts use. The name of a component is its flavor."""


def test_twelve_scripts_exist() -> None:
    """All twelve scripts of the Markdown file are found."""
    assert len(EXAMPLES) == 12


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_succeeds(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each script succeeds, and no value is in the output or in a file."""
    _set_up()
    script = tmp_path / "run.py"
    script.write_text(replace_package(EXAMPLES[name], "zenml", "zensecrets_jupyter"))
    runpy.run_path(str(script), run_name="__main__")
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1] == f"{name}: done"
    assert find_canary(printed.out + printed.err) == []
    assert find_canary(tmp_path) == []


def _set_up() -> None:
    """Register the secrets and components that the scripts use."""
    client = Client()
    # The script for Label Studio checks that its secret begins with "ls-".
    values = {"tracking": canary("tracking"), "slack": canary("slack"), "labels": f"ls-{canary('labels')}"}
    client.secrets_manager.register_secret(ArbitrarySecretSchema(name="services", arbitrary_kv_pairs=values))
    for component_type, (flavor, attributes) in COMPONENTS.items():
        client.workspace.register_component(component_type, flavor, flavor, attributes)
    client.workspace.update_stack("default", {component_type: flavor for component_type, (flavor, _) in COMPONENTS.items()})
