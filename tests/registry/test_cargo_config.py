"""cargo's configuration: which registry is asked and how, held against the requests of the real cargo."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batuta_hooks.registry.cargo_config import (
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT_S,
    ConfigFault,
    Settings,
    read_cargo_config,
)
from batuta_hooks.registry.config_places import CRATES_IO_GIT_INDEX, CRATES_IO_INDEX
from batuta_hooks.registry.sources import (
    DIRECTORY,
    GIT_INDEX,
    LOCAL,
    SPARSE,
    Source,
    find_source,
    find_source_of_index,
)
from tests.registry.loopback import Registry, cargo_environment, index_line, lock, registry, write_package

# Where a case's package lies, and its configuration files: `@U` is the registry's address.
PACKAGE = "work/pkg"
DEEP, SHALLOW, HOME = "work/pkg/.cargo/config.toml", "work/.cargo/config.toml", "home/config.toml"
BY_NAME = 'tiny-a = { version = "1", registry = "my" }'
M = '[source.m]\nregistry = "sparse+@U/m/"\n'
TO_M = f'[source.crates-io]\nreplace-with = "m"\n{M}'
TO_MY = '[source.crates-io]\nreplace-with = "my"\n'
# In each place of a local registry or directory a version of its own tells which one cargo took.
LOCAL_PLACES = ("lr", "work/lr", "work/pkg/lr", "work/pkg/.cargo/lr", "home/lr")


class Case(NamedTuple):
    """A configuration, and what cargo makes of it.

    Attributes:
        expected: the path below the registry's address, `CONNECT host`, `git /path`, `local-registry @T/…`,
            `directory @T/…`, or `fault`.
        files: texts by path below the top folder; a single text is the configuration in the package's folder.
        variables: of the environment.
        dependencies: of the package, which name `tiny-a`.
    """

    expected: str
    files: str | dict[str, str] = ""
    variables: dict[str, str] = {}  # noqa: RUF012
    dependencies: str = 'tiny-a = "1"'


CASES = {
    "nothing": Case("CONNECT index.crates.io:443"),
    "a source": Case("/m/", TO_M),
    "a chain of sources": Case(
        "/c/",
        '[source.crates-io]\nreplace-with = "a"\n[source.a]\nregistry = "sparse+@U/a/"\nreplace-with = "b"\n'
        '[source.b]\nregistry = "sparse+@U/b/"\nreplace-with = "c"\n[source.c]\nregistry = "sparse+@U/c/"\n',
    ),
    "a registry": Case("/r/", f'{TO_MY}[registries.my]\nindex = "sparse+@U/r/"\n'),
    "a chain that ends at a registry": Case(
        "/r/",
        '[source.crates-io]\nreplace-with = "a"\n[source.a]\nregistry = "sparse+@U/a/"\nreplace-with = "my"\n'
        '[registries.my]\nindex = "sparse+@U/r/"\n',
    ),
    "a source and a registry of one name": Case(
        "/s/", f'{TO_MY}[source.my]\nregistry = "sparse+@U/s/"\n[registries.my]\nindex = "sparse+@U/r/"\n'
    ),
    "a replaced registry stands as it is": Case(
        "/r/",
        f'{TO_MY}[registries.my]\nindex = "sparse+@U/r/"\n'
        f'[source.z]\nregistry = "sparse+@U/r/"\nreplace-with = "m"\n{M}',
    ),
    "crates-io defined anew": Case("/m/", '[source.crates-io]\nregistry = "sparse+@U/m/"\n'),
    "crates-io defined anew and replaced": Case(
        "/m/", f'[source.crates-io]\nregistry = "sparse+@U/a/"\nreplace-with = "m"\n{M}'
    ),
    "an index of crates-io is not looked at": Case(
        "CONNECT index.crates.io:443", '[registries.crates-io]\nindex = "sparse+@U/m/"\n'
    ),
    "crates-io over git": Case("CONNECT github.com:443", '[registries.crates-io]\nprotocol = "git"\n'),
    "crates-io over git, by variable": Case(
        "CONNECT github.com:443", "", {"CARGO_REGISTRIES_CRATES_IO_PROTOCOL": "git"}
    ),
    "crates-io by an odd protocol": Case("fault", '[registries.crates-io]\nprotocol = "ftp"\n'),
    "a git index": Case("git /idx", '[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "@U/idx"\n'),
    "a registry with a git index": Case("git /idx", f'{TO_MY}[registries.my]\nindex = "@U/idx"\n'),
    # Variables.
    "a registry by variable alone": Case("/v/", TO_MY, {"CARGO_REGISTRIES_MY_INDEX": "sparse+@U/v/"}),
    "a variable over a file": Case(
        "/v/", f'{TO_MY}[registries.my]\nindex = "sparse+@U/r/"\n', {"CARGO_REGISTRIES_MY_INDEX": "sparse+@U/v/"}
    ),
    "a name with a dash by variable": Case(
        "/v/", '[source.crates-io]\nreplace-with = "my-reg"\n', {"CARGO_REGISTRIES_MY_REG_INDEX": "sparse+@U/v/"}
    ),
    "a name with a dash by a variable with a dash": Case(
        "fault", '[source.crates-io]\nreplace-with = "my-reg"\n', {"CARGO_REGISTRIES_my-reg_INDEX": "sparse+@U/v/"}
    ),
    "an empty variable": Case(
        "fault", f'{TO_MY}[registries.my]\nindex = "sparse+@U/r/"\n', {"CARGO_REGISTRIES_MY_INDEX": ""}
    ),
    "a variable over a value of another kind": Case(
        "fault", f"{TO_MY}[registries.my]\nindex = 1\n", {"CARGO_REGISTRIES_MY_INDEX": "sparse+@U/v/"}
    ),
    "a source by a variable in capitals": Case(
        "CONNECT index.crates.io:443", f"[source.crates-io]\n{M}", {"CARGO_SOURCE_CRATES_IO_REPLACE_WITH": "m"}
    ),
    "a source by a variable in small letters": Case(
        "/m/", f"[source.crates-io]\n{M}", {"CARGO_SOURCE_crates-io_REPLACE_WITH": "m"}
    ),
    "a source by a variable without a table in a file": Case(
        "CONNECT index.crates.io:443", M, {"CARGO_SOURCE_crates-io_REPLACE_WITH": "m"}
    ),
    "a source's URL by variable": Case("/v/", TO_M, {"CARGO_SOURCE_m_REGISTRY": "sparse+@U/v/"}),
    "a source's path by variable": Case(
        "local-registry @T/work/pkg/lr",
        '[source.crates-io]\nreplace-with = "m"\n[source.m]\n',
        {"CARGO_SOURCE_m_LOCAL_REGISTRY": "lr"},
    ),
    # Several files.
    "a deeper file over a shallower one": Case(
        "/m/", {DEEP: TO_M, SHALLOW: TO_M.replace("/m/", "/s/"), HOME: TO_M.replace("/m/", "/h/")}
    ),
    "a shallower file over that at home": Case("/s/", {SHALLOW: TO_M.replace("/m/", "/s/"), HOME: TO_M}),
    "the file at home": Case("/m/", {HOME: TO_M}),
    "files that complete each other": Case(
        "/h/",
        {
            DEEP: '[source.crates-io]\nreplace-with = "a"\n',
            SHALLOW: '[source.a]\nregistry = "sparse+@U/a/"\nreplace-with = "h"\n',
            HOME: '[source.h]\nregistry = "sparse+@U/h/"\n[source.a]\nregistry = "sparse+@U/zz/"\n',
        },
    ),
    "the old name goes first": Case("/m/", {"work/pkg/.cargo/config": TO_M, DEEP: TO_M.replace("/m/", "/n/")}),
    "the old name at home": Case("/m/", {"home/config": TO_M}),
    "a file that is no TOML": Case("fault", {DEEP: TO_M, SHALLOW: "x ==\n"}),
    "a value that no configuration has": Case("fault", f"{TO_M}[env]\nx = 1.5\n"),
    "a time": Case("fault", f"{TO_M}[env]\nx = [[2020-01-01]]\n"),
    "TOML 1.1": Case("/m/", '[source]\ncrates-io = {\n  replace-with = "m",\n}\nm = { registry = "sparse+@U/m/" }\n'),
    "a list in one file, a text in the other": Case(
        "fault", {DEEP: f'{TO_M}[build]\nrustflags = ["-O"]\n', SHALLOW: '[build]\nrustflags = "-O"\n'}
    ),
    "a table in one file, a text in the other": Case("fault", {DEEP: TO_M, SHALLOW: 'source = "x"\n'}),
    "lists in both files": Case(
        "/m/", {DEEP: f'{TO_M}[build]\nrustflags = ["-O"]\n', SHALLOW: '[build]\nrustflags = ["-g"]\n'}
    ),
    "a number in one file, a text in the other": Case("/m/", {DEEP: f"{TO_M}[a]\nb = 1\n", SHALLOW: '[a]\nb = "c"\n'}),
    # Includes.
    "an include": Case("/m/", {DEEP: 'include = ["more.toml"]\n', "work/pkg/.cargo/more.toml": TO_M}),
    "the file over its include": Case(
        "/m/", {DEEP: f'include = ["more.toml"]\n{M}', "work/pkg/.cargo/more.toml": TO_M.replace("/m/", "/i/")}
    ),
    "a later include over an earlier one": Case(
        "/b/",
        {
            DEEP: 'include = ["a.toml", { path = "b.toml" }]\n',
            "work/pkg/.cargo/a.toml": TO_M,
            "work/pkg/.cargo/b.toml": '[source.m]\nregistry = "sparse+@U/b/"\n',
        },
    ),
    "an include of an include, from another folder": Case(
        "/m/", {DEEP: 'include = ["../../a.toml"]\n', "work/a.toml": 'include = ["./b.toml"]\n', "work/b.toml": TO_M}
    ),
    "an absolute include": Case("/m/", {DEEP: 'include = ["@T/a.toml"]\n', "a.toml": TO_M}),
    "an include of the file at home": Case("/m/", {HOME: 'include = ["a.toml"]\n', "home/a.toml": TO_M}),
    "an include that is not there": Case("fault", f'include = ["a.toml"]\n{TO_M}'),
    "an optional include that is not there": Case("/m/", f'include = [{{ path = "a.toml", optional = true }}]\n{TO_M}'),
    "an optional include that is there": Case(
        "/m/", {DEEP: 'include = [{ path = "a.toml", optional = true }]\n', "work/pkg/.cargo/a.toml": TO_M}
    ),
    "an include that is a text": Case("fault", f'include = "a.toml"\n{TO_M}'),
    "an include that is a table": Case("fault", f'{TO_M}[include]\npath = "a.toml"\n'),
    "an include of another kind": Case("fault", f"include = [1]\n{TO_M}"),
    "an include without path": Case("fault", f"include = [{{ optional = true }}]\n{TO_M}"),
    "an include that is optional by a text": Case(
        "fault", f'include = [{{ path = "a.toml", optional = "yes" }}]\n{TO_M}'
    ),
    "an include of another suffix": Case("fault", {DEEP: f'include = ["a.cfg"]\n{TO_M}', "work/pkg/.cargo/a.cfg": ""}),
    "an include of a hidden file": Case("fault", {DEEP: f'include = [".toml"]\n{TO_M}', "work/pkg/.cargo/.toml": ""}),
    "an include by pattern": Case("fault", {DEEP: f'include = ["*.toml"]\n{TO_M}', "work/pkg/.cargo/a.toml": ""}),
    "an include with braces": Case(
        "fault", {DEEP: f'include = ["{{a}}.toml"]\n{TO_M}', "work/pkg/.cargo/{a}.toml": ""}
    ),
    "an include of itself": Case("fault", f'include = ["config.toml"]\n{TO_M}'),
    "an include of itself, by a dot": Case("fault", f'include = ["./config.toml"]\n{TO_M}'),
    "one include by two ways": Case(
        "fault",
        {
            DEEP: f'include = ["a.toml", "b.toml"]\n{TO_M}',
            "work/pkg/.cargo/a.toml": 'include = ["b.toml"]\n',
            "work/pkg/.cargo/b.toml": "",
        },
    ),
    "an include of a folder": Case("fault", {DEEP: f'include = ["a.toml"]\n{TO_M}', "work/pkg/.cargo/a.toml/x": ""}),
    # Local registries and directories.
    "a local registry": Case(
        "local-registry @T/work/pkg/lr", '[source.crates-io]\nreplace-with = "m"\n[source.m]\nlocal-registry = "lr"\n'
    ),
    "a local registry, configured above": Case(
        "local-registry @T/work/lr",
        {SHALLOW: '[source.crates-io]\nreplace-with = "m"\n[source.m]\nlocal-registry = "./lr/"\n'},
    ),
    "a local registry, configured at home": Case(
        "local-registry @T/lr", {HOME: '[source.crates-io]\nreplace-with = "m"\n[source.m]\nlocal-registry = "lr"\n'}
    ),
    "a local registry, in an include below": Case(
        "local-registry @T/work/pkg/.cargo/lr",
        {
            DEEP: 'include = ["sub/a.toml"]\n',
            "work/pkg/.cargo/sub/a.toml": '[source.crates-io]\nreplace-with = "m"\n[source.m]\nlocal-registry = "lr"\n',
        },
    ),
    "a local registry, in an include above": Case(
        "local-registry @T/work/pkg/.cargo/lr",
        {
            DEEP: 'include = ["../a.toml"]\n',
            "work/pkg/a.toml": '[source.crates-io]\nreplace-with = "m"\n[source.m]\nlocal-registry = "lr"\n',
        },
    ),
    "a local registry by an absolute path": Case(
        "local-registry @T/lr", '[source.crates-io]\nreplace-with = "m"\n[source.m]\nlocal-registry = "@T/lr"\n'
    ),
    "a directory": Case(
        "directory @T/work/pkg/lr", '[source.crates-io]\nreplace-with = "m"\n[source.m]\ndirectory = "lr"\n'
    ),
    "a chain to a directory": Case(
        "directory @T/work/lr",
        f'[source.crates-io]\nreplace-with = "m"\n{M}replace-with = "d"\n[source.d]\ndirectory = "../lr"\n',
    ),
    # What cargo refuses.
    "a name that nothing defines": Case("fault", '[source.crates-io]\nreplace-with = "nowhere"\n'),
    "a name that no registry can have": Case(
        "fault", '[source.crates-io]\nreplace-with = "1a"\n[registries.1a]\nindex = "sparse+@U/r/"\n'
    ),
    "a circle": Case(
        "fault",
        '[source.crates-io]\nreplace-with = "a"\n[source.a]\nregistry = "sparse+@U/a/"\nreplace-with = "crates-io"\n',
    ),
    "a source without place": Case("fault", f"{TO_M}[source.other]\n"),
    "a source with two places": Case("fault", f'{TO_M}directory = "lr"\n'),
    "a branch without git": Case("fault", f'{TO_M}branch = "main"\n'),
    "a git repository": Case(
        "fault", '[source.crates-io]\nreplace-with = "m"\n[source.m]\ngit = "@U/git"\nbranch = "main"\n'
    ),
    "a git repository for something else": Case("/m/", f'{TO_M}[source.other]\ngit = "@U/git"\nrev = "abc"\n'),
    "two sources with one URL": Case("fault", f'{TO_M}[source.n]\nregistry = "sparse+@U/m/"\n'),
    "two sources with URLs that are one": Case("fault", f'{TO_M}[source.n]\nregistry = "sparse+@U/m.git"\n'),
    "another source with the URL of crates.io": Case(
        "fault", f'{TO_M}[source.n]\nregistry = "sparse+https://index.crates.io/"\n'
    ),
    "a source that is no table": Case("fault", "[source]\ncrates-io = 1\n"),
    "sources that are no table": Case("fault", "source = 1\n"),
    "registries that are no table": Case("fault", f"registries = 1\n{TO_MY}"),
    "a place of another kind": Case("fault", '[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = ["x"]\n'),
    "a place that is a table": Case("fault", '[source.crates-io]\nreplace-with = "m"\n[source.m.registry]\nx = 1\n'),
    "an index for all": Case("fault", f'{TO_M}[registry]\nindex = "sparse+@U/r/"\n'),
    "no URL": Case("fault", '[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "m"\n'),
    "no slash at the end": Case("fault", TO_M.replace("/m/", "/m")),
    "a password in a registry's URL": Case(
        "fault", f'{TO_MY}[registries.my]\nindex = "sparse+http://u:p@127.0.0.1:@P/r/"\n'
    ),
    # URLs.
    "a password in a source's URL": Case("/m/", TO_M.replace("@U", "http://u:p@127.0.0.1:@P")),
    "a scheme and a host in capitals": Case("/m/", TO_M.replace("@U", "HTTP://LOCALHOST:@P")),
    "dots and spaces in the path": Case("/%20m/", TO_M.replace("/m/", "/x/../y/%2E%2e/./ m/")),
    "a query": Case("/m/?a=b/", TO_M.replace("/m/", "/m/?a=b/")),
    "another key that nobody knows": Case("/m/", f'{TO_M}odd = 1\n[odd]\nx = "y"\n'),
    # Registries by name.
    "by name": Case("/r/", '[registries.my]\nindex = "sparse+@U/r/"\n', {}, BY_NAME),
    "by name, by variable": Case("/v/", "", {"CARGO_REGISTRIES_MY_INDEX": "sparse+@U/v/"}, BY_NAME),
    "by name, replaced by a source with its URL": Case(
        "/m/",
        f'[registries.my]\nindex = "sparse+@U/r/"\n[source.z]\nregistry = "sparse+@U/r/"\nreplace-with = "m"\n{M}',
        {},
        BY_NAME,
    ),
    "by name, replaced by a source whose URL is the same for cargo": Case(
        "/m/",
        f'[registries.my]\nindex = "sparse+@U/r/"\n[source.z]\nregistry = "sparse+@U/r"\nreplace-with = "m"\n{M}',
        {},
        BY_NAME,
    ),
    "by name, beside a source of the same name": Case(
        "/r/",
        f'[registries.my]\nindex = "sparse+@U/r/"\n[source.my]\nregistry = "sparse+@U/z/"\nreplace-with = "m"\n{M}',
        {},
        BY_NAME,
    ),
    "by name, with a source that only has its URL": Case(
        "/r/", '[registries.my]\nindex = "sparse+@U/r/"\n[source.z]\nregistry = "sparse+@U/r/"\n', {}, BY_NAME
    ),
    "by name, which is crates.io itself, replaced": Case(
        "/m/", f'{TO_M}[registries.my]\nindex = "sparse+https://index.crates.io/"\n', {}, BY_NAME
    ),
    "by name, which nobody defines": Case("fault", TO_M, {}, BY_NAME),
    "by URL": Case("/r/", "", {}, 'tiny-a = { version = "1", registry-index = "sparse+@U/r/" }'),
    "by URL, replaced": Case(
        "/m/",
        f'[source.z]\nregistry = "sparse+@U/r/"\nreplace-with = "m"\n{M}',
        {},
        'tiny-a = { version = "1", registry-index = "sparse+@U/r/" }',
    ),
    "by URL, which is none": Case("fault", "", {}, 'tiny-a = { version = "1", registry-index = "r" }'),
}


def lay_out(top: Path, case: Case, served: Registry) -> dict[str, str]:
    """Write a case's files and package; the variables for cargo and for us."""
    (top / "home").mkdir(parents=True)
    for number, place in enumerate(LOCAL_PLACES):
        index, vendored = top / place / "index" / "ti" / "ny", top / place / "tiny-a"
        index.mkdir(parents=True)
        (index / "tiny-a").write_text(index_line("tiny-a", f"1.0.{number}"), encoding="utf-8")
        (vendored / "src").mkdir(parents=True)
        (vendored / "src" / "lib.rs").touch()
        manifest = f'[package]\nname = "tiny-a"\nversion = "1.1.{number}"\n'
        (vendored / "Cargo.toml").write_text(manifest, encoding="utf-8")
        checksum = f'{{"files":{{}},"package":"{"0" * 64}"}}'
        (vendored / ".cargo-checksum.json").write_text(checksum, encoding="utf-8")
    write_package(top / PACKAGE, filled(case.dependencies, top, served))
    files = {DEEP: case.files} if isinstance(case.files, str) else case.files
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(filled(text, top, served), encoding="utf-8")
    variables = {name: filled(value, top, served) for name, value in case.variables.items()}
    return cargo_environment(top / "home", served, variables)


