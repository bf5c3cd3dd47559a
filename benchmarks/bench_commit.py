"""How much a `git commit` without a manifest costs more with the native hook: it must start no Python."""

from __future__ import annotations

import shutil
from functools import partial
from itertools import count
from pathlib import Path

from measure import TOP, clean_environment, run, sample_repository, show_taken, taken, temporary_folder

BARE, HOOKED = "git commit", "git commit with the native hook"


def main() -> None:
    """Print what a bare commit takes, and one with the hook."""
    env = clean_environment()
    numbers = count()
    with temporary_folder() as name:
        folders = {BARE: Path(name, "bare"), HOOKED: Path(name, "hooked")}
        for folder in folders.values():
            folder.mkdir()
            sample_repository(folder, env)
        shutil.copy2(TOP / "hooks/pre-commit", folders[HOOKED] / ".git/hooks/pre-commit")

        def stage(rival: str) -> None:
            (folders[rival] / "README.md").write_text(f"{next(numbers)}\n", encoding="utf-8")
            run("git", "add", "README.md", cwd=folders[rival], env=env)

        commits = {
            rival: partial(run, "git", "commit", "-q", "-m", "change", cwd=folder, env=env)
            for rival, folder in folders.items()
        }
        found = taken(commits, 80, stage)
    show_taken("(a) a commit without a manifest", found, BARE, "at most 1.5 x and 3 ms more")


if __name__ == "__main__":
    main()
