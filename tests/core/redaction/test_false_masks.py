"""No false masks: with one hundred realistic secrets registered, texts that hold none of them are shown as they are."""

from __future__ import annotations

import base64
import csv
import io
import json
import random
import textwrap
import uuid
from importlib import metadata
from pydoc_data.topics import topics
from typing import Any

import pytest

from tests.support.redaction.library_outputs import EXAMPLES, recorded_outputs
from tests.support.redaction.realistic_secrets import SEED, RealisticSecret, masks_in, protecting_all, realistic_secrets
from zensecrets_jupyter.core.redaction import Redactor, mask_text
from zensecrets_jupyter.notebook.guard.messages.number_placeholders import NumberPlaceholders

pytestmark = pytest.mark.once

SECRETS = realistic_secrets()
MEGABYTE = 1 << 20
BEGINNING = MEGABYTE // 32
PIECE = 8192 - 7
"""Characters that a program writes at once."""


VERSIONS, MESSAGES = recorded_outputs()


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    """Return a redactor that protects all of them. Nothing in this module changes it."""
    return protecting_all()


def _guarded(content: Any, redactor: Redactor) -> Any:
    """Return a message's content as the guard hands it on: what is not changed is the same object."""
    placeholders = NumberPlaceholders()
    tree = placeholders.insert(content)
    redacted = redactor.redact_tree(tree)
    return content if redacted is tree else placeholders.restore(redacted)


def test_one_hundred_secrets() -> None:
    """There are one hundred secrets with names and values of their own, and the seed repeats them."""
    assert len(SECRETS) == 100
    assert len({secret.name for secret in SECRETS}) == 100
    values = [value for secret in SECRETS for _, value in secret.named() if value not in secret.public]
    assert len(set(values)) == len(values)
    assert realistic_secrets.__wrapped__(SEED) == SECRETS


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret.name)
def test_each_secret_is_masked(secret: RealisticSecret, redactor: Redactor) -> None:
    """Each value is masked when it is printed, alone, in a JSON and in a traceback's `repr`; and so is a password in it."""
    for name, value in secret.named():
        if value in secret.public:
            continue
        assert redactor.redact(f"before\n{value}\nafter") in {f"before\n{mask_text(name)}\nafter", f"before\n{mask_text(name)}after"}
        for text in (json.dumps({"settings": [value, 1]}), f"    settings = {value!r}", base64.b64encode(value.encode()).decode()):
            shown = redactor.redact(text)
            assert mask_text(name) in shown, name
            assert value not in shown, name
    for inner in secret.inner:
        shown = redactor.redact(f"the value: {inner}\n")
        assert inner not in shown
        assert f"‹secret:{secret.name}." in shown


@pytest.mark.parametrize("secret", [secret for secret in SECRETS if secret.public], ids=lambda secret: secret.name)
def test_public_parts_are_shown(secret: RealisticSecret, redactor: Redactor) -> None:
    """Hosts, users, options and settings that stand in a secret are shown where they stand alone."""
    masked = {text: found for text in secret.public if (found := masks_in(f"before\n{text}\nafter", redactor))}
    assert masked == {}


