"""Table of wrong command lines, which each front end must refuse with one line.

A test runs ``setup`` and then ``words``, in a folder with ``files`` and without an interactive user. The command must end with one line
that contains each text of ``error``. It must write nothing, and it may neither show nor store a canary (a secret value of the tests).

In an id, "nothing", "nowhere" and "no file" mean that a name is missing, or that the named object does not exist: the test "copy of no
secret" copies a secret that does not exist. "No person" means that the command would have to ask an interactive user. Misspelled names
such as ``opanai`` and ``defalt`` are intended: many errors must suggest the correct name.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.commands import tree
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.transfer import sealed_export
from zensecrets_jupyter.core.workspace import get_workspace
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zensecrets_jupyter.core.managers import SecretsManager

VALUE = canary("bad input")
"""A secret value in a wrong command line, which the error must not show."""
OTHER_VALUE = canary("other bad input")
"""A second value, for commands with two values and for the setup of tests."""


@dataclass(frozen=True)
class BadInput:
    """A command that must fail.

    Attributes:
        id: The id of the test.
        words: The words of the command line.
        error: Texts that the line of the error must contain.
        setup: Commands that run before the command, and succeed.
        files: Files in the folder of the command, by name.
        environment: Environment variables of the command.
        is_terminal_only: Whether the command exists in the terminal, and not in notebooks.
    """

    id: str
    words: tuple[str, ...]
    error: tuple[str, ...]
    setup: tuple[tuple[str, ...], ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    is_terminal_only: bool = False

    def prepare(self, folder: Path) -> None:
        """Write the files, and run the commands of ``setup``."""
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        for words in self.setup:
            tree.run(words, NonInteractiveAsker())


def snapshot() -> dict[str, Any]:
    """Return all registered secrets with their values, components and stacks. A failed command must not change them."""
    workspace = get_workspace()
    managers = workspace.components(ComponentType.SECRETS_MANAGER)
    secrets = {record.name: _contents(workspace.open_manager(record.name)) for record in managers}
    return {"secrets": secrets, "components": workspace.components(), "stacks": workspace.stacks()}


def _contents(manager: SecretsManager) -> dict[str, dict[str, str]]:
    return {name: manager.get_secret(name, refresh=True).content for name in manager.list_secrets()}


def _command(text: str) -> tuple[str, ...]:
    return tuple(text.split(" "))


_REGISTER_OPENAI = _command(f"secret register openai --api_key={OTHER_VALUE}")
_REGISTER_AWS = _command(f"secret register cloud --schema=aws --aws_access_key_id={OTHER_VALUE} --aws_secret_access_key={OTHER_VALUE}")
_REGISTER_LABELS = _command("annotator register labels --flavor=label_studio --authentication_secret={{label_studio_secret.api_key}}")
_ADD_REFERENCE_TO_STACK = (_REGISTER_LABELS, _command("stack update default -an labels"))
_REGISTER_ANNOTATOR = "annotator register new --flavor=label_studio"
"""The beginning of a command line, as a text.

