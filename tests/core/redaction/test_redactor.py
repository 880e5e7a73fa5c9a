"""The redactor masks values in every encoding, and does not change other text."""

from __future__ import annotations

import base64
import itertools
import json
import secrets
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.redaction.values import DIFFICULT, difficult_value, longest_visible, realistic_values
from zensecrets_jupyter.core.redaction import Redactor, ValueSpan, mask_text
from zensecrets_jupyter.core.redaction.encoders import ENCODERS
from zensecrets_jupyter.scan.fingerprints.file_format import export
from zensecrets_jupyter.testing.canary import canary, find_canary

LONG = 20_000
"""Number of characters after which the redactor indexes new values in an automaton.

It is approximate, and larger for many values.
"""


def redactor_with(**values: str) -> Redactor:
    """Return a redactor that protects each value as ``a.NAME``."""
    redactor = Redactor()
    for name, value in values.items():
        assert redactor.protect(value, f"a.{name}")
    return redactor


@pytest.mark.parametrize("kind", DIFFICULT)
@pytest.mark.parametrize("is_indexed", [False, True], ids=["new", "indexed"])
def test_an_escaped_value_becomes_its_mask(kind: str, *, is_indexed: bool) -> None:
    """A value is replaced by its mask in each encoding that escapes characters, and the text around it is not changed."""
    value = difficult_value(kind)
    redactor = redactor_with(key=value, other=canary("other"))
    if is_indexed:
        # The redactor indexes the values after some of these long texts.
        for _ in range(20):
            redactor.redact("." * LONG)
    for name in ("plain", "repr", "ascii", "JSON", "JSON without ensure_ascii", "Java", "C", "HTML", "XML", "URL", "URL form", "LaTeX"):
        text = f"before: {ENCODERS[name](value)} :after"
        assert redactor.redact(text) == f"before: {mask_text('a.key')} :after", name
        assert redactor.redact_bytes(text.encode("utf-8", "surrogatepass")).decode() == f"before: {mask_text('a.key')} :after", name


@pytest.mark.parametrize("kind", DIFFICULT)
@pytest.mark.parametrize("ensure_ascii", [False, True], ids=["UTF-8", "ASCII"])
def test_the_quick_check_of_json_detects_every_encoding(kind: str, *, ensure_ascii: bool) -> None:
    """json_may_contain_value() returns true for the JSON of a message with a value in any encoding.

    The test runs once with new values, and once after 50 long texts, when the values are indexed.
    """
    value = difficult_value(kind)
    for search_count in (0, 50):
        redactor = redactor_with(key=value)
        for _ in range(search_count):
            redactor.json_may_contain_value(b"." * LONG)
        for name, encode in ENCODERS.items():
            message = json.dumps({"text": f"<{encode(value)}>"}, ensure_ascii=ensure_ascii).encode("utf-8", "surrogatepass")
            assert redactor.json_may_contain_value(message), name


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_a_tree_without_a_value_is_the_same_object(tree: Any) -> None:
    """redact_tree() returns a tree without a value unchanged, as the same object."""
    redactor = redactor_with(key="a value that no tree holds 1f9", number="73914826")
    assert redactor.redact_tree(tree) is tree
    assert redactor.counts == {}


@given(st.text(max_size=40), st.text(min_size=6, max_size=40), st.text(max_size=40))
def test_any_value_in_any_text(before: str, value: str, after: str) -> None:
    """For any text and any value that can be masked, the redacted text does not contain the value."""
    redactor = Redactor()
    if not redactor.protect(value, "a.b"):
        assert Redactor.unmaskable_reason(value)
        return
    text = redactor.redact(before + value + after)
    assert mask_text("a.b") in text
    # A value that also occurs in the text around it, or in the mask, may still be in the redacted text.
    if value not in before + after and value not in mask_text("a.b"):
        assert value not in text


@given(st.text(max_size=60))
def test_the_quick_check_of_json_agrees_with_the_search(text: str) -> None:
    """If find() finds a value in a text, json_may_contain_value() returns true for its JSON."""
    redactor = redactor_with(one="ab\"c'\\", two="\u00e9\n\t\u00e9\u00e9\u00e9", three="0000001")
    messages = [json.dumps(text, ensure_ascii=ensure_ascii).encode("utf-8", "surrogatepass") for ensure_ascii in (True, False)]
    if redactor.find(text):
        assert all(map(redactor.json_may_contain_value, messages))


