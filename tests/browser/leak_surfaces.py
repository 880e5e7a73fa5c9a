"""Functions that search all surfaces for leaked values.

A surface is data that may contain a leaked value: files, messages, the storage of the browser, and the page. The values of the tests are
canaries, so the search for canaries finds every value.
"""

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
            const openRequest = indexedDB.open(name);
            openRequest.onsuccess = () => resolve(openRequest.result);
            openRequest.onerror = () => reject(openRequest.error);
        });
        for (const store of database.objectStoreNames) {
            contents.push(await new Promise((resolve, reject) => {
                const readRequest = database.transaction(store).objectStore(store).getAll();
                readRequest.onsuccess = () => resolve(JSON.stringify(readRequest.result));
                readRequest.onerror = () => reject(readRequest.error);
            }));
        }
        database.close();
    }
    return contents;
}"""
"""JavaScript that returns a list of texts: the contents of the page's local storage, session storage and databases."""


class NetworkTraffic(NamedTuple):
    """The network traffic of a page.

    Attributes:
        frames: The messages on the websockets, in both directions.
        requests: The URL of each HTTP request, a space, and the ``repr`` of its data.
    """

    frames: list[bytes]
    requests: list[str]


def collect_surfaces(app: Lab, page: Page, traffic: NetworkTraffic, name: str) -> dict[str, str | bytes | Path]:
    """Save a notebook, and return the surfaces.

    Args:
        app: The server.
        page: The page with the open notebook.
        traffic: The traffic of the page.
        name: The file name of the notebook.

    Returns:
        The content of each surface, or the path of a folder, by the name of the surface.
    """
    notebook = save(app, page, name)
    # IPython stores each executed cell in this database.
    history = app.home / "ipython" / "profile_default" / "history.sqlite"
    with closing(sqlite3.connect(history)) as connection:
        rows = connection.execute("SELECT * FROM history").fetchall()
    return {
        "notebook": notebook,
        "everything that was written, with checkpoints, logs and the store": app.home,
        "export": HTMLExporter().from_notebook_node(nbformat.reads(notebook, as_version=4))[0],
        "history": repr(rows),
        "websocket": b"\n".join(traffic.frames),
        "requests": "\n".join(traffic.requests),
        "page": page.content(),
        # `page.content()` does not contain the texts that are typed into fields.
        "fields": json.dumps(page.evaluate("[...document.querySelectorAll('input, textarea')].map(field => field.value)")),
        "storage": "\n".join(page.evaluate(READ_STORAGE)),
    }


def surfaces_with_canary(surfaces: dict[str, str | bytes | Path]) -> list[str]:
    """Return the names of the surfaces that contain a canary."""
    return [name for name, content in surfaces.items() if find_canary(content)]
