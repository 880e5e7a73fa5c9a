"""Tests of docs/guard.md: how values are recognized."""

from __future__ import annotations

import base64
import itertools
import json
import string
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.docs.guard.guard_page import covers
from tests.docs.guard.values import (
    ESCAPING_ENCODERS,
    LEAK_LENGTH,
    is_masked,
    random_number,
    random_value,
    redactor_for,
    value_and_escaped_text,
)
from tests.docs.sentences import normalized
from tests.support.redaction.values import longest_visible, pem
from zensecrets_jupyter.core.redaction import mask_text
from zensecrets_jupyter.core.redaction.encoders import ENCODERS

if TYPE_CHECKING:
    from tests.docs.guard.guarded_kernel import GuardedKernel

SPECIAL_CHARACTERS = "a\"b'c\\d&e<f $g%h"
"""Characters that many encoders escape or quote."""


@covers("**The principle: text that decodes to a value is masked.**")
def test_every_encoding_is_masked() -> None:
    """A value is masked in the output of each of the package's encoders."""
    value = f"{SPECIAL_CHARACTERS}é{random_value()}"
    redactor = redactor_for(value)
    redacted_texts = {name: redactor.redact(f"~~~\n{encode(value)}\n~~~") for name, encode in ENCODERS.items()}
    assert len(redacted_texts) > 80
    assert [name for name, text in redacted_texts.items() if mask_text("a.key") not in text] == []


@covers(
    """The guard searches each text, and each decoded view of the text, for the value and for everything that the value itself decodes
    to."""
)
def test_texts_and_values_are_decoded() -> None:
    """A value is masked if the text contains it, also in base64.

    If the value itself is base64, the decoded value is masked too.
    """
    value = random_value()
    encoded_value = base64.b64encode(value.encode()).decode()
    assert is_masked(value, f"it is {value}.")
    assert is_masked(value, f"it is {encoded_value}.")
    assert is_masked(encoded_value, f"it is {value}.")
    encoded_other_text = base64.b64encode(random_value().encode()).decode()
    assert not is_masked(value, f"it is {encoded_other_text}.")


@covers(
    """**A value** is decoded up to four levels: its text without escapes or quotes; its base64 or hexadecimal digits; the strings and the
    long numbers of its JSON; its lines; the password in a URL, a connection string, `user:password` or a header."""
)
def test_secret_parts_of_a_value_are_masked_alone() -> None:
    """Each secret part of a value is masked in a text without the rest of the value. Other parts of a value are shown."""
    part, number = random_value(), random_number(12)
    # Each case is a value, and a secret part of it in decoded form.
    cases: dict[str, tuple[str, str]] = {
        "itself": (part, part),
        "escapes": (f"{part[:9]}\\u0040\\x41%2F{part[9:]}", f"{part[:9]}@A/{part[9:]}"),
        "quotes": (f'"{part}"', part),
        "base64": (base64.b64encode(part.encode()).decode(), part),
        "hexadecimal": (part.encode().hex(), part),
        "a string of JSON": (json.dumps({"a": [{"b": part}]}), part),
        "a number of JSON": (json.dumps({"account": int(number)}), number),
        "a line": (f"the first line of it\n{part}\nthe third line of it", part),
        "a URL": (f"https://app:{part}@example.com/weather", part),
        "a connection string": (f"Server=db.example.com;Uid=app;Pwd={part};", part),
        "user:password": (f"app:{part}", part),
        "a header": (f"Authorization: Bearer {part}", part),
        # The levels are JSON, the header, base64, and `user:password`.
        "four levels": (json.dumps({"auth": f"Basic {base64.b64encode(f'app:{part}'.encode()).decode()}"}), part),
    }
    # The list has the names of the cases in which the secret part is shown.
    assert [name for name, (value, secret_part) in cases.items() if not is_masked(value, f"it is {secret_part}.")] == []
    for name in ("a URL", "a connection string"):
        value, _ = cases[name]
        assert not is_masked(value, "app at example.com and db.example.com: weather"), name


