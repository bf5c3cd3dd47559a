"""Tokens come from cargo's own places, and go where cargo would send them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from batuta_hooks.registry.cargo_config import CargoConfig, read_cargo_config
from batuta_hooks.registry.credentials import NoToken, Secret, find_token
from batuta_hooks.registry.sources import CRATES_IO, Source, find_source
from tests.registry.loopback import Registry, cargo_environment, lock, write_package
from tests.support.registry import FaultyRegistry, environment, index_path

USUAL = '[registry]\nglobal-credential-providers = ["cargo:token"]\n'
SERDE = index_path("serde")
NOWHERE = "sparse+http://127.0.0.1:9/"


class Case(NamedTuple):
    """Where tokens are, and which one is sent to the registry `my-reg`, which stands for crates.io; None for none."""

    token: str | None
    config: str = USUAL
    credentials: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    name: str = "my-reg"


IN_FILE = '[registries.my-reg]\ntoken = "of the file"\n'
CASES = {
    "nowhere": Case(None),
    "credentials": Case("of the file", credentials=IN_FILE),
    "variable": Case("of the variable", variables=(("CARGO_REGISTRIES_MY_REG_TOKEN", "of the variable"),)),
    "variable over credentials": Case("v", credentials=IN_FILE, variables=(("CARGO_REGISTRIES_MY_REG_TOKEN", "v"),)),
    "configuration": Case("of the configuration", USUAL + '[registries.my-reg]\ntoken = "of the configuration"\n'),
    "credentials over configuration": Case(
        "of the file", USUAL + '[registries.my-reg]\ntoken = "of the configuration"\n', IN_FILE
    ),
    "of crates.io": Case(None, credentials='[registry]\ntoken = "x"\n', variables=(("CARGO_REGISTRY_TOKEN", "x"),)),
    "another registry": Case(None, credentials='[registries.other]\ntoken = "x"\n'),
    "own provider": Case("of the file", USUAL + '[registries.my-reg]\ncredential-provider = "cargo:token"\n', IN_FILE),
    "own provider as a list": Case(
        "of the file", USUAL + '[registries.my-reg]\ncredential-provider = ["cargo:token"]\n', IN_FILE
    ),
    "provider by variable": Case(
        "of the file",
        "",
        IN_FILE,
        (("CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS", "cargo:token"),),
    ),
    "own provider by variable": Case(
        "of the file", "", IN_FILE, (("CARGO_REGISTRIES_MY_REG_CREDENTIAL_PROVIDER", "cargo:token"),)
    ),
    "alias": Case(
        "of the file",
        '[credential-alias]\nmine = "cargo:token"\n[registry]\nglobal-credential-providers = ["mine"]\n',
        IN_FILE,
    ),
    "alias as a list": Case(
        "of the file",
        '[credential-alias]\nmine = ["cargo:token"]\n[registries.my-reg]\ncredential-provider = "mine"\n',
        IN_FILE,
    ),
    "index by variable": Case(
        "of the other name",
        variables=(("CARGO_REGISTRIES_OTHER_INDEX", "{index}"), ("CARGO_REGISTRIES_OTHER_TOKEN", "of the other name")),
        credentials=IN_FILE,
    ),
    "index by variable is another": Case(
        "of the file",
        variables=(
            ("CARGO_REGISTRIES_OTHER_INDEX", "sparse+http://127.0.0.1:9/"),
            ("CARGO_REGISTRIES_OTHER_TOKEN", "x"),
        ),
        credentials=IN_FILE,
    ),
    "index by variable is none": Case(
        "of the file", variables=(("CARGO_REGISTRIES_OTHER_INDEX", "none"),), credentials=IN_FILE
    ),
    "another name has the same index": Case(None, USUAL + '[registries.twin]\nindex = "{index}"\n', IN_FILE),
    "token of another kind": Case(None, credentials="[registries.my-reg]\ntoken = 1\n"),
    "credentials are broken": Case(None, credentials="[registries.my-reg"),
    "capitals": Case("of the file", credentials='[registries.MyReg]\ntoken = "of the file"\n', name="MyReg"),
}


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry that says that it wants a token, and takes any."""
    with FaultyRegistry() as served:
        served.add("serde", "1.0.0")
        served.more_config = {"auth-required": True}
        yield served


def written(folder: Path, case: Case, registry: FaultyRegistry) -> dict[str, str]:
    """Write a case's files; its variables."""
    (folder / ".cargo").mkdir(parents=True)
    mirror = f'[source.crates-io]\nreplace-with = "{case.name}"\n[registries.{case.name}]\n'
    config = mirror + f'index = "{registry.index_url}"\n'
    if f"[registries.{case.name}]\n" in case.config:
        config = case.config.replace(f"[registries.{case.name}]\n", f"{config}\n")
    else:
        config += case.config
    (folder / ".cargo/config.toml").write_text(config.replace("{index}", registry.index_url), encoding="utf-8")
    variables = environment(folder, **{name: value.format(index=registry.index_url) for name, value in case.variables})
    if case.credentials:
        (folder / "home/credentials.toml").write_text(case.credentials, encoding="utf-8")
    return variables


def token_in(folder: Path, variables: dict[str, str]) -> str | None:
    """The token that is found for what stands for crates.io, None for none."""
    found = asked_in(folder, variables)
    return found.reveal() if isinstance(found, Secret) else None


def asked_in(folder: Path, variables: dict[str, str], name: str = CRATES_IO) -> Secret | NoToken:
    """What is found for a registry."""
    config = read_cargo_config(str(folder), variables)
    assert isinstance(config, CargoConfig), config
    source = find_source(config, name)
    assert isinstance(source, Source), source
    return find_token(config, source, variables)