@given(
    st.lists(
        st.sampled_from(["correct-", "horse", "\x1b[1;31m", "\x1b[0m", '\x1b]8;;"x"\x07', "\x1b]0;t\\\x1b\\", "\x1b", "\x1b[", '"', "\\"])
    )
)
def test_the_quick_check_of_json_detects_colored_values(parts: list[str]) -> None:
    """If find() finds a value with terminal sequences in it, json_may_contain_value() returns true for its JSON."""
    redactor = redactor_with(key="correct-horse")
    text = "".join(parts)
    if redactor.find(text):
        assert redactor.json_may_contain_value(json.dumps({"x": text, "y": "\x07"}).encode())


@pytest.mark.parametrize("offset", range(1, 13))
def test_overlapping_values_have_one_mask(offset: int) -> None:
    """Two values that overlap by any number of characters become one mask, and two adjacent values become two."""
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    redactor = redactor_with(first=alphabet[:12], second=alphabet[offset : offset + 12])
    # At offset 12, the second value begins where the first value ends.
    masks = mask_text("a.first")
    if offset == 12:
        masks += mask_text("a.second")
    assert redactor.redact(f"-{alphabet[: offset + 12]}-") == f"-{masks}-"


def test_a_value_that_begins_with_another_value() -> None:
    """If one value begins with another, the mask names the longest value in the text."""
    redactor = redactor_with(short="horse-battery", long="horse-battery-staple", longest="horse-battery-staple-correct")
    for name, value in (("short", "horse-battery"), ("long", "horse-battery-staple"), ("longest", "horse-battery-staple-correct")):
        assert redactor.redact(f"<{value}>") == f"<{mask_text('a.' + name)}>"


def test_many_values_with_the_same_beginning() -> None:
    """A thousand values with the same beginning are masked with their own names.

    This is also true for truncated values.
    """
    values = {f"n{number}": f"the same beginning, then number {number:05}, then an end" for number in range(1000)}
    redactor = redactor_with(**values)
    redactor.redact("." * LONG * 50)
    for name in ("n0", "n499", "n999"):
        assert redactor.redact(f"<{values[name]}>") == f"<{mask_text('a.' + name)}>"
        # Both truncated texts contain the number of the value.
        assert redactor.redact(f"<{values[name][:42]}…") == f"<{mask_text('a.' + name)}…"
        assert redactor.redact(f"…{values[name][25:]}>") == f"…{mask_text('a.' + name)}>"


def test_a_new_value_with_the_beginning_of_an_indexed_value() -> None:
    """A new value is masked completely, even if an indexed value begins with the same text."""
    redactor = Redactor()
    for number in range(40):
        value = f"the same beginning {number:03} {canary()}, and an end"
        redactor.protect(value, f"a.n{number}")
        # A text of 100,000 characters lets the redactor index the values. It follows only every fifth value.
        for length in (10, 3000, 100_000 if number % 5 == 0 else 0):
            assert redactor.redact("." * length + value) == "." * length + mask_text(f"a.n{number}")


@pytest.mark.parametrize("width", [36, 50, 64, 80, 100])
def test_a_wrapped_token_is_masked(width: int) -> None:
    """A token that a console or a table wraps is masked on every line."""
    value = "".join(canary() for _ in range(12))
    redactor = redactor_with(key=value)
    lines = [value[start : start + width] for start in range(0, len(value), width)]
    output = redactor.redact("\n| ".join(lines))
    assert longest_visible(value, output) < 12
    assert mask_text("a.key") in output


@pytest.mark.parametrize("length", range(1, 24))
def test_a_truncated_value(length: int) -> None:
    """A beginning or an end of a value is masked from twelve characters on."""
    value = "Kx7Rf2Qm9Lp4Vt8Zs3Wn6Yb1"
    redactor = redactor_with(key=value)
    expected = mask_text("a.key") if length >= 12 else value[:length]
    assert redactor.redact(f"| {value[:length]}... |") == f"| {expected}... |"
    expected = mask_text("a.key") if length >= 12 else value[-length:]
    assert redactor.redact(f"…{value[-length:]}|") == f"…{expected}|"