@covers("""A PEM key that is stored with `\\n` is masked when it is printed with real line ends.""")
def test_a_pem_key_stored_in_one_line_is_masked_in_many_lines() -> None:
    r"""A key that is stored with ``\n`` is masked when it is printed in lines.

    The stored value has a backslash and an n in place of each line end. The lines with BEGIN and END are no secrets.
    """
    key = pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8)
    redacted_text = redactor_for(key.replace("\n", "\\n")).redact(f"it is\n{key}")
    assert [line for line in key.splitlines()[1:-1] if longest_visible(line, redacted_text) >= LEAK_LENGTH] == []
    assert mask_text("a.key") in redacted_text


@covers("If a stored file contains a secret, the file's names, hosts and lines of plain words are not masked.")
def test_other_parts_of_a_file_are_not_masked() -> None:
    """If the value is a settings file, the password in it is masked alone, and the other parts of the file are shown."""
    password = random_value()
    file = f"import os\nfrom pathlib import Path\nDATABASE = 'postgresql://app:{password}@db.example.com/weather'\nprint(os.getcwd())\n"
    assert is_masked(file, f"it is {password}.")
    for harmless_text in ("import os\n", "print(os.getcwd())\n", "app at db.example.com/weather\n", "DATABASE = 1\n"):
        assert not is_masked(file, harmless_text), harmless_text


ENCODERS_BY_PHRASE = {
    "escapes of programming languages": (
        "repr",
        "ascii",
        "bytes repr",
        "JSON",
        "JSON of .NET",
        "JavaScript",
        "Java",
        "C",
        "hexadecimal escapes",
        "long escapes",
        "names of characters",
    ),
    "shells": ("shell", "shell with backslashes", "shell, ANSI C", "PowerShell", "cmd"),
    "HTML": ("HTML", "HTML by number", "HTML by hexadecimal number", "in HTML spans"),
    "XML": ("XML",),
    "URLs": ("URL", "URL form", "URL in lower case", "URL, every byte"),
    "LaTeX": ("LaTeX",),
    "terminals": ("terminal colors",),
    "base64 in every alphabet": ("base64", "base64url", "UTF-7 of IMAP"),
    "alignment": ("base64 after one byte", "base64 after two bytes"),
    "wrapped or not": ("base64 in lines of 76", "base64 in lines of 20", "base64 in YAML"),
    "base32 and base85": ("base32", "base85", "Ascii85"),
    "hexadecimal digits with any separator": (
        "hexadecimal",
        "upper hexadecimal",
        "hexadecimal with colons",
        "hexadecimal with blanks",
        "hexadecimal with dashes",
    ),
    "dumps of bytes": ("xxd", "xxd without addresses", "hexdump", "hexdump -C", "od", "od -c", "curl --trace"),
    "lists of numbers": ("list of bytes", "list of code points", "C array", "Unicode numbers"),
    "mail encodings": ("quoted-printable", "encoded words, Q", "encoded words, B", "UTF-7 of IMAP"),
    "cells of tables": ("wrapped table", "wrapped table of pipes"),
    "literals that are wrapped": ("adjacent literals",),
    "UTF-16": ("UTF-16", "UTF-16 repr", "base64 of UTF-16", "hexadecimal of UTF-16"),
}
"""Phrases of :data:`DECODED_SENTENCE`, each with the names of its encoders."""
DECODED_SENTENCE = """
    **A text** is decoded where it looks encoded: escapes of programming languages, shells, HTML, XML, URLs, LaTeX and terminals;
    base64 in every alphabet and alignment, wrapped or not; base32 and base85; hexadecimal digits with any separator, dumps of bytes,
    lists of numbers; mail encodings; cells of tables and literals that are wrapped; UTF-16."""


@covers(DECODED_SENTENCE)
def test_every_listed_encoding_is_decoded() -> None:
    """A value is masked in each encoding that the sentence lists."""
    value = f"{SPECIAL_CHARACTERS}é{random_value()}"
    redactor = redactor_for(value)
    for phrase, names in ENCODERS_BY_PHRASE.items():
        assert phrase in normalized(DECODED_SENTENCE)
        for name in names:
            text = ENCODERS[name](value)
            redacted_text = redactor.redact(f"before\n{text}\nbehind")
            assert mask_text("a.key") in redacted_text, name
            # The last 24 characters are the random part of the value.
            assert longest_visible(value[-24:], redacted_text) < LEAK_LENGTH, name
            assert redacted_text.startswith("before"), name
            assert redacted_text.endswith("behind"), name


