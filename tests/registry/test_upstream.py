"""What lies below a registry on loopback: the real one's files, from the wire, the cache or cargo's home."""

from __future__ import annotations

from pathlib import Path

import pytest

from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.glance import cache_folder
from batuta_hooks.registry.refresh import Refresher
from batuta_hooks.registry.upstream import RealUpstream, UpstreamFault
from tests.support.registry import FaultyRegistry, configured, crate_archive, environment, index_file, status

ARCHIVE = crate_archive("some-crate", "1.0.0", {"Cargo.toml": b""})


def upstream(folder: Path, registry: FaultyRegistry, *, offline: bool = False) -> RealUpstream:
    """Over the registry that is configured in a folder."""
    config = configured(folder, registry)
    return RealUpstream(config, cache_folder(environment(folder)), offline=offline, environment=environment(folder))


def test_over_the_wire(tmp_path: Path) -> None:
    """Index files and archives are as the registry has them, and what it does not have is nothing."""
    with FaultyRegistry() as registry:
        registry.add_archive("some-crate", "1.0.0", ARCHIVE)
        found = upstream(tmp_path, registry)
        assert found(index_file("some-crate")) == registry.index_of("some-crate")
        assert found("some-crate-1.0.0.crate") == ARCHIVE
        assert found("some-crate-2.0.0.crate") is None
        assert found("some-crate.crate") is None
        assert found(index_file("gone")) is None
        assert found("gone-1.0.0.crate") is None
        assert registry.asked_for("some-crate") == [200]
        found.close()


def test_cargo_home_first(tmp_path: Path) -> None:
    """An archive that cargo's home holds is not fetched, unless it is not the one that the index means."""
    with FaultyRegistry() as registry:
        registry.add_archive("some-crate", "1.0.0", ARCHIVE)
        found = upstream(tmp_path, registry, offline=False)
        place = Path(environment(tmp_path)["CARGO_HOME"], "registry", "cache", "index-0", "some-crate-1.0.0.crate")
        place.parent.mkdir(parents=True)
        place.write_bytes(ARCHIVE)
        del registry.files["some-crate-1.0.0.crate"]
        assert found("some-crate-1.0.0.crate") == ARCHIVE
        place.write_bytes(b"another")
        with pytest.raises(UpstreamFault, match="does not have it"):
            found("some-crate-1.0.0.crate")
        found.close()


def test_offline(tmp_path: Path) -> None:
    """Without a network the cache answers, and what it does not know is a fault and not an absence."""
    with FaultyRegistry() as registry:
        registry.add_archive("some-crate", "1.0.0", ARCHIVE)
        config, folder = configured(tmp_path, registry), cache_folder(environment(tmp_path))
        with Cache(folder) as cache, Refresher(config, cache, folder, environment=environment(tmp_path)) as refresher:
            refresher.indexes(["some-crate", "gone"])
        index = registry.index_of("some-crate")
        asked = len(registry.log)
        found = upstream(tmp_path, registry, offline=True)
        assert found(index_file("some-crate")) == index
        assert found(index_file("gone")) is None
        for path in (index_file("never-asked"), "some-crate-1.0.0.crate"):
            with pytest.raises(UpstreamFault, match="no socket may be opened"):
                found(path)
        assert len(registry.log) == asked


def test_down(tmp_path: Path) -> None:
    """A registry that does not answer is a fault with its reason."""
    with FaultyRegistry() as registry:
        registry.faults[f"/{index_file('some-crate')}"] = [status(403)]
        with pytest.raises(UpstreamFault, match="403"):
            upstream(tmp_path, registry)(index_file("some-crate"))
