"""Commands run through the tree, as magics and the terminal run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.commands.people import Person
from zensecrets_jupyter.commands import tree
from zensecrets_jupyter.commands.ask import Asker, Nobody
from zensecrets_jupyter.commands.errors import UsageProblem
from zensecrets_jupyter.commands.render import Table
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import InvalidSecretError, ManagerUnreachableError, SecretNotFoundError
from zensecrets_jupyter.core.managers.memory import MemorySecretsManager
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.value import SecretValue
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.call import Outcome
    from zensecrets_jupyter.core.managers import SecretRecord

LABELS = "annotator register labels --flavor=label_studio --authentication_secret={{label_studio_secret.api_key}}"


def run(line: str, *values: str, asker: Asker | None = None) -> Outcome:
    """Run a line; each ``?`` in it is the next of the values."""
    waiting = list(values)
    words = [word.replace("?", waiting.pop(0)) if "?" in word else word for word in line.split(" ")]
    return tree.run(words, asker or Nobody())


def content_of(name: str) -> dict[str, str]:
    """Return what is stored under a name."""
    return Client().get_secret(name, refresh=True).content


class FailingManager(MemorySecretsManager):
    """A manager whose connection breaks after some writes, until it is mended."""

    FLAVOR = "failing"
    writes_left = 10**6

    def _register(self, name: str, record: SecretRecord) -> None:
        if type(self).writes_left <= 0:
            raise ManagerUnreachableError("The connection broke.", flavor=self.FLAVOR)
        type(self).writes_left -= 1
        super()._register(name, record)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> type[FailingManager]:
    """Make a manager that can fail part of the default stack."""
    monkeypatch.setattr(FailingManager, "writes_left", 10**6)
    run("secrets-manager register broken --flavor=failing")
    run("stack update -x broken")
    return FailingManager


def test_a_secret_goes_through_its_life() -> None:
    """Register, list, get, update, remove a key, rename, look back, roll back, delete."""
    first, second = canary("1"), canary("2")
    run("secret register s --a=? --b=?", first, second)
    assert [row["name"] for row in run("secret list").value] == ["s"]
    assert run("secret get s").value.content == {"a": first, "b": second}
    run("secret update s --a=? --c=3 --remove-key b", second)
    assert content_of("s") == {"a": second, "c": "3"}
    run("secret rename s t")
    assert [row["version"] for row in run("secret history t").value] == ["2", "1"]
    run("secret rollback t --to 1")
    assert content_of("t") == {"a": first, "b": second}
    run("secret delete t -y")
    with pytest.raises(SecretNotFoundError):
        run("secret get t")


def test_a_single_value_is_a_string_that_shows_as_its_mark() -> None:
    """`secret get NAME --key KEY` returns the value itself; what is shown of it is the mark."""
    value = canary()
    run("secret register s --a=?", value)
    outcome = run("secret get s --key a")
    assert (outcome.value, outcome.view, outcome.text) == (value, "‹secret:s.a›", "")
    assert isinstance(outcome.value, SecretValue)
    assert find_canary(repr(outcome)) == []


def test_a_value_that_is_clear_text_is_shown() -> None:
    """What the schema calls clear text needs no mark."""
    run("secret register login -s basic_auth --username=ada --password=?", canary())
    assert run("secret get login --key username").view == "ada"


@pytest.mark.parametrize("group", ["secret", "secrets-manager secret", "secrets_manager secret"])
def test_one_group_has_several_names(group: str) -> None:
    """The documentation's long name is the same command as the short one."""
    run(f"{group} register s --k=1")
    assert content_of("s") == {"k": "1"}


def test_dashes_and_underscores_are_one_everywhere() -> None:
    """In commands, options and the keys of a schema, both spellings are understood; free keys stay as they are typed."""
    run("secret register o -s openai --api-key=1")
    assert content_of("o") == {"api_key": "1"}
    run("secret register free --api-key=1 --api_key=2")
    assert content_of("free") == {"api-key": "1", "api_key": "2"}
    run("secret update free --remove_key api-key")
    run("stack register new --orchestrator default --artifact_store default --secrets_manager default")
    run("artifact_store list")
    run("stack remove_component new --secrets-manager")


def test_values_come_from_files(tmp_path: Path) -> None:
    """`@path` is a file's text as it stands, `@@x` is `@x`, and `~` is the home folder."""
    text = f"{canary()}\r\nsecond line\n"
    (tmp_path / "folder" / "key.pem").write_bytes(text.encode())
    run("secret register s --a=@key.pem --b=@@x --c=a@b")
    assert content_of("s") == {"a": text, "b": "@x", "c": "a@b"}


