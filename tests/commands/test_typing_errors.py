"""Mistyped options, keys that look like options, and files that Windows programs write."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_lines import active_content_of, run
from zensecrets_jupyter import Client
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.schemas import BaseSecretSchema
from zensecrets_jupyter.testing.canary import canary, find_canary

TYPING_ERRORS = {
    "secret register s --schme=aws --key=?": "--schema",
    "secret register s --shcema aws --key=?": "--schema",
    "secret register s --scheema=aws --key=?": "--schema",
    "secret register s --scema=? --key=?": "--schema",
    "secret register s --interctive": "--interactive",
    "secret register s --litreal --key=?": "--literal",
    "secret register s --stirp --key=?": "--strip",
    "secret register s --vlaues=?": "--values",
    "secret update existing --stirp --key=?": "--strip",
    "secret update existing --remove_kye=key": "--remove-key",
    "secret update existing --remvoe-key key": "--remove-key",
    "alerter register a --flavr=slack --slack_token=?": "--flavor",
    "alerter register a --flavor=slack --litreal --slack_token=?": "--literal",
    "secrets-manager register m --falvor=local": "--flavor",
}
"""Command lines with a mistyped option, each with the option that was meant. The test replaces question marks by a value."""
USUAL_KEYS = """
    user username usr password passwd pass pw secret token key api_key apikey access_key access_key_id secret_key secret_access_key
    session_token client_id client_secret tenant_id account account_name account_key connection_string sas_token url uri dsn host hostname
    port database db dbname schema_name schema_version schema_registry db_schema table bucket region endpoint project project_id
    service_account private_key public_key certificate cert ca key_file passphrase salt pepper webhook slack_token stripe stripe_key value
    values2 value_1 name_ email auth bearer refresh_token access_token literals strip_key spirit trip flavors labels volumes interaction
    interval internal remote remove helper waiting wait_time shell scope literature striped
    scheme value1 value2 stack1 schema1
""".split()  # noqa: SIM905 - a list with one name on each line would be long
"""Usual names of keys. Some resemble an option, such as ``values2``, ``striped`` and ``schema_name``."""


@pytest.mark.parametrize("line", TYPING_ERRORS)
def test_a_mistyped_option_is_an_error(line: str) -> None:
    """The error names the option and no value, and nothing is stored."""
    run("secret register existing --key=unchanged-value")
    with pytest.raises(UsageProblem, match=f"looks like a typing error of the option {TYPING_ERRORS[line]}") as caught:
        run(line, *[canary("mistyped")] * line.count("?"))
    assert not find_canary(str(caught.value))
    assert str(caught.value).count("\n") == 0
    assert active_content_of("existing") == {"key": "unchanged-value"}
    assert Client().secrets_manager.list_secrets() == ["existing"]


def test_usual_keys_are_no_typing_errors() -> None:
    """Half of the keys can be registered, and the other half can be added by an update."""
    run("secret register usual " + " ".join(f"--{key}=a-value" for key in USUAL_KEYS[::2]))
    run("secret update usual " + " ".join(f"--{key}=a-value" for key in USUAL_KEYS[1::2]))
    assert set(active_content_of("usual")) == set(USUAL_KEYS)


def test_a_key_that_looks_like_an_option_can_be_set() -> None:
    """The option ``--values`` sets the key ``schme``, which looks like a mistyped ``--schema``.

    If the schema or the stored secret has this key, ``--schme=value`` sets it too.
    """

    class SchemaWithOddKey(BaseSecretSchema):
        TYPE = "odd_key_of_test"
        schme: str

    run('secret register s --values={"schme":"own-value"}')
    run("secret update s --schme=changed-value")
    assert active_content_of("s") == {"schme": "changed-value"}
    run("secret register t -s odd_key_of_test --schme=own-value")
    assert active_content_of("t") == {"schme": "own-value"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be-mark", "utf-32"])
def test_files_with_a_byte_order_mark_are_read(encoding: str) -> None:
    """PowerShell writes UTF-16 with a byte order mark."""
    value = "grüße-" + canary("wide")

    # Python has no codec that writes big-endian UTF-16 with a byte order mark. "utf-16-be-mark" is a name of this test.
    def encoded(text: str) -> bytes:
        return b"\xfe\xff" + text.encode("utf-16-be") if encoding == "utf-16-be-mark" else text.encode(encoding)

    Path("v.json").write_bytes(encoded('{"key": "' + value + '"}'))
    Path("value").write_bytes(encoded(value))
    run("secret register a --values=@v.json")
    run("secret register b -v @v.json")
    # Without --strip, the byte order mark would stay in the value.
    run("secret register c --key=@value --strip")
    run("secret import v.json")
    assert [active_content_of(name) for name in "abc"] == [{"key": value}] * 3
    assert active_content_of("v") == {"key": value}


def test_a_file_in_no_known_encoding_is_an_error() -> None:
    """The error does not quote the content."""
    # A byte order mark of UTF-16, and then half of a surrogate pair.
    Path("odd").write_bytes(b"\xff\xfe\x00\xd8" + canary("odd").encode())
    for line in ("secret register a --values=@odd", "secret register a --key=@odd", "secret import odd --format=json"):
        with pytest.raises(UnreadableFileError, match="UTF-8 text") as caught:
            run(line)
        assert not find_canary(str(caught.value))


def test_an_empty_value_has_a_note() -> None:
    """A registration and an update both print the note."""
    assert "Note: the value of s.key is empty." in run("secret register s --key=").message
    assert "Note: the value of s.key is empty." in run("secret update s --key=").message