@covers("Up to two encodings inside each other are decoded; escapes are decoded up to four times.")
def test_two_encodings_and_four_escapes_are_decoded() -> None:
    """Any two of ten usual encodings are decoded, one inside the other.

    Escapes are decoded four times.
    """
    value = f"{SPECIAL_CHARACTERS}é{random_value()}"
    redactor = redactor_for(value)
    usual_encoders = (
        "repr",
        "JSON",
        "HTML",
        "URL",
        "base64",
        "base64url",
        "base32",
        "hexadecimal",
        "hexadecimal with colons",
        "list of bytes",
    )
    for outer, inner in itertools.product(usual_encoders, repeat=2):
        assert mask_text("a.key") in redactor.redact(f"<{ENCODERS[outer](ENCODERS[inner](value))}>"), (inner, outer)
    for name in ESCAPING_ENCODERS:
        assert is_masked(*value_and_escaped_text(name, 4)), name


@covers("**Quoting and spacing** do not matter for a value of twelve letters or more: only its letters and digits are compared.")
@covers(
    """Between two letters, the text may have quotes, escapes or line ends that the value does not have there, other white space, or one
    additional character that is the same at every place."""
)
def test_quoting_and_spacing_do_not_matter() -> None:
    """A value of twelve letters is masked with quotes, line ends or one repeated character between its letters.

    With other text between them, it is not masked.
    """
    value = random_value(12, string.ascii_lowercase)
    spellings = (
        f"'{value}'",
        f"'{value[:6]}' '{value[6:]}'",
        f'{value[:6]}""{value[6:]}',
        f"{value[:6]}\n    {value[6:]}",
        " ".join(value),
        f"{value[:6]}\\\n{value[6:]}",
    )
    assert [text for text in spellings if not is_masked(value, f"it is {text}.")] == []
    value_with_spaces = f"{value[:4]} {value[4:8]} {value[8:]}"
    assert is_masked(value_with_spaces, value_with_spaces.replace(" ", "\n"))
    assert is_masked(value_with_spaces, value_with_spaces.replace(" ", "   "))
    value_with_quote = f"{value[:4]}'{value[4:]}"
    # In a quoted text, a shell writes a quote as `'\''`.
    assert is_masked(value_with_quote, f"{value[:4]}'\\''{value[4:]}")
    assert not is_masked(value, f"{value[:6]} and {value[6:]}")
    assert is_masked(value, f"{value[:4]}@{value[4:8]}@{value[8:]}")
    assert not is_masked(value, f"{value[:4]}@{value[4:8]}!{value[8:]}")


@covers(
    """**Case** does not matter for a value of 16 letters or more; a value of seven letters or more is also masked in upper case and in
    lower case."""
)
@covers(
    """A value is not recognized if it has six letters and is in another case, or if it has fewer than 16 letters and is in mixed case."""
)
@covers(
    """A value that is shown without its punctuation is not recognized, unless only dashes are missing and the value has twelve letters or
    more."""
)
def test_case_and_punctuation_have_limits() -> None:
    """For each limit, one value is masked, and one beyond the limit is shown."""
    value = random_value(16, string.ascii_lowercase)
    assert is_masked(value, in_mixed_case(value))
    assert not is_masked(value[:15], in_mixed_case(value[:15]))
    assert is_masked(value[:7], value[:7].upper())
    assert is_masked(value[:7].upper(), value[:7])
    assert not is_masked(value[:6], value[:6].upper())
    value_with_dashes = "-".join(random_value(4) for _ in range(5))
    assert is_masked(value_with_dashes, value_with_dashes.replace("-", ""))
    # Eleven characters of this value are nine letters and two dashes.
    assert not is_masked(value_with_dashes[:11], value_with_dashes[:11].replace("-", ""))
    value_with_dots = ".".join(random_value(4) for _ in range(5))
    assert is_masked(value_with_dots, value_with_dots)
    assert not is_masked(value_with_dots, value_with_dots.replace(".", ""))