def filled(text: str, top: Path, served: Registry) -> str:
    """The text with the registry's address and port and the top folder in it."""
    return text.replace("@U", served.url).replace("@P", served.url.rpartition(":")[2]).replace("@T", str(top))


def answered_by_us(top: Path, case: Case, served: Registry, environment: Mapping[str, str]) -> str:
    """Where we would ask, in the words of `Case.expected`."""
    config = read_cargo_config(str(top / PACKAGE), environment)
    if isinstance(config, ConfigFault):
        return "fault"
    if case.dependencies == BY_NAME:
        source = find_source(config, "my")
    elif index := re.search('registry-index = "(.*)"', case.dependencies):
        source = find_source_of_index(config, filled(index[1], top, served))
    else:
        source = find_source(config)
    if isinstance(source, ConfigFault):
        assert source.why
        return "fault"
    if source.kind in (LOCAL, DIRECTORY):
        return f"{source.kind} {os.path.normpath(source.location)}".replace(str(top), "@T")
    if outside := re.match(r"https://([a-z.]+)/", source.location):
        return f"CONNECT {outside[1]}:443"
    port = served.url.rpartition(":")[2]
    path = re.sub(rf"^http://(u:p@)?(localhost|127\.0\.0\.1):{port}", "", source.location)
    return path if source.kind == SPARSE else f"git {path}"


