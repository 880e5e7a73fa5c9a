"""The modules of this package that have the names of ZenML's modules, such as ``zensecrets_jupyter.steps``."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import zensecrets_jupyter
from tests.support.error_texts import is_one_line
from zensecrets_jupyter.core.errors import SchemaError
from zensecrets_jupyter.io import fileio
from zensecrets_jupyter.secret.secret_schema_class_registry import SecretSchemaClassRegistry

MODULES = {
    # Each module, and names that code for ZenML 0.20 imports from it.
    "artifacts": ["DataArtifact", "ModelArtifact"],
    "client": ["Client"],
    "config": ["DockerSettings", "ResourceSettings"],
    "config.base_settings": ["BaseSettings"],
    "config.docker_settings": ["DockerSettings"],
    "config.resource_settings": ["ByteUnit", "ResourceSettings"],
    "config.retry_config": ["StepRetryConfig"],
    "config.schedule": ["Schedule"],
    "enums": ["ExecutionStatus", "StackComponentType"],
    "environment": ["Environment"],
    "exceptions": ["PipelineInterfaceError", "PipelineConfigurationError", "StepInterfaceError", "StepContextError", "SecretExistsError"],
    "integrations.aws.secret_schemas": ["AWSSecretSchema"],
    "integrations.azure.secret_schemas": ["AzureSecretSchema"],
    "integrations.constants": ["SKLEARN", "MLFLOW"],
    "integrations.gcp.secret_schemas": ["GCPSecretSchema"],
    "integrations.kserve.secret_schemas": ["KServeS3SecretSchema"],
    "integrations.mysql.secret_schemas": ["MySQLSecretSchema"],
    "integrations.seldon.secret_schemas": ["SeldonS3SecretSchema"],
    "integrations.whylogs.secret_schemas": ["WhylabsSecretSchema"],
    "io.fileio": ["open", "exists", "makedirs", "listdir", "copy", "remove"],
    "logger": ["get_logger"],
    "materializers": ["BaseMaterializer", "BuiltInMaterializer"],
    "materializers.base_materializer": ["BaseMaterializer"],
    "materializers.built_in_materializer": ["BuiltInMaterializer"],
    "pipelines": ["BasePipeline", "Schedule", "pipeline"],
    "pipelines.base_pipeline": ["BasePipeline"],
    "pipelines.pipeline_decorator": ["pipeline"],
    "post_execution": ["get_pipeline", "get_pipelines", "get_run", "get_unlisted_runs"],
    "repository": ["Repository"],
    "secret": ["ArbitrarySecretSchema", "BaseSecretSchema", "register_secret_schema_class"],
    "secret.arbitrary": ["ArbitrarySecretSchema"],
    "secret.base_secret": ["BaseSecretSchema"],
    "secret.schemas": ["AWSSecretSchema", "AzureSecretSchema", "BasicAuthSecretSchema", "GCPSecretSchema"],
    "steps": ["BaseParameters", "BaseStep", "Output", "StepContext", "StepEnvironment", "step"],
    "steps.base_parameters": ["BaseParameters"],
    "steps.base_step": ["BaseStep"],
    "steps.step_context": ["StepContext"],
    "steps.step_decorator": ["step"],
    "steps.step_output": ["Output"],
    "utils.secret_utils": ["ClearTextField", "SecretField", "is_secret_field", "is_secret_reference", "parse_secret_reference"],
}


def test_each_module_has_its_names() -> None:
    """Each module has the names above and the names in its ``__all__``."""
    for module, names in MODULES.items():
        imported_module = importlib.import_module(f"zensecrets_jupyter.{module}")
        for name in {*names, *getattr(imported_module, "__all__", ())}:
            assert hasattr(imported_module, name), f"{module}.{name}"


def test_the_classic_and_the_new_api_share_other_classes() -> None:
    """Only the decorators of the classic API (ZenML 0.20's names) and the new API differ."""
    for module, name in (("steps", "StepContext"), ("materializers", "BaseMaterializer"), ("client", "Client"), ("steps", "Output")):
        classic_object = getattr(importlib.import_module(f"zensecrets_jupyter.{module}"), name)
        assert classic_object is getattr(zensecrets_jupyter, name)
    for module, name in (("steps", "step"), ("pipelines", "pipeline")):
        classic_object = getattr(importlib.import_module(f"zensecrets_jupyter.{module}"), name)
        assert classic_object is not getattr(zensecrets_jupyter, name)


def test_an_import_of_steps_imports_no_slow_modules() -> None:
    """Importing steps or schemas does not import IPython, fsspec or another large library."""
    modules = ", ".join(f"zensecrets_jupyter.{name}" for name in ("steps", "pipelines", "secret.schemas", "materializers"))
    large_libraries = ("IPython", "click", "rich", "cloudpickle", "fsspec", "boto3", "yaml")
    code = f"import sys, {modules}\nprint([name for name in {large_libraries!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "[]"


def test_the_registry_returns_schemas_by_type() -> None:
    """The registry returns the schema of the type ``aws``. An unknown type is an error."""
    assert SecretSchemaClassRegistry.get_class(secret_schema="aws") is zensecrets_jupyter.AWSSecretSchema
    assert SecretSchemaClassRegistry.get_class("aws").get_schema_keys() == [
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
    ]
    with pytest.raises(SchemaError) as caught:
        SecretSchemaClassRegistry.get_class(secret_schema="aw")
    assert is_one_line(caught.value)


def test_file_functions_work_with_paths(tmp_path: object) -> None:
    """The functions open, copy, list, find, move and delete files."""
    folder = f"{tmp_path}/a/b"
    fileio.makedirs(folder)
    # An existing folder is no error.
    fileio.makedirs(folder)
    with fileio.open(f"{folder}/text", "w") as file:
        file.write("é")
    with fileio.open(f"{folder}/text", "rb") as file:
        assert file.read() == "é".encode()
    fileio.copy(f"{folder}/text", f"{folder}/other")
    with pytest.raises(FileExistsError):
        fileio.copy(f"{folder}/text", f"{folder}/other")
    fileio.copy(f"{folder}/text", f"{folder}/other", overwrite=True)
    # The size is in bytes: "é" has two bytes in UTF-8.
    assert (fileio.listdir(folder), fileio.size(f"{folder}/other")) == (["other", "text"], 2)
    assert sorted(fileio.glob(f"{folder}/*")) == [f"{folder}/other", f"{folder}/text"]
    assert [(folders, sorted(files)) for _, folders, files in fileio.walk(f"{tmp_path}/a")] == [(["b"], []), ([], ["other", "text"])]
    fileio.rename(f"{folder}/other", f"{folder}/third")
    fileio.remove(f"{folder}/text")
    fileio.mkdir(f"{folder}/c")
    assert (fileio.listdir(folder), fileio.isdir(f"{folder}/c"), fileio.exists(f"{folder}/text")) == (["c", "third"], True, False)
    fileio.rmtree(folder)
    assert not fileio.exists(folder)
