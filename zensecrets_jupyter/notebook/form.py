"""The form on the screen: a widget whose traits never hold a value, nor anything about one."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

import anywidget
import traitlets
from IPython.core.getipython import get_ipython
from IPython.display import display

from zensecrets_jupyter.commands.framework.active_manager import manager_of
from zensecrets_jupyter.commands.secrets.forms import register_question, update_question
from zensecrets_jupyter.core import names, schemas
from zensecrets_jupyter.core.errors import InteractionUnavailableError
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.notebook import wire
from zensecrets_jupyter.notebook.form_session import FormSession
from zensecrets_jupyter.notebook.front_end import MODULES, can_await_forms, can_make_forms, shows_forms
from zensecrets_jupyter.notebook.prompting import prompter

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from zensecrets_jupyter.commands.asking.form_request import Question
    from zensecrets_jupyter.commands.framework.outcome import Outcome
    from zensecrets_jupyter.core.schemas import BaseSecretSchema

_open: weakref.WeakSet[FormWidget] = weakref.WeakSet()
_ended: list[FormWidget] = []
"""Forms that ended since the last one was made: until then what front ends still send to them is heard, and refused."""


class FormWidget(anywidget.AnyWidget):
    """A form that puts a question to a person; showing it, or awaiting it, puts it on the screen."""

    _esm = traitlets.Unicode().tag(sync=True)
    form = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, question: Question) -> None:
        """Make a form for ``question``.

        Raises:
            InteractionUnavailableError: If this is no notebook and no console: there is nobody to ask.
        """
        shell = get_ipython()
        if shell is None:
            raise InteractionUnavailableError(
                "Nobody is there to be asked.", hint="Register secrets in a terminal: zensecrets secret register"
            )
        _let_go_of_ended()
        super().__init__(_esm=_script("form.js") if can_make_forms() else "")
        self._shell = shell
        self._display = f"zensecrets-{self.model_id}"
        self._is_shown = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        # The inputs hold the running cell already; when the count goes up differs between releases of IPython.
        where = f"The form of cell [{len(shell.user_ns['In']) - 1}]"
        self._session = FormSession(self.model_id, question, where, self._update, getattr(shell, "kernel", shell).log.warning)
        self.set_trait("form", self._session.state)
        _open.add(self)

    @property
    def session(self) -> FormSession:
        """The question, and how far it is."""
        return self._session

    def __repr__(self) -> str:
        """Return what the form is for, or what came of it."""
        return f"<{type(self).__name__}: {self._session.line}>"

    def _ipython_display_(self) -> None:
        if not self._is_shown and not shows_forms(self._shell):
            self._session.ask_through(prompter(self._shell))
            return
        # Under an identity of its own, so that what is left of the form can take its place in the notebook.
        display(self._bundle(), raw=True, display_id=self._display, update=self._is_shown)
        self._is_shown = True

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait until the form is submitted, and return what came of it; see :meth:`result`."""
        return self._wait().__await__()

    def result(self) -> Any:
        """Return what came of a form that was submitted.

        Raises:
            InteractionCancelledError: If it was cancelled.
        """
        if self._session.problem is not None:
            raise self._session.problem
        return self._value(self._session.outcome)

    def _handle_msg(self, message: Mapping[str, Any]) -> None:
        """Take a message of a front end; ipywidgets calls this.

        A form has nothing that a front end sets: its own would take any state, and show a traceback for a message that is none.
        """
        content = message.get("content")
        data = content.get("data") if isinstance(content, dict) else None
        method = data.get("method") if isinstance(data, dict) else None
        if method == "request_state":
            self.send_state()
        else:
            self._session.receive(data.get("content") if isinstance(data, dict) and method == "custom" else None)

    def _value(self, outcome: Outcome | None) -> Any:
        return outcome.value if outcome is not None else None

    async def _wait(self) -> Any:
        if self._session.is_open and not self._is_shown:
            self._ipython_display_()
        if self._session.is_open:
            if not can_await_forms(self._shell):
                _refuse_waiting()
            loop = asyncio.get_running_loop()
            submitted: asyncio.Future[None] = loop.create_future()
            self._waiting.append((loop, submitted))
            await submitted
        return self.result()

    def _update(self) -> None:
        if self._session.is_open:
            self.set_trait("form", self._session.state)
            return
        # The line that is left needs no more than this, and it is what a notebook saves where it saves the state of widgets.
        with self.hold_sync():
            self.set_trait("form", self._session.state)
            self.set_trait("_esm", _script("line.js"))
        _open.discard(self)
        _ended.append(self)
        if self._is_shown:
            self._ipython_display_()
        for loop, submitted in self._waiting:
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(_resolve, submitted)
        self._waiting.clear()

    def _bundle(self) -> dict[str, Any]:
        state = self._session.state
        if not self._session.is_open:
            return {"text/plain": "\n".join([state["line"], *state["details"]])}
        view = {"version_major": 2, "version_minor": 1, "model_id": self.model_id}
        line = self._session.line
        return {wire.WIDGET_MIME: view, wire.FORM_MIME: {**view, "line": line}, "text/plain": line}


class SecretForm(FormWidget):
    """A form in which a person types the values of a secret; they reach the kernel sealed, and nothing else of the notebook.

    Show it as any widget, or ``secret = await SecretForm("openai")``: that waits until the form is submitted, which takes ipykernel 7.4
    or newer, and gives the secret. A secret that is there already is updated, and an empty field then keeps what is stored.
    """

    def __init__(self, name: str, *, schema: str = "arbitrary", keys: Sequence[str] | None = None) -> None:
        """Make a form for the active stack's secrets manager.

        Args:
            name: The secret.
            schema: The type of its schema; of a secret that is there already, its own holds.
            keys: The keys to ask for; by default all that the schema names.

        Raises:
            InvalidSecretError: If the name or a key is not acceptable.
            SchemaError: If there is no schema of that type.
            NoSecretsManagerError: If the active stack has no secrets manager.
            InteractionUnavailableError: If this is no notebook and no console.
        """
        names.check_name(name)
        manager = self._manager = manager_of()
        self._name = name
        wanted = None if keys is None else [names.check_key(key, name=name) for key in keys]
        if name in manager.list_secrets():
            question = update_question(manager, manager.get_secret(name), keys=wanted, given={})
        else:
            question = register_question(manager, name, schemas.get_schema(schema), keys=wanted, given={})
        super().__init__(question)

    def _value(self, _outcome: Outcome | None) -> BaseSecretSchema:
        return self._manager.get_secret(self._name)


def dismiss_all(reason: str) -> None:
    """Close every form that waits; ``reason`` is the line that is left of each."""
    for form in list(_open):
        form.session.dismiss(reason)


def _let_go_of_ended() -> None:
    """Close the widgets of forms that have ended, which ipywidgets would keep as long as the kernel runs; their line stays shown."""
    while _ended:
        form = _ended.pop()
        form.layout.close()
        form.close()


@cache
def _read_script(name: str) -> str:
    return (MODULES / name).read_text(encoding="utf-8")


def _script(name: str) -> str:
    """Return a script of the browser's half; the guard, which would look through it for each form, lets it pass."""
    text = _read_script(name)
    the_redactor().allow(text)
    return text


def _resolve(submitted: asyncio.Future[None]) -> None:
    if not submitted.done():
        submitted.set_result(None)


def _refuse_waiting() -> NoReturn:
    message = "This kernel can't be told of the form while a cell waits for it."
    raise InteractionUnavailableError(message, hint="Await it in the next cell, once it is submitted, or install ipykernel 7.4 or newer.")