def answered_by_cargo(top: Path, served: Registry, environment: Mapping[str, str]) -> str:
    """Where the real cargo asks, or which local place it takes the crate from, in the words of `Case.expected`."""
    served.log.clear()
    done = lock(top / PACKAGE, environment)
    for entry in reversed(served.log):
        if entry.startswith("CONNECT"):
            return entry
        path = entry.removeprefix("GET ")
        if path.endswith("ti/ny/tiny-a"):
            return path.removesuffix("ti/ny/tiny-a")
        if "/info/refs" in path:
            return f"git {path.partition('/info/refs')[0]}"
    if done.returncode:
        return "fault"
    taken = re.search(r'name = "tiny-a"\nversion = "1\.(\d)\.(\d)"', (top / PACKAGE / "Cargo.lock").read_text("utf-8"))
    assert taken, done.stderr
    return f"{(LOCAL, DIRECTORY)[int(taken[1])]} @T/{LOCAL_PLACES[int(taken[2])]}"


@pytest.fixture(scope="module")
def served() -> Iterator[Registry]:
    """A registry on loopback that has the crate `tiny-a` at every path."""
    with registry() as running:
        line = index_line("tiny-a", "1.0.0").encode()
        running.answer = lambda path: line if path.endswith("/ti/ny/tiny-a") else None
        yield running


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_source(served: Registry, tmp_path: Path, case: Case) -> None:
    """Each configuration leads to the place that is expected, or to a fault with a reason."""
    environment = lay_out(tmp_path, case, served)
    assert answered_by_us(tmp_path, case, served, environment) == case.expected


