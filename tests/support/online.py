"""A folder in which cargo's configuration puts a registry on loopback in the place of crates.io, for whole commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.registry import FaultyRegistry


def go_online(monkeypatch: pytest.MonkeyPatch, folder: Path, registry: FaultyRegistry) -> Path:
    """Let this process and its children ask the registry, in a folder and below it.

    Returns:
        The folder of the cache, which is not made yet.
    """
    (folder / ".cargo").mkdir(parents=True)
    lines = f'[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "{registry.index_url}"\n'
    (folder / ".cargo" / "config.toml").write_text(lines, encoding="utf-8")
    home, cache = folder / ".home", folder / ".cache"
    home.mkdir()
    monkeypatch.setenv("CARGO_HOME", str(home))
    # crates.io itself, which a release asks too
    elsewhere = registry.index_url.replace("127.0.0.1", "localhost")  # cargo refuses two sources with one address
    monkeypatch.setenv("__CARGO_TEST_CRATES_IO_URL_DO_NOT_USE_THIS", elsewhere)
    monkeypatch.setenv("BATUTA_CACHE_DIR", str(cache))
    monkeypatch.delenv("CARGO_NET_OFFLINE", raising=False)
    monkeypatch.delenv("BATUTA_OFFLINE", raising=False)
    for name in ("http_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return cache / "registry-v1"
