"""A fake front end for forms, which sends the messages of a browser to a real kernel."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from nacl.public import PublicKey, SealedBox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.kernels import CellResult, Kernel

FORM_MIME = "application/vnd.zensecrets.form+json"


class FormClient:
    """A front end that displays one form.

    Attributes:
        bundle: The MIME bundle of the form.
        id: The identifier of the form.
        state: The latest state of the form.
        updates: The MIME bundles that replaced the displayed form after the last message.
    """

    def __init__(self, kernel: Kernel, result: CellResult) -> None:
        """Display the form in the output of a cell."""
        displays = [message for message in result.messages if message["msg_type"] == "display_data"]
        bundles = [message["content"]["data"] for message in displays if FORM_MIME in message["content"]["data"]]
        assert len(bundles) == 1, f"{len(bundles)} forms were shown. {result.error}"
        self.bundle = bundles[0]
        self.id: str = self.bundle[FORM_MIME]["model_id"]
        self._kernel = kernel
        self.state = self._latest_state(result.messages)

    def submit(self, *sections: Mapping[str, str], removed: Sequence[str] = (), passphrase: str | None = None, **changes: Any) -> None:
        """Encrypt values and submit them.

        Args:
            sections: For each section of the form, the typed values by key.
            removed: The keys that the user has removed, in every section.
            passphrase: The typed passphrase, if the form asks for one.
            changes: Fields that replace fields of the submission, for invalid messages.
        """
        self.send(self._submission(sections, removed, passphrase, changes))

    def submit_while(self, cell_request: str, *sections: Mapping[str, str]) -> list[dict[str, Any]]:
        """Submit while the cell of ``cell_request`` waits, and return the messages about the cell until its end."""
        return self.send_while(cell_request, self._submission(sections, (), None, {}))

    def send_while(self, cell_request: str, content: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Send a message while the cell of ``cell_request`` waits, and return the messages about the cell until its end."""
        self._send(content)
        return self._kernel.read_messages(cell_request)

    def _submission(
        self, sections: Sequence[Mapping[str, str]], removed: Sequence[str], passphrase: str | None, changes: Mapping[str, Any]
    ) -> dict[str, Any]:
        # The real front end fills "pad" with spaces, to hide the length of the values.
        message = {
            "form_id": self.id,
            "attempt": self.state["attempt"],
            "sections": [{"values": list(values.items()), "removed": list(removed)} for values in sections],
            "passphrase": passphrase,
            "pad": "",
            **changes,
        }
        return {"kind": "submit", "sealed": self.seal(message)}

    def _send(self, content: Mapping[str, Any]) -> str:
        return self._kernel.send_comm(self.id, {"method": "custom", "content": dict(content)})

    def seal(self, message: object, key: str = "") -> str:
        """Encrypt a message with the current public key of the form.

        A test can pass another public key, in base64.
        """
        box = SealedBox(PublicKey(base64.b64decode(key or self.state["public_key"])))
        return base64.b64encode(box.encrypt(json.dumps(message).encode())).decode()

    def send(self, content: Mapping[str, Any]) -> None:
        """Send a message as the widget does, and update the state from the replies."""
        messages = self._kernel.read_messages(self._send(content))
        self.updates = [message["content"]["data"] for message in messages if message["msg_type"] == "update_display_data"]
        self.state = self._latest_state(messages, self.state)

    def read_state(self, result: CellResult) -> None:
        """Update the state from the messages of another cell."""
        self.state = self._latest_state(result.messages, self.state)

    def _latest_state(self, messages: Sequence[Mapping[str, Any]], earlier_state: dict[str, Any] | None = None) -> dict[str, Any]:
        state = earlier_state
        for message in messages:
            content = message["content"]
            if message["msg_type"] in {"comm_open", "comm_msg"} and content["comm_id"] == self.id:
                state = content["data"].get("state", {}).get("form", state)
        assert state is not None
        return state