@pytest.mark.cargo
@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_cargo_asks_there(served: Registry, tmp_path: Path, case: Case) -> None:
    """The real cargo asks at that very place, and refuses where a fault is expected."""
    environment = lay_out(tmp_path, case, served)
    assert answered_by_cargo(tmp_path, served, environment) == case.expected


NAMES = ("a", "b", "m", "my")
urls = st.builds("sparse+@U/{}/".format, st.sampled_from(["a", "b", "m"])) | st.sampled_from(["@U/g", "sparse+@U/x"])
other_places = ['local-registry = "lr"\n', 'directory = "lr"\n', 'git = "@U/git"\n', ""]
source_places = st.builds('registry = "{}"\n'.format, urls) | st.sampled_from(other_places)
replacements = st.just("") | st.builds('replace-with = "{}"\n'.format, st.sampled_from([*NAMES, "crates-io"]))
source_tables = st.dictionaries(
    st.sampled_from(["a", "b", "m"]), st.builds(str.__add__, source_places, replacements), max_size=3
)
crates_io_tables = st.just("") | st.builds(
    '[source.crates-io]\nreplace-with = "{}"\n'.format, st.sampled_from([*NAMES, "nowhere"])
)
registry_tables = st.just("") | st.builds('[registries.my]\nindex = "{}"\n'.format, urls)


