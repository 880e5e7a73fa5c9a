"""Non-interactive input: values come from environment variables, or an error names the missing values."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.asking.form_request import Answer, FormRequest, Section
from zensecrets_jupyter.core.errors import InteractionUnavailableError
from zensecrets_jupyter.core.settings import PASSPHRASE_VARIABLE
from zensecrets_jupyter.core.system.text_encoding import decode_system_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zensecrets_jupyter.commands.asking.form_request import Choice
    from zensecrets_jupyter.commands.framework.outcome import Outcome

VARIABLE_PREFIX = "ZENSECRETS_SECRET_"
"""The prefix of environment variables with values: ``ZENSECRETS_SECRET_<NAME>_<KEY>``."""


class NonInteractiveAsker:
    """Asker for runs without a person, such as CI.

    It reads values from environment variables. If a required value is missing, it raises an error, or declines the request's offer.
    """

    def ask(self, request: FormRequest) -> Outcome:
        """See :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.ask`."""
        answers = {section.subject: Answer(_from_environment(section, request.sections)) for section in request.sections}
        missing_names = [name for section in request.sections for name in _missing_names(section, answers[section.subject])]
        if not missing_names and any(answer.values for answer in answers.values()):
            return request.continuation.run(answers)
        if request.offer is not None:
            return request.offer.outcome_if_declined
        # If no value is required, and no variable is set, the error names all values.
        needed_names = missing_names or [name for section in request.sections for name in _names_of_section(section)]
        message = f"Non-interactive input: the command needs {', '.join(needed_names)}."
        raise InteractionUnavailableError(message, hint=request.alternative or _passing_hint(request.sections, len(needed_names)))

    def ask_passphrase(self, prompt: str, *, confirm: bool = False) -> str:
        """See :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.ask_passphrase`."""
        del confirm
        message = f"Non-interactive input: the command needs a passphrase ({prompt.strip().rstrip(':')})."
        raise InteractionUnavailableError(message, hint=f"Set {PASSPHRASE_VARIABLE}.")

    def confirm(self, question: str) -> bool:
        """See :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.confirm`."""
        raise InteractionUnavailableError(f"Non-interactive input: the command asks {question}", hint="Add -y to answer yes.")

    def choose(self, question: str, choices: Sequence[Choice], *, alternative: str) -> str:
        """See :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.choose`."""
        del choices
        raise InteractionUnavailableError(f"Non-interactive input: the command asks {question}", hint=alternative)


def variable_name(name: str, key: str) -> str:
    """Return the name of the environment variable for the value of a secret's key.

    Letters are upper case, and characters other than letters and digits become ``_``. For example, the variable of the key ``api-key`` of
    the secret ``openai`` is ``ZENSECRETS_SECRET_OPENAI_API_KEY``.
    """
    return f"{VARIABLE_PREFIX}{_upper_case_name(name)}_{_upper_case_name(key)}"


def _upper_case_name(text: str) -> str:
    return re.sub(r"\W", "_", text, flags=re.ASCII).upper()


def _from_environment(section: Section, sections: Iterable[Section]) -> dict[str, str]:
    """Return the values that environment variables contain for the keys of a secret's section; none for a component."""
    if not section.schema:
        return {}
    if section.any_key and not section.fields:
        prefix = variable_name(section.subject, "")
        # The section accepts any key, so the key is the rest of the variable's name in lower case, as keys usually are.
        return {
            variable[len(prefix) :].lower(): decode_system_text(value)
            for variable, value in sorted(os.environ.items())
            if variable.startswith(prefix)
        }
    # Names and keys may contain '_', so key c of secret a_b and key b_c of secret a have the same variable. Such a variable is ignored.
    use_counts = Counter(variable_name(other.subject, field.key) for other in sections for field in other.fields)
    variables = {field.key: variable_name(section.subject, field.key) for field in section.fields}
    return {
        key: decode_system_text(os.environ[variable])
        for key, variable in variables.items()
        if use_counts[variable] == 1 and os.environ.get(variable)
    }


def _missing_names(section: Section, answer: Answer) -> list[str]:
    """Return the names ``secret.key`` of required values that have neither an answer nor a current value."""
    if section.any_key and not section.fields and not answer.values:
        return _names_of_section(section)
    return [
        f"{section.subject}.{field.key}"
        for field in section.fields
        if field.required and not field.current_value_label and not answer.values.get(field.key)
    ]


def _names_of_section(section: Section) -> list[str]:
    return [f"{section.subject}.{field.key}" for field in section.fields] or [f"the keys of {section.subject}"]


def _passing_hint(sections: Iterable[Section], count: int) -> str:
    """Return a hint with the ways to pass ``count`` missing values: options of commands, or environment variables."""
    commands = "; ".join(_command_with_options(section) for section in sections if section.command)
    variables = [variable_name(section.subject, field.key) for section in sections if section.schema for field in section.fields]
    variables += [f"{variable_name(section.subject, '')}KEY" for section in sections if section.schema and not section.fields]
    alternatives = [text for text in (commands, f"set {', '.join(variables)}" if variables else "") if text]
    return f"To pass {'them' if count > 1 else 'it'}: {', or '.join(alternatives)}" if alternatives else ""


def _command_with_options(section: Section) -> str:
    """Return the section's command with an option for each required value.

    If the section has only one value, the value gets an option even if it is optional.
    """
    arguments = [f"--{field.key}=@FILE" for field in section.fields if field.required or len(section.fields) == 1]
    return " ".join([section.command, *(arguments or ["--KEY=@FILE"])])
