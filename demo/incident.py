"""The demo: the incident that README tells of, replayed on a sample stack of crate repositories.

All is real (git, its hooks, commits, pushes to bare remotes) and lies in one temporary folder; neither the network nor
cargo nor the user's own git configuration is touched.  Every step checks what it says: exit code 0 means that all held.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sample_stack import MENDED, REPOSITORIES, VERSIONLESS, entrenar, make_stack

PROGRAMS = Path(sys.executable).parent
IN_TERMINAL = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
WRONG_TAG = "v0.3.0"
BOLD, RED, GREEN = "1", "31", "32"


class StepFailed(Exception):
    """A step of the demo did not do what it says."""


def colored(text: str, color: str) -> str:
    """The text in an ANSI colour, in a terminal alone."""
    return f"\x1b[{color}m{text}\x1b[0m" if IN_TERMINAL else text


def heading(text: str) -> None:
    """Begin a part of the story."""
    print(f"\n{colored(text, BOLD)}", flush=True)


def lasted(since: float) -> str:
    """The time since then, for people."""
    return f"{(time.monotonic() - since) * 1000:.0f} ms"


def environment(home: Path) -> dict[str, str]:
    """An environment in which git knows nothing of the user, and the guard is on PATH."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BATUTA_", "GIT_", "PREK", "PRE_COMMIT", "XDG_"))
    }
    return {
        **kept,
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


class Shell:
    """Runs commands in a folder, as a person at a prompt would."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.env = env

    def enter(self, folder: Path) -> None:
        """Change the folder, and say so."""
        self.folder = folder
        print(f"$ cd {shlex.quote(str(folder))}")

    def run(self, command: Sequence[str], *, code: int = 0, holds: Sequence[str] = ()) -> None:
        """Echo a command, run it and show what it prints.

        Args:
            command: program and arguments.
            code: the exit code that it must end with.
            holds: what it must print, each as part of a line.

        Raises:
            StepFailed: it ended otherwise, or did not print all of it.
        """
        print(f"$ {shlex.join(command)}", flush=True)
        done = self._start(self.folder, command)
        print(done.stdout, end="", flush=True)
        if done.returncode != code:
            raise StepFailed(f"`{shlex.join(command)}` ended with exit code {done.returncode}, not {code}")
        missing = [part for part in holds if not any(part in line for line in done.stdout.splitlines())]
        if missing:
            raise StepFailed(f"`{shlex.join(command)}` did not print: {'; '.join(missing)}")

    def git(self, folder: Path, arguments: Sequence[str]) -> str:
        """Run git without a word and return what it printed.

        Raises:
            StepFailed: git failed.
        """
        done = self._start(folder, ["git", *arguments])
        if done.returncode != 0:
            raise StepFailed(f"`git {shlex.join(arguments)}` failed in {folder}: {done.stdout.strip()}")
        return done.stdout.strip()

    def _start(self, folder: Path, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=60,
            check=False,
        )


def install(shell: Shell, crate: Path) -> None:
    """Have git run the guards in one repository."""
    heading("1. Install the hooks in entrenar")
    shell.enter(crate)
    shell.run(["batuta-stack", "hooks", "install"], holds=["pre-commit", "pre-merge-commit", "pre-push"])


def write_needs(crate: Path, needs: Sequence[str]) -> None:
    """Write what entrenar needs of the stack into its manifest, and show the lines."""
    (crate / "Cargo.toml").write_text(entrenar(needs), encoding="utf-8")
    print("entrenar/Cargo.toml now says:")
    for line in needs:
        print(f"    {line}")


def replay(shell: Shell, crate: Path) -> None:
    """The incident: a commit that leads out of the repository three times is blocked, and leaves nothing behind."""
    heading("2. The incident: entrenar is to be built against the checkouts beside it")
    before = shell.git(crate, ["rev-parse", "HEAD"])
    write_needs(crate, VERSIONLESS)
    first = entrenar(VERSIONLESS).splitlines().index(VERSIONLESS[0]) + 1
    places = [f"Cargo.toml:{first + number}:1: {code}" for number in range(3) for code in ("PD001", "PD003")]
    commit = ["git", "commit", "--all", "--message", "Build against the checkouts"]
    since = time.monotonic()
    shell.run(commit, code=1, holds=[*places, *(f"write {line}" for line in MENDED)])
    took = lasted(since)
    if shell.git(crate, ["rev-parse", "HEAD"]) != before:
        raise StepFailed("the commit was blocked, yet HEAD moved")
    print(colored(f"blocked in {took}: nothing was committed", RED))


def mend(shell: Shell, crate: Path) -> None:
    """The mended commit and its push pass."""
    heading("3. The mend, as the guard wrote it")
    write_needs(crate, MENDED)
    shell.run(["git", "commit", "--all", "--message", "Require the versions that the checkouts have"])
    shell.run(["git", "push", "origin", "main"])
    pushed = shell.git(crate, ["ls-remote", "origin", "refs/heads/main"]).split()[0]
    if pushed != shell.git(crate, ["rev-parse", "HEAD"]):
        raise StepFailed("the push passed, yet the remote has another commit")
    print(colored("passed: the remote has the commit", GREEN))


def tag_wrongly(shell: Shell, crate: Path) -> None:
    """A version tag that contradicts its commit does not leave the machine, though the commit is there already."""
    heading("4. A tag of a version that the commit does not have")
    shell.run(["git", "tag", WRONG_TAG])
    shell.run(["git", "push", "origin", WRONG_TAG], code=1, holds=["TC002", WRONG_TAG])
    if shell.git(crate, ["ls-remote", "--tags", "origin"]):
        raise StepFailed("the push was blocked, yet the remote has a tag")
    shell.run(["git", "tag", "--delete", WRONG_TAG])
    print(colored("blocked: the remote has no tag", RED))


def keep_patch(shell: Shell, crate: Path, patch: Path) -> None:
    """Keep the incident as a patch for whoever wants to try it again."""
    (crate / "Cargo.toml").write_text(entrenar(VERSIONLESS), encoding="utf-8")
    patch.write_text(shell.git(crate, ["diff"]) + "\n", encoding="utf-8")
    shell.git(crate, ["checkout", "--quiet", "--", "Cargo.toml"])


def check_stack(shell: Shell, stack: Path) -> None:
    """The whole stack: what is left is a test of cadenza's that no clone can build."""
    heading("5. The whole stack")
    shell.enter(stack)
    shell.run(["batuta-stack", "check", "--offline"], code=1, holds=["PD003", *REPOSITORIES])


def what_next(place: Path) -> None:
    """Say where the sample lies and what can be done with it; the indented lines can be pasted."""
    heading(f"The sample stays in {place}. What to try next:")
    sample = shlex.quote(str(place))
    for told, command in (
        ("Go there, with the programs on PATH:", f'export PATH={shlex.quote(str(PROGRAMS))}:"$PATH"; cd {sample}'),
        ("Commit the incident once more; it is blocked again:", "cd stack/entrenar; git apply ../../incident.patch"),
        ("", "git commit --all --message 'Once more'"),
        ("Go past the hook; now the push is blocked:", "git commit --all --no-verify --message 'Past the hook'"),
        ("", "git push origin main"),
        ("Judge any commit, for programs:", "batuta-path-deps --source HEAD --format json"),
        ("Read why it matters:", "batuta-stack explain PD003"),
        ("Throw the sample away:", f"cd /; rm -rf {sample}"),
    ):
        if told:
            print(told)
        print(f"    {command}")


def main() -> int:
    """Run the demo and return its exit code."""
    place = Path(tempfile.mkdtemp(prefix="batuta-demo-")).resolve()
    stack, crate = place / "stack", place / "stack" / "entrenar"
    (place / "home").mkdir()
    shell = Shell(place, environment(place / "home"))
    try:
        print(colored(f"A sample stack in {stack}", BOLD))
        make_stack(place, shell.git)
        for name, (told, _) in REPOSITORIES.items():
            print(f"    {name:<11} {told}")
        print("Each is a git repository with a bare remote.")
        install(shell, crate)
        replay(shell, crate)
        mend(shell, crate)
        tag_wrongly(shell, crate)
        keep_patch(shell, crate, place / "incident.patch")
        check_stack(shell, stack)
    except (StepFailed, OSError, subprocess.TimeoutExpired) as error:
        print(f"\nThe demo failed: {error}\nWhat it made lies in {place}", file=sys.stderr)
        return 1
    what_next(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
