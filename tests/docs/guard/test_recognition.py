"""Tests of docs/guard.md: how values are recognized."""

from __future__ import annotations

import base64
import json
import string
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.docs.guard.guard_page import covers
from tests.docs.guard.values import ESCAPING, LEAK, escaped, is_masked, random_number, random_value, redactor_for
from tests.support.redaction.values import longest_visible, pem
from zensecrets_jupyter.core.redaction import mask_text
from zensecrets_jupyter.core.redaction.encoders import ENCODERS

if TYPE_CHECKING:
    from tests.docs.guard.guarded_kernel import GuardedKernel

SPECIAL_CHARACTERS = "a\"b'c\\d&e<f $g%h"
"""Characters that encoders write differently."""


@covers("**The principle: text that decodes to a value is masked.**")
def test_every_encoding_is_masked() -> None:
    """A value is masked in the output of every encoder."""
    value = f"{SPECIAL_CHARACTERS}é{random_value()}"
    redactor = redactor_for(value)
    assert [name for name, encode in ENCODERS.items() if mask_text("a.key") not in redactor.redact(f"~~~\n{encode(value)}\n~~~")] == []
    assert len(ENCODERS) > 80


@covers(
    """The guard searches each text, and each decoded view of the text, for the value and for everything that the value itself decodes
    to."""
)
def test_texts_and_values_are_decoded() -> None:
    """A value is masked as it is, encoded, and decoded."""
    value = random_value()
    encoded = base64.b64encode(value.encode()).decode()
    assert is_masked(value, f"it is {value}.")
    assert is_masked(value, f"it is {encoded}.")
    assert is_masked(encoded, f"it is {value}.")
    other = random_value()
    assert not is_masked(value, f"it is {base64.b64encode(other.encode()).decode()}.")


@covers(
    """**A value** is decoded up to four levels: its text without escapes or quotes; its base64 or hexadecimal digits; the strings and the
    long numbers of its JSON; its lines; the password in a URL, a connection string, `user:password` or a header."""
)
def test_secret_parts_of_a_value_are_masked_alone() -> None:
    """Each secret part of a value is masked alone; other parts are shown."""
    part, number = random_value(), random_number(12)
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
        "four levels": (json.dumps({"auth": f"Basic {base64.b64encode(f'app:{part}'.encode()).decode()}"}), part),
    }
    assert [name for name, (value, text) in cases.items() if not is_masked(value, f"it is {text}.")] == []
    for name in ("a URL", "a connection string"):
        assert not is_masked(cases[name][0], "app at example.com and db.example.com: weather"), name


@covers("""A PEM key that is stored with `\\n` is masked when it is printed with real line ends.""")
def test_a_pem_key_stored_in_one_line_is_masked_in_many_lines() -> None:
    """No line of the key is shown."""
    key = pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8)
    shown = redactor_for(key.replace("\n", "\\n")).redact(f"it is\n{key}")
    assert [line for line in key.splitlines()[1:-1] if longest_visible(line, shown) >= LEAK] == []
    assert mask_text("a.key") in shown


@covers("If a stored file contains a secret, the file's names, hosts and lines of plain words are not masked.")
def test_other_parts_of_a_file_are_not_masked() -> None:
    """The secret in a settings file is masked; its other parts are shown."""
    secret = random_value()
    text = f"import os\nfrom pathlib import Path\nDATABASE = 'postgresql://app:{secret}@db.example.com/weather'\nprint(os.getcwd())\n"
    assert is_masked(text, f"it is {secret}.")
    for shown in ("import os\n", "print(os.getcwd())\n", "app at db.example.com/weather\n", "DATABASE = 1\n"):
        assert not is_masked(text, shown), shown