@st.composite
def config_texts(draw: st.DrawFn) -> str:
    """A configuration file with some sources and perhaps a registry, sound or not."""
    sources = "".join(f"[source.{name}]\n{table}" for name, table in draw(source_tables).items())
    return draw(crates_io_tables) + sources + draw(registry_tables)


@st.composite
def random_cases(draw: st.DrawFn) -> Case:
    """Files that refer to each other's sources, perhaps a variable, and a question."""
    files = draw(st.dictionaries(st.sampled_from([DEEP, SHALLOW, HOME]), config_texts(), min_size=1, max_size=3))
    index = draw(st.none() | urls)
    variables = {} if index is None else {"CARGO_REGISTRIES_MY_INDEX": index}
    return Case("", files, variables, BY_NAME if draw(st.booleans()) else 'tiny-a = "1"')


@pytest.mark.cargo
@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random_cases())
def test_cargo_asks_where_we_would(served: Registry, case: Case) -> None:
    """However sources refer to each other across files, cargo and we end at the same place, or both refuse."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder, "top")
        environment = lay_out(top, case, served)
        ours = answered_by_us(top, case, served, environment)
        config = read_cargo_config(str(top / PACKAGE), environment)
        assert not isinstance(config, ConfigFault)
        asked = find_source(config, "my" if case.dependencies == BY_NAME else "crates-io")
        if isinstance(asked, ConfigFault) and "in a circle" in asked.why:
            return  # where the first source is not part of the circle, the real cargo goes round for ever
        assert ours == answered_by_cargo(top, served, environment)


USUAL = Settings(False, DEFAULT_RETRIES, "", "", DEFAULT_TIMEOUT_S, "")
SETTINGS: dict[str, tuple[dict[str, str], dict[str, str], Settings]] = {
    "none": ({}, {}, USUAL),
    "all in a file": (
        {
            DEEP: '[net]\noffline = true\nretry = 7\n[http]\nproxy = "p:1"\ncainfo = "ca.pem"\ntimeout = 5\n'
            '[registry]\ndefault = "my"\n'
        },
        {},
        Settings(True, 7, "p:1", "@T/work/pkg/ca.pem", 5, "my"),
    ),
    "all by variables": (
        {},
        {"CARGO_NET_OFFLINE": "true", "CARGO_NET_RETRY": "+2", "CARGO_HTTP_PROXY": "q"}
        | {"CARGO_HTTP_CAINFO": "x/y", "CARGO_HTTP_TIMEOUT": "9", "CARGO_REGISTRY_DEFAULT": "his"},
        Settings(True, 2, "q", "@T/work/pkg/x/y", 9, "his"),
    ),
    "variables over files": (
        {DEEP: "[net]\noffline = true\n[http]\ntimeout = 5\n"},
        {"CARGO_NET_OFFLINE": "false", "HTTP_TIMEOUT": "8"},
        USUAL._replace(timeout_s=5),
    ),
    "certificates from above": (
        {SHALLOW: '[http]\ncainfo = "ca.pem"\n'},
        {},
        USUAL._replace(ca_file="@T/work/ca.pem"),
    ),
    "certificates from home": ({HOME: '[http]\ncainfo = "ca.pem"\n'}, {}, USUAL._replace(ca_file="@T/ca.pem")),
    "certificates by an absolute path": (
        {HOME: '[http]\ncainfo = "/ca.pem"\n'},
        {},
        USUAL._replace(ca_file="/ca.pem"),
    ),
    "the time by the older variable": ({}, {"HTTP_TIMEOUT": "8"}, USUAL._replace(timeout_s=8)),
    "the older variable ill-spelled": ({}, {"HTTP_TIMEOUT": "8s"}, USUAL),
    "the older variable negative": ({}, {"HTTP_TIMEOUT": "-8"}, USUAL),
    "a variable that is not UTF-8": ({}, {"CARGO_HTTP_PROXY": "\udcff"}, USUAL),
}
BAD_SETTINGS: dict[str, tuple[str, dict[str, str]]] = {
    "offline a text": ('[net]\noffline = "true"\n', {}),
    "offline a number, by variable": ("", {"CARGO_NET_OFFLINE": "1"}),
    "offline an odd word, by variable": ("", {"CARGO_NET_OFFLINE": "True"}),
    "offline nothing, by variable": ("", {"CARGO_NET_OFFLINE": ""}),
    "retries a text": ('[net]\nretry = "1"\n', {}),
    "retries a text, whatever the variable": ('[net]\nretry = "1"\n', {"CARGO_NET_RETRY": "1"}),
    "retries with a space, by variable": ("", {"CARGO_NET_RETRY": " 1"}),
    "retries nothing, by variable": ("", {"CARGO_NET_RETRY": ""}),
    "retries negative, by variable": ("", {"CARGO_NET_RETRY": "-1"}),
    "retries beyond 32 bits, by variable": ("", {"CARGO_NET_RETRY": "4294967296"}),
    "retries beyond all bounds, by variable": ("", {"CARGO_NET_RETRY": "9" * 5000}),
    "time negative": ("[http]\ntimeout = -1\n", {}),
    "time a boolean": ("[http]\ntimeout = true\n", {}),
    "proxy a number": ("[http]\nproxy = 1\n", {}),
    "proxy a table": ('[http.proxy]\nurl = "x"\n', {}),
    "certificates a list": ('[http]\ncainfo = ["x"]\n', {}),
    "http no table": ("http = 1\n", {}),
    "no TOML": ("[http\n", {}),
}


@pytest.mark.parametrize(("files", "variables", "expected"), SETTINGS.values(), ids=SETTINGS)
def test_settings(
    served: Registry, tmp_path: Path, files: dict[str, str], variables: dict[str, str], expected: Settings
) -> None:
    """Values come from files and variables, paths start where they are written, the rest is cargo's defaults."""
    environment = lay_out(tmp_path, Case("", files, variables), served)
    if "CARGO_NET_RETRY" not in variables:
        del environment["CARGO_NET_RETRY"]
    config = read_cargo_config(str(tmp_path / PACKAGE), environment)
    assert not isinstance(config, ConfigFault)
    assert config.settings() == expected._replace(ca_file=expected.ca_file.replace("@T", str(tmp_path)))