def in_mixed_case(text: str) -> str:
    """Return a text with every second letter in upper case."""
    return "".join(letter.upper() if index % 2 else letter.lower() for index, letter in enumerate(text))


@covers(
    """**A part of a value** is masked if it has twelve characters or more, unchanged, at the beginning or the end of the value; of a long
    token, any part of 36 letters or more is masked."""
)
@covers("Fewer than 16 digits of base64 and fewer than 24 hexadecimal digits are not decoded, unless a value is that short.")
@pytest.mark.parametrize(
    ("value", "encoder", "minimum"),
    [
        (random_value(30), "plain", 12),
        ("-".join(random_value(20)), "plain", 12),
        (random_value(30), "base64", 16),
        (random_value(30), "hexadecimal", 24),
    ],
    ids=["letters", "letters and dashes", "base64", "hexadecimal digits"],
)
def test_a_part_at_either_end_is_masked(value: str, encoder: str, minimum: int) -> None:
    """A part at either end is masked if it has ``minimum`` characters or more.

    A shorter part is shown. The parts are from the encoded value. Twelve bytes are 16 digits of base64, or 24 hexadecimal digits.
    """
    text = ENCODERS[encoder](value)
    redactor = redactor_for(value)
    for part in (text[:minimum], text[-minimum:]):
        assert redactor.redact(f"({part}…)") != f"({part}…)"
    for part in (text[: minimum - 1], text[1 - minimum :]):
        assert redactor.redact(f"({part}…)") == f"({part}…)"


@covers(
    """**A part of a value** is masked if it has twelve characters or more, unchanged, at the beginning or the end of the value; of a long
    token, any part of 36 letters or more is masked."""
)
def test_36_letters_of_a_long_token_are_masked() -> None:
    """36 consecutive letters from the middle of a token are masked; eleven are shown."""
    token = random_value(200)
    redactor = redactor_for(token)
    # The parts do not contain the first and the last twelve letters, which are masked because they are the ends of the token.
    parts = [token[start : start + 36] for start in range(12, len(token) - 36 - 12)]
    assert [part for part in parts if mask_text("a.key") not in redactor.redact(f"<{part}>")] == []
    assert [part[:11] for part in parts if redactor.redact(f"<{part[:11]}>") != f"<{part[:11]}>"] == []


@covers("A prefix that identifies the type of a token, such as `ghp_`, does not count.")
def test_the_prefix_of_a_token_does_not_count() -> None:
    """The beginning of a token is masked if it has twelve letters after the prefix, and shown if it has eleven."""
    token = f"ghp_{random_value(36)}"
    redactor = redactor_for(token)
    begin, shorter_begin = token[: len("ghp_") + 12], token[: len("ghp_") + 11]
    assert redactor.redact(f"({begin}…)") == f"({mask_text('a.key')}…)"
    assert redactor.redact(f"({shorter_begin}…)") == f"({shorter_begin}…)"


@covers("A beginning and an end with an ellipsis between them are masked together.")
@pytest.mark.parametrize("ellipsis", ["...", "…", "[...]"])
def test_two_ends_around_an_ellipsis_are_masked_together(ellipsis: str) -> None:
    """A short beginning and a short end are masked only if both are there."""
    value = random_value(24)
    redactor = redactor_for(value)
    assert redactor.redact(f"({value[:8]}{ellipsis}{value[-4:]})") == f"({mask_text('a.key')})"
    for text in (f"({value[:8]}{ellipsis})", f"({ellipsis}{value[-4:]})"):
        assert redactor.redact(text) == text


@covers("**A number** is masked in a text, unless it is part of a longer number or of hexadecimal digits.")
def test_a_number_is_masked_in_a_text() -> None:
    """A number is masked next to a sign or an ordinary word.

    It is shown inside a longer number, a fraction or hexadecimal digits.
    """
    number = random_number(8)
    for text in (f"PIN {number}.", f"({number})", f"pin={number}", f"no{number}!"):
        assert is_masked(number, text), text
    for text in (f"1{number}", f"{number}0", f"{number}.5", f"0.{number}", f"a{number}f", f"0bad{number}"):
        assert not is_masked(number, text), text


