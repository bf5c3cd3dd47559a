"""The workflow in docs/ci.md: GitHub would accept it, and its steps do what the page says."""

from __future__ import annotations

import json
import os
import re
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.repository import ROOT
from tests.support.process import run, unmeasured
from tests.support.repos import make_repo, package
from tests.support.schemas import faults, sarif_schema, workflow_schema

STAR = '[dependencies]\nserde = "*"'


def workflows() -> list[dict[Any, Any]]:
    """Both workflows, as a parser of YAML reads them; `on` is a truth value there, as for GitHub's parser it is not."""
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    return [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)]


def workflow() -> dict[Any, Any]:
    """The first workflow."""
    return workflows()[0]


def steps() -> list[dict[str, Any]]:
    """The steps of its only job."""
    (job,) = workflow()["jobs"].values()
    found: list[dict[str, Any]] = job["steps"]
    return found


def test_github_accepts_them() -> None:
    """They are valid by GitHub's schema of workflows."""
    for one in workflows():
        document = {("on" if key is True else key): value for key, value in one.items()}
        assert faults(document, workflow_schema()) == []


@pytest.mark.slow
def test_the_shards_are_merged(runner: Runner) -> None:
    """The second workflow's commands over the sample stack: every shard of its matrix, then all of them as one."""
    jobs = workflows()[1]["jobs"]
    numbers = jobs["check"]["strategy"]["matrix"]["shard"]
    assert jobs["merge"]["needs"] == "check"
    assert jobs["merge"]["if"] == "${{ !cancelled() }}"
    (check,) = [step["run"] for step in jobs["check"]["steps"] if step.get("name") == "Check a part"]
    (merge,) = [step["run"] for step in jobs["merge"]["steps"] if step.get("name") == "Merge"]
    runner.step("Clone the stack")
    for number in numbers:
        command = check.replace("${{ matrix.shard }}", str(number))
        run(["bash", "-e", "-c", command], cwd=runner.workspace, env=runner.env)
        (runner.workspace / f"report-{number}").mkdir()
        (runner.workspace / "report.json").rename(runner.workspace / f"report-{number}" / "report.json")
    said = run(["bash", "-e", "-c", merge], cwd=runner.workspace, env=runner.env, code=1).stdout
    assert said.startswith("::error file=bad/Cargo.toml,line=7,col=1,title=PD005::")
    assert runner.summary.read_text().startswith("## batuta-stack check: 1 error\n")


def test_the_cache_is_restored_and_saved() -> None:
    """The cache's folder is restored before the check, and saved after it even where the check fails."""
    used = [step.get("uses", step.get("name", "")).partition("@")[0] for step in steps()]
    assert used.index("actions/cache/restore") < used.index("Check") < used.index("actions/cache/save")
    save = steps()[used.index("actions/cache/save")]
    assert save["if"] == "${{ !cancelled() }}"
    restore = steps()[used.index("actions/cache/restore")]
    assert restore["with"]["path"] == save["with"]["path"] == Path(workflow()["env"]["BATUTA_CACHE_DIR"]).name
    assert restore["with"]["key"].startswith(restore["with"]["restore-keys"])


def test_what_is_uploaded_is_what_was_written() -> None:
    """The upload takes the file that the check writes, whether it failed or not, and has the permission for it."""
    (upload,) = [step for step in steps() if "upload-sarif" in step.get("uses", "")]
    assert upload["if"] == "${{ !cancelled() }}"
    assert upload["with"]["sarif_file"] == "${{ runner.temp }}/batuta.sarif"
    (check,) = [step for step in steps() if step.get("name") == "Check"]
    assert '> "$RUNNER_TEMP/batuta.sarif"' in check["run"]
    assert workflow()["permissions"]["security-events"] == "write"


class Runner:
    """A runner's folders and variables; runs steps as GitHub does where no shell is named."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.workspace, self.temp, self.summary = folder / "workspace", folder / "temp", folder / "summary"
        self.temp.mkdir()
        known = {"github.workspace": str(self.workspace), "runner.temp": str(self.temp)}
        given = {
            name: re.sub(r"\$\{\{ (\S+) \}\}", lambda match: known[match[1]], value)
            for name, value in workflow()["env"].items()
        }
        self.env: Mapping[str, str] = {
            **unmeasured(),
            **given,
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }

    def step(self, name: str, *, code: int = 0, **env: str) -> str:
        """Run a step by its name and return what it printed."""
        (step,) = [step for step in steps() if step.get("name") == name]
        command = ["bash", "-e", "-c", step["run"]]
        return run(command, cwd=self.workspace, env={**self.env, **env}, code=code, timeout_s=300).stdout


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner with the program of this environment, whose workspace lists a stack of two repositories."""
    upstream = tmp_path / "upstream"
    make_repo(upstream / "bad", {"Cargo.toml": package("bad", STAR)})
    make_repo(upstream / "good", {"Cargo.toml": package("good")})
    listed = "".join(f"{(upstream / name).as_uri()}\n" for name in ("bad", "good"))
    make_repo(tmp_path / "workspace", {"repositories.txt": listed, "batuta-stack.toml": ""})
    return Runner(tmp_path, Path(sys.executable).parent)


def test_the_steps_over_a_stack(runner: Runner) -> None:
    """The stack is cloned and checked: it fails, and leaves SARIF, annotations, a summary and the cache."""
    runner.step("Clone the stack")
    assert sorted(path.name for path in runner.workspace.iterdir() if path.is_dir()) == [".git", "bad", "good"]
    said = runner.step("Check", code=1)
    assert said.startswith("::error file=bad/Cargo.toml,line=7,col=1,title=PD005::")
    assert said.count("::error") == 1
    document = json.loads((runner.temp / "batuta.sarif").read_text())
    assert faults(document, sarif_schema()) == []
    assert [result["ruleId"] for result in document["runs"][0]["results"]] == ["PD005"]
    assert runner.summary.read_text().startswith("## batuta-stack check: 1 error\n")


def test_the_steps_over_one_repository(runner: Runner, tmp_path: Path) -> None:
    """A crate's own repository is checked alone; where nothing is wrong the step succeeds."""
    run(["git", "clone", "--quiet", tmp_path / "upstream" / "good", tmp_path / "clone"])
    runner.workspace = tmp_path / "clone"
    assert runner.step("Check") == ""
    assert json.loads((runner.temp / "batuta.sarif").read_text())["runs"][0]["results"] == []
    assert "nothing found" in runner.summary.read_text()


def test_a_wrong_configuration(runner: Runner) -> None:
    """It ends with 2, so that the job is red whatever else there is."""
    runner.step("Clone the stack")
    (runner.workspace / "batuta-stack.toml").write_text("[qualty]\n")
    runner.step("Check", code=2)


@pytest.mark.slow
def test_the_installation(runner: Runner, tmp_path: Path) -> None:
    """The step that installs puts the program on PATH, from wherever the variable says."""
    venv.create(tmp_path / "fresh", with_pip=True)
    (tmp_path / "again").mkdir()
    fresh = Runner(tmp_path / "again", tmp_path / "fresh" / "bin")
    fresh.workspace = runner.workspace
    fresh.step("Install", BATUTA_HOOKS=str(ROOT))
    fresh.step("Clone the stack")
    fresh.step("Check", code=1)
    assert (fresh.temp / "batuta.sarif").stat().st_size > 0
