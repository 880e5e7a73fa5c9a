"""Tests with one hundred realistic secrets: only texts with a secret are changed."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
import random
import textwrap
import uuid
from importlib import metadata
from pydoc_data.topics import topics
from typing import Any

import pytest

from tests.support.redaction.library_outputs import EXAMPLES, recorded_outputs
from tests.support.redaction.realistic_secrets import SEED, RealisticSecret, masks_in, realistic_secrets, redactor_of_all
from zensecrets_jupyter.core.redaction import Redactor, mask_text
from zensecrets_jupyter.notebook.guard.messages.number_placeholders import NumberPlaceholders

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.

SECRETS = realistic_secrets()
"""One hundred secrets with realistic values."""
MEGABYTE = 1 << 20
STREAM_LENGTH = MEGABYTE // 32
"""Number of characters that a test redacts as a stream, which is slower than a whole text."""
CHUNK_LENGTH = 8192 - 7
"""Number of characters in a chunk of a stream. An odd number lets the chunks end at different columns of a table."""

VERSIONS, MESSAGES = recorded_outputs()
"""The version and the kernel messages of each recorded library, by its name."""


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    """Return a redactor that protects all secrets. No test in this module changes it."""
    return redactor_of_all()


def _redact_content(content: Any, redactor: Redactor) -> Any:
    """Return the content of a message as the guard redacts it.

    Placeholders replace the numbers in scripts and drawings before the redaction, and afterwards the numbers are put back. The result is
    the same object if nothing is masked.
    """
    placeholders = NumberPlaceholders()
    tree = placeholders.insert(content)
    redacted = redactor.redact_tree(tree)
    return content if redacted is tree else placeholders.restore(redacted)


def test_the_secrets_are_different_and_reproducible() -> None:
    """The hundred secrets have different names and values, and the same seed generates the same secrets."""
    assert len(SECRETS) == 100
    assert len({secret.name for secret in SECRETS}) == 100
    values = [value for secret in SECRETS for _, value in secret.named_values() if value not in secret.public_parts]
    assert len(set(values)) == len(values)
    generate_again = realistic_secrets.__wrapped__  # The function without its cache.
    assert generate_again(SEED) == SECRETS


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret.name)
def test_each_secret_is_masked(secret: RealisticSecret, redactor: Redactor) -> None:
    """Each value is masked on a separate line, in JSON, in `repr` and in base64.

    Each secret part of a value, such as the password in a URL, is also masked in a text without the rest of the value.
    """
    for name, value in secret.named_values():
        if value in secret.public_parts:
            continue
        # The mask of a value that ends with a line end may replace the next line end too.
        assert redactor.redact(f"before\n{value}\nafter") in {f"before\n{mask_text(name)}\nafter", f"before\n{mask_text(name)}after"}
        for text in (json.dumps({"settings": [value, 1]}), f"    settings = {value!r}", base64.b64encode(value.encode()).decode()):
            output = redactor.redact(text)
            assert mask_text(name) in output, name
            assert value not in output, name
    for part in secret.secret_parts:
        output = redactor.redact(f"the value: {part}\n")
        assert part not in output
        assert f"‹secret:{secret.name}." in output


@pytest.mark.parametrize("secret", [secret for secret in SECRETS if secret.public_parts], ids=lambda secret: secret.name)
def test_public_parts_are_shown(secret: RealisticSecret, redactor: Redactor) -> None:
    """Hosts, users, options and settings in a secret are not masked in a text without the rest of the secret."""
    for text in secret.public_parts:
        assert masks_in(f"before\n{text}\nafter", redactor) == [], text


def test_the_recording_has_all_libraries_and_formats() -> None:
    """The recording has outputs of at least 20 libraries, with all types of kernel messages and all common formats."""
    assert len(VERSIONS) >= 20
    assert list(VERSIONS) == list(EXAMPLES), "Run library_outputs.py: the examples were changed after the recording."
    assert all(MESSAGES.values())
    all_messages = list(itertools.chain.from_iterable(MESSAGES.values()))
    types = {message["type"] for message in all_messages}
    assert types >= {"stream", "display_data", "execute_result", "error", "comm_open", "comm_msg", "execute_reply"}
    formats = {mime_type for message in all_messages for mime_type in message["content"].get("data", ())}
    assert formats >= {
        "text/plain",
        "text/html",
        "text/latex",
        "text/markdown",
        "image/png",
        "image/svg+xml",
        "application/json",
        "application/javascript",
        "application/vnd.plotly.v1+json",
        "application/vnd.jupyter.widget-view+json",
    }
    assert any(mime_type.startswith("application/vnd.vegalite") for mime_type in formats)


@pytest.mark.parametrize("library", EXAMPLES)
def test_outputs_of_libraries_are_not_masked(library: str, redactor: Redactor) -> None:
    """No output and no cell of the examples of a library is changed."""
    streams = {name: redactor.stream() for name in ("stdout", "stderr")}
    for message in MESSAGES[library]:
        content = message["content"]
        if message["type"] == "stream":
            stream = streams[content["name"]]
            output = stream.feed(content["text"]) + stream.release()
            assert output == content["text"], masks_in(content, redactor)
        else:
            assert _redact_content(content, redactor) is content, masks_in(content, redactor)
    for code in EXAMPLES[library]:
        assert redactor.redact(code) is code, masks_in(code, redactor)


@pytest.mark.parametrize("library", EXAMPLES)
def test_a_secret_in_an_output_of_a_library_is_masked(library: str, redactor: Redactor) -> None:
    """A secret that is added to the shortest output of a library is masked.

    This shows that :func:`test_outputs_of_libraries_are_not_masked` can fail.
    """
    # Each library is tested with another secret. The step of two spreads the libraries over more of the list.
    secret = SECRETS[list(EXAMPLES).index(library) * 2 % len(SECRETS)]
    value = max(secret.content.values(), key=len)
    shortest_output = min((json.dumps(message["content"], ensure_ascii=False) for message in MESSAGES[library]), key=len)
    content = {**json.loads(shortest_output), "added": [f"setting = {value}"]}
    redacted = _redact_content(content, redactor)
    assert redacted is not content
    assert f"‹secret:{secret.name}." in redacted["added"][0]
    assert value not in json.dumps(redacted, ensure_ascii=False)


class _Texts(random.Random):
    """A generator of long texts, which are the same for the same seed. It has one method for each kind of text."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"{SEED} {kind}")
        # The values that may occur by chance in a text with numbers.
        self._pins = [value for secret in SECRETS for _, value in secret.named_values() if value.isdecimal() and len(value) <= 8]

    def number(self, below: int) -> int:
        """Return a number that is not one of the PINs."""
        while str(number := self.randrange(below)) in self._pins:
            pass
        return number

    def number_with_pin(self) -> str:
        """Return a longer number that contains a PIN, which must not be masked there."""
        pin = self.choice(self._pins)
        return self.choice([f"{self.randint(1, 9)}{pin}", f"{pin}{self.randint(0, 9)}", f"0.{pin}", f"{pin}.{self.randint(1, 99)}"])

    def hexadecimal(self) -> str:
        return self.randbytes(MEGABYTE // 2).hex()

    def hexadecimal_in_pairs(self) -> str:
        """Return lines of sixteen bytes, with a blank between two bytes."""
        data = self.randbytes(MEGABYTE // 3)
        return "\n".join(data[start : start + 16].hex(" ") for start in range(0, len(data), 16))

    def base64(self) -> str:
        return base64.b64encode(self.randbytes(MEGABYTE * 3 // 4)).decode()

    def base64_wrapped(self) -> str:
        return base64.encodebytes(self.randbytes(MEGABYTE * 3 // 4)).decode()

    def letters(self) -> str:
        """Return random printable characters, many of which look like an encoded text."""
        characters = [chr(number) for number in (*range(33, 127), 32, 10)]
        return "".join(self.choices(characters, k=STREAM_LENGTH // 2))

    def logs(self) -> str:
        lines = []
        for number in range(MEGABYTE // 130):
            level = self.choice(["DEBUG", "INFO", "INFO", "WARNING", "ERROR"])
            clock = f"{self.randint(0, 23):02d}:{self.randint(0, 59):02d}:{number % 60:02d}"
            timestamp = f"2024-{self.randint(1, 12):02d}-{self.randint(1, 28):02d}T{clock}"
            event = self.choice(
                [
                    f"GET /v1/orders/{self.number(10**7)}?page={self.randint(1, 90)} 200 {self.random() * 900:.3f}ms",
                    f"request_id={uuid.UUID(int=self.getrandbits(128), version=4)} user=app password=*** host=db-{self.randint(1, 9)}:5432",
                    f"sha256:{self.randbytes(32).hex()} pulled from registry.example.com/acme/web",
                    f"epoch {number % 100:3d} loss={self.random():.8f} auc={self.random():.6f} lr={self.random() / 1000:.3e}",
                    f"connection from 10.{self.randint(0, 255)}.{self.randint(0, 255)}.{self.randint(1, 254)}:{self.number(60000)} closed",
                    f"cache key {base64.urlsafe_b64encode(self.randbytes(24)).decode()} expired; token=<hidden>, Authorization: Bearer ***",
                ]
            )
            lines.append(f"{timestamp}.{self.randint(0, 999):03d}Z {level} [worker-{number % 16}] acme.jobs.{self.choice('abc')}: {event}")
        return "\n".join(lines)

    def csv(self) -> str:
        file = io.StringIO()
        rows = csv.writer(file)
        rows.writerow(["id", "customer", "share", "amount", "day", "number with a PIN"])
        while file.tell() < MEGABYTE:
            day = f"2023-{self.randint(1, 12):02d}-{self.randint(1, 28):02d}"
            numbers = [self.number(10**6), self.number(10**8), f"{self.random():.9f}", f"{self.gauss(0, 5000):.2f}"]
            rows.writerow([*numbers, day, self.number_with_pin()])
        return file.getvalue()

    def json(self) -> str:
        rows = [{"id": self.number(10**8), "x": self.random(), "n": float(self.number_with_pin())} for _ in range(MEGABYTE // 60)]
        return json.dumps(rows)

    def prose(self) -> str:
        """Return documentation of Python and of the installed packages."""
        texts = ["\n".join(topics.values())]
        for package in sorted(metadata.distributions(), key=lambda package: str(package.metadata["Name"]).lower()):
            texts.append(package.read_text("METADATA") or "")
            if sum(map(len, texts)) >= MEGABYTE * 1.1:
                break
        # Lines with one of the passwords are left out, because masking them would be correct.
        passwords = [value.casefold() for secret in SECRETS for _, value in secret.named_values() if len(value) <= _LONGEST_PASSWORD]
        lines = "\n".join(texts).splitlines()
        text = "\n".join(line for line in lines if not any(password in line.casefold() for password in passwords))
        assert len(text) >= MEGABYTE
        return text[:MEGABYTE]


_LONGEST_PASSWORD = 40
"""Maximum length of the values that are passwords. Longer values are tokens, keys and files."""
KINDS = ["base64", "base64_wrapped", "hexadecimal", "hexadecimal_in_pairs", "prose", "logs", "csv", "json"]
"""Names of the methods of :class:`_Texts` that return a megabyte.

The method ``letters`` returns a shorter text.
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_megabyte_is_not_masked(kind: str, redactor: Redactor) -> None:
    """A megabyte of random digits, prose, logs or numbers is not changed."""
    generate = getattr(_Texts(kind), kind)
    text: str = generate()
    assert len(text) > MEGABYTE * 0.9
    assert redactor.redact(text) is text, masks_in(text, redactor)[:20]


@pytest.mark.parametrize("kind", [*KINDS, "letters"])
def test_a_stream_is_not_masked(kind: str, redactor: Redactor) -> None:
    """Random digits, prose, logs, numbers and random characters that arrive in chunks are not changed."""
    generate = getattr(_Texts(kind), kind)
    text: str = generate()
    # A text with several lines ends with a whole line, because the beginning of a PIN at the end of a stream is masked.
    end_of_last_line = text.rfind("\n", 0, STREAM_LENGTH) + 1
    text = text[: end_of_last_line or STREAM_LENGTH]
    stream = redactor.stream()
    output = "".join(stream.feed(text[start : start + CHUNK_LENGTH]) for start in range(0, len(text), CHUNK_LENGTH)) + stream.release()
    assert output == text, masks_in(text, redactor)[:20]


def test_a_tree_of_numbers_is_not_masked(redactor: Redactor) -> None:
    """A megabyte of numbers in the data of a figure is not changed."""
    figure = {"data": {"application/vnd.plotly.v1+json": {"data": [{"type": "scatter", "y": json.loads(_Texts("json").json())}]}}}
    assert _redact_content(figure, redactor) is figure


@pytest.mark.parametrize("before", ["0.", "1", "v1.", "f", "commit 7"])
def test_a_longer_number_that_ends_with_a_pin(before: str, redactor: Redactor) -> None:
    """A PIN at the end of a longer number or word is not masked.

    This is also true if the digits arrive as a separate chunk.
    """
    stream = redactor.stream()
    pin = next(secret.content["pin"] for secret in SECRETS if secret.name == "pin-1")
    chunks = ["loss ", before, pin, "\n"]
    assert "".join(map(stream.feed, chunks)) + stream.release() == "".join(chunks)


def test_a_line_of_a_key_that_begins_like_a_comment() -> None:
    """A line of a private key that begins with two slashes is masked in a text without the other lines of the key."""
    redactor = Redactor()
    texts = _Texts("a key")
    # Two characters replace the first two digits of each line. All of them are digits of base64.
    lines = [beginning + base64.b64encode(texts.randbytes(48)).decode()[2:] for beginning in ("MI", "Xy", "//", "Zq", "++")]
    key = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----", ""])
    assert redactor.protect(key, "a.key")
    visible_lines = [line for line in lines if line in redactor.redact(f"before\n{line}\nafter")]
    assert visible_lines == []


_PROSE = """
In the summer of 2024 the team met in the garden behind the castle. The horse was correct, and so was its battery, as the keeper said, a
staple of the farm. Use admin/admin for the demo, or ask for your own password! Password: required. The dragon sleeps. Troubadour 3 sang.
Monkey, banana: what a lovely harbor. "Sunset" is a word; so are sunset-orange and river.stone.
密码是必需的。春天来了。花园很美。秘密の話。暗証番号を入力してください。
Grüße aus der Straße! La contraseña es obligatoria. Весна пришла, и никто не спросил.
"""


def test_prose_with_words_of_passwords_is_not_masked(redactor: Redactor) -> None:
    """A text with words that also occur in passwords is not changed."""
    for text in (_PROSE, textwrap.fill(_PROSE, 60), _PROSE.upper(), _PROSE.lower()):
        assert masks_in(text, redactor) == []


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("copper!", "plt.scatter(x, y, cmap='copper')"),
        ("Summer2024!", "Results of summer 2024: Summer 2024 was warm, as summer2024.csv says"),
        ("Dragonfly#7", "Photo 7: a dragonfly, Dragonfly 7"),
        ("Пароль123!", "Введите пароль: Пароль не указан"),  # noqa: RUF001 - the Cyrillic letters are intended
        ("Весна-6582-пароль", "Забыли пароль?"),
        ("ひみつの山パスワード", "パスワードを入力してください"),
        ("密码是春天的花园", "春天的花园很美"),
        ("ひみつの山パスワード", "1 Introduction .............................. 3"),
        ("ひみつの山パスワード", "tests/test_a.py ........................................ [ 50%]"),
        ("пароль-весна", "1 Introduction .......................................... 3"),
    ],
    ids=[
        "a word with punctuation",
        "a word with a year",
        "a word with a digit",
        "a Cyrillic word with digits",
        "a Cyrillic word at the end",
        "a Japanese word at the end",
        "a Chinese word at the end",
        "dots in a table of contents",
        "dots of tests",
        "dots and a hyphen",
    ],
)
def test_words_of_a_password_are_not_masked(password: str, text: str) -> None:
    """A part of fewer than twelve characters of a password is not masked in another text.

    Dots are not masked either, although a hex dump prints each byte of a Cyrillic or Japanese letter as a dot: ``пароль-весна`` becomes
    twelve dots, a hyphen and ten dots.
    """
    redactor = Redactor()
    assert redactor.protect(password, "a.password")
    assert masks_in(text, redactor) == []
