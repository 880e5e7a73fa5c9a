"""Flavor × bad weather: each ends in the right typed error, or in success after another try; no secret is lost, halved or shown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.core.managers.climates import CLIMATES
from tests.core.managers.weather import WEATHERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.core.managers.weather import Climate

_ended: dict[tuple[str, str], str] = {}


@pytest.fixture(scope="module", params=CLIMATES)
def climate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Climate]:
    """Make a place, and print the counts of its column when all of it was tried."""
    flavor = request.param
    with CLIMATES[flavor](tmp_path_factory.mktemp(flavor)) as made:
        assert {*made.make, *made.calm, *made.never} == set(WEATHERS), "the column has a hole"
        yield made
    counts = Counter(outcome for (column, _), outcome in _ended.items() if column == flavor)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if capture is not None and reporter is not None:
        with capture.global_and_fixture_disabled():
            reporter.write_line(f"\nbad weather × {flavor}: {told}")


@pytest.mark.parametrize("weather", WEATHERS)
def test_bad_weather(climate: Climate, weather: str) -> None:
    """Whatever the place does, each act ends as the table says, and what was kept is there and whole."""
    _ended[climate.flavor, weather] = climate.outcome(weather)
