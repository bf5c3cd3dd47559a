"""Whether cargo has been configured at all, told without reading a file, and what follows where it has not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batuta_hooks.gather.registry import Place, find_place
from batuta_hooks.registry.cargo_config import CargoConfig, read_cargo_config
from batuta_hooks.registry.config_places import CRATES_IO_INDEX, is_unconfigured
from batuta_hooks.registry.entry import registry_identity
from batuta_hooks.registry.sources import Source, find_source
from batuta_hooks.registry.urls import parse_url


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder to work in, beside cargo's home."""
    (tmp_path / "home").mkdir()
    (tmp_path / "top/below").mkdir(parents=True)
    return tmp_path / "top/below"


def bare(work: Path, **more: str) -> dict[str, str]:
    """An environment with nothing of cargo's but its home."""
    return {"PATH": os.environ["PATH"], "CARGO_HOME": str(work.parents[1] / "home"), **more}


def test_defaults_are_what_cargo_would_come_to(work: Path) -> None:
    """The registry, its name in the cache and cargo's home are those that its empty configuration leads to."""
    environment = bare(work)
    config = read_cargo_config(str(work), environment)
    assert isinstance(config, CargoConfig)
    source = find_source(config)
    assert isinstance(source, Source)
    assert is_unconfigured(str(work), config.home, environment)
    assert find_place(str(work), environment) == Place(source.index_url, "", "", config.home)
    assert registry_identity(CRATES_IO_INDEX) == parse_url(CRATES_IO_INDEX).canonical
    assert find_place(str(work), bare(work, BATUTA_OFFLINE="1")).offline == "BATUTA_OFFLINE is set"


@pytest.mark.parametrize("file", ["top/.cargo/config.toml", "top/below/.cargo/config", "home/config.toml"])
def test_a_file_configures(file: str, work: Path) -> None:
    """Wherever cargo looks, whatever it holds: from then on it is read."""
    path = work.parents[1] / file
    path.parent.mkdir(exist_ok=True)
    path.write_text('[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "sparse+https://m.example/i/"\n')
    assert not is_unconfigured(str(work), str(work.parents[1] / "home"), bare(work))
    assert find_place(str(work), bare(work)).url == "sparse+https://m.example/i/"


@pytest.mark.parametrize(
    "name", ["CARGO_REGISTRIES_CRATES_IO_PROTOCOL", "CARGO_NET_OFFLINE", "CARGO_SOURCE_x_REGISTRY"]
)
def test_a_variable_configures(name: str, work: Path) -> None:
    """Any of cargo's own, but for its home and what it tells its children."""
    home = str(work.parents[1] / "home")
    assert is_unconfigured(str(work), home, bare(work, CARGO="/usr/bin/cargo"))
    assert not is_unconfigured(str(work), home, bare(work, **{name: "true"}))
