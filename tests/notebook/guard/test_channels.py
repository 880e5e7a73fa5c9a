"""Tests of every output channel of a kernel with a value in every encoding."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.notebook.guard.channels import CELLS, CHANNELS, ESCAPING_CHANNELS, PREPARE, REQUESTS
from tests.support.kernels import running_kernel
from tests.support.leaks import ENCODINGS, LeakSearch, PlantedValue, message_texts, plant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.one_python

TURN_GUARD_OFF = "from zensecrets_jupyter.notebook.guard import guard_of; guard_of(get_ipython()).turn_off()"


@pytest.fixture
def planted(tmp_path: Path) -> dict[tuple[str, str], PlantedValue]:
    """Return the planted values by channel and encoding, and write them to files."""
    values = plant(CHANNELS, ESCAPING_CHANNELS)
    texts: dict[str, list[str]] = {channel: [] for channel in CHANNELS}
    for (channel, _), planted_value in values.items():
        texts[channel].append(planted_value.text)
    (tmp_path / "planted.json").write_text(json.dumps(texts))
    (tmp_path / "values.json").write_text(json.dumps([value for planted_value in values.values() for value in planted_value.values]))
    return values


@pytest.fixture
def kernel(tmp_path: Path, planted: dict[tuple[str, str], PlantedValue]) -> Iterator[Kernel]:
    """Return a kernel in which the planted values are protected."""
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run(PREPARE.format(folder=str(tmp_path))).ok
        yield kernel


def _use_all_channels(kernel: Kernel, folder: Path) -> list[bytes]:
    """Use every channel, and return all output."""
    for channel in CHANNELS:
        assert kernel.run(f"use({channel!r})").ok
        if channel in CELLS:
            kernel.run(CELLS[channel])
        else:
            REQUESTS[channel](kernel)
    # During this pause, the guard sends the output of file descriptors, and text that it holds back as a possible beginning of a value.
    kernel.run("time.sleep(0.3)")
    return [*message_texts(kernel.record), (folder / "app.log").read_bytes(), (folder / "kernel.log").read_bytes()]


def test_no_output_contains_a_planted_value(kernel: Kernel, planted: dict[tuple[str, str], PlantedValue], tmp_path: Path) -> None:
    """No message, log file or output of the kernel's process contains a planted value.

    There are at least 25 channels and 15 encodings.
    """
    assert len(CHANNELS) >= 25
    assert len(ENCODINGS) >= 15
    leaks = LeakSearch(planted).leaks(*_use_all_channels(kernel, tmp_path))
    assert sorted(leaks) == []


def test_every_channel_shows_its_value_without_the_guard(
    kernel: Kernel, planted: dict[tuple[str, str], PlantedValue], tmp_path: Path
) -> None:
    """With the guard off, the same search finds values in every channel.

    This shows that the test of the masked output can fail.
    """
    assert kernel.run(TURN_GUARD_OFF).ok
    # With window 0, the search finds only whole texts. Some channels change a text, for example by escapes, so a few are not found.
    leaks = LeakSearch(planted, window=0).leaks(*_use_all_channels(kernel, tmp_path))
    assert {channel for channel, _ in leaks} == set(CHANNELS)
    assert {encoding for _, encoding in leaks} == set(ENCODINGS)
    assert len(leaks) >= 0.9 * len(planted)