def test_public_parts_alone_are_not_masked() -> None:
    """Text that all values of a kind share, such as a prefix or a header, is not masked without the rest of a value."""
    redactor = Redactor()
    for name, value in realistic_values().items():
        assert redactor.protect(value, name), name
    for text in (
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ…",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABFwAAAAdzc2gtcn\n",
        "\n-----END PRIVATE KEY-----\n",
        "sk-proj-…, github_pat_11, xoxb-1, eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFt",
        '{"type": "service_account", "project_id": "acme-prod-123456", "token_uri": "https://oauth2.googleapis.com/token"}',
        "postgresql://app:…@localhost:5432/postgres",
        "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=…;EndpointSuffix=core.windows.net",
        "https://hooks.slack.com/services/",
    ):
        assert redactor.redact(text) == text


@pytest.mark.one_python
@pytest.mark.parametrize("name", realistic_values())
def test_realistic_values_are_masked(name: str) -> None:
    """A value of each service is masked as a whole, in each encoding, and line by line."""
    value = realistic_values()[name]
    redactor = Redactor()
    redactor.protect(value, name)
    assert redactor.redact(f"<{value}>").strip("<>\r\n") == mask_text(name)
    for encoding, encode in ENCODERS.items():
        assert mask_text(name) in redactor.redact(encode(value)), encoding
    for line in value.splitlines():
        # Lines with these beginnings are the same in all files of their format, or contain only an address.
        is_public = line.strip().startswith(("-----", '"auth', '"client', "b3BlbnNzaC1rZXk"))
        if len(line.strip()) > 60 and not is_public:
            assert mask_text(name) in redactor.redact(f"    {line}"), line


def test_a_pem_key_with_any_line_ends() -> None:
    """A PEM key is masked with any line ends, in a ``repr`` and in JSON.

    The line ends of the protected value are LF (``pem.pkcs8``) or CR LF (``pem.rsa``).
    """
    for value in (realistic_values()["pem.pkcs8"], realistic_values()["pem.rsa"]):
        redactor = redactor_with(key=value)
        pem = value.replace("\r\n", "\n")
        key_digits = pem.replace("\n", "")[40:-30]  # Without the header and the footer.
        for text in (pem, pem.replace("\n", "\r\n"), pem.replace("\n", "\n    "), repr(pem), json.dumps(pem)):
            output = redactor.redact(text)
            assert longest_visible(key_digits, output) < 12


def test_the_lines_of_a_settings_file() -> None:
    """The secret settings of a protected settings file are masked in other texts.

    Its names of settings, its regions and its addresses are not masked.
    """
    secret = canary()
    lines = [
        "[default]",
        "region=us-east-1",
        "output = json",
        "export AWS_REGION=us-east-1",
        "server: https://10.0.0.1:6443",
        f"key: {secret}",
    ]
    redactor = redactor_with(file="\n".join(lines))
    # Each line resembles a line of the file, and contains nothing secret.
    for line in ("region=us-west-2", "region=us-east-1 # here", "server: https://10.0.0.9", "output = json5", "key: another"):
        assert redactor.redact(line) == line
    assert redactor.redact(f"key is {secret}!") == f"key is {mask_text('a.file')}!"


def test_a_password_with_an_equals_sign() -> None:
    """Text before an equals sign in a value is masked if it does not look like the name of a setting."""
    redactor = redactor_with(key="S3cretPartOne=andAnother99")
    assert redactor.redact("S3cretPartOne…") == f"{mask_text('a.key')}…"


def test_secret_parts_of_a_value_are_masked() -> None:
    """The secret parts of a value are masked in a text without the rest of the value.

    Secret parts are texts in JSON, the password in a URL, the key in a connection string, and the lines of a value.
    """
    secret = canary()
    for value, part in (
        (json.dumps({"outer": [{"inner": f'q"{secret}'}], "type": "service"}), f'q"{secret}'),
        (f"postgresql://app:pw%2F{secret}@host/db", f"pw/{secret}"),
        (f"Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey={secret};EntityPath=p", secret),
        (f"first\n{secret}\nlast", secret),
        (f"{secret}\n", secret),
    ):
        redactor = redactor_with(key=value)
        assert redactor.redact(f"it is {part}!") == f"it is {mask_text('a.key')}!"


def test_wrapped_base64_is_masked() -> None:
    """The base64 of a value is masked if it is wrapped into lines of 76 digits, as in mail."""
    value = canary() * 8
    redactor = redactor_with(key=value)
    output = redactor.redact(base64.encodebytes(value.encode()).decode())
    assert longest_visible(base64.b64encode(value.encode()).decode(), output) < 12