def test_recorded_libraries() -> None:
    """At least twenty libraries are recorded, each with outputs, in every form that a kernel sends."""
    assert len(VERSIONS) >= 20
    assert list(VERSIONS) == list(EXAMPLES), "record.py has not run since the examples changed"
    assert all(MESSAGES.values())
    contents = [message for messages in MESSAGES.values() for message in messages]
    kinds = {message["type"] for message in contents}
    assert kinds >= {"stream", "display_data", "execute_result", "error", "comm_open", "comm_msg", "execute_reply"}
    forms = {form for message in contents for form in message["content"].get("data", ())}
    assert forms >= {
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
    assert any(form.startswith("application/vnd.vegalite") for form in forms)


@pytest.mark.parametrize("library", EXAMPLES)
def test_outputs_of_libraries(library: str, redactor: Redactor) -> None:
    """No output and no cell of a library's examples changes."""
    streams = {name: redactor.stream() for name in ("stdout", "stderr")}
    for message in MESSAGES[library]:
        content = message["content"]
        if message["type"] == "stream":
            stream = streams[content["name"]]
            shown = stream.feed(content["text"]) + stream.release()
            assert shown == content["text"], masks_in(content, redactor)
        else:
            assert _guarded(content, redactor) is content, masks_in(content, redactor)
    for code in EXAMPLES[library]:
        assert redactor.redact(code) is code, masks_in(code, redactor)


@pytest.mark.parametrize("library", EXAMPLES)
def test_a_secret_in_an_output(library: str, redactor: Redactor) -> None:
    """A secret is masked that stands in the shortest output of each library: what the test above looks at can fail."""
    secret = SECRETS[list(EXAMPLES).index(library) * 2 % len(SECRETS)]
    value = max((value for _, value in secret.named()), key=len)
    content = min((json.dumps(message["content"], ensure_ascii=False) for message in MESSAGES[library]), key=len)
    planted = json.loads(content)
    planted["planted"] = [f"{next(iter(planted))} = {value}"]
    shown = _guarded(planted, redactor)
    assert shown is not planted
    assert f"‹secret:{secret.name}." in shown["planted"][0]
    assert value not in json.dumps(shown, ensure_ascii=False)


class _Made(random.Random):
    """Makes a megabyte of something, the same for the same seed."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"{SEED} {kind}")
        self._digits = [value for secret in SECRETS for _, value in secret.named() if value.isdecimal() and len(value) <= 8]

    def number(self, below: int) -> int:
        """Return a number that is none of the PINs."""
        while str(number := self.randrange(below)) in self._digits:
            pass
        return number

    def near(self) -> str:
        """Return a number that a PIN is a part of."""
        pin = self.choice(self._digits)
        return self.choice([f"{self.randint(1, 9)}{pin}", f"{pin}{self.randint(0, 9)}", f"0.{pin}", f"{pin}.{self.randint(1, 99)}"])

    def hexadecimal(self) -> str:
        return self.randbytes(MEGABYTE // 2).hex()

    def hexadecimal_in_pairs(self) -> str:
        data = self.randbytes(MEGABYTE // 3)
        return "\n".join(data[start : start + 16].hex(" ") for start in range(0, len(data), 16))

    def base64(self) -> str:
        return base64.b64encode(self.randbytes(MEGABYTE * 3 // 4)).decode()

    def base64_wrapped(self) -> str:
        return base64.encodebytes(self.randbytes(MEGABYTE * 3 // 4)).decode()

    def letters(self) -> str:
        """Return random signs, of which much can be decoded."""
        signs = [chr(number) for number in (*range(33, 127), 32, 10)]
        return "".join(self.choices(signs, k=BEGINNING // 2))

    def logs(self) -> str:
        lines = []
        for number in range(MEGABYTE // 130):
            level = self.choice(["DEBUG", "INFO", "INFO", "WARNING", "ERROR"])
            clock = f"{self.randint(0, 23):02d}:{self.randint(0, 59):02d}:{number % 60:02d}"
            at = f"2024-{self.randint(1, 12):02d}-{self.randint(1, 28):02d}T{clock}"
            what = self.choice(
                [
                    f"GET /v1/orders/{self.number(10**7)}?page={self.randint(1, 90)} 200 {self.random() * 900:.3f}ms",
                    f"request_id={uuid.UUID(int=self.getrandbits(128), version=4)} user=app password=*** host=db-{self.randint(1, 9)}:5432",
                    f"sha256:{self.randbytes(32).hex()} pulled from registry.example.com/acme/web",
                    f"epoch {number % 100:3d} loss={self.random():.8f} auc={self.random():.6f} lr={self.random() / 1000:.3e}",
                    f"connection from 10.{self.randint(0, 255)}.{self.randint(0, 255)}.{self.randint(1, 254)}:{self.number(60000)} closed",
                    f"cache key {base64.urlsafe_b64encode(self.randbytes(24)).decode()} expired; token=<hidden>, Authorization: Bearer ***",
                ]
            )
            lines.append(f"{at}.{self.randint(0, 999):03d}Z {level} [worker-{number % 16}] acme.jobs.{self.choice('abc')}: {what}")
        return "\n".join(lines)

    def csv(self) -> str:
        file = io.StringIO()
        rows = csv.writer(file)
        rows.writerow(["id", "customer", "share", "amount", "day", "near"])
        while file.tell() < MEGABYTE:
            day = f"2023-{self.randint(1, 12):02d}-{self.randint(1, 28):02d}"
            numbers = [self.number(10**6), self.number(10**8), f"{self.random():.9f}", f"{self.gauss(0, 5000):.2f}"]
            rows.writerow([*numbers, day, self.near()])
        return file.getvalue()

    def json(self) -> str:
        rows = [{"id": self.number(10**8), "x": self.random(), "n": float(self.near())} for _ in range(MEGABYTE // 60)]
        return json.dumps(rows)

    def prose(self) -> str:
        """Return what people wrote about Python and about the installed packages."""
        found = ["\n".join(topics.values())]
        for package in sorted(metadata.distributions(), key=lambda package: str(package.metadata["Name"]).lower()):
            found.append(package.read_text("METADATA") or "")
            if sum(map(len, found)) >= MEGABYTE * 1.1:
                break
        # Where people wrote down one of the passwords, its mask would be right.
        held = [value.casefold() for secret in SECRETS for _, value in secret.named() if len(value) <= _LONGEST_PASSWORD]
        lines = "\n".join(found).splitlines()
        text = "\n".join(line for line in lines if not any(value in line.casefold() for value in held))
        assert len(text) >= MEGABYTE
        return text[:MEGABYTE]


_LONGEST_PASSWORD = 40
MADE = ["base64", "base64_wrapped", "hexadecimal", "hexadecimal_in_pairs", "prose", "logs", "csv", "json"]


@pytest.mark.parametrize("kind", MADE)
def test_a_megabyte(kind: str, redactor: Redactor) -> None:
    """A megabyte of random digits, of prose, of logs or of numbers is shown as it is."""
    text: str = getattr(_Made(kind), kind)()
    assert len(text) > MEGABYTE * 0.9
    assert redactor.redact(text) is text, masks_in(text, redactor)[:20]


@pytest.mark.parametrize("kind", [*MADE, "letters"])
def test_in_pieces(kind: str, redactor: Redactor) -> None:
    """So is the beginning of it, and a text of random signs, where they are printed in pieces, wherever these end."""
    text: str = getattr(_Made(kind), kind)()
    # Whole lines: the beginning of a PIN that is followed by nothing is masked.
    text = text[: text.rfind("\n", 0, BEGINNING) + 1 or BEGINNING]
    stream = redactor.stream()
    shown = "".join(stream.feed(text[start : start + PIECE]) for start in range(0, len(text), PIECE)) + stream.release()
    assert shown == text, masks_in(text, redactor)[:20]


def test_a_tree_of_numbers(redactor: Redactor) -> None:
    """The numbers of a megabyte of JSON stay numbers, in a message that a figure is drawn from too."""
    figure = {"data": {"application/vnd.plotly.v1+json": {"data": [{"type": "scatter", "y": json.loads(_Made("json").json())}]}}}
    assert _guarded(figure, redactor) is figure


@pytest.mark.parametrize("before", ["0.", "1", "v1.", "f", "commit 7"])
def test_the_end_of_a_number_in_pieces(before: str, redactor: Redactor) -> None:
    """Digits of a PIN that end a longer number are shown, also where the next piece begins after them."""
    stream = redactor.stream()
    pin = next(secret.content["pin"] for secret in SECRETS if secret.name == "pin-1")
    pieces = ["loss ", before, pin, "\n"]
    assert "".join(map(stream.feed, pieces)) + stream.release() == "".join(pieces)


def test_a_line_of_a_key_that_begins_as_a_comment() -> None:
    """A line of a private key is masked alone, though it begins with two slashes."""
    redactor = Redactor()
    made = _Made("a key")
    lines = [begin + base64.b64encode(made.randbytes(48)).decode()[2:] for begin in ("MI", "Xy", "//", "Zq", "++")]
    key = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----", ""])
    assert redactor.protect(key, "a.key")
    shown = [line for line in lines if line in redactor.redact(f"before\n{line}\nafter")]
    assert shown == []


_PROSE = """
In the summer of 2024 the team met in the garden behind the castle. The horse was correct, and so was its battery, as the keeper said, a
staple of the farm. Use admin/admin for the demo, or ask for your own password! Password: required. The dragon sleeps. Troubadour 3 sang.
Monkey, banana: what a lovely harbor. "Sunset" is a word; so are sunset-orange and river.stone.
密码是必需的。春天来了。花园很美。秘密の話。暗証番号を入力してください。
Grüße aus der Straße! La contraseña es obligatoria. Весна пришла, и никто не спросил.
"""


def test_prose_like_passwords(redactor: Redactor) -> None:
    """A text that is made of words as they stand in passwords, and holds no password, is shown as it is."""
    for text in (_PROSE, textwrap.fill(_PROSE, 60), _PROSE.upper(), _PROSE.lower()):
        assert masks_in(text, redactor) == []


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("copper!", "plt.scatter(x, y, cmap='copper')"),
        ("Summer2024!", "Results of summer 2024: Summer 2024 was warm, as summer2024.csv says"),
        ("Dragonfly#7", "Photo 7: a dragonfly, Dragonfly 7"),
        ("Пароль123!", "Введите пароль: Пароль не указан"),  # noqa: RUF001 - a Cyrillic word
        ("Весна-6582-пароль", "Забыли пароль?"),
        ("ひみつの山パスワード", "パスワードを入力してください"),
        ("密码是春天的花园", "春天的花园很美"),
        ("ひみつの山パスワード", "1 Introduction .............................. 3"),
        ("ひみつの山パスワード", "tests/test_a.py ........................................ [ 50%]"),
        ("пароль-весна", "1 Introduction .......................................... 3"),
    ],
    ids=[
        "a word with a sign",
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
def test_parts_of_passwords(password: str, text: str) -> None:
    """Words of a password that has fewer than twelve letters, or fewer than twelve of them at an end, are other texts."""
    redactor = Redactor()
    assert redactor.protect(password, "a.password")
    assert masks_in(text, redactor) == []