def test_only_what_is_bare_is_asked_for() -> None:
    """A bare key is asked for, beside values that were given."""
    typed = canary()
    person = Person(typed)
    run("secret register s --a=1 --b", asker=person)
    assert content_of("s") == {"a": "1", "b": typed}
    assert person.asked == ["Value of s.b: "]


def test_nothing_is_asked_in_vain() -> None:
    """What is wrong already is said before anybody types a value."""
    run("secret register s --a=1")
    for line in ("secret register s --b", "secret register x -s openai --b", "secret update y --b", "secret register a.b --k"):
        person = Person()
        with pytest.raises((InvalidSecretError, SecretNotFoundError, ValueError)):
            run(line, asker=person)
        assert person.asked == []


def test_an_update_asks_for_what_is_there_and_keeps_what_is_left_empty() -> None:
    """`secret update NAME` goes through the keys; an empty answer keeps a value."""
    run("secret register s -s basic_auth --username=ada --password=?", canary("old"))
    new = canary("new")
    run("secret update s -i", asker=Person("", new))
    assert content_of("s") == {"username": "ada", "password": new}
    before = content_of("s")
    assert "Nothing was changed" in run("secret update s", asker=Person("", "")).text
    assert content_of("s") == before


def test_an_empty_value_is_a_value() -> None:
    """`--key=` registers the empty text."""
    run("secret register s --k=")
    assert content_of("s") == {"k": ""}


def test_reveal_is_refused_in_a_session() -> None:
    """A notebook keeps its outputs, so it gets the value as an object and no more."""
    run("secret register s --k=?", canary())
    with pytest.raises(UsageProblem, match=r"value = %secret get s --key k"):
        run("secret get s --key k --reveal")


def test_variables_are_set_for_the_session_and_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """`secret env NAME` sets variables, `--unset` makes them what they were."""
    monkeypatch.setenv("K", "before")
    value = canary()
    run("secret register s --k=? --other=2", value)
    told = run("secret env s").text
    assert (os.environ["K"], os.environ["OTHER"]) == (value, "2")
    assert find_canary(told) == []
    run("secret env s --prefix MY_")
    assert os.environ["MY_K"] == value
    run("secret env --unset")
    assert (os.environ["K"], "OTHER" in os.environ, "MY_K" in os.environ) == ("before", False, False)


def test_components_take_texts_json_switches_and_files(tmp_path: Path) -> None:
    """Attributes are texts that become what the flavor wants; references stay."""
    (tmp_path / "folder" / "url").write_text("http://{{a.host}}/")
    run("annotator register a --flavor=label_studio --instance-url=@url --port=9")
    attributes = Client().workspace.component(ComponentType.ANNOTATOR, "a").attributes
    assert attributes == {"instance_url": "http://{{a.host}}/", "port": 9}
    nested = '{"endpoint_url":"{{minio.url}}"}'
    run("artifact-store register s --flavor s3 --path=s3://b --client_kwargs=?", nested)
    assert Client().workspace.component(ComponentType.ARTIFACT_STORE, "s").attributes["client_kwargs"] == {"endpoint_url": "{{minio.url}}"}
    run("orchestrator register k --flavor kubernetes --synchronous")
    assert Client().workspace.component(ComponentType.ORCHESTRATOR, "k").attributes == {"synchronous": True}
    run("annotator register l --flavor=label_studio --instance_url={{a}} --literal")
    assert Client().workspace.open_component(ComponentType.ANNOTATOR, "l").instance_url == "{{a}}"
    run("annotator remove-attribute a port --instance_url")
    assert Client().workspace.component(ComponentType.ANNOTATOR, "a").attributes == {}


def test_a_plain_sensitive_attribute_is_sealed_masked_and_warned_about_once() -> None:
    """A value in a sensitive attribute is accepted with a warning at registration, and shown as a mark afterwards."""
    value = canary()
    outcome = run("alerter register chat --flavor=slack --slack_token=?", value)
    assert "Warning: 'slack_token' was given as a plain value." in outcome.text
    assert "Warning" not in run("alerter update chat --default_slack_channel_id=c").text
    shown = run("alerter describe chat").value
    assert {"attribute": "slack_token", "value": "‹secret:slack_token›"} in list(shown)
    assert find_canary(f"{outcome} {shown}") == []


