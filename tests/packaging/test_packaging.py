"""Tests of the sdist and the wheel, also on a machine without Node.js.

The sdist is the source distribution, and the wheel is the built distribution. The labextension is the package's extension of JupyterLab.
Its build needs Node.js. An sdist contains the built labextension, so a wheel can be built from an sdist without Node.js.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from zensecrets_jupyter.core.managers.registry import BUILT_IN_FLAVORS

# The builds and environments take minutes. One worker of pytest-xdist runs all tests of this file, so each of them is made only once.
pytestmark = pytest.mark.xdist_group("packaging")

ROOT = Path(__file__).parents[2]
VERSION: str = json.loads((ROOT / "js" / "package.json").read_text(encoding="utf-8"))["version"]
LABEXTENSION = "share/jupyter/labextensions/zensecrets-jupyter/"
# Each address is in two parts here, so that this file does not contain it and passes its own test.
REGISTRY_ADDRESSES = [
    f"{host}.{domain}".encode()
    for host, domain in [("registry", "npmjs"), ("registry", "yarnpkg"), ("files", "pythonhosted"), ("pypi", "org/simple")]
]


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sdist of this clone."""
    folder = tmp_path_factory.mktemp("sdist")
    _run([sys.executable, "-m", "build", "--sdist", "--outdir", folder, ROOT])
    return next(folder.iterdir())


