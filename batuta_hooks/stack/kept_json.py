"""Files beside the cache in which the commands of a stack remember what they found out, one for each meta-checkout.

They are worth no error: what cannot be read, written or understood counts as forgotten.  They are JSON, nothing of them
is run, and they are good for one state of the tool's own files alone.
"""

from __future__ import annotations

import json
import os
from binascii import crc32
from collections.abc import Mapping
from shutil import rmtree
from typing import Any

from batuta_hooks.gather.kept_file import read_kept, replace_kept
from batuta_hooks.gather.program import program
from batuta_hooks.registry.entry import Miss
from batuta_hooks.registry.glance import cache_folder, examine

#: The folder of what checks came to, and that of what repositories hold.
CHECKS, REPOSITORIES = "checks-v1", "repositories-v1"

_OF_GUARDS = ("siblings-v1", "manifests-v1", "verdicts-v1", "parts-v1")
_MOST_BYTES = 64 << 20
_LONGEST_HEAD = 1 << 10


def file_for(folder: str, workspace: str, environment: Mapping[str, str]) -> str:
    """The file of a meta-checkout; empty where there is no cache yet, or one that must not be used.

    Args:
        folder: `CHECKS` or `REPOSITORIES`.
        workspace: the absolute path of the meta-checkout.
        environment: variables that say where the cache is.
    """
    base = cache_folder(environment)
    if isinstance(base, Miss):
        return ""
    place = examine(base)
    if not place.exists or place.fault:
        return ""
    name = os.fsencode(workspace)
    return f"{os.path.dirname(base)}/{folder}/{crc32(name):08x}{len(name):04x}.json"


def read_json(file: str) -> Any | None:
    """What the same tool has written; ``None`` for nothing."""
    head, _, body = read_kept(file, _MOST_BYTES).partition(b"\n")
    return json.loads(body) if head == _head_of(body) else None


def write_json(file: str, value: object) -> None:
    """Write something in the place of all that was there, unless it is too large."""
    body = json.dumps(value, separators=(",", ":")).encode("ascii")
    if len(body) < _MOST_BYTES - _LONGEST_HEAD:
        replace_kept(file, (_head_of(body), b"\n", body))


def _head_of(body: bytes) -> bytes:
    """What the file begins with: it is good for one state of the tool, and as long as it is as it was written."""
    return f"checks 1 {program()} {crc32(body):08x}".encode()


def forget_all(environment: Mapping[str, str]) -> None:
    """Remove the files of all meta-checkouts, and those of guards, if they can be removed."""
    base = cache_folder(environment)
    if not isinstance(base, Miss):
        for folder in (CHECKS, REPOSITORIES, *_OF_GUARDS):
            rmtree(os.path.join(os.path.dirname(base), folder), ignore_errors=True)