@pytest.mark.parametrize("group", list(tree.COMPONENTS))
def test_each_type_of_component_has_the_same_commands(group: str) -> None:
    """Register, list, describe, copy, rename, delete and the list of flavors work for each of the eleven types."""
    flavor = "memory" if group == "secrets-manager" else "custom"
    run(f"{group} register one --flavor={flavor}")
    run(f"{group} copy one two")
    run(f"{group} rename two three")
    assert {"one", "three"} <= {row["name"] for row in run(f"{group} list").value}
    assert run(f"{group} describe three").value[0] == {"attribute": "flavor", "value": flavor}
    assert flavor in {row["flavor"] for row in run(f"{group} flavor list").value}
    run(f"{group} delete three")
    assert "three" not in {row["name"] for row in run(f"{group} list").value}
    if flavor == "custom":
        run(f"{group} update one --what=?", "{{a.b}}")
        run(f"{group} remove-attribute one what")
        assert run(f"stack update default --{group} one").exit_code == 0
        assert run(f"{group} get").value == "one"


def test_stacks_go_through_their_life() -> None:
    """Register, set, describe, copy, rename, remove a component, delete."""
    run("stack register one -o default -a default -x default --set")
    assert run("stack get").value == "one"
    run("stack copy one two")
    run("stack rename two three")
    run("stack remove-component three -x")
    assert [row["type"] for row in run("stack describe three").value] == ["orchestrator", "artifact store"]
    run("stack set default")
    run("stack delete three -y")
    assert {row["stack"] for row in run("stack list").value} == {"default", "one"}


def test_a_stack_that_could_not_run_is_warned_about() -> None:
    """register, update and set succeed, and say what would keep a pipeline from running."""
    run(LABELS)
    warned = [
        run("stack register new -o default -a default -x default -an labels").text,
        run("stack update new -an labels").text,
        run("stack set new").text,
    ]
    for text in warned:
        assert "Warning: Stack 'new' can't run: 1 problem." in text
        assert "%stack register-secrets new" in text


def test_a_remote_orchestrator_with_a_local_manager_is_warned_about() -> None:
    """Steps that run elsewhere can't reach what only this machine has."""
    run("orchestrator register far --flavor=kubernetes")
    assert "can't reach the local secrets manager 'default'" in run("stack register new -o far -a default -x default").text


def test_validate_returns_its_report() -> None:
    """The report is data; a terminal's process ends with 1 where there is a problem."""
    run(LABELS)
    run("stack update -an labels")
    outcome = run("stack validate")
    assert (outcome.exit_code, len(outcome.value.problems)) == (1, 1)
    run("secret register label_studio_secret --api_key=?", canary())
    assert run("stack validate").exit_code == 0


def test_register_secrets_asks_for_what_the_stack_needs() -> None:
    """Secrets are grouped; existing values may stay; other keys and the schema stay too."""
    old, new = canary("old"), canary("new")
    run(LABELS)
    run("alerter register chat --flavor=slack --slack_token=? --default_slack_channel_id=?", "{{chat.token}}", "{{chat.channel}}")
    run("stack update -an labels -al chat")
    run("secret register label_studio_secret -s label_studio --api_key=?", old)
    run("secret register chat --channel=c --more=m")
    person = Person(new, "", "")
    run("stack register-secrets", asker=person)
    assert content_of("chat") == {"channel": "c", "more": "m", "token": new}
    assert content_of("label_studio_secret") == {"api_key": old}
    assert Client().get_secret("label_studio_secret").TYPE == "label_studio"
    assert "  chat.token is needed by alerter 'chat'.slack_token" in person.shown
    assert find_canary(person.seen) == []
    assert run("stack register-secrets --skip-existing").text == "Every secret that stack 'default' needs is registered."


def test_a_stack_that_needs_nothing_says_so() -> None:
    """Without references there is nothing to ask."""
    assert run("stack register-secrets").text == "Stack 'default' needs no secrets."


def test_a_failure_half_way_says_what_was_written(failing: type[FailingManager]) -> None:
    """Everything is typed first; a failure names what was written and what not, and the rest is tried again with what was typed."""
    first, second = canary("1"), canary("2")
    for name in ("one", "two"):
        run(f"annotator register {name} --flavor=custom --secret=?", f"{{{{{name}.key}}}}")
    run("annotator register both --flavor=custom --a=? --b=?", "{{one.key}}", "{{two.key}}")
    run("stack update -an both")
    failing.writes_left = 1
    person = Person(first, second, "n")
    with pytest.raises(ManagerUnreachableError, match=r"Written: one; not written: two\.") as caught:
        run("stack register-secrets", asker=person)
    assert find_canary(str(caught.value)) == []
    assert Client().secrets_manager.list_secrets() == ["one"]
    mending = Mending(failing, "", second, "y")
    failing.writes_left = 0
    assert run("stack register-secrets", asker=mending).text == "Registered 'two'."
    assert (content_of("one"), content_of("two")) == ({"key": first}, {"key": second})