The other constants are for ``setup``: ``_REGISTER_…`` are single commands, and ``_ADD_REFERENCE_TO_STACK`` is a tuple of two commands.
"""


def _secrets() -> list[BadInput]:
    return [
        BadInput("unknown schema", _command(f"secret register x -s awz --a={VALUE}"), ("'awz'", "Did you mean 'aws'")),
        BadInput("name with a dot", _command(f"secret register a.b --k={VALUE}"), ("'a.b'", "dots")),
        BadInput("name with a brace", _command(f"secret register a{{b --k={VALUE}"), ("braces",)),
        BadInput("name with a space", ("secret", "register", "a b", f"--k={VALUE}"), ("'a b'", "white space")),
        BadInput("empty name", ("secret", "register", "", f"--k={VALUE}"), ("can't be empty",)),
        BadInput("name that is name", _command(f"secret register name --k={VALUE}"), ("'name'",)),
        BadInput("name that is too long", _command(f"secret register {'n' * 256} --k={VALUE}"), ("256", "255")),
        BadInput("name that starts with a dash", ("secret", "register", "--k=" + VALUE, "--", "-n"), ("'-n'", "'-'")),
        BadInput("key with a brace", _command(f"secret register x --a{{b={VALUE}"), ("'a{b'", "braces")),
        BadInput("key that is name", _command(f"secret register x --name={VALUE}"), ("'name'", "'x'")),
        BadInput("no key", _command(f"secret register x --={VALUE}"), ("--KEY=VALUE",)),
        BadInput(
            "name is taken", _command(f"secret register openai --k={VALUE}"), ("'openai'", "exists", "secret update"), (_REGISTER_OPENAI,)
        ),
        BadInput("no such secret", _command("secret get opanai"), ("'opanai'", "Did you mean 'openai'"), (_REGISTER_OPENAI,)),
        BadInput("no such key", _command("secret get openai --key apikey"), ("'apikey'", "api_key"), (_REGISTER_OPENAI,)),
        BadInput("unknown key of a schema", _command(f"secret register x -s openai --api_kee={VALUE}"), ("'api_kee'", "'api_key'")),
        BadInput(
            "key of a schema is missing", _command(f"secret register x -s aws --aws_access_key_id={VALUE}"), ("aws_secret_access_key",)
        ),
        BadInput("update of nothing", _command(f"secret update opanai --k={VALUE}"), ("'opanai'", "'openai'"), (_REGISTER_OPENAI,)),
        BadInput(
            "update with an unknown key", _command(f"secret update cloud --k={VALUE}"), ("'k'", "aws_access_key_id"), (_REGISTER_AWS,)
        ),
        BadInput("removal of no key", _command("secret update openai --remove-key k"), ("'k'", "api_key"), (_REGISTER_OPENAI,)),
        BadInput(
            "removal of a required key",
            _command("secret update cloud --remove-key aws_access_key_id"),
            ("aws_access_key_id",),
            (_REGISTER_AWS,),
        ),
        BadInput(
            "key set and removed", _command(f"secret update openai --k={VALUE} --remove-key k"), ("'k'", "removes"), (_REGISTER_OPENAI,)
        ),
        BadInput("deletion of nothing", _command("secret delete opanai -y"), ("'opanai'", "'openai'"), (_REGISTER_OPENAI,)),
        BadInput("renaming of nothing", _command("secret rename opanai x"), ("'opanai'",), (_REGISTER_OPENAI,)),
        BadInput(
            "renaming to a taken name", _command("secret rename openai cloud"), ("'cloud'", "exists"), (_REGISTER_OPENAI, _REGISTER_AWS)
        ),
        BadInput("renaming to a bad name", _command("secret rename openai a.b"), ("'a.b'",), (_REGISTER_OPENAI,)),
        BadInput("history of nothing", _command("secret history opanai"), ("'opanai'", "'openai'"), (_REGISTER_OPENAI,)),
        BadInput("rollback to nothing", _command("secret rollback openai --to 7"), ("7", "'openai'"), (_REGISTER_OPENAI,)),
        BadInput("rollback to no number", _command("secret rollback openai --to x"), ("--to",), (_REGISTER_OPENAI,)),
        BadInput("variables of nothing", _command("secret env opanai -- true"), ("'opanai'",), (_REGISTER_OPENAI,), is_terminal_only=True),
        BadInput("no program", _command("secret env openai"), ("-- PROGRAM",), (_REGISTER_OPENAI,), is_terminal_only=True),
        BadInput(
            "no such program",
            _command("secret env openai -- zs-no-program"),
            ("zs-no-program",),
            (_REGISTER_OPENAI,),
            is_terminal_only=True,
        ),
        BadInput("prefix of no variable", _command("secret env openai --prefix 1-"), ("'1-'",), (_REGISTER_OPENAI,)),
    ]


def _values_instead_of_keys() -> list[BadInput]:
    """Return imports of files with a value where a key, name or type is expected.

    No error may quote the value.
    """
    key = f"-----BEGIN PRIVATE KEY-----\n{VALUE}/{VALUE}==\n-----END PRIVATE KEY-----\n"
    files = {
        "a token": ("s.env", VALUE),
        "a token and a key": ("s.env", f"A=1\n{VALUE}\n"),
        "a private key in .env": ("s.env", key),
        "a private key in JSON": ("s.json", key),
        "a private key in YAML": ("s.yaml", key),
        "a token without a value": ("s.yaml", f"{VALUE}:\n"),
        "a token twice": ("s.yaml", f"{VALUE}: 1\n{VALUE}: 2\n"),
        "a token next to names": ("s.json", f'{{"{VALUE}": "1", "n": {{}}}}'),
        "a token without a text": ("s.json", f'{{"{VALUE}": [1]}}'),
        "a passphrase": ("s.json", f'{{"{VALUE} horse battery": "1"}}'),
        "a long token": ("s.json", f'{{"{VALUE * 20}": "1"}}'),
        "a token as a name": ("s.json", f'{{"{VALUE}.a": {{"k": "1"}}}}'),
        "an export without a schema": ("s.json", f'{{"zensecrets_export": 1, "secrets": {{"{VALUE}": {{"content": {{}}}}}}}}'),
    }
    stack = "stack_name: x\ncomponents:\n  "
    stacks = {
        "a type": f"{stack}{VALUE}: {{flavor: slack, name: y}}\n",
        "a flavor": f"{stack}alerter: {{flavor: {VALUE}, name: y}}\n",
        "an attribute": f"{stack}alerter: {{flavor: slack, name: y, configuration: {{{VALUE}: 1}}}}\n",
        "a manager's flavor": f"{stack}secrets_manager: {{flavor: {VALUE}, name: y}}\n",
        "a manager's attribute": f"{stack}secrets_manager: {{flavor: vault, name: y, configuration: {{{VALUE}: 1}}}}\n",
    }
    return [
        *(
            BadInput(f"import of {description}", _command(f"secret import {name}"), (), files={name: text.encode()})
            for description, (name, text) in files.items()
        ),
        *(
            BadInput(
                f"stack with a token as {description}", _command("stack import s.yaml"), ("(not shown)",), files={"s.yaml": text.encode()}
            )
            for description, text in stacks.items()
        ),
    ]


def _unexpanded_variables() -> list[BadInput]:
    """Return commands with a value that is probably a mistake.

    The value is a variable that the shell did not replace, or a reference. A password that begins with ``@`` is taken for a file's name.
    """
    texts = {
        "$pw": "variable", "${PW}": "variable", "$(pass show x)": "variable", "`pass show x`": "variable", "%PW%": "variable",
        "$env:PW": "variable", "{pw}": "variable", "{{p.api_key}}": "reference",
    }  # fmt: skip
    register = [
        BadInput(f"value that is {text}", ("secret", "register", "x", f"--k={text}"), ("--k", error, "--literal"))
        for text, error in texts.items()
    ]
    update = BadInput("new value that is a variable", _command("secret update openai --k=$pw"), ("--k", "--literal"), (_REGISTER_OPENAI,))
    attribute = BadInput(
        "attribute that is a variable",
        _command("alerter register a --flavor=slack --slack_token=$SLACK_TOKEN"),
        ("--slack_token", "--literal"),
    )
    password = BadInput("password that is no file", _command(f"secret register x --k=@{VALUE}"), ("--k", "does not exist", "@@"))
    return [*register, update, attribute, password]


def _addresses() -> list[BadInput]:
    """Return commands with a URL that is refused because of its password.

    The attribute ``url`` of the flavor ``sql`` may contain a password, but the second ``@`` makes the end of the password ambiguous.
    The other attributes are not sealed, so they may not contain a password.
    """
    register = "secrets-manager register new"
    flavors = {
        "vault": "--url=https://",
        "github": "--repository=a/b --api_url=https://",
        "gcp": "--endpoint=https://",
        "azure": "--vault_url=https://",
        "aws": "--endpoint_url=https://",
        "zenml": "--url=https://",
    }
    urls = {"user": f"u:{VALUE}@h.example", "slash": f"u:p/{VALUE}@h.example", "at": f"u:p@{VALUE}@h.example"}
    return [
        *(
            BadInput(
                f"address of {flavor} with a {separator}",
                _command(f"{register} --flavor={flavor} {option}{url}"),
                ("an address that holds a user or a password",),
            )
            for flavor, option in flavors.items()
            for separator, url in urls.items()
        ),
        BadInput(
            "address of a database with two @",
            _command(f"{register} --flavor=sql --url=postgresql://u:p@{VALUE}/x@h.example/db"),
            ("url", "percent-encode"),
        ),
    ]


def _arguments() -> list[BadInput]:
    return [
        BadInput("key given twice", _command(f"secret register x --k={VALUE} --k={OTHER_VALUE}"), ("--k", "twice")),
        BadInput(
            "key of a schema given twice", _command(f"secret register x -s openai --api_key={VALUE} --api-key={OTHER_VALUE}"), ("twice",)
        ),
        # VALUE may be the value of --k, or the missing NAME.
        BadInput("value or name", _command(f"secret register --k {VALUE}"), ("--k", "NAME")),
        BadInput("value with a space", _command(f"secret register x --k={VALUE} {OTHER_VALUE}"), ("--k", "quotes")),
        BadInput("value with a dash", _command(f"secret register x --k -{VALUE}"), ("--k=VALUE",)),
        BadInput("file is missing", _command("secret register x --k=@no/such/file"), ("--k", "no/such/file", "does not exist")),
        BadInput("file is a folder", _command("secret register x --k=@."), ("--k", "'.'", "folder")),
        BadInput(
            "file is binary", _command("secret register x --k=@key"), ("--k", "'key'", "UTF-8"), files={"key": VALUE.encode() + b"\xff"}
        ),
        BadInput("file holds a NUL", _command("secret register x --k=@key"), ("--k", "'key'"), files={"key": VALUE.encode() + b"\0"}),
        BadInput(
            "file is too large", _command("secret register x --k=@key"), ("--k", "'key'", "64 KiB"), files={"key": VALUE.encode() * 4096}
        ),
        BadInput("no home of that name", _command("secret register x --k=@~zs-nobody/f"), ("--k", "~zs-nobody/f")),
        BadInput("nothing is piped in", _command("secret register x --k=@-"), ("--k",)),
        BadInput("form with values", _command(f"secret register x -i --k={VALUE}"), ("-i",)),
        BadInput("no person for the form", _command("secret register x -s aws -i"), ("x.aws_access_key_id", "--aws_access_key_id=@FILE")),
        BadInput("no person for arbitrary keys", _command("secret register x"), ("keys of x", "--KEY=@FILE")),
        BadInput("no person for one key", _command(f"secret register x --a={VALUE} --k"), ("x.k", "--k=@FILE")),
        BadInput("no person for an update", _command("secret update openai"), ("openai.api_key", "--api_key=@FILE"), (_REGISTER_OPENAI,)),
        BadInput("no person to confirm", _command("secret delete openai"), ("'openai'", "-y"), (_REGISTER_OPENAI,)),
        BadInput("no person to confirm a cleanup", _command("secret cleanup"), ("1 secret", "-y"), (_REGISTER_OPENAI,)),
        BadInput("unknown group", _command("secrets list"), ("'secrets'", "'secret'")),
        BadInput("unknown command", _command("secret regster x"), ("'regster'", "'register'")),
        BadInput("unknown option", _command("secret get x --kye k"), ("'--kye'", "'--key'")),
        BadInput("unknown short option", _command(f"secret register x --k={VALUE} -z"), ("'-z'",)),
        BadInput("no name", _command("secret get"), ("NAME",)),
        BadInput("word too many", _command(f"secret get x {VALUE}"), ("secret get NAME",)),
        BadInput("option without its value", _command("secret get x --key"), ("--key",)),
        BadInput("schema without its value", _command(f"secret register x --k={VALUE} --schema"), ("--schema=VALUE",)),
        BadInput("value for a flag", _command(f"secret delete x --yes={VALUE}"), ("--yes",)),
        BadInput("revealing everything", _command("secret get openai --reveal"), ("--key",), (_REGISTER_OPENAI,)),
    ]


def _files() -> list[BadInput]:
    # A file with an existing secret and a new one.
    secrets = {"s.json": f'{{"openai": {{"api_key": "{VALUE}"}}, "new": {{"k": "{VALUE}"}}}}'.encode()}
    return [
        BadInput("import of no file", _command("secret import no.json"), ("no.json", "does not exist")),
        BadInput(
            "import of no JSON", _command("secret import s.json"), ("s.json", "line 1"), files={"s.json": f'{{"k": "{VALUE}'.encode()}
        ),
        BadInput("import of no YAML", _command("secret import s.yaml"), ("s.yaml", "line"), files={"s.yaml": f"a: [{VALUE}\n b".encode()}),
        BadInput("import of no .env", _command("secret import s.env"), ("s.env", "line 2"), files={"s.env": f"A=1\n'{VALUE}\n".encode()}),
        BadInput("import of a key twice", _command("secret import s.env"), ("'A'", "twice"), files={"s.env": f"A={VALUE}\nA=1\n".encode()}),
        BadInput("import of a list", _command("secret import s.json"), ("s.json", "mapping"), files={"s.json": f'["{VALUE}"]'.encode()}),
        BadInput("import of null", _command("secret import s.json"), ("'k'",), files={"s.json": b'{"k": null}'}),
        BadInput(
            "import of a mixture", _command("secret import s.json"), ("'k'",), files={"s.json": f'{{"k": "{VALUE}", "n": {{}}}}'.encode()}
        ),
        *_values_instead_of_keys(),
        BadInput("import of no format", _command("secret import s.txt"), ("--format",), files={"s.txt": f"A={VALUE}".encode()}),
        BadInput(
            "import of a bad name", _command("secret import a.b.json"), ("'a.b'",), files={"a.b.json": f'{{"k": "{VALUE}"}}'.encode()}
        ),
        BadInput(
            "import of an existing secret", _command("secret import s.json"), ("'openai'", "--overwrite"), (_REGISTER_OPENAI,), secrets
        ),
        BadInput(
            "import with contradicting options",
            _command("secret import s.json --overwrite --skip-existing"),
            ("--overwrite",),
            files=secrets,
        ),
        BadInput(
            "import of a damaged export",
            _command("secret import s.sealed"),
            ("s.sealed", "damaged"),
            files={"s.sealed": b'{"zensecrets_sealed_export": 1, "sealed": "AAAA"}'},
        ),
        *_malicious_files(),
        BadInput("export of nothing", _command("secret export opanai f.json --plaintext"), ("'opanai'", "'openai'"), (_REGISTER_OPENAI,)),
        BadInput("export to no file", _command("secret export openai cloud"), ("'cloud'", "FILE"), (_REGISTER_OPENAI, _REGISTER_AWS)),
        BadInput(
            "export over a file",
            _command("secret export openai f.json --plaintext"),
            ("f.json", "--force"),
            (_REGISTER_OPENAI,),
            {"f.json": b""},
        ),
        BadInput("export to no folder", _command("secret export openai no/f.json --plaintext"), ("no/f.json",), (_REGISTER_OPENAI,)),
        BadInput("export to no format", _command("secret export openai f.txt --plaintext"), (".json",), (_REGISTER_OPENAI,)),
        BadInput(
            "no person for the passphrase", _command("secret export openai f.sealed"), ("ZENSECRETS_PASSPHRASE",), (_REGISTER_OPENAI,)
        ),
        BadInput("import of no stack", _command("stack import new -f s.yaml"), ("s.yaml",), files={"s.yaml": b"a: 1\n"}),
        BadInput("import of a missing stack", _command("stack import new"), ("new.yaml",)),
        BadInput("export over a stack's file", _command("stack export default s.yaml"), ("s.yaml", "--force"), files={"s.yaml": b""}),
    ]


def _malicious_files() -> list[BadInput]:
    """Return imports of small files that would take very long, or much memory, without a limit."""
    # Each of nine YAML lists contains the one before it ten times, so the last would have a billion texts.
    names = "abcdefghi"
    lines = [f"{name}: &{name} [{', '.join([f'*{previous_name}'] * 10)}]" for previous_name, name in itertools.pairwise(names)]
    aliases = "\n".join([f"a: &a [{', '.join(['x'] * 10)}]", *lines]).encode()
    many_keys = json.dumps({f"k{number}": VALUE for number in range(60_000)}).encode()
    # Argon2 with 1000 passes over 4 GiB (the unit of "memory" is KiB).
    parameters = {"profile": "x", "time": 1000, "memory": 4 * 1024 * 1024, "lanes": 4, "salt": "00" * 16}
    expensive_export = {
        sealed_export.FORMAT_KEY: 1,
        "argon2id": parameters,
        # A wrong checksum would be refused before the parameters are checked.
        "checksum": sealed_export._checksum(parameters, "AAAA"),
        "sealed": "AAAA",
    }
    passphrase = {"ZENSECRETS_PASSPHRASE": "of the tests"}
    return [
        BadInput("import of aliases", _command("secret import s.yaml"), ("s.yaml", "50,000 values"), files={"s.yaml": aliases}),
        BadInput("import of a stack of aliases", _command("stack import s.yaml"), ("s.yaml", "50,000 values"), files={"s.yaml": aliases}),
        BadInput("import of many keys", _command("secret import s.json"), ("s.json", "50,000 values"), files={"s.json": many_keys}),
        BadInput("import of deep JSON", _command("secret import s.json"), ("s.json", "deep"), files={"s.json": b'{"a":' * 100_000}),
        BadInput("import of deep YAML", _command("secret import s.yaml"), ("s.yaml", "20 deep"), files={"s.yaml": b"[" * 30 + b"]" * 30}),
        BadInput(
            "import of an export that needs hours",
            _command("secret import s.sealed"),
            ("s.sealed", "12 passes of Argon2 over 64 MiB"),
            files={"s.sealed": json.dumps(expensive_export).encode()},
            environment=passphrase,
        ),
    ]


def _scans() -> list[BadInput]:
    files_to_scan = {"a.py": f"key = {OTHER_VALUE!r}".encode()}
    return [
        BadInput("scan of nothing", _command("scan"), ("PATH",)),
        BadInput("scan of no file", _command("scan no/such"), ("no/such", "Check the path"), (_REGISTER_OPENAI,)),
        BadInput("scan for nothing", _command("secret scan ."), ("'default'", "--fingerprints FILE"), files=files_to_scan),
        BadInput("scan in no format", _command("scan . --format xml"), ("--format", "sarif"), (_REGISTER_OPENAI,)),
        BadInput("scan by no fingerprints", _command("scan . --fingerprints no"), ("'no'", "does not exist")),
        BadInput("scan by something else", _command("scan . --fingerprints a.py"), ("'a.py'", "fingerprints export"), files=files_to_scan),
        BadInput("cleaning of nothing", _command("clean"), ("clean PATH",)),
        BadInput("cleaning of no file", _command("secret clean no/such"), ("no/such",), (_REGISTER_OPENAI,)),
        BadInput("cleaning for nothing", _command("clean ."), ("'default'",), files=files_to_scan),
        BadInput(
            "cleaning with contradicting options",
            _command("clean . --backup b --no-backup"),
            ("--backup", "--no-backup"),
            (_REGISTER_OPENAI,),
            files_to_scan,
        ),
        BadInput("cleaning without a person", _command("clean ."), ("backup", "ZENSECRETS_PASSPHRASE"), (_REGISTER_OPENAI,), files_to_scan),
        BadInput("cleaning over a file", _command("clean . --backup a.py"), ("'a.py'", "exists"), (_REGISTER_OPENAI,), files_to_scan),
        BadInput("restoring and cleaning", _command("clean --restore a.py --no-backup"), ("--restore",), files=files_to_scan),
        BadInput("restoring no backup", _command("clean --restore a.py"), ("'a.py'", "not a readable backup"), files=files_to_scan),
        BadInput("restoring no file", _command("clean --restore no"), ("'no'",)),
        BadInput("fingerprints to nowhere", _command("fingerprints export"), ("FILE",)),
        BadInput("fingerprints of nothing", _command("fingerprints export f"), ("Nothing was written", "12 characters")),
        BadInput("fingerprints of no secret", _command("fingerprints export f opanai"), ("'opanai'", "'openai'"), (_REGISTER_OPENAI,)),
        BadInput("fingerprints over a file", _command("fingerprints export a.py"), ("a.py", "--force"), (_REGISTER_OPENAI,), files_to_scan),
        BadInput("fingerprints to no folder", _command("fingerprints export no/f"), ("no/f",), (_REGISTER_OPENAI,)),
        BadInput(
            "fingerprints of a weak value",
            _command("fingerprints export f weak"),
            ("weak.k", "Nothing was written"),
            (_command("secret register weak --k=Winter2024"),),
        ),
    ]


def _components() -> list[BadInput]:
    malformed = ["{{a}}", "{a.b}", "{{a.b}", "${{a.b}}", "{{a .b}}"]
    return [
        *(
            BadInput(
                f"malformed reference {text}",
                (*_command(_REGISTER_ANNOTATOR), f"--instance_url={text}"),
                ("'instance_url'", "{{a.", "--literal"),
            )
            for text in malformed
        ),
        BadInput("reference as a name", ("annotator", "register", "{{a.b}}", "--flavor=label_studio"), ("reference",)),
        BadInput("reference as a number", (*_command(_REGISTER_ANNOTATOR), "--port={{a.b}}"), ("'port'", "not a text")),
        BadInput(
            "reference of a manager", _command("secrets-manager register m --flavor=local --path={{a.b}}"), ("'path'", "no reference")
        ),
        BadInput("no flavor", _command(f"annotator register new --k={VALUE}"), ("--flavor", "label_studio")),
        BadInput("unknown flavor", _command("annotator register new --flavor=label_studi"), ("'label_studi'", "'label_studio'")),
        BadInput("unknown flavor of manager", _command("secrets-manager register m --flavor=locl"), ("'locl'", "'local'")),
        BadInput("unknown attribute", _command(f"{_REGISTER_ANNOTATOR} --instance_ur={VALUE}"), ("'instance_ur'", "'instance_url'")),
        BadInput("unknown attribute of a manager", _command(f"secrets-manager register m --flavor=local --k={VALUE}"), ("k", "path")),
        BadInput("attribute given twice", _command(f"{_REGISTER_ANNOTATOR} --port=1 --port={VALUE}"), ("--port", "twice")),
        BadInput("attribute of another type", _command(f"{_REGISTER_ANNOTATOR} --port={VALUE}"), ("'port'",)),
        BadInput("required attribute is missing", _command("alerter register new --flavor=slack"), ("'slack_token'", "missing")),
        BadInput(
            "attribute that is no JSON",
            _command(f"artifact-store register s --flavor=s3 --path=s3://b --client_kwargs={{{VALUE}"),
            ("'client_kwargs'", "JSON"),
        ),
        BadInput(
            "attribute's file is missing", _command(f"{_REGISTER_ANNOTATOR} --instance_url=@no-file"), ("--instance_url", "'no-file'")
        ),
        BadInput("no person for an attribute", _command("alerter register new --flavor=slack --slack_token"), ("slack_token=@FILE",)),
        BadInput("component exists", _REGISTER_LABELS, ("'labels'", "already"), (_REGISTER_LABELS,)),
        BadInput("no such component", _command("annotator describe label"), ("'label'", "'labels'"), (_REGISTER_LABELS,)),
        BadInput(
            "update of no component", _command(f"annotator update label --port={VALUE}"), ("'label'", "'labels'"), (_REGISTER_LABELS,)
        ),
        BadInput("update with nothing", _command("annotator update labels"), ("--ATTRIBUTE=VALUE",), (_REGISTER_LABELS,)),
        BadInput("removal of no attribute", _command("annotator remove-attribute labels port"), ("'port'",), (_REGISTER_LABELS,)),
        BadInput("component is in use", _command("annotator delete labels"), ("'default'", "remove-component"), _ADD_REFERENCE_TO_STACK),
        BadInput("no active component", _command("annotator get"), ("annotator", "stack update")),
        BadInput("manager is not empty", _command("secrets-manager delete default"), ("'default'",), (_REGISTER_OPENAI,)),
        BadInput("unknown protection", _command("secrets-manager rewrap default --to paper"), ("keyfile",)),
        BadInput(
            "has no key that can be changed",
            _command("secrets-manager rotate-key m"),
            ("'m'", "memory"),
            (_command("secrets-manager register m --flavor=memory"),),
        ),
    ]


def _stacks() -> list[BadInput]:
    # An unknown level of ZenML's validation of secrets.
    level = {"ZENML_SECRET_VALIDATION_LEVEL": "SOME"}
    # The option -x means the secrets manager, and -an the annotator.
    no_manager = _command("stack remove-component default -x")
    return [
        BadInput("no such stack", _command("stack describe defalt"), ("'defalt'", "'default'")),
        BadInput("setting of no stack", _command("stack set defalt"), ("'defalt'", "'default'")),
        BadInput("stack exists", _command("stack register default -o default -a default"), ("'default'", "already")),
        BadInput("stack of nothing", _command("stack register new -o defalt -a default"), ("'defalt'", "'default'")),
        BadInput("stack with a reference for a name", _command("stack register {{a.b}} -o default"), ("reference",)),
        BadInput("update with no component", _command("stack update default"), ("-x",)),
        BadInput("removal of no component", _command("stack remove-component default -an"), ("annotator",)),
        BadInput("deletion of the active stack", _command("stack delete default -y"), ("'default'", "stack set")),
        BadInput("no person to confirm the stack", _command("stack delete s"), ("'s'", "-y"), (_command("stack copy default s"),)),
        BadInput("secrets of no stack", _command("stack register-secrets defalt"), ("'defalt'", "'default'")),
        BadInput(
            "secrets without a manager",
            _command("stack register-secrets"),
            ("label_studio_secret", "-x"),
            (*_ADD_REFERENCE_TO_STACK, no_manager),
        ),
        BadInput("secret without a manager", _command(f"secret register x --k={VALUE}"), ("'default'", "-x"), (no_manager,)),
        BadInput(
            "no person for the secrets",
            _command("stack register-secrets"),
            ("label_studio_secret.api_key", "--api_key=@FILE"),
            _ADD_REFERENCE_TO_STACK,
        ),
        BadInput(
            "schema without that key",
            _command("stack register-secrets"),
            ("'openai'", "api_key", "labels"),
            (
                *_ADD_REFERENCE_TO_STACK,
                _command(f"secret register label_studio_secret -s openai --api_key={OTHER_VALUE}"),
                _command("annotator update labels --authentication_secret={{label_studio_secret.token}}"),
            ),
        ),
        BadInput(
            "unknown level",
            _command("stack validate"),
            ("'SOME'", "NONE, SECRET_EXISTS, SECRET_AND_KEY_EXISTS"),
            _ADD_REFERENCE_TO_STACK,
            environment=level,
        ),
        BadInput("unknown level at an update", _command("stack update default -o default"), ("'SOME'",), environment=level),
        BadInput("unknown level at a registration", _command("stack register s -o default"), ("'SOME'",), environment=level),
    ]


def _copies() -> list[BadInput]:
    register_other = _command("secrets-manager register other --flavor=local")
    copy = _command("secrets-manager copy default other")
    # After these commands, "default" and "other" have different values of the same secret.
    conflict = (_REGISTER_OPENAI, register_other, copy, _command(f"secret update openai --api_key={VALUE}"))
    vault = "secrets-manager register new --flavor=vault --external"
    return [
        BadInput("copy from nothing", _command("secrets-manager copy defalt other"), ("'defalt'", "'default'"), (register_other,)),
        BadInput("copy to nothing", _command("secrets-manager copy default othre"), ("'othre'", "'other'"), (register_other,)),
        BadInput("copy into itself", _command("secrets-manager copy default default"), ("itself", "SOURCE")),
        BadInput("copy of no secret", (*copy, "opanai"), ("'opanai'", "'openai'"), (_REGISTER_OPENAI, register_other)),
        BadInput(
            "copy to a read-only manager",
            _command("secrets-manager copy default ci"),
            ("'ci'", "can't register"),
            (_command("secrets-manager register ci --flavor=env"),),
        ),
        BadInput("copy with a conflict", copy, ("'openai'", "api_key", "--on-conflict=skip"), conflict),
        BadInput("copy that stops", (*copy, "--on-conflict=stop"), ("'openai'", "nothing was copied"), conflict),
        BadInput("copy with an unknown choice", (*copy, "--on-conflict=ask"), ("--on-conflict", "skip"), (register_other,)),
        BadInput("external secret without a name", _command(f"{vault}=prod/db"), ("'external'", "NAME=VALUE")),
        BadInput("external secret without a path", _command(f"{vault} db="), ("external", "no path")),
        BadInput("external secret with a bad name", _command(f"{vault}=a.b=prod/db"), ("external", "no name of a secret")),
        BadInput("external secret of a local store", _command("secrets-manager update default --external=a=b"), ("external", "path")),
    ]


def _zenml() -> list[BadInput]:
    """Return wrong values of options and attributes of ZenML."""
    register = "secrets-manager register new --flavor="
    file = f"{register}local --secrets_file=s.yaml"
    # The character "-" makes the value invalid base64.
    files = {"s.yaml": f"a:\n  k: {VALUE}-\n  zenml_schema_name: arbitrary\n".encode()}
    return [
        BadInput("values of no file", _command("secret create x --values=@no.json"), ("'no.json'", "does not exist")),
        BadInput("values that are a password", _command(f"secret create x --values=@{VALUE}"), ("--values", "does not exist")),
        BadInput("values that are no JSON", _command("secret create x -v @v"), ("'v'", "line 1"), files={"v": f'{{"k": "{VALUE}'.encode()}),
        BadInput("values that are a text", _command("secret create x -v @v"), ("'v'", "mapping"), files={"v": VALUE.encode()}),
        BadInput("values on the line that are a text", _command(f"secret create x --values={VALUE}"), ("--values", "mapping")),
        BadInput(
            "values for a schema", _command("secret create x -s openai -v @v"), ("api_key",), files={"v": f'{{"{VALUE}": "1"}}'.encode()}
        ),
        BadInput("values of several secrets", _command("secret create x -v @v"), ("secret import",), files={"v": b'{"a": {"k": "1"}}'}),
        BadInput("values without a text", _command("secret create x --values"), ("--values=@FILE",)),
        BadInput("values and a key", _command("secret create x -v @v --k=1"), ("--k", "--values"), files={"v": b'{"k": "1"}'}),
        BadInput("values in an update", _command("secret update openai -v @v"), ("'v'",), (_REGISTER_OPENAI,), files={"v": VALUE.encode()}),
        BadInput("no secrets file of ZenML", _command(file), ("'s.yaml'", "base64"), files={"s.yaml": f"a: {VALUE}\n".encode()}),
        BadInput("secrets file without base64", _command(file), ("'s.yaml'", "base64"), files=files),
        BadInput(
            "secrets file of aliases", _command(file), ("'s.yaml'",), files={"s.yaml": b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"}
        ),
        BadInput("secrets file that is a folder", _command(f"{register}local --secrets_file=."), ("folder",)),
        BadInput("scope of a local manager", _command(f"{register}local --scope=global"), ("scope",)),
        BadInput("project twice", _command(f"{register}gcp --project_id=a --project=b"), ("project_id and project", "once")),
        BadInput("malformed project", _command(f"{register}gcp --project_id=A_B"), ("project_id",)),
        BadInput("no name of a vault", _command(f"{register}azure --key_vault_name=a_b"), ("key_vault_name", "3 to 24")),
        BadInput("owner twice", _command(f"{register}github --owner=a --repository=a/b"), ("repository", "OWNER/NAME")),
        BadInput("owner without a repository", _command(f"{register}github --owner=a"), ("repository", "missing")),
        BadInput("certificates unchecked", _command(f"{register}vault --verify=false"), ("verify", "authority")),
        BadInput("unknown attribute of gcp", _command(f"{register}gcp --projectid=a"), ("'projectid' is unknown", "'project_id'")),
        BadInput("server to connect to", _command(f"connect --url=http://h --password={VALUE}"), ("'connect'", "flavor 'zenml'")),
        BadInput("recipe of a stack", _command("stack recipe deploy x"), ("'recipe'", "Terraform")),
        BadInput("renaming twice", _command("secret rename openai a -n b"), ("NEW_NAME",), (_REGISTER_OPENAI,)),
        BadInput("required component", _command("stack remove-component -o"), ("'default'", "orchestrator", "stack update")),
        BadInput(
            "required component of another",
            _command("stack remove-component s -a"),
            ("artifact store",),
            (_command("stack copy default s"),),
        ),
        BadInput("start of no stack", _command("stack up defalt"), ("'defalt'", "'default'")),
        BadInput("start of no component", _command("orchestrator up defalt"), ("'defalt'", "'default'")),
        BadInput("flavor of no module", _command("alerter flavor register no_such.Flavor"), ("'no_such.Flavor'", "ModuleNotFoundError")),
        BadInput("flavor that is none", _command("alerter flavor register os.path"), ("'os.path'", "FLAVOR")),
        BadInput("no flavor to describe", _command("alerter flavor describe slak"), ("'slak'", "'slack'")),
    ]


BAD_INPUT = [
    *_secrets(),
    *_arguments(),
    *_unexpanded_variables(),
    *_addresses(),
    *_files(),
    *_scans(),
    *_components(),
    *_stacks(),
    *_copies(),
    *_zenml(),
]
"""All wrong command lines."""