def test_a_basic_auth_header() -> None:
    """The password in a Basic header is masked for any length of the user name.

    The base64 of the password depends on this length, because a base64 digit has six bits.
    """
    password = canary()
    redactor = redactor_with(password=password)
    for user in ("u", "us", "use", "user"):
        header = base64.b64encode(f"{user}:{password}".encode()).decode()
        assert find_canary(redactor.redact(f"Authorization: Basic {header}"), password) == []
        assert mask_text("a.password") in redactor.redact(header)


def test_colored_values_are_masked() -> None:
    """A colored value is masked, even if its color changes in the middle. All terminal sequences remain."""
    redactor = redactor_with(key="correct-horse-battery")
    assert redactor.redact("\x1b[31mcorrect-horse-battery\x1b[0m") == f"\x1b[31m{mask_text('a.key')}\x1b[0m"
    assert redactor.redact("\x1b[1mcorrect\x1b[32m-horse\x1b[0m-battery ok") == f"\x1b[1m{mask_text('a.key')}\x1b[32m\x1b[0m ok"
    assert (
        redactor.redact("\x1b]8;;http://x\x07correct-horse-battery\x1b]8;;\x07") == f"\x1b]8;;http://x\x07{mask_text('a.key')}\x1b]8;;\x07"
    )


def test_texts_keys_and_bytes_of_a_tree_are_redacted() -> None:
    """Texts, keys and bytes in a tree are redacted. Numbers are not changed, and parts without a value are not copied."""
    value, number = canary(), 7391482655
    redactor = redactor_with(key=value, number=str(number))
    part_without_value = {"clean": [1, 2.5, None, True]}
    tree = {
        "data": {"text/html": f"<b>{value}</b>", value: [number, number + 1, (value, b"x" + value.encode())]},
        "clean": part_without_value,
    }
    redacted = redactor.redact_tree(tree)
    masked = mask_text("a.key")
    assert redacted == {
        "data": {"text/html": f"<b>{masked}</b>", masked: [number, number + 1, (masked, f"x{masked}".encode())]},
        "clean": part_without_value,
    }
    assert redacted["clean"] is part_without_value
    assert find_canary(json.dumps(redacted, default=str), value) == []


def test_keys_with_the_same_mask_remain_different() -> None:
    """If redacted keys of a dictionary are equal, no item is lost.

    If a key exists already, a number is appended to it.

    The third key is a truncated value, which is also masked. Therefore, it becomes the same mask as the first key.
    """
    redactor = redactor_with(key="correct-horse-battery")
    tree = {"correct-horse-battery": 1, "correct-horse-battery…": 2, "correct-horse-batt": 3}
    assert list(redactor.redact_tree(tree).values()) == [1, 2, 3]


def test_spans_are_offsets_of_characters() -> None:
    """find() returns offsets of characters, not of bytes."""
    redactor = redactor_with(key="clé-de-voûte", other="second-value")
    text = "été: clé-de-voûte, \U0001f600 second-value"
    assert redactor.find(text) == [ValueSpan(5, 17, "a.key"), ValueSpan(21, 33, "a.other")]
    assert [text[span.start : span.end] for span in redactor.find(text)] == ["clé-de-voûte", "second-value"]


def test_names_counts_and_watchers() -> None:
    """The redactor has the names of its values, counts masks and calls its watchers.

    After a redaction with masks, it calls each watcher with the masked names.

    A name is the text in the mask, such as ``a.one``.
    """
    redactor = redactor_with(one="the-first-value", two="the-second-one")
    watched_names: list[tuple[str, ...]] = []
    stop_watching = redactor.watch(watched_names.append)
    assert redactor.names == ["a.one", "a.two"]
    redactor.redact("the-first-value the-second-one the-first-value")
    assert redactor.counts == {"a.one": 2, "a.two": 1}
    assert watched_names == [("a.one", "a.two", "a.one")]
    stop_watching()
    stop_watching()  # A second call has no effect.
    redactor.redact("the-first-value")
    assert len(watched_names) == 1


def test_an_error_in_a_watcher_does_not_stop_the_output() -> None:
    """If a watcher raises, the redacted text is still returned."""
    redactor = redactor_with(key="the-first-value")

    def fail(names: tuple[str, ...]) -> None:
        raise RuntimeError

    redactor.watch(fail)
    assert redactor.redact("<the-first-value>") == f"<{mask_text('a.key')}>"


def test_a_value_keeps_its_first_name() -> None:
    """If two secrets have the same value, the mask has the first protected name.

    The old value of an updated secret is still masked.
    """
    redactor = redactor_with(first="the-same-value", second="the-same-value")
    assert redactor.redact("the-same-value") == mask_text("a.first")
    redactor.protect("its-new-value", "a.first")
    assert redactor.redact("the-same-value its-new-value") == f"{mask_text('a.first')} {mask_text('a.first')}"