class Mending(Person):
    """Somebody who mends the connection when asked whether to try again."""

    def __init__(self, manager: type[FailingManager], *answers: str) -> None:
        """Answer, and mend ``manager``."""
        super().__init__(*answers)
        self._manager = manager

    def confirm(self, question: str) -> bool:
        """Mend it, then answer."""
        self._manager.writes_left = 10
        return super().confirm(question)


def test_an_import_is_all_or_nothing(failing: type[FailingManager]) -> None:
    """If one of several secrets can't be written, those before it are taken back."""
    Path("s.json").write_text(f'{{"a": {{"k": "{canary()}"}}, "b": {{"k": "{canary()}"}}}}')
    failing.writes_left = 1
    with pytest.raises(ManagerUnreachableError, match="nothing was imported"):
        run("secret import s.json")
    assert Client().secrets_manager.list_secrets() == []


def test_an_import_shows_what_it_did_masked() -> None:
    """The outcome is a masked table; --dry-run writes nothing; conflicts go as they are told to."""
    value = canary()
    Path("s.yaml").write_text(f"a:\n  k: '{value}'\nb:\n  number: 0042\n  yes: no\n")
    run("secret register a --k=old")
    planned = run("secret import s.yaml --overwrite --dry-run").value
    assert [row[""] for row in planned] == ["would be registered", "would be registered", "would be replaced"]
    assert Client().secrets_manager.list_secrets() == ["a"]
    skipped = run("secret import s.yaml --skip-existing").value
    assert (content_of("a"), content_of("b")) == ({"k": "old"}, {"number": "0042", "yes": "no"})
    run("secret import s.yaml --overwrite")
    assert content_of("a") == {"k": value}
    assert find_canary(f"{planned} {skipped} {planned._repr_html_()}") == []


def test_an_env_file_is_one_secret_with_nothing_expanded() -> None:
    """A .env is named by --name or by itself; neither $ nor ${} is touched; export and comments are understood."""
    Path(".env").write_text("# a comment\nexport A='x ${HOME} $B'\nB=\"line\\nline\"\nC=plain # comment\n")
    run("secret import .env")
    assert content_of("env") == {"A": "x ${HOME} $B", "B": "line\nline", "C": "plain"}
    run("secret import .env --name=mine")
    assert content_of("mine") == content_of("env")


def test_an_import_may_say_the_schema() -> None:
    """A flat file can be given the schema that its keys follow."""
    Path("o.json").write_text(f'{{"api_key": "{canary()}"}}')
    run("secret import o.json -s openai --name=o")
    assert Client().get_secret("o").TYPE == "openai"
    with pytest.raises(InvalidSecretError):
        run("secret import o.json -s aws --name=p")


def test_a_plain_export_keeps_the_schema() -> None:
    """What --plaintext writes comes back as it was, for the owner's eyes only."""
    value = canary()
    run("secret register o -s openai --api_key=?", value)
    run("secret register p --k=?", value)
    assert "in plain text" in run("secret export o p out.yaml --plaintext").text
    assert Path("out.yaml").stat().st_mode & 0o777 == 0o600
    run("secret cleanup -y")
    run("secret import out.yaml")
    assert (Client().get_secret("o").TYPE, content_of("p")) == ("openai", {"k": value})
    run("secret export o p out.yaml --plaintext --force")
    Path("out.yaml").unlink()


