"""What is shipped: an sdist, the wheel built from it, and what that wheel does where there is no Node."""

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

from zensecrets_jupyter.core.managers.registry import BUILT_IN

ROOT = Path(__file__).parents[2]
VERSION: str = json.loads((ROOT / "js" / "package.json").read_text(encoding="utf-8"))["version"]
LABEXTENSION = "share/jupyter/labextensions/zensecrets-jupyter/"
# In two parts, so that this file names none itself.
REGISTRIES = [
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
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs' folder of a new virtual environment; it is all there is in the PATH that `_run` is given."""
    environment = tmp_path_factory.mktemp("bare")
    _run([sys.executable, "-m", "venv", environment])
    programs = environment / "bin"
    assert shutil.which("node", path=str(programs)) is None
    return programs


@pytest.fixture(scope="session")
def wheel(sdist: Path, bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel built from the sdist where there is no Node."""
    folder = tmp_path_factory.mktemp("wheel")
    _run([bare / "python", "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, sdist], path=bare)
    return next(folder.iterdir())


@pytest.fixture(scope="session")
def installed(wheel: Path, bare: Path) -> Path:
    """Return the programs' folder of an environment where the wheel is installed with JupyterLab."""
    _run([bare / "python", "-m", "pip", "install", f"zensecrets-jupyter[lab] @ {wheel.as_uri()}"], path=bare)
    return bare


@pytest.fixture(scope="session")
def plain(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs' folder of an environment where the wheel is installed without any extra."""
    environment = tmp_path_factory.mktemp("plain")
    _run([sys.executable, "-m", "venv", environment])
    _run([environment / "bin" / "python", "-m", "pip", "install", wheel], path=environment / "bin")
    return environment / "bin"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a copy of the files that Git knows: no Node modules and no labextension built before."""
    clone = tmp_path / "clone"
    for name in _tracked():
        target = clone / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return clone


def test_the_sdist_holds_the_labextension_and_no_clutter(sdist: Path) -> None:
    """The sdist has the built labextension, and beside it nothing that Git ignores."""
    with tarfile.open(sdist) as archive:
        names = {Path(*Path(member.name).parts[1:]).as_posix() for member in archive.getmembers()}
    built = {name for name in names if name.startswith(("zensecrets_jupyter/labextension/", "zensecrets_jupyter/notebook/widget/"))}
    assert {"zensecrets_jupyter/labextension/package.json", "zensecrets_jupyter/notebook/widget/form.js"} <= built
    assert names - built - {"PKG-INFO"} <= set(_tracked(or_new=True))


def test_the_wheel_holds_types_license_notebooks_and_labextension(wheel: Path) -> None:
    """The wheel has what a user needs, and neither tests nor the sources of the labextension."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    about = f"zensecrets_jupyter-{VERSION}.dist-info"
    data = f"zensecrets_jupyter-{VERSION}.data/data"
    notebooks = {f"zensecrets_jupyter/notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert "zensecrets_jupyter/notebooks/quickstart.ipynb" in notebooks
    assert (
        notebooks
        | {
            "zensecrets_jupyter/__init__.pyi",
            "zensecrets_jupyter/py.typed",
            "zensecrets_jupyter/notebook/widget/form.js",
            "zensecrets_jupyter/notebook/widget/line.js",
            f"{about}/licenses/LICENSE",
            f"{data}/{LABEXTENSION}package.json",
            f"{data}/{LABEXTENSION}install.json",
            f"{data}/etc/jupyter/jupyter_server_config.d/zensecrets-jupyter.json",
        }
        <= names
    )
    assert {name.split("/")[0] for name in names} == {"zensecrets_jupyter", about, f"zensecrets_jupyter-{VERSION}.data"}


def test_the_version_is_that_of_the_labextension(installed: Path) -> None:
    """Python's version is the one in js/package.json."""
    code = "from importlib.metadata import version; print(version('zensecrets-jupyter'))"
    assert _run([installed / "python", "-c", code], path=installed).strip() == VERSION


def test_the_terminal_command_says_its_version(installed: Path) -> None:
    """The console script is installed and starts."""
    assert VERSION in _run([installed / "zensecrets", "--version"], path=installed)


def test_jupyterlab_lists_the_labextension_as_ok(installed: Path) -> None:
    """JupyterLab finds the labextension, enabled and compatible, and knows which Python package brought it."""
    listed = re.sub(r"\x1b\[\d+m", "", _run([installed / "jupyter", "labextension", "list"], path=installed))
    assert f"zensecrets-jupyter v{VERSION} enabled OK (python, zensecrets-jupyter)" in listed


def test_jupyter_server_lists_its_extension_as_ok(installed: Path) -> None:
    """The server extension is enabled by being installed, and can be loaded."""
    listed = re.sub(r"\x1b\[\d+m", "", _run([installed / "jupyter", "server", "extension", "list"], path=installed))
    assert f"zensecrets_jupyter {VERSION} OK" in listed


def test_the_notebooks_lie_inside_the_installed_package(installed: Path) -> None:
    """The quickstart is found beside the package's own modules."""
    code = "from importlib.resources import files; print((files('zensecrets_jupyter') / 'notebooks' / 'quickstart.ipynb').is_file())"
    assert _run([installed / "python", "-I", "-c", code], path=installed).strip() == "True"


def test_without_an_extra_each_flavor_is_listed_with_the_command_that_installs_it(plain: Path) -> None:
    """Every built-in flavor of secrets manager has a line; where its library is missing it names an extra that there is."""
    listed = _run([plain / "zensecrets", "secrets-manager", "flavor", "list"], path=plain)
    lines = {line.split()[0]: line for line in listed.splitlines() if line.strip()}
    code = "from importlib.metadata import metadata; print(*metadata('zensecrets-jupyter').get_all('Provides-Extra'))"
    extras = _run([plain / "python", "-I", "-c", code], path=plain).split()
    assert set(BUILT_IN) <= set(lines), listed
    for flavor, found in BUILT_IN.items():
        if found.extra:
            assert found.extra in extras
            assert f'pip install "zensecrets-jupyter[{found.extra}]"' in lines[flavor]
        else:
            assert found.summary in lines[flavor] or "keyring" in lines[flavor]
            assert "pip install" not in lines[flavor]


def test_without_an_extra_everything_else_works(plain: Path, tmp_path: Path) -> None:
    """The extension loads in IPython, and a secret is registered and read in the local store; a place whose library is missing says so."""
    lines = [
        "%load_ext zensecrets_jupyter",
        "%secret register mine --key=value",
        "%secret get mine",
        "%zen secrets-manager register team --flavor=aws",
        "%stack update -x team",
        "%secret list",
    ]
    code = "; ".join(f"get_ipython().run_cell({line!r})" for line in lines)
    command: list[str | Path] = [plain / "python", "-I", "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code]
    said = _run(command, path=plain, ZENSECRETS_HOME=str(tmp_path / "home"), IPYTHONDIR=str(tmp_path / "ipython"))
    assert "‹secret:mine.key›" in said
    assert 'needs boto3, which is not installed. Install it: pip install "zensecrets-jupyter[aws]"' in said


def test_a_clone_without_node_gives_a_wheel_after_a_warning(clone: Path, bare: Path, tmp_path: Path) -> None:
    """Without Node the Python side installs, and one line says what is missing and why."""
    said = _run([bare / "python", "-m", "pip", "wheel", "--verbose", "--no-deps", "--wheel-dir", tmp_path, clone], path=bare)
    assert said.count("is built without its JupyterLab extension: Node.js and npm are not installed") == 1
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as archive:
        assert not any(name.endswith(f"{LABEXTENSION}package.json") for name in archive.namelist())


def test_a_clone_without_node_gives_no_sdist(clone: Path, tmp_path: Path, bare: Path) -> None:
    """An sdist without the labextension would make every wheel from it lack one, so it is refused with the reason."""
    with pytest.raises(subprocess.CalledProcessError) as refused:
        _run([sys.executable, "-m", "build", "--sdist", "--outdir", tmp_path, clone], path=bare)
    assert "An sdist has to hold the labextension, and it can't be built: Node.js and npm are not installed." in refused.value.output


def test_the_form_is_small(wheel: Path) -> None:
    """What a form brings to the browser is at most 40 KiB, compressed."""
    with zipfile.ZipFile(wheel) as archive:
        module = archive.read("zensecrets_jupyter/notebook/widget/form.js")
    assert len(gzip.compress(module)) <= 40 * 1024


def test_no_file_names_a_registry_or_a_path_of_this_machine() -> None:
    """What one machine is set up with stays on it."""
    own = [f"{folder}{os.sep}".encode() for folder in {ROOT, Path.home()} if folder != Path(folder.anchor)]
    found = [f"{name}: {text.decode()}" for name in _tracked() for text in [*REGISTRIES, *own] if text in (ROOT / name).read_bytes()]
    assert found == []


def test_the_lock_file_says_what_is_installed_and_not_from_where() -> None:
    """No package in package-lock.json has an address, and each but the root has a version."""
    packages = json.loads((ROOT / "js" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if not package.get("version")] == []


def _tracked(*, or_new: bool = False) -> list[str]:
    options = ["--cached", "--others", "--exclude-standard"] if or_new else ["--cached"]
    listed = _run(["git", "-C", ROOT, "ls-files", *options, "-z"])
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def _run(command: list[str | Path], *, path: Path | None = None, **variables: str) -> str:
    """Return what `command` says on both its outputs, with `path` as the only folder in its PATH, and more environment variables."""
    environment = {**os.environ, **variables}
    # Tests are started from an environment of their own, and from a folder with the package's source in it.
    environment.pop("PYTHONPATH", None)
    # IPython would take libraries from the environment that it names.
    environment.pop("VIRTUAL_ENV", None)
    if path is not None:
        environment["PATH"] = str(path)
    done = subprocess.run(
        command, env=environment, cwd=ROOT.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        # What the command said belongs into the report of a failed test.
        sys.stdout.write(done.stdout)
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout)
    return done.stdout