def test_a_forgotten_value_is_not_masked() -> None:
    """forget() ends the protection of one name, and other values are still masked."""
    redactor = redactor_with(one="the-first-value", two="the-second-one")
    redactor.redact("the-first-value" * 1000)
    redactor.forget("a.one")
    assert redactor.redact("the-first-value the-second-one") == f"the-first-value {mask_text('a.two')}"
    assert redactor.protect("the-first-value", "a.again")
    assert redactor.redact("the-first-value") == mask_text("a.again")


def test_values_are_protected_in_several_threads() -> None:
    """A value is masked as soon as it is protected, while other threads protect and redact at the same time."""
    redactor = Redactor()
    leaked: list[str] = []

    def work(worker: int) -> None:
        for turn in range(60):
            value = canary(f"w{worker}t{turn}")
            redactor.protect(value, f"w{worker}.t{turn}")
            output = redactor.redact(f"<{value}>" + "." * 500 * (turn % 7))
            if value in output or not redactor.json_may_contain_value(f'"{value}"'.encode()):
                leaked.append(value)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert leaked == []
    assert len(redactor.names) == 240  # Four threads protected 60 values each.


def test_new_values_and_long_texts_alternate() -> None:
    """All protected values are masked while new values and texts of different lengths alternate."""
    redactor = Redactor()
    values = [canary(str(number)) for number in range(60)]
    # A text of 100,000 characters lets the redactor index the values.
    for number, (value, length) in enumerate(zip(values, itertools.cycle([0, 10, 100_000, 1000]))):
        redactor.protect(value, f"a.n{number}")
        assert redactor.redact("." * length + value).endswith(mask_text(f"a.n{number}"))
    assert find_canary(redactor.redact(" ".join(values)), *values) == []


@pytest.mark.one_python
@pytest.mark.parametrize("kind", ["letters", "words", "digits", "signs", "JSON", "escapes", "another script"])
def test_a_value_of_64_kib_in_one_line(kind: str) -> None:
    """A value of up to 64 KiB is protected, masked and fingerprinted within seconds."""
    size = 1 << 16
    # str() refuses numbers of more than 4300 digits. A character of the other script (Chinese) has three bytes.
    generators = {
        "letters": lambda: secrets.token_urlsafe(size)[:size],
        "words": lambda: " ".join(secrets.token_hex(3) for _ in range(size // 7)),
        "digits": lambda: str(secrets.randbelow(10**4200)) * (size // 4200),
        "signs": lambda: "".join(secrets.choice("!@#$%^&*()[]{}<>|;:,.?/~`'\\\"") for _ in range(size)),
        "JSON": lambda: json.dumps({f"key{number}": secrets.token_hex(20) for number in range(size // 55)}),
        "escapes": lambda: "\\n".join(secrets.token_urlsafe(45) for _ in range(size // 62)),
        "another script": lambda: "".join(chr(0x4E00 + secrets.randbelow(20_000)) for _ in range(size // 3)),
    }
    value = generators[kind]()
    start_time = time.process_time()
    redactor = redactor_with(key=value)
    assert redactor.redact(f"it is {value}.") == f"it is {mask_text('a.key')}."
    export([(value, "a.key")])
    # The expected time is one second. More than ten seconds of CPU time mean that the time no longer grows linearly.
    assert time.process_time() - start_time < 10


@pytest.mark.parametrize("between", ["'\n", "' '", "'", "\n", " |\n| "], ids=repr)
def test_letters_after_a_truncated_value_are_not_masked(between: str) -> None:
    """If one or two letters after a truncated value continue the value by chance, they are not masked.

    The letters are on the next line, in the next quotes or in the next table cell, and other text follows them.
    """
    value = "Kx7Rf2Qm9Lp4Vt8Zs3Wn6Yb1"
    redactor = Redactor()
    redactor.protect(value, "a.key")
    for length in (1, 2):
        other_text = f"{value[15 : 15 + length]}- of it\n"
        assert redactor.redact(f"'{value[:15]}{between}{other_text}") == f"'{mask_text('a.key')}{between}{other_text}"
    # If the whole rest of the value follows, it is masked.
    assert value[15:] not in redactor.redact(f"'{value[:15]}{between}{value[15:]} of it")
