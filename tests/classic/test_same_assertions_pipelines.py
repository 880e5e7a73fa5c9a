"""Assertions of ZenML 0.20's tests about pipelines and materializers; docs/zenml-python.md lists the differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.error_texts import is_one_line
from zensecrets_jupyter.artifacts import DataArtifact
from zensecrets_jupyter.exceptions import MaterializerInterfaceError, PipelineConfigurationError, PipelineInterfaceError
from zensecrets_jupyter.materializers import BuiltInMaterializer
from zensecrets_jupyter.materializers.base_materializer import BaseMaterializer
from zensecrets_jupyter.pipelines import BasePipeline, pipeline
from zensecrets_jupyter.post_execution import get_pipeline
from zensecrets_jupyter.steps import BaseParameters, step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zensecrets_jupyter.client import Client


class ValueParameters(BaseParameters):
    """Parameters with one field."""

    value: int


@step
def nothing() -> None:
    """Do nothing."""


@step
def look(params: ValueParameters) -> int:
    """Return the value in the parameters."""
    return params.value


@pipeline
def two_steps(step_1: Any, step_2: Any) -> None:
    """Run two steps."""
    step_1()
    step_2()


@pipeline
def looking(look: Any) -> None:
    """Run the step ``look``."""
    look()


untyped_two_steps: Any = two_steps
"""The same pipeline, for calls with wrong types that the type checker would report."""


@pytest.mark.parametrize(
    ("make", "is_valid"),
    [
        (lambda: two_steps(nothing(), nothing()), True),
        (lambda: two_steps(step_1=nothing(), step_2=nothing()), True),
        (lambda: two_steps(nothing(), step_2=nothing()), True),
        (lambda: two_steps(nothing(), nothing(), nothing()), False),
        (lambda: two_steps(nothing(), step_1=nothing(), step_2=nothing()), False),
        (lambda: two_steps(step_1=nothing()), False),
        # A call without steps.
        (two_steps, False),
        (lambda: two_steps(step_1=nothing(), step_2=nothing(), step_3=nothing()), False),
        (lambda: untyped_two_steps(1, nothing()), False),
        (lambda: untyped_two_steps(step_1=1, step_2=nothing()), False),
        (lambda: untyped_two_steps(nothing, nothing), False),
        (lambda: untyped_two_steps(step_1=nothing, step_2=nothing), False),
        (lambda: untyped_two_steps(nothing(), None), False),
        (lambda: untyped_two_steps(nothing(), "nothing"), False),
        (lambda: untyped_two_steps(nothing(), lambda: 1), False),
    ],
)
def test_a_pipeline_needs_an_instance_of_each_step(make: Callable[[], BasePipeline], *, is_valid: bool) -> None:
    """A pipeline accepts an instance of each step, by position or by name. Other arguments are refused."""
    if is_valid:
        assert list(make().steps) == ["step_1", "step_2"]
        return
    with pytest.raises(PipelineInterfaceError) as caught:
        make()
    assert is_one_line(caught.value)


@pytest.mark.parametrize(
    ("content", "overwrite", "expected"),
    [
        ({}, False, 0),
        ({"steps": {"look": {"parameters": {"value": 1}}}}, False, 0),
        ({"steps": {"look": {"parameters": {"value": 1}}}}, True, 1),
        ({"steps": {"look": {}}}, True, 0),
        # Files for ZenML 0.20 may have this option among the parameters.
        ({"steps": {"look": {"parameters": {"enable_cache": False}}}}, False, 0),
        ({"enable_cache": False}, True, 0),
    ],
    ids=str,
)
def test_parameters_in_a_file_override_those_in_code_on_request(
    client: Client,
    tmp_path: Path,
    content: Any,
    expected: int,
    *,
    overwrite: bool,
) -> None:
    """Parameters in code override those in the file, unless ``overwrite_step_parameters`` is true.

    The value is 0 in the code and 1 in the files, so ``expected`` shows the origin of the used value.
    """
    path = tmp_path / "configuration.yaml"
    path.write_text(yaml.safe_dump(content))
    instance = looking(look(ValueParameters(value=0))).with_config(str(path), overwrite_step_parameters=overwrite)
    assert instance.run().get_step("look").output.read() == expected


@pytest.mark.parametrize(
    "steps", [{"LOOK": {"parameters": {"value": 0}}}, {"look": {"parameters": {"valu": 0}}}, {"look": {"enable_cach": True}}]
)
def test_a_file_with_unknown_names_is_refused(tmp_path: Path, steps: Any) -> None:
    """An unknown step, parameter or argument raises an error, and the pipeline is unchanged."""
    path = tmp_path / "configuration.yaml"
    path.write_text(yaml.safe_dump({"steps": steps}))
    instance = looking(look(ValueParameters(value=0)))
    with pytest.raises(PipelineConfigurationError) as caught:
        instance.with_config(str(path))
    assert is_one_line(caught.value)
    look_step: Any = instance.steps["look"]
    assert look_step.code_parameters == {"value": 0}


@pytest.mark.parametrize("step_options", [{"enable_cache": False}, {"parameters": {"enable_cache": False}}], ids=str)
def test_a_file_can_turn_caching_off_for_a_step(client: Client, tmp_path: Path, step_options: Any) -> None:
    """A file has ``enable_cache`` next to ``parameters``, or in it as for ZenML 0.20."""
    path = tmp_path / "configuration.yaml"
    path.write_text(yaml.safe_dump({"steps": {"look": step_options}}))
    instance = looking(look(ValueParameters(value=13)))
    before_and_after = [instance.steps["look"].enable_cache, instance.with_config(str(path)).steps["look"].enable_cache]
    assert before_and_after == [True, False]
    assert [instance.run().get_step("look").is_cached for _ in range(2)] == [False, False]


def test_a_pipeline_is_found_by_name_class_or_instance(client: Client) -> None:
    """``get_pipeline`` accepts a name, a class, an instance, or ZenML's older argument ``pipeline_name``."""
    instance = looking(look(ValueParameters(value=1)))
    instance.run()
    pipelines = [get_pipeline("looking"), get_pipeline(looking), get_pipeline(instance), get_pipeline(pipeline_name="looking")]
    assert [found_pipeline.name for found_pipeline in pipelines if found_pipeline is not None] == ["looking"] * 4


