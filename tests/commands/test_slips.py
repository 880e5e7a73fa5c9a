"""An option with a slip of the fingers in it is no key, and a key that looks like one can be given all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_lines import content_of, run
from zensecrets_jupyter import Client
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.schemas import BaseSecretSchema
from zensecrets_jupyter.testing.canary import canary, find_canary

SLIPS = {
    "secret register s --schme=aws --key=?": "--schema",
    "secret register s --shcema aws --key=?": "--schema",
    "secret register s --scheema=aws --key=?": "--schema",
    "secret register s --scema=? --key=?": "--schema",
    "secret register s --interctive": "--interactive",
    "secret register s --litreal --key=?": "--literal",
    "secret register s --stirp --key=?": "--strip",
    "secret register s --vlaues=?": "--values",
    "secret update kept --stirp --key=?": "--strip",
    "secret update kept --remove_kye=key": "--remove-key",
    "secret update kept --remvoe-key key": "--remove-key",
    "zen alerter register a --flavr=slack --slack_token=?": "--flavor",
    "zen alerter register a --flavor=slack --litreal --slack_token=?": "--literal",
    "zen secrets-manager register m --falvor=local": "--flavor",
}
USUAL = """
    user username usr password passwd pass pw secret token key api_key apikey access_key access_key_id secret_key secret_access_key
    session_token client_id client_secret tenant_id account account_name account_key connection_string sas_token url uri dsn host hostname
    port database db dbname schema_name schema_version schema_registry db_schema table bucket region endpoint project project_id
    service_account private_key public_key certificate cert ca key_file passphrase salt pepper webhook slack_token stripe stripe_key value
    values2 value_1 name_ email auth bearer refresh_token access_token literals strip_key spirit trip flavors labels volumes interaction
    interval internal remote remove helper waiting wait_time shell scope literature striped
    scheme value1 value2 stack1 schema1
""".split()  # noqa: SIM905 - one word a line would be many lines
"""Names that keys have."""


@pytest.mark.parametrize("line", SLIPS)
def test_an_option_with_a_slip_is_refused(line: str) -> None:
    """One line names both and no value; nothing is stored."""
    run("secret register kept --key=kept-as-it-is")
    with pytest.raises(UsageProblem, match=f"looks like a typing error of the option {SLIPS[line]}") as caught:
        run(line.removeprefix("zen "), *[canary("slip")] * line.count("?"))
    assert not find_canary(str(caught.value))
    assert str(caught.value).count("\n") == 0
    assert content_of("kept") == {"key": "kept-as-it-is"}
    assert Client().secrets_manager.list_secrets() == ["kept"]


def test_usual_names_of_keys_are_no_slips() -> None:
    """Each is stored, by `register` and by `update`."""
    run("secret register usual " + " ".join(f"--{key}=a-value" for key in USUAL[::2]))
    run("secret update usual " + " ".join(f"--{key}=a-value" for key in USUAL[1::2]))
    assert set(content_of("usual")) == set(USUAL)


def test_a_key_that_looks_like_an_option_can_be_given() -> None:
    """As the hint says; and where the schema or the secret has it, as any other key."""

    class Slipped(BaseSecretSchema):
        TYPE = "slipped_of_test"
        schme: str

    run('secret register s --values={"schme":"own-value"}')
    run("secret update s --schme=changed-value")
    assert content_of("s") == {"schme": "changed-value"}
    run("secret register t -s slipped_of_test --schme=own-value")
    assert content_of("t") == {"schme": "own-value"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be-mark", "utf-32"])
def test_files_of_windows_are_read(encoding: str) -> None:
    """`--values=@FILE`, `-v @FILE`, `--key=@FILE` and `import` take UTF-16 with a byte order mark, as PowerShell writes it."""
    value = "grüße-" + canary("wide")

    def written(text: str) -> bytes:
        return b"\xfe\xff" + text.encode("utf-16-be") if encoding == "utf-16-be-mark" else text.encode(encoding)

    Path("v.json").write_bytes(written('{"key": "' + value + '"}'))
    Path("value").write_bytes(written(value))
    run("secret register a --values=@v.json")
    run("secret register b -v @v.json")
    run("secret register c --key=@value --strip")
    run("secret import v.json")
    assert [content_of(name) for name in "abc"] == [{"key": value}] * 3
    assert content_of("v") == {"key": value}


def test_a_file_in_no_encoding_is_refused_in_one_line() -> None:
    """No content is quoted."""
    Path("odd").write_bytes(b"\xff\xfe\x00\xd8" + canary("odd").encode())
    for line in ("secret register a --values=@odd", "secret register a --key=@odd", "secret import odd --format=json"):
        with pytest.raises(UnreadableFileError, match="UTF-8 text") as caught:
            run(line)
        assert not find_canary(str(caught.value))


def test_an_empty_value_is_said() -> None:
    """On each way in; so is a secret without any key."""
    assert "Note: the value of s.key is empty." in run("secret register s --key=").message
    assert "Note: the value of s.key is empty." in run("secret update s --key=").message