@pytest.mark.parametrize(("text", "variables"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_settings_of_the_wrong_kind(served: Registry, tmp_path: Path, text: str, variables: dict[str, str]) -> None:
    """What cargo stops at is a fault that names the place, in a sentence of bounded length."""
    environment = lay_out(tmp_path, Case("", text, variables), served)
    config = read_cargo_config(str(tmp_path / PACKAGE), environment)
    fault = config if isinstance(config, ConfigFault) else config.settings()
    assert isinstance(fault, ConfigFault)
    assert "config.toml" in fault.where or "http.proxy" in fault.why or fault.where.endswith(tuple(variables))
    assert str(fault).isprintable()
    assert len(str(fault)) < 400


@pytest.mark.cargo
@pytest.mark.slow
@pytest.mark.parametrize(("text", "variables"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_cargo_stops_at_settings_of_the_wrong_kind(
    served: Registry, tmp_path: Path, text: str, variables: dict[str, str]
) -> None:
    """The real cargo refuses the same."""
    environment = lay_out(tmp_path, Case("", f"{text}{TO_M}", variables), served)
    assert answered_by_cargo(tmp_path, served, environment) == "fault"


@pytest.mark.cargo
@pytest.mark.parametrize("place", [DEEP, SHALLOW, HOME, "variable"])
def test_cargo_takes_certificates_from_there(served: Registry, tmp_path: Path, place: str) -> None:
    """The file that the real cargo misses is the one that the settings name."""
    mirror = TO_M.replace("@U", served.url.replace("http:", "https:"))
    files = {place: f'{mirror}[http]\ncainfo = "sub/ca.pem"\n'} if place != "variable" else {DEEP: mirror}
    variables = {"https_proxy": "", **({} if place != "variable" else {"CARGO_HTTP_CAINFO": "sub/ca.pem"})}
    environment = lay_out(tmp_path, Case("", files, variables), served)
    config = read_cargo_config(str(tmp_path / PACKAGE), environment)
    assert not isinstance(config, ConfigFault)
    said = config.settings()
    assert isinstance(said, Settings)
    assert f"certificate file: {said.ca_file})" in lock(tmp_path / PACKAGE, environment).stderr


@pytest.mark.cargo
@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ('[http]\nproxy = "@U"\n', {}),
        ('[http]\nproxy = "127.0.0.1:@P"\n', {}),
        ('[http]\nproxy = "http://127.0.0.1:9"\n', {"CARGO_HTTP_PROXY": "@U"}),
    ],
)
def test_cargo_goes_through_that_proxy(served: Registry, tmp_path: Path, text: str, variables: dict[str, str]) -> None:
    """The proxy of the settings is the one that the real cargo turns to."""
    environment = lay_out(tmp_path, Case("", text, {**variables, "https_proxy": ""}), served)
    assert answered_by_cargo(tmp_path, served, environment) == "CONNECT index.crates.io:443"
    config = read_cargo_config(str(tmp_path / PACKAGE), environment)
    assert not isinstance(config, ConfigFault)
    said = config.settings()
    assert isinstance(said, Settings)
    assert said.proxy.removeprefix("http://") == served.url.removeprefix("http://")


@pytest.mark.cargo
@pytest.mark.parametrize(
    ("text", "variable", "offline"),
    [("", "true", True), ("[net]\noffline = true\n", None, True), ("[net]\noffline = true\n", "false", False)],
)
def test_cargo_stays_offline(served: Registry, tmp_path: Path, text: str, variable: str | None, offline: bool) -> None:
    """Where the settings say so, the real cargo asks nobody, and elsewhere it does."""
    variables = {} if variable is None else {"CARGO_NET_OFFLINE": variable}
    environment = lay_out(tmp_path, Case("", f"{text}{TO_M}", variables), served)
    config = read_cargo_config(str(tmp_path / PACKAGE), environment)
    assert not isinstance(config, ConfigFault)
    said = config.settings()
    assert isinstance(said, Settings)
    assert said.offline == offline
    served.log.clear()
    lock(tmp_path / PACKAGE, environment)
    assert (not served.log) == offline


def read(folder: Path, text: str = "", **variables: str) -> Source | ConfigFault:
    """The source of crates.io for a configuration in a folder."""
    (folder / ".cargo").mkdir(exist_ok=True)
    (folder / ".cargo" / "config.toml").write_text(text, encoding="utf-8")
    config = read_cargo_config(str(folder), {"CARGO_HOME": str(folder / "home"), **variables})
    return config if isinstance(config, ConfigFault) else find_source(config)


def test_a_source_in_full(tmp_path: Path) -> None:
    """It says where, by what name, by what URL cargo knows it, and whether it stands for another."""
    assert read(tmp_path) == Source(SPARSE, "https://index.crates.io/", "crates-io", CRATES_IO_INDEX, replaced=False)
    git = '[registries.crates-io]\nprotocol = "git"\n'
    assert read(tmp_path, git) == Source(GIT_INDEX, CRATES_IO_GIT_INDEX, "crates-io", CRATES_IO_GIT_INDEX)
    mirror = TO_M.replace("@U", "http://Mirror.example:80")
    url = "sparse+http://Mirror.example:80/m/"
    assert read(tmp_path, mirror) == Source(SPARSE, "http://mirror.example/m/", "m", url, replaced=True)
    local = '[source.crates-io]\nreplace-with = "m"\n[source.m]\nlocal-registry = "lr"\n'
    assert read(tmp_path, local) == Source(LOCAL, f"{tmp_path}/lr", "m", replaced=True)
    same = f'[source.crates-io]\nregistry = "{CRATES_IO_INDEX}"\n'
    assert read(tmp_path, same) == Source(SPARSE, "https://index.crates.io/", "crates-io", CRATES_IO_INDEX)
    url = f"file://{tmp_path}/idx"
    relative = f'{TO_MY}[registries.my]\nindex = "file:idx"\n'
    assert read(tmp_path, relative) == Source(GIT_INDEX, url, "my", url, replaced=True)


CIRCLE = f'{TO_M}replace-with = "a"\n[source.a]\nregistry = "sparse+@U/a/"\nreplace-with = "m"\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[source.crates-io]\nreplace-with = "nowhere"\n', "no configuration has an index of a registry `nowhere`"),
        (CIRCLE, "`replace-with` leads in a circle, from `crates-io` to `m` again"),
        ('[source.crates-io]\nreplace-with = "m"\n[source.m]\n', "`source.m` has no location"),
        (TO_M.replace("@U/m/", "file:///m/"), "must be one of http or https"),
        ("[source.crates-io]\nregistry = 'sparse+http://h\u00f6st/'\n", "URL of `crates-io`.* not supported"),
        ('[source.m]\ngit = "git"\n', "config.toml: the URL of `m` cannot be read: relative URL without a base"),
        (".".join("a" * 500) + " = 1", "recursion limit"),
        (f'x = "{"y" * (1 << 20)}"\n', "larger than 1 MiB"),
        ("[source]\nx = { registry = 1 }\n", "`source.x.registry` must be a string"),
        ('[source."a\\u001b\\nb"]\n', r"`source.a\\x1b\\nb` has no location"),
        (f"[source.{'a' * 5000}]\n", "`source.aaaa"),
        (f'[source.crates-io]\nreplace-with = "{"b" * 5000}"\n', "crates-io` is replaced with `bbbb"),
    ],
)
def test_faults_say_why(tmp_path: Path, text: str, why: str) -> None:
    """Circles that cargo never leaves are faults here too; each fault names what is wrong."""
    fault = read(tmp_path, text.replace("@U", "http://127.0.0.1:1"))
    assert isinstance(fault, ConfigFault)
    assert re.search(why, str(fault))
    assert str(fault).isprintable()
    assert len(str(fault)) < 700


