"""Surfaces that may contain a leaked value: files, messages, storage and the page."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import nbformat
from nbconvert import HTMLExporter

from tests.browser.notebooks import save
from zensecrets_jupyter.testing.canary import find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Lab

READ_STORAGE = """async () => {
    const contents = [JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage})];
    for (const {name} of await indexedDB.databases()) {
        const database = await new Promise((resolve, reject) => {
            const opening = indexedDB.open(name);
            opening.onsuccess = () => resolve(opening.result);
            opening.onerror = () => reject(opening.error);
        });
        for (const store of database.objectStoreNames) {
            contents.push(await new Promise((resolve, reject) => {
                const reading = database.transaction(store).objectStore(store).getAll();
                reading.onsuccess = () => resolve(JSON.stringify(reading.result));
                reading.onerror = () => reject(reading.error);
            }));
        }
        database.close();
    }
    return contents;
}"""


class NetworkTraffic(NamedTuple):
    """The messages on a page's websockets in both directions, and its requests."""

    frames: list[bytes]
    requests: list[str]


def collect_surfaces(app: Lab, page: Page, traffic: NetworkTraffic, name: str) -> dict[str, str | bytes | Path]:
    """Return the content or path of each surface by its name."""
    saved = save(app, page, name)
    history = app.home / "ipython" / "profile_default" / "history.sqlite"
    with closing(sqlite3.connect(history)) as connection:
        rows = connection.execute("SELECT * FROM history").fetchall()
    return {
        "notebook": saved,
        "everything that was written, with checkpoints, logs and the store": app.home,
        "export": HTMLExporter().from_notebook_node(nbformat.reads(saved, as_version=4))[0],
        "history": repr(rows),
        "websocket": b"\n".join(traffic.frames),
        "requests": "\n".join(traffic.requests),
        "page": page.content(),
        "fields": json.dumps(page.evaluate("[...document.querySelectorAll('input, textarea')].map(field => field.value)")),
        "storage": "\n".join(page.evaluate(READ_STORAGE)),
    }


def surfaces_with_canary(surfaces: dict[str, str | bytes | Path]) -> list[str]:
    """Return the names of the surfaces that contain a canary."""
    return [name for name, content in surfaces.items() if find_canary(content)]
