"""The tags that a repository's remote has, asked of the remote itself: no tracking ref knows them."""

from __future__ import annotations

import os

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.git.command import Git, environment
from batuta_hooks.git.refs import TAGS, remote_names

TIMEOUT_S = 20.0
_PEELED = "^{}"


def remote_tags(folder: str, remote: str, *, offline: bool = False) -> dict[str, str] | Unknown | None:
    """The objects of a remote's tags by name, annotated ones peeled.

    The user's credentials count, and nobody is asked for any.

    Args:
        offline: whether the remote may not be asked.

    Returns:
        None where there is no such remote; `Unknown` where it could not be asked, with git's reason.

    Raises:
        BatutaError: git cannot be run.
    """
    env = {**environment(sibling=True), "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true"}
    env.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
    if remote not in remote_names(folder, env):
        return None
    if offline:
        return Unknown(remote, "no socket may be opened")
    try:
        listed = os.fsdecode(Git(["ls-remote", "--tags", "--", remote], folder, env).collect(TIMEOUT_S))
    except BatutaError as error:
        return Unknown(remote, getattr(error, "said", "") or error.what)
    found: dict[str, str] = {}
    for line in listed.splitlines():
        oid, _, ref = line.partition("\t")
        name = ref.removeprefix(TAGS)
        if name.endswith(_PEELED) or name not in found:
            found[name.removesuffix(_PEELED)] = oid
    return found


def local_tags(folder: str) -> dict[str, str]:
    """The same of the repository itself, the newest first: an annotated tag is as old as it says.

    Raises:
        BatutaError: git cannot be run, or there is no repository.
    """
    form = "%(refname:strip=2)%00%(objectname)%00%(*objectname)"
    listing = Git(
        ["for-each-ref", "--sort=-creatordate", f"--format={form}", "refs/tags"], folder, environment(sibling=True)
    )
    found = {}
    for line in os.fsdecode(listing.collect()).splitlines():
        name, oid, peeled = line.split("\0")
        found[name] = peeled or oid
    return found