class ForInt(BaseMaterializer):
    """A materializer for ``int``."""

    ASSOCIATED_TYPES = (int,)
    # The class does not become the default materializer for int.
    SKIP_REGISTRATION = True

    def handle_input(self, data_type: type[Any] = object) -> Any:
        """Check the type, as the base class does, and return a number."""
        super().handle_input(data_type)
        return 1

    def handle_return(self, data: Any) -> None:
        """Check the type, as the base class does, and write nothing."""
        super().handle_return(data)


@pytest.mark.parametrize(
    ("use", "is_valid"),
    [
        (lambda instance: instance.handle_input(int), True),
        # bool is a subclass of int.
        (lambda instance: instance.handle_input(bool), True),
        (lambda instance: instance.handle_input(str), False),
        (lambda instance: instance.handle_input(list[int]), False),
        (lambda instance: instance.handle_return(1), True),
        (lambda instance: instance.handle_return("text"), False),
        (lambda instance: instance.handle_return(1.5), False),
    ],
)
def test_a_materializer_supports_only_its_types(use: Callable[[BaseMaterializer], Any], *, is_valid: bool) -> None:
    """A value or a type that the materializer does not support raises a TypeError that quotes no value."""
    # The materializer reads and writes nothing, so the class can be passed instead of an artifact.
    artifact: Any = DataArtifact
    instance = ForInt(artifact)
    if is_valid:
        use(instance)
        return
    with pytest.raises(TypeError) as caught:
        use(instance)
    assert isinstance(caught.value, MaterializerInterfaceError)
    assert is_one_line(caught.value)


@pytest.mark.parametrize("types", [("no_class",), (int, "no_class"), "no_class", (1,), (list[int],)], ids=str)
def test_the_types_of_a_materializer_are_classes(types: Any) -> None:
    """A materializer whose ``ASSOCIATED_TYPES`` has an item that is no class is refused."""
    with pytest.raises(MaterializerInterfaceError) as caught:
        type("Invalid", (BaseMaterializer,), {"ASSOCIATED_TYPES": types})
    assert is_one_line(caught.value)


class First:
    """A type that has a materializer."""


class Second:
    """Another type that has a materializer."""


class Both(First, Second):
    """A type with two base classes that have a materializer."""


class ForFirst(BuiltInMaterializer):
    """A materializer for the first type."""

    ASSOCIATED_TYPES = (First,)


class ForSecond(BuiltInMaterializer):
    """A materializer for the second type."""

    ASSOCIATED_TYPES = (Second,)


@pytest.mark.parametrize(
    ("output_type", "own_materializer", "expected"),
    [
        (First, None, ForFirst),
        (Second, None, ForSecond),
        (Both, None, ForFirst),
        (Both, ForSecond, ForSecond),
        (First, ForSecond, ForSecond),
        (int, None, BuiltInMaterializer),
        (int, ForFirst, ForFirst),
    ],
)
def test_an_output_has_its_own_materializer_or_that_of_its_type(
    client: Client, output_type: Any, own_materializer: Any, expected: Any
) -> None:
    """An output's own materializer is used instead of the default for its type.

    If two base classes of a type have materializers, the materializer of the first base class is used. ZenML 0.20 refuses this type.
    """
    # The two classes were registered as defaults when they were defined, but each test resets the defaults at its end. Therefore a subclass
    # of each is defined here, which registers itself for the same types.
    for materializer in (ForFirst, ForSecond):
        type(materializer.__name__, (materializer,), {"ASSOCIATED_TYPES": materializer.ASSOCIATED_TYPES})

    def make() -> Any: ...

    make.__annotations__["return"] = output_type
    instance: Any = step(make)()
    if own_materializer is not None:
        instance.with_return_materializers(own_materializer)
    assert issubclass(instance.materializer_of("output"), expected)


@pytest.mark.parametrize(
    "value",
    [
        True,
        0,
        0.0,
        "",
        b"",
        {},
        [],
        (),
        set(),
        {"a": 0, "b": 1},
        [0, 1, 2],
        (0, 1, 2),
        [b"0", b"1"],
        {"a": b"0", "b": b"1"},
        (b"0", b"1"),
        {1, 2, 3},
        {b"0", b"1"},
        [{"a": (42, 1.0, "aa", True), "b": {"ba": ["baa"], "bb": [3.7]}, "c": b"ca"}, {1.0, 2.0, 4}],
        [1, "a", None],
        {"key": None},
        None,
        1 + 2j,
        frozenset({1}),
        range(3),
    ],
)
def test_built_in_values_are_loaded_unchanged_from_one_file(client: Client, tmp_path: Path, value: Any) -> None:
    """A loaded value has the value and the type that the step returned."""

    def make() -> Any:
        return value

    # The annotation None would mean that the step has no output.
    make.__annotations__["return"] = type(value) if value is not None else object
    instance = step(make)()
    artifact = looking(instance).run().get_step("look").output
    assert artifact.read() == value
    assert type(artifact.read()) is type(value)
