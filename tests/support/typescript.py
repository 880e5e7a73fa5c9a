"""Generator of the TypeScript types in ``js/src/contract`` from the Python contracts: ``python -m tests.support.typescript``.

A contract is a Python module of messages. Each contract becomes one file, with an interface for each model, the union types, the
constants, and type guards. The interface of the model ``Submission`` is ``ISubmission``. The types come from the JSON schemas that
pydantic generates, and the comments come from the docstrings.

A type guard is a TypeScript function that checks the type of a message at run time, because the program that sends the message may have
another version. In this module, ``guard`` in the name of a function means a type guard. The contract ``guard`` has the messages of the
guard, which masks outputs.
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, NamedTuple, Union, get_args, get_origin

from pydantic import TypeAdapter

from zensecrets_jupyter.contract import form as form_contract
from zensecrets_jupyter.contract import guard as guard_contract
from zensecrets_jupyter.contract import server as server_contract

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

FOLDER = Path(__file__).parents[2] / "js" / "src" / "contract"

Schema = dict[str, Any]


class Contract(NamedTuple):
    """A Python module of messages, and those of its names that the browser needs.

    Attributes:
        module: The module.
        constants: The names of constants.
        unions: The names of union types.
        separate_models: The names of the models that no other model and no union refers to.
        type_guards: The names of the models and unions for which a TypeScript type guard is generated.
    """

    module: ModuleType
    constants: tuple[str, ...] = ()
    unions: tuple[str, ...] = ()
    separate_models: tuple[str, ...] = ()
    type_guards: tuple[str, ...] = ()


CONTRACTS = {
    "form": Contract(
        form_contract,
        constants=("FORM_MIME", "WIDGET_MIME"),
        unions=("FormState", "FormMessage"),
        separate_models=("FormOutput", "Submission"),
        type_guards=("FormOutput",),
    ),
    "guard": Contract(
        guard_contract, constants=("GUARD_TARGET",), unions=("GuardMessage", "FrontEndMessage"), type_guards=("GuardMessage",)
    ),
    "server": Contract(server_contract, constants=("CHECKS_PATH",), separate_models=("KernelCheck",), type_guards=("KernelCheck",)),
}
"""The contract of each generated file, by the name of the file without its suffix."""


def main() -> None:
    """Write the generated files."""
    for name in CONTRACTS:
        (FOLDER / f"{name}.ts").write_text(generate(name), encoding="utf-8")


def generate(name: str) -> str:
    """Return the text of a generated file."""
    contract = CONTRACTS[name]
    models = _models(contract)
    schemas = {model.__name__: _schema(model) for model in models}
    unions = {union: [member.__name__ for member in _members(getattr(contract.module, union))] for union in contract.unions}
    names_with_guard = _names_with_guard(contract.type_guards, unions, schemas)
    blocks = [f"/** Generated from {contract.module.__name__} by `python -m tests.support.typescript`; change that module instead. */"]
    if names_with_guard:
        blocks.append(_import_of_checks([schemas[model] for model in names_with_guard if model in schemas]))
    source = inspect.getsource(contract.module)
    blocks += [
        f"/** {_docstring_below(source, constant)} */\nexport const {constant} = {_literal(getattr(contract.module, constant))};"
        for constant in contract.constants
    ]
    for model in models:
        blocks.append(_interface(model, schemas[model.__name__]))
    for union, members in unions.items():
        types = " | ".join(f"I{member}" for member in members)
        blocks.append(f"/** {_docstring_below(source, union)} */\nexport type {union} = {types};")
    for guarded_name in names_with_guard:
        if guarded_name in unions:
            blocks.append(_guard_of_union(guarded_name, unions[guarded_name]))
        else:
            blocks.append(_guard_of_model(guarded_name, schemas[guarded_name]))
    return "\n\n".join(blocks) + "\n"


def _models(contract: Contract) -> list[Any]:
    """Return every model that the browser needs, in the order of the module."""
    roots = [getattr(contract.module, name) for name in contract.separate_models]
    roots += [member for union in contract.unions for member in _members(getattr(contract.module, union))]
    needed = {root.__name__ for root in roots}
    for root in roots:
        # ``$defs`` has the models to which this one refers.
        needed |= set(TypeAdapter(root).json_schema(mode="serialization").get("$defs", {}))
    return [getattr(contract.module, name) for name in vars(contract.module) if name in needed]


def _members(union: Any) -> tuple[Any, ...]:
    if get_origin(union) not in {Union, UnionType}:
        # The union is in an annotation: `Annotated[A | B, Field(discriminator=…)]`.
        return _members(get_args(union)[0])
    return get_args(union)


def _schema(model: Any) -> Schema:
    schema: Schema = TypeAdapter(model).json_schema(mode="serialization", ref_template="{model}")
    return schema


def _names_with_guard(names: tuple[str, ...], unions: Mapping[str, list[str]], schemas: Mapping[str, Schema]) -> list[str]:
    """Return the models and unions that need a type guard. A type guard calls only type guards that are earlier in the list."""
    ordered_names: list[str] = []
    for name in names:
        for called_name in unions.get(name) or _references(schemas[name]):
            called_names = _names_with_guard((called_name,), unions, schemas)
            ordered_names += [called for called in called_names if called not in ordered_names]
        if name not in ordered_names:
            ordered_names.append(name)
    return ordered_names


def _references(schema: Schema) -> list[str]:
    references = re.findall(r'"\$ref": "(\w+)"', json.dumps(schema["properties"]))
    return list(dict.fromkeys(references))


def _interface(model: Any, schema: Schema) -> str:
    attributes = _attributes(model)
    lines = []
    for name, attribute in schema["properties"].items():
        lines += [f"  /** {attributes[name]} */", f"  readonly {name}: {_type(attribute)};"]
    return "\n".join([f"/** {_summary(model)} */", f"export interface I{model.__name__} {{", *lines, "}"])


def _type(schema: Schema) -> str:
    """Return the TypeScript type of a JSON schema."""
    if "$ref" in schema:
        return f"I{schema['$ref']}"
    if "anyOf" in schema:
        return " | ".join(_type(option) for option in schema["anyOf"])
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if values:
        return " | ".join(_literal(value) for value in values)
    return _array(schema) if schema["type"] == "array" else _TYPES[schema["type"]]


def _array(schema: Schema) -> str:
    if "prefixItems" in schema:
        return f"readonly [{', '.join(_type(item) for item in schema['prefixItems'])}]"
    items = _type(schema["items"])
    return f"readonly ({items})[]" if " " in items else f"readonly {items}[]"


_TYPES = {"boolean": "boolean", "integer": "number", "null": "null", "object": "Readonly<Record<string, unknown>>", "string": "string"}
"""TypeScript types of all JSON types except arrays."""


def _guard_of_model(name: str, schema: Schema) -> str:
    checks = [_check(attribute, f"data[{_literal(key)}]") for key, attribute in schema["properties"].items()]
    return _guard(name, f"I{name}", " &&\n    ".join(["isRecord(data)", *checks]))


def _guard_of_union(name: str, members: list[str]) -> str:
    return _guard(name, name, " ||\n    ".join(f"is{member}(data)" for member in members))


def _guard(name: str, type_name: str, expression: str) -> str:
    # For a model, the type is an interface, whose name begins with ``I``, so its article is "an".
    documentation = f"/** Tell whether `data` is {'a' if type_name == name else 'an'} `{type_name}`; further properties are allowed. */"
    # ``data is …`` as the type of the result makes the function a type guard.
    return f"{documentation}\nexport function is{name}(data: unknown): data is {type_name} {{\n  return (\n    {expression}\n  );\n}}"


def _check(schema: Schema, data: str) -> str:
    """Return a TypeScript expression that checks whether the TypeScript expression ``data`` fits a JSON schema."""
    if "const" in schema:
        return f"{data} === {_literal(schema['const'])}"
    return f"{_checker(schema)}({data})"


def _checker(schema: Schema) -> str:
    """Return the name of a type guard for a JSON schema, or a call that creates a type guard."""
    if "$ref" in schema:
        return f"is{schema['$ref']}"
    json_type = schema["type"]
    if json_type == "array":
        return f"isArrayOf({_checker(schema['items'])})"
    return {"boolean": "isBoolean", "integer": "isNumber", "object": "isRecord", "string": "isString"}[json_type]


def _import_of_checks(schemas: list[Schema]) -> str:
    """Return the import of the basic type guards that the generated ones call. The type guard of each model calls ``isRecord``."""
    function_names = {"isRecord"}
    for schema in schemas:
        for attribute in schema["properties"].values():
            function_names |= set(re.findall(r"is(?:ArrayOf|Boolean|Number|Record|String)\b", _check(attribute, "")))
    return f"import {{ {', '.join(sorted(function_names))} }} from './typeGuards';"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) else str(value)


def _summary(model: Any) -> str:
    return (inspect.getdoc(model) or "").partition("\n")[0]


def _attributes(model: Any) -> dict[str, str]:
    """Return the descriptions in the ``Attributes`` section of a docstring."""
    section = (inspect.getdoc(model) or "").partition("Attributes:\n")[2]
    descriptions = re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", section, flags=re.MULTILINE)
    return {name: re.sub(r"\s+", " ", text) for name, text in descriptions}


def _docstring_below(source: str, name: str) -> str:
    """Return the string that documents a module's constant, on the line below it."""
    match = re.search(rf'^{name} = .+\n"""(.+)"""', source, flags=re.MULTILINE)
    assert match is not None, f"{name} has no docstring."
    return match[1]


if __name__ == "__main__":
    main()
