"""The demo's second half: the sample stack is released to a registry on this machine, killed, and goes on.

All is real (cargo, git, remotes, uploads) and lies in one temporary folder; no other host is asked.  Every step checks
what it says: exit code 0 means that all held.  Without cargo there is nothing to release with, and it says so.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from incident import BOLD, GREEN, RED, StepFailed, colored, environment, heading, lasted
from sample_stack import make_stack

from batuta_hooks.registry.accepting import AcceptingRegistry

COMMAND = ("batuta-stack", "release", "entrenar", "--publish", "--yes")
CRATES = {"alimentar", "entrenar", "entrenar-common", "trueno-db", "trueno-rag"}
QUALITY = (
    '[quality]\nlint_command = "true"\ntest_command = "true"\naudit = "skip"\n'
    "coverage_command = \"echo '95.00% coverage, 95/100 lines covered'\"\n"
)
KILL_AT = "trueno-rag: publish"


def main() -> int:
    """Release, kill, resume; the exit code."""
    why = missing_cargo()
    if why:
        print(f"\nThe second half releases the sample stack with cargo, {why}: left out.")
        return 0
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="batuta-demo-") as folder,
        Registry(lambda _path: None) as registry,
    ):
        try:
            Release(Path(folder), registry).play()
        except StepFailed as failed:
            print(colored(f"\nThe demo failed: {failed}", RED), file=sys.stderr)
            return 1
    print(colored(f"\nAll of it held, in {lasted(started)}.", GREEN))
    return 0


def missing_cargo() -> str:
    """Why cargo cannot be run, as a clause; empty where it can."""
    if shutil.which("cargo") is None:
        return "which is not here"
    asked = subprocess.run(
        ["cargo", "--version"], env={**os.environ, **rustup_home()}, capture_output=True, text=True, check=False
    )
    first = next(iter(asked.stderr.splitlines()), "")
    return f"which does not run here ({first})" if asked.returncode else ""


def rustup_home() -> dict[str, str]:
    """Where rustup's cargo finds its toolchains when HOME is another folder than the user's."""
    homes = [os.path.expanduser("~"), pwd.getpwuid(os.getuid()).pw_dir]
    named = [os.environ.get("RUSTUP_HOME", ""), *(os.path.join(home, ".rustup") for home in homes)]
    found = next((folder for folder in named if os.path.isdir(os.path.join(folder, "toolchains"))), None)
    return {} if found is None else {"RUSTUP_HOME": found}


class Registry(AcceptingRegistry):
    """Takes uploads as crates.io does."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up: one of them is killed."""


class Release:
    """The story.

    Args:
        place: an empty folder.
        registry: takes the uploads; the stack's cargo configuration names it.
    """

    def __init__(self, place: Path, registry: Registry) -> None:
        self.place = place
        self.stack = place / "stack"
        self.registry = registry
        self.env = {name: value for name, value in environment(place).items() if not name.startswith("CARGO_")}
        self.env |= {
            **rustup_home(),
            "CARGO_HOME": str(place / "cargo-home"),
            "CARGO_REGISTRIES_DEMO_TOKEN": "demo",
            "BATUTA_CACHE_DIR": str(place / "cache"),
            "TMPDIR": str(place),
        }

    def play(self) -> None:
        """Tell it."""
        heading("A release that is killed in the middle")
        make_stack(self.place, self.git)
        self.configure()
        print("  entrenar and the four crates that it needs go to a registry on this machine (its gates are stand-ins)")
        heading(f"$ {' '.join(COMMAND)}")
        self.kill()
        before = self.accepted()
        print(colored("  kill -9: the process and its group", RED))
        print(f"  on the registry: {', '.join(sorted(before)) or 'nothing'}; tags: {', '.join(self.tags()) or 'none'}")
        shutil.rmtree(self.stack / ".batuta")
        print("  and its journal is deleted: what was begun is read from the release commits")
        heading(f"$ {' '.join(COMMAND)}   # the same command again")
        done = self.run(COMMAND)
        for line in done.stdout.splitlines():
            print(f"  {line}")
        self.check()

    def configure(self) -> None:
        """Let cargo publish to the registry, in the stack alone."""
        (self.stack / ".cargo").mkdir()
        lines = f'[registry]\ndefault = "demo"\n[registries.demo]\nindex = "{self.registry.index_url}"\n'
        lines += '[source.crates-io]\nreplace-with = "demo"\n'
        (self.stack / ".cargo" / "config.toml").write_text(lines, encoding="utf-8")
        (self.stack / "batuta-stack.toml").write_text(QUALITY, encoding="utf-8")

    def kill(self) -> None:
        """Begin the release, and kill it when it publishes in the second wave."""
        with subprocess.Popen(
            COMMAND,
            cwd=self.stack,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as child:
            assert child.stderr is not None
            for line in child.stderr:
                print(f"  {line.rstrip()}", flush=True)
                if line.startswith(KILL_AT):
                    os.killpg(child.pid, signal.SIGKILL)
                    break
            else:
                raise StepFailed("the release ended before it could be killed")

    def check(self) -> None:
        """Each crate was accepted once, and its tag is on the commit that it was published from, here and there."""
        counted = Counter(one.name for one in self.registry.accepted)
        if counted != Counter(dict.fromkeys(CRATES, 1)):
            raise StepFailed(f"accepted were {dict(counted)}")
        for folder in sorted(self.stack.iterdir()):
            remote = self.place / "remotes" / f"{folder.name}.git"
            for tag in self.tags_in(folder):
                here, there = (self.git(place, ["rev-parse", f"{tag}^{{commit}}"]) for place in (folder, remote))
                if here != there:
                    raise StepFailed(f"the tag {tag} is on {here} here, on {there} there")
        if len(self.tags()) != len(CRATES):
            raise StepFailed(f"the tags are {self.tags()}")
        print(colored("  each crate was accepted once; each tag is on the commit that it was published from", BOLD))

    def accepted(self) -> set[str]:
        """The crates that the registry has."""
        return {one.name for one in self.registry.accepted}

    def tags(self) -> list[str]:
        """All tags in the stack."""
        return [tag for folder in sorted(self.stack.iterdir()) for tag in self.tags_in(folder)]

    def tags_in(self, folder: Path) -> list[str]:
        """The tags of a repository; none where there is none."""
        return self.git(folder, ["tag"]).splitlines() if (folder / ".git").exists() else []

    def git(self, folder: Path, arguments: Sequence[str]) -> str:
        """What git prints in a folder."""
        return self.run(["git", *arguments], folder).stdout.strip()

    def run(self, command: Sequence[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command that has to succeed."""
        done = subprocess.run(
            command, cwd=folder or self.stack, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StepFailed(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done


if __name__ == "__main__":
    sys.exit(main())