DECODED = {
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
"""Phrases of the next sentence, each with its encoders."""
DECODED_SENTENCE = """
    **A text** is decoded where it looks encoded: escapes of programming languages, shells, HTML, XML, URLs, LaTeX and terminals;
    base64 in every alphabet and alignment, wrapped or not; base32 and base85; hexadecimal digits with any separator, dumps of bytes,
    lists of numbers; mail encodings; cells of tables and literals that are wrapped; UTF-16."""


@covers(DECODED_SENTENCE)
def test_every_listed_encoding_is_decoded() -> None:
    """A value is masked in each encoding that the sentence lists."""
    value = f"{SPECIAL_CHARACTERS}é{random_value()}"
    redactor = redactor_for(value)
    for phrase, names in DECODED.items():
        assert phrase in " ".join(DECODED_SENTENCE.split())
        for name in names:
            text = ENCODERS[name](value)
            shown = redactor.redact(f"before\n{text}\nbehind")
            assert mask_text("a.key") in shown, name
            assert longest_visible(value[-24:], shown) < LEAK, name
            assert (shown.startswith("before"), shown.endswith("behind")) == (True, True), name


@covers("Up to two encodings inside each other are decoded; escapes are decoded up to four times.")
def test_two_encodings_and_four_escapes_are_decoded() -> None:
    """Any two usual encodings are decoded, and each escape up to four times."""
    value = f"{SPECIAL_CHARACTERS}é{random_value()}"
    redactor = redactor_for(value)
    usual = ("repr", "JSON", "HTML", "URL", "base64", "base64url", "base32", "hexadecimal", "hexadecimal with colons", "list of bytes")
    for outer in usual:
        for inner in usual:
            assert mask_text("a.key") in redactor.redact(f"<{ENCODERS[outer](ENCODERS[inner](value))}>"), (inner, outer)
    for name in ESCAPING:
        assert is_masked(*escaped(name, 4)), name


@covers("**Quoting and spacing** do not matter for a value of twelve letters or more: only its letters and digits are compared.")
@covers(
    """Between two letters, the text may have quotes, escapes or line ends that the value does not have there, other white space, or one
    additional character that is the same at every place."""
)
def test_quoting_and_spacing_do_not_matter() -> None:
    """Twelve letters are masked with quotes, line ends or one character between them.

    With other text between them, they are not masked.
    """
    least = 12
    value = random_value(least, string.ascii_lowercase)
    spellings = (
        f"'{value}'",
        f"'{value[:6]}' '{value[6:]}'",
        f'{value[:6]}""{value[6:]}',
        f"{value[:6]}\n    {value[6:]}",
        " ".join(value),
        f"{value[:6]}\\\n{value[6:]}",
    )
    assert [text for text in spellings if not is_masked(value, f"it is {text}.")] == []
    blank = f"{value[:4]} {value[4:8]} {value[8:]}"
    assert [text for text in (blank.replace(" ", "\n"), blank.replace(" ", "   ")) if not is_masked(blank, text)] == []
    quote = f"{value[:4]}'{value[4:]}"
    assert is_masked(quote, f"{value[:4]}'\\''{value[4:]}")
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
    """Each limit of the sentences is tested from both sides, for case and for punctuation."""
    any_case, one_case = 16, 7
    value = random_value(any_case, string.ascii_lowercase)
    assert is_masked(value, mixed(value))
    assert not is_masked(value[:-1], mixed(value[:-1]))
    assert is_masked(value[:one_case], value[:one_case].upper())
    assert is_masked(value[:one_case].upper(), value[:one_case])
    assert not is_masked(value[: one_case - 1], value[: one_case - 1].upper())
    groups = "-".join(random_value(4) for _ in range(5))
    assert is_masked(groups, groups.replace("-", ""))
    assert not is_masked(groups[:11], groups[:11].replace("-", ""))
    dotted = ".".join(random_value(4) for _ in range(5))
    assert is_masked(dotted, dotted)
    assert not is_masked(dotted, dotted.replace(".", ""))


def mixed(text: str) -> str:
    """Return a text with every second letter in upper case."""
    return "".join(letter.upper() if index % 2 else letter.lower() for index, letter in enumerate(text))


@covers(
    """**A part of a value** is masked if it has twelve characters or more, unchanged, at the beginning or the end of the value; of a long
    token, any part of 36 letters or more is masked."""
)
@covers("Fewer than 16 digits of base64 and fewer than 24 hexadecimal digits are not decoded, unless a value is that short.")
@pytest.mark.parametrize("kind", ["letters", "signs", "base64", "hexadecimal digits"])
def test_a_part_at_either_end_is_masked(kind: str) -> None:
    """A part at either end is masked only from the minimal length on."""
    least = {"hexadecimal digits": 24, "base64": 16}.get(kind, 12)
    value = "-".join(random_value(20)) if kind == "signs" else random_value(30)
    text = ENCODERS[{"hexadecimal digits": "hexadecimal"}.get(kind, kind)](value) if kind not in {"letters", "signs"} else value
    redactor = redactor_for(value)
    for part in (text[:least], text[-least:]):
        assert redactor.redact(f"({part}…)") != f"({part}…)"
    for part in (text[: least - 1], text[1 - least :]):
        assert redactor.redact(f"({part}…)") == f"({part}…)"


@covers(
    """**A part of a value** is masked if it has twelve characters or more, unchanged, at the beginning or the end of the value; of a long
    token, any part of 36 letters or more is masked."""
)
def test_36_letters_of_a_long_token_are_masked() -> None:
    """Any 36 letters of a token are masked; eleven are shown."""
    least = 36
    token = random_value(200)
    redactor = redactor_for(token)
    starts = range(12, len(token) - least - 12)
    parts = [token[start : start + least] for start in starts]
    assert [part for part in parts if mask_text("a.key") not in redactor.redact(f"<{part}>")] == []
    assert [part[:11] for part in parts if redactor.redact(f"<{part[:11]}>") != f"<{part[:11]}>"] == []


@covers("A prefix that identifies the type of a token, such as `ghp_`, does not count.")
def test_the_prefix_of_a_token_does_not_count() -> None:
    """Twelve letters after the prefix are masked, eleven are shown."""
    token = f"ghp_{random_value(36)}"
    redactor = redactor_for(token)
    assert redactor.redact(f"({token[:16]}…)") == f"({mask_text('a.key')}…)"
    assert redactor.redact(f"({token[:15]}…)") == f"({token[:15]}…)"


@covers("A beginning and an end with an ellipsis between them are masked together.")
@pytest.mark.parametrize("ellipsis", ["...", "…", "[...]"])
def test_two_ends_around_an_ellipsis_are_masked_together(ellipsis: str) -> None:
    """A short beginning and a short end are masked together, but not alone."""
    value = random_value(24)
    redactor = redactor_for(value)
    assert redactor.redact(f"({value[:8]}{ellipsis}{value[-4:]})") == f"({mask_text('a.key')})"
    for text in (f"({value[:8]}{ellipsis})", f"({ellipsis}{value[-4:]})"):
        assert redactor.redact(text) == text


@covers("**A number** is masked in a text, unless it is part of a longer number or of hexadecimal digits.")
def test_a_number_is_masked_in_a_text() -> None:
    """A number is masked alone and between letters.

    It is shown inside a longer number, a fraction or hexadecimal digits.
    """
    number = random_number(8)
    for text in (f"PIN {number}.", f"({number})", f"pin={number}", f"no{number}!"):
        assert is_masked(number, text), text
    for text in (f"1{number}", f"{number}0", f"{number}.5", f"0.{number}", f"a{number}f", f"0bad{number}"):
        assert not is_masked(number, text), text


@covers("In JSON, figures, widget state, scripts and drawings, a number stays a number.")
def test_a_number_stays_a_number_in_data(guarded: GuardedKernel) -> None:
    """A number with a value's digits is unchanged; text with these digits is masked."""
    number = int(random_number(8))
    guarded.protect(str(number), "door.pin")
    masked = "‹secret:door.pin›"
    guarded.set_variables(number=number)
    shown: list[Any] = [*guarded.run("from IPython.display import JSON\nJSON({'a': [number], 'b': str(number)})").shown("application/json")]
    assert shown == [{"a": [number], "b": masked}]
    figure = "import plotly.graph_objects as go\nfigure = go.Figure(go.Bar(x=[str(number)], y=[number]))\n"
    bundle: list[Any] = [
        *guarded.run(f"{figure}from IPython.display import display\ndisplay(figure)").shown("application/vnd.plotly.v1+json")
    ]
    assert [(trace["x"], trace["y"]) for trace in bundle[0]["data"]] == [([masked], [number])]
    states = guarded.run("import ipywidgets\n_ = ipywidgets.IntText(number), ipywidgets.Text(str(number))").messages
    opened = [message["content"]["data"]["state"] for message in states if message["msg_type"] == "comm_open"]
    assert [state["value"] for state in opened if "value" in state] == [number, masked]
    script = "from IPython.display import HTML\nHTML(f'<script>draw([{number}, \"{number}\"])</script>')"
    assert guarded.run(script).shown("text/html") == [f'<script>draw([{number}, "{masked}"])</script>']
    script = "from IPython.display import SVG, Javascript\nJavascript(f'draw({number}, \"{number}\")')"
    assert guarded.run(script).shown("application/javascript") == [f'draw({number}, "{masked}")']
    drawing = 'SVG(f\'<svg xmlns="http://www.w3.org/2000/svg"><text x="{number}">{number}</text></svg>\')'
    assert guarded.run(drawing).shown("image/svg+xml") == [
        f'<svg xmlns="http://www.w3.org/2000/svg"><text x="{number}">{masked}</text></svg>'
    ]


@covers("A value that arrives in two pieces is masked too.")
@covers(
    """A few characters that may be the beginning of a value wait for the next piece, for 50 ms at most; all other text is shown
    immediately."""
)
def test_a_value_in_two_pieces_is_masked(guarded: GuardedKernel) -> None:
    """A value is masked wherever it is split; other text is shown immediately.

    The beginning of the value alone is shown while the cell runs.
    """
    value = random_value()
    guarded.protect(value, "pieces.key")
    result = guarded.run("for position in range(1, len(value)): print(value[:position], end='', flush=True); print(value[position:])")
    assert result.stream("stdout") == "‹secret:pieces.key›\n" * 23
    assert guarded.leaked_length(value) < LEAK
    waits = "import time; from IPython.display import display\nprint({}, end='', flush=True); time.sleep(1); display(0)"
    for text, shown in (("value[:6]", value[:6]), ("'Epoch 1\\n'", "Epoch 1\n")):
        messages = guarded.run(waits.format(text)).messages
        first, last = [message for message in messages if message["msg_type"] in {"stream", "display_data"}]
        assert first["content"]["text"] == shown
        assert (last["header"]["date"] - first["header"]["date"]).total_seconds() > 0.3