@pytest.mark.parametrize(
    "text",
    [
        f'{TO_MY}[registries.my]\nindex = "sparse+https://user:secret@h/"\n',
        TO_M.replace("@U", "https://user:secret@h").replace("/m/", "/m"),
        TO_M.replace("@U", "https://user:secret@h:99999"),
        f"{TO_M}[source.n]\nregistry = 'sparse+@U/m/'\n".replace("@U", "https://user:secret@h"),
    ],
)
def test_a_fault_shows_no_password(tmp_path: Path, text: str) -> None:
    """A URL may hold one, so no message shows a URL."""
    fault = read(tmp_path, text)
    assert isinstance(fault, ConfigFault)
    assert "secret" not in str(fault)


def test_includes_without_end(tmp_path: Path) -> None:
    """A file that includes itself by ever longer paths is a fault, where cargo would run out of stack."""
    fault = read(tmp_path, 'include = ["../.cargo/config.toml"]\n')
    assert isinstance(fault, ConfigFault)
    assert "included twice" in fault.why


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    """A pipe is not waited for; dangling links are passed over; a folder of the name is a fault, as for cargo."""
    (tmp_path / ".cargo").mkdir()
    config = tmp_path / ".cargo" / "config.toml"
    config.symlink_to("nowhere")
    (tmp_path / ".cargo" / "config").symlink_to("nowhere")
    environment = {"CARGO_HOME": str(tmp_path / "home")}
    assert not isinstance(read_cargo_config(str(tmp_path), environment), ConfigFault)
    makers: list[Callable[[], object]] = [lambda: os.mkfifo(config), config.mkdir]
    for make in makers:
        config.unlink()
        make()
        fault = read_cargo_config(str(tmp_path), environment)
        assert isinstance(fault, ConfigFault)
        assert "it cannot be read" in fault.why


