"""The distribution: what the wheel holds, and that it works in an environment of its own."""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.repository import PACKAGE, ROOT, console_scripts, files, lower_bounds, pyproject
from tests.support.process import run, unmeasured
from tests.support.repos import make_repo, package

pytestmark = pytest.mark.slow

VERSION = pyproject()["project"]["version"]
HOOKS = ROOT / "hooks"


def outside() -> dict[str, str]:
    """The environment without what would lead an interpreter back to the repository or measure it."""
    return {name: value for name, value in unmeasured().items() if not name.startswith("PYTHON")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution, which is built from exactly what a clone holds."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in files():
        copy = folder / "clone" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    # The locked hatchling, without isolation: a build that asks no index.
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        folder / "dist",
        folder / "clone",
    ]
    run(command, env=outside())
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel with its extras and the newest of what it depends on, from the index."""
    return install(tmp_path_factory.mktemp("newest") / "venv", f"{wheel}[tui]")


@pytest.fixture(scope="module")
def installed_oldest(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel and the oldest of what it says it works with."""
    pins = [f"{name}=={bound}" for name, bound in lower_bounds().items()]
    return install(tmp_path_factory.mktemp("oldest") / "venv", wheel, *pins)


def install(folder: Path, *requirements: str | Path) -> Path:
    """Make an empty environment in `folder`, install `requirements` and return its folder of programs."""
    run([sys.executable, "-m", "venv", folder], env=outside())
    pip: list[str | Path] = [
        folder / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    run([*pip, *requirements], env=outside(), timeout_s=600)
    return folder / "bin"


def test_wheel_holds_the_package_the_hook_scripts_and_nothing_else(wheel: Path) -> None:
    """Its files are those of batuta_hooks/ and, below the package, of hooks/ and what `explain` prints."""
    expected = {path.relative_to(ROOT).as_posix(): path for path in files() if path.is_relative_to(PACKAGE)}
    scripts = {f"batuta_hooks/{path.relative_to(ROOT).as_posix()}" for path in files() if path.is_relative_to(HOOKS)}
    expected |= {name: ROOT / name.removeprefix("batuta_hooks/") for name in {*scripts, "batuta_hooks/docs/codes.md"}}
    with zipfile.ZipFile(wheel) as archive:
        held = {info.filename: info for info in archive.infolist() if ".dist-info/" not in info.filename}
        assert set(held) == set(expected)
        for name, path in expected.items():
            assert archive.read(name) == path.read_bytes(), name
        assert scripts
        assert all(held[name].external_attr >> 16 & 0o111 for name in scripts), "a hook script that cannot be run"
    assert "batuta_hooks/py.typed" in held


def test_metadata_say_what_the_project_says(wheel: Path) -> None:
    """Name, version, licence and the text of README are in the wheel's metadata."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
        assert name.removesuffix("METADATA") + "licenses/LICENSE" in archive.namelist()
    fields = metadata.partition("\n\n")[0].splitlines()
    assert {"Name: batuta-hooks", f"Version: {VERSION}", "License-Expression: MIT"} <= set(fields)
    assert (ROOT / "README.md").read_text(encoding="utf-8").strip() in metadata


@pytest.mark.parametrize("environment", ["installed", "installed_oldest"])
def test_every_console_script_starts(environment: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """With the newest and with the oldest dependencies each script tells its version and its options."""
    programs: Path = request.getfixturevalue(environment)
    for name in console_scripts():
        assert VERSION in run([programs / name, "--version"], cwd=tmp_path, env=outside()).stdout
        assert "--help" in run([programs / name, "--help"], cwd=tmp_path, env=outside()).stdout


DASHBOARD = """
import asyncio
from batuta_hooks.cli.common import Common
from batuta_hooks.cli.dashboard.app import Dashboard
from batuta_hooks.cli.dashboard.work import work_of

async def run():
    app = Dashboard(work_of(Common(workspace=".", offline=True)))
    async with app.run_test() as pilot:
        while app.job:
            await pilot.pause(0.05)
        await pilot.press("down", "enter", "escape", "slash", "x", "enter", "t", "i", "escape", "question_mark", "q")
    print([row.crate.name for row in app.board.rows])

asyncio.run(run())
"""


@pytest.mark.parametrize("environment", ["installed", "installed_oldest"])
def test_the_dashboard_runs(environment: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """With the newest and with the oldest textual the dashboard shows a stack and takes keys."""
    make_repo(tmp_path / "a", {"Cargo.toml": package("a")})
    programs: Path = request.getfixturevalue(environment)
    assert run([programs / "python", "-c", DASHBOARD], cwd=tmp_path, env=outside()).stdout == "['a']\n"


def test_hook_scripts_are_found_from_the_installed_package(installed: Path, tmp_path: Path) -> None:
    """importlib.resources finds every hook script, and a shell can read it."""
    code = "from importlib.resources import files; print(*files('batuta_hooks').joinpath('hooks').iterdir(), sep='\\n')"
    shown = run([installed / "python", "-c", code], cwd=tmp_path, env=outside()).stdout.split("\n")
    scripts = [Path(line) for line in shown if line]
    assert {script.name for script in scripts} == {path.name for path in files() if path.parent == HOOKS}
    for script in scripts:
        assert script.is_relative_to(installed.parent)
        run(["sh", "-n", script])


def test_the_environment_is_consistent(installed: Path, installed_oldest: Path) -> None:
    """No installed package misses another or wants a different version of it."""
    for programs in (installed, installed_oldest):
        run([programs / "python", "-m", "pip", "check", "--disable-pip-version-check"], env=outside())
