"""Fault tests: every flavor with every fault.

An operation raises the right error, or succeeds on a retry. No secret is lost, damaged or shown in an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.faults.cases import FAULT_CASES
from tests.support.faults.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.faults.cases import FaultScenario

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.


@pytest.fixture(scope="module", params=SCENARIOS)
def scenario(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultScenario]:
    """Yield the scenario of each flavor, which must have an entry for every fault."""
    flavor = request.param
    with SCENARIOS[flavor](tmp_path_factory.mktemp(flavor)) as opened_scenario:
        assert {
            *opened_scenario.faults,
            *opened_scenario.faults_without_injection,
            *opened_scenario.impossible_faults,
        } == set(FAULT_CASES), "the scenario has an entry for every fault"
        yield opened_scenario


@pytest.mark.parametrize("fault", FAULT_CASES)
def test_fault(scenario: FaultScenario, fault: str, count_outcome: Callable[[str, str], None]) -> None:
    """Each operation has an allowed result, and the stored secrets stay whole.

    pytest prints the results in a table for each flavor, which ``count_outcome`` fills.
    """
    count_outcome(f"faults × {scenario.flavor}", scenario.run(fault))