def test_home_on_the_way_up_counts_once(tmp_path: Path) -> None:
    """cargo's home that is the .cargo of a folder above is read there alone, though a link leads to it."""
    home, package = tmp_path / ".cargo", tmp_path / "work"
    home.mkdir()
    package.mkdir()
    (tmp_path / "link").symlink_to(home)
    (home / "config.toml").write_text('[build]\nrustflags = ["-O"]\n', encoding="utf-8")
    config = read_cargo_config(str(package), {"CARGO_HOME": str(tmp_path / "link")})
    assert not isinstance(config, ConfigFault)
    assert config.table("build")["rustflags"].value == ["-O"]
    assert config.home == str(tmp_path / "link")


def test_names_of_registries(tmp_path: Path) -> None:
    """Those of the files; none where there is no such table."""
    read(tmp_path, '[registries.b]\nindex = "x"\n[registries.a]\n')
    config = read_cargo_config(str(tmp_path), {"CARGO_HOME": "/nowhere"})
    assert not isinstance(config, ConfigFault)
    assert config.registry_names() == ["a", "b"]
    read(tmp_path, "registries = 1\n")
    config = read_cargo_config(str(tmp_path), {"CARGO_HOME": "/nowhere"})
    assert not isinstance(config, ConfigFault)
    assert config.registry_names() == []


def test_this_process_is_asked_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment of its own, a reading sees that of the process."""
    monkeypatch.setenv("CARGO_HTTP_PROXY", "here:1")
    config = read_cargo_config(str(tmp_path))
    assert not isinstance(config, ConfigFault)
    said = config.settings()
    assert isinstance(said, Settings)
    assert (said.proxy, said.offline) == ("here:1", True)  # offline by the variable of the test run
    assert config.home == os.environ["CARGO_HOME"]