def test_a_stack_is_exported_without_values_and_imported_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file lists secrets and what was left out; the import asks for that, and offers to register what is missing."""
    token, key = canary("token"), canary("key")
    run(LABELS)
    run("alerter register chat --flavor=slack --slack_token=? --default_slack_channel_id=c", token)
    run("annotator register literal --flavor=custom --text={{a}} --literal")
    run("secret register label_studio_secret -s label_studio --api_key=?", key)
    run("stack register s -o default -a default -x default -an labels -al chat")
    assert "alerter 'chat'.slack_token" in run("stack export s").text
    text = Path("s.yaml").read_text()
    assert find_canary(text) == []
    assert "label_studio_secret" in text
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "elsewhere"))
    person = Person(token, "y", key)
    outcome = run("stack import s", asker=person)
    assert "Registered 'label_studio_secret'." in outcome.text
    assert person.asked[1].startswith("Missing: {{label_studio_secret.api_key}}.")
    manager = Client().get_stack("s").secrets_manager
    assert (manager.get_secret("label_studio_secret").TYPE, manager.get_secret("label_studio_secret").content) == (
        "label_studio",
        {"api_key": key},
    )
    alerter = Client().get_stack("s").alerter
    assert alerter is not None
    assert alerter.slack_token == token
    assert find_canary(tmp_path / "elsewhere") == []


def test_an_import_of_a_stack_uses_what_is_there_and_undoes_what_it_began() -> None:
    """Equal components are used; another one of the same name is an error, and nothing is left behind."""
    run(LABELS)
    run("stack register s -o default -a default -x default -an labels")
    run("stack export s")
    assert "of components that were there" in run("stack import copy -f s.yaml").text
    run("stack delete s -y")
    run("stack delete copy -y")
    run("annotator update labels --port=1")
    run("orchestrator register new --flavor=kubernetes")
    with pytest.raises(ValueError, match="rename labels"):
        run("stack import s")
    Path("bad.yaml").write_text(
        Path("s.yaml").read_text().replace("name: default", "name: other").replace("labels", "fresh").replace("label_studio\n", "nosuch\n")
    )
    with pytest.raises(LookupError, match="nosuch"):
        run("stack import bad.yaml")
    assert [record.name for record in Client().workspace.components(ComponentType.ORCHESTRATOR)] == ["default", "new"]
    assert "Missing: {{label_studio_secret.api_key}}. To register: %stack register-secrets s" in _reimported().text


def _reimported() -> Outcome:
    run("annotator delete labels")
    return run("stack import s")


def test_protection_is_changed_by_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rewrap and rotate-key change what protects a store and its key, and values stay."""
    value = canary()
    run("secret register s --k=?", value)
    assert "key file" in str(run("secrets-manager describe").value)
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "open")
    assert "a passphrase" in run("secrets-manager rewrap default --to passphrase").text
    run("secrets-manager rotate-key default")
    assert "a passphrase" in str(run("secrets-manager describe default").value)
    assert content_of("s") == {"k": value}


def test_the_tree_has_help_for_each_command() -> None:
    """Every command says what it does, and how it is written."""

    def walk(group: Any, words: list[str]) -> None:
        for name in group.list_commands(None):
            command = group.get_command(None, name)
            assert command.help, words
            text = tree.run([*words, name, "--help"], Nobody()).text
            assert text.startswith(f"Usage: %zen {' '.join([*words, name])}")
            if hasattr(command, "list_commands"):
                walk(command, [*words, name])

    walk(tree.root, [])


def test_tables_are_what_commands_return() -> None:
    """Lists and descriptions return tables that show themselves."""
    for line in (
        "secret list",
        "secret schemas",
        "secret schemas aws",
        "stack list",
        "stack describe",
        "orchestrator list",
        "orchestrator describe",
    ):
        outcome = run(line)
        assert isinstance(outcome.value, Table)
        assert outcome.view is outcome.value
        assert str(outcome.value)


def test_completion_offers_what_may_come_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verbs, options, names, keys and references are offered as whole words; a locked store is not asked for its keys."""
    run("secret register openai -s openai --api_key=?", canary())
    run(LABELS)

    def offered(line: str) -> list[str]:
        *words, incomplete = line.split(" ")
        return [completion.text for completion in tree.complete(words, incomplete)]

    assert offered("sta") == ["stack"]
    assert offered("secrets_m") == ["secrets-manager"]
    assert offered("secret up") == ["update"]
    assert offered("secret update openai --a") == ["--api_key="]
    assert offered("secret update openai --api_key=1 --a") == []
    assert offered("secret register x --schema=aws --aws_s") == ["--aws_secret_access_key=", "--aws_session_token="]
    assert offered("secret register x --schema=op") == ["--schema=openai"]
    assert offered("secret get ope") == ["openai"]
    assert offered("secret get openai --key ") == ["api_key"]
    assert offered("stack set d") == ["default"]
    assert offered("stack update -an l") == ["labels"]
    assert offered("annotator register a --flavor=label_studio --in") == ["--instance_url="]
    assert offered("annotator update labels --authentication_secret={{o") == ["--authentication_secret={{openai."]
    assert offered("annotator update labels --x=http://{{openai.a") == ["--x=http://{{openai.api_key}}"]
    assert offered("nonsense x ") == offered("secret update nobody --x") == []
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "open")
    run("secrets-manager rewrap default --to passphrase")
    locked = "import sys; from zensecrets_jupyter.commands import tree; print(tree.complete(['secret', 'get', 'openai', '--key'], ''))"
    monkeypatch.delenv("ZENSECRETS_PASSPHRASE")
    done = subprocess.run([sys.executable, "-c", locked], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
