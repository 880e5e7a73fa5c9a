"""Every channel of a real kernel and every form of a value, each with its own canary: nothing gets out, and without the guard all does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.notebook.guard.channels import CELLS, CHANNELS, PREPARE, QUOTING, REQUESTS
from tests.support.kernels import running_kernel
from tests.support.leaks import FORMS, LeakSearch, PlantedValue, message_texts, plant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.once

OFF = "from zensecrets_jupyter.notebook.guard import guard_of; guard_of(get_ipython()).turn_off()"


@pytest.fixture
def planted(tmp_path: Path) -> dict[tuple[str, str], PlantedValue]:
    """Return what is planted, which lies in files for the kernel."""
    everything = plant(CHANNELS, QUOTING)
    texts: dict[str, list[str]] = {channel: [] for channel in CHANNELS}
    for (channel, _), one in everything.items():
        texts[channel].append(one.text)
    (tmp_path / "planted.json").write_text(json.dumps(texts))
    (tmp_path / "values.json").write_text(json.dumps([value for one in everything.values() for value in one.values]))
    return everything


@pytest.fixture
def kernel(tmp_path: Path, planted: dict[tuple[str, str], PlantedValue]) -> Iterator[Kernel]:
    """Return a guarded kernel that knows what is planted."""
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run(PREPARE.format(folder=str(tmp_path))).ok
        yield kernel


def _play(kernel: Kernel, folder: Path) -> list[bytes]:
    """Use every channel, and return all that came out."""
    for channel in CHANNELS:
        assert kernel.run(f"use({channel!r})").ok
        if channel in CELLS:
            kernel.run(CELLS[channel])
        else:
            REQUESTS[channel](kernel)
    # What is held back is out after this, and what is written to descriptors too.
    kernel.run("time.sleep(0.3)")
    return [*message_texts(kernel.record), (folder / "app.log").read_bytes(), (folder / "kernel.log").read_bytes()]


def test_nothing_gets_out(kernel: Kernel, planted: dict[tuple[str, str], PlantedValue], tmp_path: Path) -> None:
    """Of all that was planted, in more than 25 channels and 15 forms, nothing is in a message, a log file or the kernel's own log."""
    assert len(CHANNELS) >= 25
    assert len(FORMS) >= 15
    leaks = LeakSearch(planted).leaks(*_play(kernel, tmp_path))
    assert sorted(leaks) == []


def test_without_the_guard_nearly_everything_gets_out(kernel: Kernel, planted: dict[tuple[str, str], PlantedValue], tmp_path: Path) -> None:
    """The same with the guard off finds what was planted in every channel: the test above can fail."""
    assert kernel.run(OFF).ok
    leaks = LeakSearch(planted, window=0).leaks(*_play(kernel, tmp_path))
    assert {channel for channel, _ in leaks} == set(CHANNELS)
    assert {form for _, form in leaks} == set(FORMS)
    assert len(leaks) >= 0.9 * len(planted)
