"""Which commits a push brings, and which one of the remote's it is compared with."""

from __future__ import annotations

import os

from batuta_hooks.git.command import git


def _tracked(remote_name: str, folder: str | None) -> str:
    """The option that stands for what is known of a remote: its tracking refs, or those of every remote.

    Git hands a pre-push hook the address in place of a name where a push goes to an address.
    """
    names = os.fsdecode(git(["remote"], folder)).split("\n") if remote_name else []
    return f"--remotes={remote_name}" if remote_name in names else "--remotes"


def commits_between(remote: str, tip: str, remote_name: str, folder: str | None = None) -> list[str]:
    """The commits that a push of ``tip`` brings, oldest first.

    Args:
        remote: the id that the remote ref has now; empty for a new ref, or where that commit is not known here: the
            range then begins where the remote's tracking refs end.
        tip: the id of the pushed commit.
        remote_name: the remote's name or address; empty where it is not known.
    """
    known = [f"^{remote}"] if remote else ["--not", _tracked(remote_name, folder)]
    return git(["rev-list", "--reverse", tip, *known, "--"], folder).decode("ascii").split()


def nearest_known(tip: str, remote_name: str, folder: str | None = None) -> str:
    """The newest commit of a push of ``tip`` that the remote's tracking refs hold; empty where they hold none."""
    known = ["--not", _tracked(remote_name, folder)]
    listed = git(["rev-list", "--boundary", tip, *known, "--"], folder).decode("ascii").split()
    if not listed:
        return tip
    return next((commit[1:] for commit in listed if commit.startswith("-")), "")


def parents_of_new(tip: str, remote_name: str, folder: str | None = None) -> set[str]:
    """The parents of the commits that a push of ``tip`` to a new ref brings."""
    listed = git(["rev-list", "--parents", tip, "--not", _tracked(remote_name, folder), "--"], folder)
    return {parent for line in listed.decode("ascii").split("\n") for parent in line.split(" ")[1:]}
