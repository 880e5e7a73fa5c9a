"""The widget of a form. Its synchronised traits contain no information about a value."""

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

from zensecrets_jupyter.commands.framework.active_manager import active_manager
from zensecrets_jupyter.commands.secrets.forms import register_form, update_form
from zensecrets_jupyter.contract.form import FORM_MIME, WIDGET_MIME, ClosedForm, FormOutput
from zensecrets_jupyter.core import names, schemas
from zensecrets_jupyter.core.errors import InteractionUnavailableError
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.notebook.form.session import FormSession
from zensecrets_jupyter.notebook.front_end import WIDGET_FOLDER, can_await_forms, can_make_forms, can_show_forms
from zensecrets_jupyter.notebook.prompt_asker import make_prompt_asker

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from zensecrets_jupyter.commands.asking.form_request import FormRequest
    from zensecrets_jupyter.commands.framework.outcome import Outcome
    from zensecrets_jupyter.core.schemas import BaseSecretSchema

_open_forms: weakref.WeakSet[FormWidget] = weakref.WeakSet()
"""Forms that wait for the user."""
_ended_forms: list[FormWidget] = []
"""Forms that have ended since the newest form was created.

Their widgets are not closed at once, because they have to receive and refuse late messages of front ends.
"""


class FormWidget(anywidget.AnyWidget):
    """A form for a request. A cell shows it by displaying or awaiting the widget."""

    _esm = traitlets.Unicode().tag(sync=True)
    """The JavaScript module that anywidget runs in the browser."""
    form = traitlets.Dict(read_only=True).tag(sync=True)
    """The state of the form, which the script displays."""

    def __init__(self, request: FormRequest) -> None:
        """Create a form for ``request``.

        Raises:
            InteractionUnavailableError: If the code runs outside of IPython, where no form can be shown.
        """
        shell = get_ipython()
        if shell is None:
            raise InteractionUnavailableError(
                "A form needs IPython or a notebook.", hint="Register secrets in a terminal: zensecrets secret register"
            )
        _close_ended_widgets()
        super().__init__(_esm=_script("form.js") if can_make_forms() else "")
        self._shell = shell
        self._display_id = f"zensecrets-{self.model_id}"
        # Whether the form is in the output of a cell. The session knows whether a front end has displayed it.
        self._has_output = False
        # The event loop of each cell that awaits the form, and the future that ends its waiting.
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        # The number comes from the list of inputs, because releases of IPython increase the execution count at different times.
        description = f"The form of cell [{len(shell.user_ns['In']) - 1}]"
        self._session = FormSession(self.model_id, request, description, self._update, getattr(shell, "kernel", shell).log.warning)
        self._synchronise()
        _open_forms.add(self)

    @property
    def session(self) -> FormSession:
        """The session of the form."""
        return self._session

    def __repr__(self) -> str:
        """Return the purpose of the form, or its outcome."""
        return f"<{type(self).__name__}: {self._session.line}>"

    def _ipython_display_(self) -> None:
        if not self._has_output and not can_show_forms(self._shell):
            self._session.ask_through(make_prompt_asker(self._shell))
            return
        # With the same display identifier, the line of the ended form replaces the form in the notebook.
        display(self._mime_bundle(), raw=True, display_id=self._display_id, update=self._has_output)
        self._has_output = True

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait until the form ends, and return its result; see :meth:`result`."""
        return self._wait().__await__()

    def result(self) -> Any:
        """Return the result of a submitted form.

        Raises:
            InteractionCancelledError: If the form was cancelled.
        """
        if self._session.problem is not None:
            raise self._session.problem
        return self._result_for(self._session.outcome)

    def _handle_msg(self, message: Mapping[str, Any]) -> None:
        """Process a message of a front end; ipywidgets calls this method.

        The inherited method would accept any state from a front end, but no front end may set the state of a form. It would also print a
        traceback for a malformed message.
        """
        content = message.get("content")
        data = content.get("data") if isinstance(content, dict) else None
        method = data.get("method") if isinstance(data, dict) else None
        if method == "request_state":
            self.send_state()
        else:
            self._session.receive(data.get("content") if isinstance(data, dict) and method == "custom" else None)

    def _result_for(self, outcome: Outcome | None) -> Any:
        """Return the result of awaiting the form, for the outcome of its command."""
        return outcome.value if outcome is not None else None

    async def _wait(self) -> Any:
        if self._session.is_open and not self._has_output:
            self._ipython_display_()
        if self._session.is_open:
            if not can_await_forms(self._shell):
                _raise_unsupported()
            loop = asyncio.get_running_loop()
            ended: asyncio.Future[None] = loop.create_future()
            self._waiters.append((loop, ended))
            await ended
        return self.result()

    def _synchronise(self) -> None:
        self.set_trait("form", self._session.state.model_dump(mode="json"))

    def _update(self) -> None:
        """Display the changed state of the session; FormSession calls this method.

        After the end of the session, the cells that await the form continue.
        """
        if self._session.is_open:
            self._synchronise()
            return
        # Jupyter may save the widget with its script in the notebook, so an ended form gets a small script.
        with self.hold_sync():
            self._synchronise()
            self.set_trait("_esm", _script("line.js"))
        _open_forms.discard(self)
        _ended_forms.append(self)
        if self._has_output:
            self._ipython_display_()
        for loop, ended in self._waiters:
            # The event loop of the waiting cell may be closed.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_resolve, ended)
        self._waiters.clear()

    def _mime_bundle(self) -> dict[str, Any]:
        state = self._session.state
        if isinstance(state, ClosedForm):
            return {"text/plain": "\n".join([state.line, *state.details])}
        output = FormOutput(model_id=self.model_id, line=self._session.line)
        return {
            # ipywidgets' own MIME type has no field `line`.
            WIDGET_MIME: output.model_dump(exclude={"line"}),
            FORM_MIME: output.model_dump(),
            "text/plain": output.line,
        }


class SecretForm(FormWidget):
    """A form for the values of a secret, which the browser encrypts for the kernel.

    Display it like any widget, or write ``secret = await SecretForm("openai")``. The await expression waits for the submission and returns
    the secret; it needs ipykernel 7.4 or newer. If the secret exists, it is updated, and an empty field keeps the stored value.
    """

    def __init__(self, name: str, *, schema: str = "arbitrary", keys: Sequence[str] | None = None) -> None:
        """Create a form for the secrets manager of the active stack.

        Args:
            name: The name of the secret.
            schema: The type of the secret's schema; an existing secret keeps its schema.
            keys: The keys to ask for; by default the keys of the schema.

        Raises:
            InvalidSecretError: If the name or a key is invalid.
            SchemaError: If no schema has that type.
            NoSecretsManagerError: If the active stack has no secrets manager.
            InteractionUnavailableError: If the code runs outside of IPython.
        """
        names.check_name(name)
        manager = self._manager = active_manager()
        self._name = name
        checked_keys = None if keys is None else [names.check_key(key, name=name) for key in keys]
        if name in manager.list_secrets():
            request = update_form(manager, manager.get_secret(name), keys=checked_keys, values={})
        else:
            request = register_form(manager, name, schemas.get_schema(schema), keys=checked_keys, values={})
        super().__init__(request)

    def _result_for(self, _outcome: Outcome | None) -> BaseSecretSchema:
        return self._manager.get_secret(self._name)


def dismiss_all(reason: str) -> None:
    """Close every open form, and show ``reason`` in its place."""
    for form in list(_open_forms):
        form.session.dismiss(reason)


def _close_ended_widgets() -> None:
    """Close the widgets of ended forms; their lines stay displayed.

    ipywidgets keeps a widget until it is closed or the kernel ends.
    """
    while _ended_forms:
        form = _ended_forms.pop()
        form.layout.close()
        form.close()


@cache
def _read_script(name: str) -> str:
    return (WIDGET_FOLDER / name).read_text(encoding="utf-8")


def _script(name: str) -> str:
    """Return a script for the browser, and exempt it from redaction.

    Otherwise the redactor would search the whole script for each form.
    """
    text = _read_script(name)
    the_redactor().allow(text)
    return text


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _raise_unsupported() -> NoReturn:
    message = "This kernel does not receive the form's messages while a cell waits for it."
    raise InteractionUnavailableError(message, hint="Submit the form, and await it in the next cell; or install ipykernel 7.4 or newer.")
