"""Flavor × bad weather: each ends in the right typed error, or in success after another try; no secret is lost, halved or shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.faults.cases import WEATHERS
from tests.support.faults.scenarios import CLIMATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.faults.cases import Climate

pytestmark = pytest.mark.once


@pytest.fixture(scope="module", params=CLIMATES)
def climate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Climate]:
    """Make a place, whose column of the table has no hole."""
    flavor = request.param
    with CLIMATES[flavor](tmp_path_factory.mktemp(flavor)) as made:
        assert {*made.make, *made.calm, *made.never} == set(WEATHERS), "the column has a hole"
        yield made


@pytest.mark.parametrize("weather", WEATHERS)
def test_bad_weather(climate: Climate, weather: str, counted: Callable[[str, str], None]) -> None:
    """Whatever the place does, each act ends as the table says, and what was kept is there and whole."""
    counted(f"bad weather × {climate.flavor}", climate.outcome(weather))