@covers("In JSON, figures, widget state, scripts and drawings, a number stays a number.")
def test_a_number_stays_a_number_in_data(guarded_kernel: GuardedKernel) -> None:
    """If a value consists of digits, a number with these digits is unchanged, and a text with them is masked."""
    number = int(random_number(8))
    guarded_kernel.protect(str(number), "door.pin")
    mask = "‹secret:door.pin›"
    guarded_kernel.set_variables(number=number)
    json_cell = "from IPython.display import JSON\nJSON({'a': [number], 'b': str(number)})"
    json_data: list[Any] = [*guarded_kernel.run(json_cell).displayed_data("application/json")]
    assert json_data == [{"a": [number], "b": mask}]
    figure_cell = """
import plotly.graph_objects as go
from IPython.display import display
display(go.Figure(go.Bar(x=[str(number)], y=[number])))
"""
    figures: list[Any] = [*guarded_kernel.run(figure_cell).displayed_data("application/vnd.plotly.v1+json")]
    assert [(trace["x"], trace["y"]) for trace in figures[0]["data"]] == [([mask], [number])]
    messages = guarded_kernel.run("import ipywidgets\n_ = ipywidgets.IntText(number), ipywidgets.Text(str(number))").messages
    widget_states = [message["content"]["data"]["state"] for message in messages if message["msg_type"] == "comm_open"]
    assert [state["value"] for state in widget_states if "value" in state] == [number, mask]
    script_in_html = "from IPython.display import HTML\nHTML(f'<script>draw([{number}, \"{number}\"])</script>')"
    assert guarded_kernel.run(script_in_html).displayed_data("text/html") == [f'<script>draw([{number}, "{mask}"])</script>']
    # The drawing below also uses this import.
    script = "from IPython.display import SVG, Javascript\nJavascript(f'draw({number}, \"{number}\")')"
    assert guarded_kernel.run(script).displayed_data("application/javascript") == [f'draw({number}, "{mask}")']
    drawing = 'SVG(f\'<svg xmlns="http://www.w3.org/2000/svg"><text x="{number}">{number}</text></svg>\')'
    assert guarded_kernel.run(drawing).displayed_data("image/svg+xml") == [
        f'<svg xmlns="http://www.w3.org/2000/svg"><text x="{number}">{mask}</text></svg>'
    ]


@covers("A value that arrives in two pieces is masked too.")
@covers(
    """A few characters that may be the beginning of a value wait for the next piece, for 50 ms at most; all other text is shown
    immediately."""
)
def test_a_value_in_two_pieces_is_masked(guarded_kernel: GuardedKernel) -> None:
    """A value is masked wherever it is split.

    If only the beginning of a value is printed, it is shown while the cell still runs. Other text is also shown while the cell runs.
    """
    value = random_value()
    guarded_kernel.protect(value, "pieces.key")
    result = guarded_kernel.run(
        "for position in range(1, len(value)): print(value[:position], end='', flush=True); print(value[position:])"
    )
    # A value of 24 characters can be split at 23 positions.
    assert result.stream("stdout") == "‹secret:pieces.key›\n" * 23
    assert guarded_kernel.leaked_length(value) < LEAK_LENGTH
    # The cell calls `display` a second after `print`. The difference of the times shows whether the printed text waited.
    cell = "import time; from IPython.display import display\nprint({}, end='', flush=True); time.sleep(1); display(0)"
    for expression, text in (("value[:6]", value[:6]), ("'Epoch 1\\n'", "Epoch 1\n")):
        messages = guarded_kernel.run(cell.format(expression)).messages
        print_message, display_message = [message for message in messages if message["msg_type"] in {"stream", "display_data"}]
        assert print_message["content"]["text"] == text
        assert (display_message["header"]["date"] - print_message["header"]["date"]).total_seconds() > 0.3