@pytest.mark.cargo
def test_tokens_are_cargos(tmp_path: Path, registry: FaultyRegistry) -> None:
    """For a table of configurations, real cargo sends the token that is found; both are as expected."""
    ours, cargos = {}, {}
    proxy = Registry(registry.server_port)
    for name, case in CASES.items():
        folder = tmp_path / name
        write_package(folder, 'serde = "1"')
        variables = written(folder, case, registry)
        registry.log.clear()
        home = variables.pop("CARGO_HOME")
        variables.pop("HOME")
        lock(folder, {**cargo_environment(Path(home), proxy), "CARGO_NET_OFFLINE": "false", **variables})
        sent = [asked.headers.get("authorization") for asked in registry.log if asked.path == SERDE]
        assert all(asked.path in (SERDE, "/index/config.json") for asked in registry.log)
        cargos[name] = sent[0] if sent else None
        ours[name] = token_in(folder, {**variables, "CARGO_HOME": home})
    assert ours == cargos == {name: case.token for name, case in CASES.items()}


def test_crates_io_has_a_table_of_its_own(tmp_path: Path) -> None:
    """The token of crates.io is in `[registry]`, or where files of old have it, or in CARGO_REGISTRY_TOKEN."""
    variables = environment(tmp_path)
    path = tmp_path / "home/credentials.toml"
    for text in ('[registry]\ntoken = "mine"\n', 'token = "mine"\n', 'token = "x"\n[registry]\ntoken = "mine"\n'):
        path.write_text(text, encoding="utf-8")
        assert token_in(tmp_path, variables) == "mine"
    assert token_in(tmp_path, {**variables, "CARGO_REGISTRY_TOKEN": "of the variable"}) == "of the variable"


def test_the_file_of_old_goes_first(tmp_path: Path) -> None:
    """As everywhere in cargo's home, the name without `.toml` counts if it is there."""
    variables = environment(tmp_path)
    (tmp_path / "home/credentials.toml").write_text('[registry]\ntoken = "new"\n', encoding="utf-8")
    (tmp_path / "home/credentials").write_text('[registry]\ntoken = "old"\n', encoding="utf-8")
    assert token_in(tmp_path, variables) == "old"


def test_a_token_without_provider_is_enough(tmp_path: Path, registry: FaultyRegistry) -> None:
    """cargo wants a provider to be named; here the token of a registry may go to it without."""
    variables = written(tmp_path / "x", Case("", "", IN_FILE), registry)
    assert token_in(tmp_path / "x", variables) == "of the file"


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (Case(None), "no token is configured"),
        (
            Case(None, '[registry]\nglobal-credential-providers = ["cargo-credential-x --deep", "cargo:libsecret"]\n'),
            "the credential provider `cargo-credential-x`, `cargo:libsecret` is not supported",
        ),
        (
            Case(None, '[registries.my-reg]\ncredential-provider = ["/bin/x", "y"]\n', IN_FILE),
            "the credential provider `/bin/x` is not supported",
        ),
        (
            Case(None, '[registry]\nglobal-credential-providers = ["cargo:token", "cargo:libsecret"]\n'),
            "the credential provider `cargo:libsecret` is not supported",
        ),
        (
            Case(None, credentials='[registries.my-reg]\ntoken = "a\\nb"\n'),
            "the token that is configured holds characters that no header may have",
        ),
        (
            Case(None, credentials='[registries.my-reg]\ntoken = ["a"]\n'),
            "the token that is configured holds characters that no header may have",
        ),
        (Case(None, credentials="[registries.my-reg]\ntoken = 1\n"), "`registries.my-reg.token` must be a string"),
        (Case(None, credentials='token = "hush'), "{home}/credentials.toml: it is no TOML"),
        (
            Case(None, '[registries.twin]\nindex = "{index}"\n'),
            "the registries my-reg, twin have one index, so whose token counts?",
        ),
    ],
    ids=["none", "programs", "own program", "other place", "line break", "list", "number", "no TOML", "twins"],
)
def test_why_there_is_no_token(case: Case, said: str, tmp_path: Path, registry: FaultyRegistry) -> None:
    """The reason says what is missing or not supported, and quotes no token."""
    folder = tmp_path / "x"
    variables = written(folder, case, registry)
    assert asked_in(folder, variables) == NoToken(said.format(home=variables["CARGO_HOME"]))


def test_credentials_that_cannot_be_read(tmp_path: Path) -> None:
    """The reason names the file."""
    variables = environment(tmp_path)
    (tmp_path / "home/credentials.toml").mkdir()
    found = asked_in(tmp_path, variables)
    assert isinstance(found, NoToken)
    assert found.why == f"{tmp_path}/home/credentials.toml: it cannot be read: Is a directory"


def test_a_registry_without_a_name_has_no_token(tmp_path: Path) -> None:
    """A source that is defined by its URL alone is none that a token could be configured for."""
    (tmp_path / ".cargo").mkdir()
    text = '[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "sparse+http://127.0.0.1:9/"\n'
    (tmp_path / ".cargo/config.toml").write_text(text, encoding="utf-8")
    found = asked_in(tmp_path, environment(tmp_path))
    assert found == NoToken("no registry with this index is configured, hence no token")


def test_no_home_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """This process's own variables count where none are given."""
    monkeypatch.setenv("CARGO_HOME", str(tmp_path))
    monkeypatch.setenv("CARGO_REGISTRY_TOKEN", "mine")
    config = read_cargo_config(str(tmp_path))
    assert isinstance(config, CargoConfig)
    source = find_source(config)
    assert isinstance(source, Source)
    assert find_token(config, source) == Secret("mine")
