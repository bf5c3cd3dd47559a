"""A repository with very many manifests, asked about with what is remembered of it and without."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from batuta_hooks.guards.version_alignment import main as version_alignment
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import found, index_key, registry_identity
from tests.guards.asking import Answer, ask
from tests.support.repos import make_repo

COUNT = 320
"""So many manifests are very many."""


def fill(
    folder: Path,
    versions: Mapping[str, list[str]],
    age_s: int = 60,
    more: Callable[[str, str], Mapping[str, object]] = lambda _name, _version: {},
) -> Path:
    """Put index files into a cache, which was written some time ago.

    Args:
        more: what the index says of a version beside its name and features.
    """
    identity = registry_identity("sparse+https://index.crates.io/")
    with Cache(str(folder / "registry-v1")) as cache:
        for name, texts in versions.items():
            line = {"name": name, "deps": [], "cksum": "0" * 64, "features": {"derive": []}, "yanked": False}
            data = "".join(json.dumps({**line, "vers": text, **more(name, text)}) + "\n" for text in texts).encode()
            key = index_key(identity, name)
            cache.store(key, found(key, data, int(time.time()) - age_s, "https://index.crates.io/"), data)
    settle(folder)
    return folder


def settle(folder: Path) -> None:
    """Let the cache's last write be a while ago: what was written just now may go on being written."""
    for file in (folder / "registry-v1").iterdir():
        os.utime(file, ns=(time.time_ns() - 10**10, time.time_ns() - 10**10 - len(file.name)))


class Place:
    """A repository with many manifests, and two caches beside it that know the same of the registry."""

    def __init__(self, folder: Path, files: dict[str, str], versions: Mapping[str, list[str]]) -> None:
        self.folder = folder
        self.repo = make_repo(folder / "stack/repo", files)
        self.warm = fill(folder / "warm", versions)
        self.turn = 0

    def ask(self, *options: str, guard: Callable[..., int] = version_alignment) -> Answer:
        """Ask with what is remembered, and see that it is said without as well, byte for byte."""
        self.turn += 1
        cold = self.folder / f"cold{self.turn}"
        shutil.copytree(self.warm / "registry-v1", cold / "registry-v1")
        answers = [
            ask(self.repo.path, "--format", "json", *options, env={"BATUTA_CACHE_DIR": str(cache)}, guard=guard)
            for cache in (self.warm, cold)
        ]
        documents = [json.loads(answer.out) for answer in answers]
        ages = [document.pop("data_age_s") for document in documents]
        assert documents[0] == documents[1]
        assert answers[0].err == answers[1].err
        assert answers[0].code == answers[1].code in (0, 1)
        # the second is asked later, on a busy machine by seconds
        assert ages == [None, None] or 0 <= ages[1] - ages[0] < 30
        return answers[0]

    @property
    def remembered(self) -> bytes:
        """The file of verdicts."""
        return next((self.warm / "verdicts-v1").iterdir(), Path(os.devnull)).read_bytes()
