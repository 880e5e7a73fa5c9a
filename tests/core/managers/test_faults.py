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
    """Yield the scenario of each flavor.

    Each fault must be in one of three attributes: it is injected, it needs no injection, or it is impossible for the flavor.
    """
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
    """Each operation has an allowed result, and no stored secret is lost or damaged.

    ``count_outcome`` counts the results. After all tests, pytest prints one table of them for each flavor.
    """
    count_outcome(f"faults × {scenario.flavor}", scenario.run(fault))