@pytest.fixture(scope="session")
def bin_without_node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the `bin` folder of a new virtual environment.

    It contains Python and pip, and no Node.js.
    """
    environment = tmp_path_factory.mktemp("python-only")
    _run([sys.executable, "-m", "venv", environment])
    programs = environment / "bin"
    assert shutil.which("node", path=str(programs)) is None
    return programs


@pytest.fixture(scope="session")
def wheel(sdist: Path, bin_without_node: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from the sdist without Node.js, and return it."""
    folder = tmp_path_factory.mktemp("wheel")
    _run([bin_without_node / "python", "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, sdist], path=bin_without_node)
    return next(folder.iterdir())


@pytest.fixture(scope="session")
def bin_with_package(wheel: Path, bin_without_node: Path) -> Path:
    """Return the `bin` folder of an environment with the wheel and JupyterLab.

    It is the environment of ``bin_without_node``.
    """
    _run([bin_without_node / "python", "-m", "pip", "install", f"zensecrets-jupyter[lab] @ {wheel.as_uri()}"], path=bin_without_node)
    return bin_without_node


@pytest.fixture(scope="session")
def bin_without_extras(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the `bin` folder of an environment in which the wheel is installed without an extra."""
    environment = tmp_path_factory.mktemp("without-extras")
    _run([sys.executable, "-m", "venv", environment])
    _run([environment / "bin" / "python", "-m", "pip", "install", wheel], path=environment / "bin")
    return environment / "bin"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with a copy of all files under version control.

    It has no `node_modules` and no built labextension, because Git ignores them.
    """
    clone = tmp_path / "clone"
    for name in _tracked_files():
        target = clone / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return clone


def test_the_sdist_contains_the_labextension_and_no_ignored_file(sdist: Path) -> None:
    """The sdist contains the built labextension and the built form.

    It contains no other file that Git ignores.
    """
    with tarfile.open(sdist) as archive:
        # All files are in one folder, whose name is the name and the version of the package. Remove this folder from the names.
        names = {Path(*Path(member.name).parts[1:]).as_posix() for member in archive.getmembers()}
    built_files = {name for name in names if name.startswith(("zensecrets_jupyter/labextension/", "zensecrets_jupyter/notebook/widget/"))}
    assert {"zensecrets_jupyter/labextension/package.json", "zensecrets_jupyter/notebook/widget/form.js"} <= built_files
    assert names - built_files - {"PKG-INFO"} <= set(_tracked_files(include_new=True))


def test_the_wheel_contains_types_license_notebooks_and_labextension(wheel: Path) -> None:
    """The wheel contains all files for users, no tests and no TypeScript sources."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    metadata = f"zensecrets_jupyter-{VERSION}.dist-info"
    data = f"zensecrets_jupyter-{VERSION}.data/data"
    notebooks = {f"zensecrets_jupyter/notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert "zensecrets_jupyter/notebooks/quickstart.ipynb" in notebooks
    assert notebooks <= names
    other_files = {
        "zensecrets_jupyter/__init__.pyi",
        "zensecrets_jupyter/py.typed",
        "zensecrets_jupyter/notebook/widget/form.js",
        "zensecrets_jupyter/notebook/widget/line.js",
        f"{metadata}/licenses/LICENSE",
        f"{data}/{LABEXTENSION}package.json",
        f"{data}/{LABEXTENSION}install.json",
        f"{data}/etc/jupyter/jupyter_server_config.d/zensecrets-jupyter.json",
    }
    assert other_files <= names
    # Tests and TypeScript sources are in other folders of the repository, `tests` and `js`.
    assert {name.split("/")[0] for name in names} == {"zensecrets_jupyter", metadata, f"zensecrets_jupyter-{VERSION}.data"}


def test_the_package_has_the_version_of_the_labextension(bin_with_package: Path) -> None:
    """The version of the Python package is the version in js/package.json."""
    code = "from importlib.metadata import version; print(version('zensecrets-jupyter'))"
    assert _run([bin_with_package / "python", "-c", code], path=bin_with_package).strip() == VERSION


def test_the_terminal_command_shows_its_version(bin_with_package: Path) -> None:
    """The console script is installed and shows the version."""
    assert VERSION in _run([bin_with_package / "zensecrets", "--version"], path=bin_with_package)


def test_jupyterlab_lists_the_labextension_as_ok(bin_with_package: Path) -> None:
    """JupyterLab lists the labextension as enabled and compatible, and names its Python package."""
    output = _run([bin_with_package / "jupyter", "labextension", "list"], path=bin_with_package)
    assert f"zensecrets-jupyter v{VERSION} enabled OK (python, zensecrets-jupyter)" in _without_colors(output)


def test_jupyter_server_lists_its_extension_as_ok(bin_with_package: Path) -> None:
    """The server extension is enabled after the installation, and loads."""
    output = _run([bin_with_package / "jupyter", "server", "extension", "list"], path=bin_with_package)
    assert f"zensecrets_jupyter {VERSION} OK" in _without_colors(output)


def test_the_installed_package_contains_the_notebooks(bin_with_package: Path) -> None:
    """The quickstart is a file of the installed package."""
    code = "from importlib.resources import files; print((files('zensecrets_jupyter') / 'notebooks' / 'quickstart.ipynb').is_file())"
    assert _run([bin_with_package / "python", "-I", "-c", code], path=bin_with_package).strip() == "True"


def test_flavors_without_their_library_are_listed_with_the_install_command(bin_without_extras: Path) -> None:
    """Every built-in flavor is listed.

    If the library of a flavor is missing, its line has the command that installs the library.
    """
    output = _run([bin_without_extras / "zensecrets", "secrets-manager", "flavor", "list"], path=bin_without_extras)
    lines = {line.split()[0]: line for line in output.splitlines() if line.strip()}
    code = "from importlib.metadata import metadata; print(*metadata('zensecrets-jupyter').get_all('Provides-Extra'))"
    extras = _run([bin_without_extras / "python", "-I", "-c", code], path=bin_without_extras).split()
    assert set(BUILT_IN_FLAVORS) <= set(lines), output
    for flavor, entry in BUILT_IN_FLAVORS.items():
        if entry.extra:
            assert entry.extra in extras
            assert f'pip install "zensecrets-jupyter[{entry.extra}]"' in lines[flavor]
        else:
            # On a machine without a keyring, another text replaces the summary of the flavor `keyring`.
            assert entry.summary in lines[flavor] or "keyring" in lines[flavor]
            assert "pip install" not in lines[flavor]


def test_the_local_store_works_without_extras(bin_without_extras: Path, tmp_path: Path) -> None:
    """Without extras, the local store works.

    An error for the flavor ``aws`` has the command that installs boto3.
    """
    cells = [
        "%load_ext zensecrets_jupyter",
        "%secret register mine --key=value",
        "%secret get mine",
        "%zen secrets-manager register team --flavor=aws",
        "%stack update -x team",
        "%secret list",
    ]
    code = "; ".join(f"get_ipython().run_cell({cell!r})" for cell in cells)
    command: list[str | Path] = [bin_without_extras / "python", "-I", "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code]
    output = _run(command, path=bin_without_extras, ZENSECRETS_HOME=str(tmp_path / "home"), IPYTHONDIR=str(tmp_path / "ipython"))
    assert "‹secret:mine.key›" in output
    assert 'needs boto3, which is not installed. Install it: pip install "zensecrets-jupyter[aws]"' in output


def test_a_wheel_is_built_without_node_after_a_warning(clone: Path, bin_without_node: Path, tmp_path: Path) -> None:
    """Without Node.js the wheel has no labextension, and one line says why."""
    output = _run(
        [bin_without_node / "python", "-m", "pip", "wheel", "--verbose", "--no-deps", "--wheel-dir", tmp_path, clone], path=bin_without_node
    )
    assert output.count("is built without its JupyterLab extension: Node.js and npm are not installed") == 1
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as archive:
        assert not any(name.endswith(f"{LABEXTENSION}package.json") for name in archive.namelist())


def test_no_sdist_is_built_without_node(clone: Path, tmp_path: Path, bin_without_node: Path) -> None:
    """Without Node.js the build of an sdist fails, because the wheels of this sdist would have no labextension."""
    with pytest.raises(subprocess.CalledProcessError) as error:
        _run([sys.executable, "-m", "build", "--sdist", "--outdir", tmp_path, clone], path=bin_without_node)
    assert "An sdist must contain the labextension, which can't be built: Node.js and npm are not installed." in error.value.output


def test_the_form_is_small(wheel: Path) -> None:
    """The form's JavaScript has at most 40 KiB when it is compressed."""
    with zipfile.ZipFile(wheel) as archive:
        module = archive.read("zensecrets_jupyter/notebook/widget/form.js")
    assert len(gzip.compress(module)) <= 40 * 1024


def test_no_file_names_a_registry_or_a_path_of_this_machine() -> None:
    """No tracked file contains the address of a package registry or a local path.

    The paths are those of this clone and of the home folder.
    """
    # If the home folder is the root folder, its path is only a slash, which files may contain. So the root folder is left out.
    local_paths = [f"{folder}{os.sep}".encode() for folder in {ROOT, Path.home()} if folder != Path(folder.anchor)]
    for name in _tracked_files():
        content = (ROOT / name).read_bytes()
        assert [text for text in (*REGISTRY_ADDRESSES, *local_paths) if text in content] == [], name


def test_the_lock_file_contains_versions_and_no_addresses() -> None:
    """Each package in package-lock.json has a version, and no package has an address (`resolved`)."""
    packages = json.loads((ROOT / "js" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if not package.get("version")] == []


def _tracked_files(*, include_new: bool = False) -> list[str]:
    """Return the files under version control, and with ``include_new`` also new files that Git does not ignore."""
    options = ["--cached", "--others", "--exclude-standard"] if include_new else ["--cached"]
    output = _run(["git", "-C", ROOT, "ls-files", *options, "-z"])
    return [name for name in output.split("\0") if name and (ROOT / name).is_file()]


def _without_colors(text: str) -> str:
    return re.sub(r"\x1b\[\d+m", "", text)


def _run(command: list[str | Path], *, path: Path | None = None, **variables: str) -> str:
    """Return the output of a command.

    Args:
        command: The command with its arguments.
        path: The only folder in the PATH of the command. By default, the command has the PATH of this process.
        **variables: Additional environment variables.
    """
    environment = {**os.environ, **variables}
    # The tests may run with the source folder in PYTHONPATH, which would hide the installed package.
    environment.pop("PYTHONPATH", None)
    # IPython would import libraries from the environment in this variable, instead of the environment under test.
    environment.pop("VIRTUAL_ENV", None)
    if path is not None:
        environment["PATH"] = str(path)
    process = subprocess.run(
        command, env=environment, cwd=ROOT.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if process.returncode != 0:
        # pytest shows the captured output of a failed test in its report.
        sys.stdout.write(process.stdout)
        raise subprocess.CalledProcessError(process.returncode, command, process.stdout)
    return process.stdout
