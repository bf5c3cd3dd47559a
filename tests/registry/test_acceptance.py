"""An upload is judged as crates.io judges it: what it refuses, in which cases, and what its index then says."""

from __future__ import annotations

import json
import struct

import pytest

from batuta_hooks.domain.crates_io import RESERVED_NAMES, spellings
from batuta_hooks.domain.release import IndexDependency
from batuta_hooks.registry.acceptance import Accepted, Held, Refused, accept
from batuta_hooks.registry.index import releases
from batuta_hooks.registry.licenses import is_license_expression
from tests.support.publishing import sample_dependency, sample_upload, upload
from tests.support.registry import crate_archive

THEN = "2026-11-27T10:00:00Z"
HELD = {"log": Held("log", ("1.0.0",)), "sample_one": Held("Sample-One", ("1.0.0", "1.1.0+a"))}


def accepted(body: bytes) -> Accepted:
    """The upload, where `log` and `Sample-One` are there already."""
    return accept(body, lambda name: HELD.get(name.lower().replace("-", "_")), published_at=THEN)


def refusal(body: bytes) -> str:
    """Why the upload is refused."""
    with pytest.raises(Refused) as caught:
        accepted(body)
    return str(caught.value)


def test_a_line_of_the_index() -> None:
    """All that an index says of a release comes from the upload; a rename swaps name and package."""
    dependencies = [
        sample_dependency("log", "1", explicit_name_in_toml="logging", optional=True, target="cfg(unix)", kind="dev"),
        sample_dependency("log", ">=1, <3", features=["std"], default_features=False, kind="build"),
    ]
    features = {"default": ["a"], "a": [], "b": ["dep:logging"], "c": ["logging?/std"]}
    taken = accepted(sample_upload(deps=dependencies, features=features, links="z", rust_version="1.70"))
    assert (taken.name, taken.version, taken.line[-1:]) == ("sample", "0.1.0", b"\n")
    (release,) = releases(taken.line)
    renamed = IndexDependency("logging", "log", "^1", (), True, True, "cfg(unix)", "dev", None)
    assert release.dependencies[0] == renamed
    assert release.dependencies[1] == IndexDependency(
        "log", "log", ">=1, <3", ("std",), False, False, None, "build", None
    )
    assert release.features == {name: tuple(needs) for name, needs in features.items()}
    assert (release.links, release.rust_version, release.published_at, release.yanked) == ("z", "1.70", THEN, False)
    line = json.loads(taken.line)
    assert (sorted(line["features"]), sorted(line["features2"]), line["v"]) == (["a", "default"], ["b", "c"], 2)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"description": None}, "no description"),
        ({"description": ""}, "no description"),
        ({"description": "x" * 1001}, "1000 bytes"),
        ({"license": None}, "neither license nor license-file"),
        ({"license": "Proprietary"}, "no SPDX"),
        ({"license": "apache-2.0"}, "no SPDX"),
        ({"homepage": "example.com"}, "homepage"),
        ({"documentation": "ftp://example.com"}, "documentation"),
        ({"repository": "https://"}, "repository"),
        ({"keywords": list("abcdef")}, "6 keywords"),
        ({"keywords": ["x" * 21]}, "is no keyword"),
        ({"keywords": ["two words"]}, "is no keyword"),
        ({"keywords": ["-x"]}, "is no keyword"),
        ({"categories": ["No Such"]}, "no category"),
        ({"categories": ["gui"] * 6}, "6 categories"),
        ({"features": {f"f{number}": [] for number in range(301)}}, "301 features"),
        ({"features": {"all": [f"f{number}" for number in range(301)]}}, "`all` enables 301"),
        ({"deps": [sample_dependency("log")] * 501}, "500 dependencies"),
        ({"deps": [sample_dependency("log", "*")]}, "any version"),
        ({"deps": [sample_dependency("log", "*", kind="dev")]}, "any version"),
        ({"deps": [sample_dependency("log", "1 2")]}, "invalid version requirement"),
        ({"deps": [sample_dependency("log", registry="https://example.com/index")]}, "another registry"),
        ({"deps": [sample_dependency("nowhere")]}, "no known crate named `nowhere`"),
        ({"deps": [sample_dependency("LOG")]}, "no known crate named `LOG`"),
        ({"deps": [sample_dependency("1og")]}, "does not begin"),
        ({"deps": [sample_dependency("log", explicit_name_in_toml="1og")]}, "no name for a dependency"),
        ({"deps": [sample_dependency("log", kind="other")]}, "kind"),
        ({"deps": [{}]}, "invalid upload request"),
        ({"deps": None}, "invalid upload request"),
        ({"vers": "1.0"}, "invalid semver version"),
        ({"vers": f"1.0.0-{'a' * 150}"}, "more than 150"),
        ({"vers": "2.0.0"}, "archive"),
        ({"name": "other"}, "archive"),
        ({"name": "x" * 65}, "more than 64"),
        ({"name": ""}, "empty"),
        ({"name": "1x"}, "does not begin"),
        ({"name": "é"}, "does not begin"),
        ({"name": "a.b"}, "holds more than"),
        ({"name": "proc-macro"}, "reserved"),
        ({"name": "CON"}, "reserved"),
        ({"name": 3}, "texts"),
    ],
)
def test_refused(more: dict[str, object], said: str) -> None:
    """Each of crates.io's rules refuses by itself."""
    assert said in refusal(sample_upload(**more))


@pytest.mark.parametrize(
    "more",
    [
        {"license": None, "license_file": "LICENSE"},
        {"license": "MIT/Apache-2.0"},
        {"homepage": "http://example.com", "repository": "https://example.com/a?b#c"},
        {"keywords": ["c++", "x_y-z", "1password", "x" * 20, "Z"]},
        {"categories": ["gui", "science::robotics"]},
        {"deps": [sample_dependency("log", "1.*"), sample_dependency("log", ">=0", kind="dev")]},
        {"deps": [sample_dependency("log", registry="https://github.com/rust-lang/crates.io-index")]},
        {"deps": [sample_dependency("sample", kind="dev")]},
        {"deps": [sample_dependency("log", explicit_name_in_toml="_log")]},
    ],
)
def test_taken(more: dict[str, object]) -> None:
    """What is just inside the rules is taken."""
    assert accepted(sample_upload(**more)).name == "sample"


def test_names_that_are_taken() -> None:
    """One spelling of a name alone exists; a version is there once, whatever its build metadata."""
    for name in ("sample_one", "sample-one", "Sample_One"):
        assert refusal(sample_upload(name, "2.0.0")) == "crate was previously named `Sample-One`"
    for version in ("1.0.0", "1.0.0+again", "1.1.0"):
        assert "already uploaded" in refusal(sample_upload("Sample-One", version))
    assert accepted(sample_upload("Sample-One", "1.0.1")).version == "1.0.1"


@pytest.mark.parametrize(
    ("body", "said", "status"),
    [
        (b"", "length of the metadata is missing", 400),
        (b"\x05\x00\x00\x00{}", "end before", 400),
        (struct.pack("<I", 1 << 21), "max upload size", 413),
        (upload({}, b"")[:8], "length of the archive is missing", 400),
        (struct.pack("<I", 2) + b"[]" + bytes(4), "no object", 400),
        (struct.pack("<I", 2) + b"{x" + bytes(4), "invalid upload request", 400),
        (struct.pack("<I", 2) + b"{}" + struct.pack("<I", 11 << 20), "max upload size", 413),
        (
            upload({"name": "a", "vers": "1.0.0", "deps": [], "description": "a", "license": "MIT"}, b"x"),
            "archive",
            400,
        ),
    ],
)
def test_broken_bodies(body: bytes, said: str, status: int) -> None:
    """What is cut short, too long or no JSON is refused, never a traceback."""
    with pytest.raises(Refused) as caught:
        accepted(body)
    assert said in str(caught.value)
    assert caught.value.status == status


def test_the_archive_must_be_the_package() -> None:
    """Its folder bears name and version, and a manifest is in it."""
    metadata = {"name": "a", "vers": "1.0.0", "deps": [], "description": "a", "license": "MIT"}
    for archive in (crate_archive("b", "1.0.0", {"Cargo.toml": b""}), crate_archive("a", "1.0.0", {"lib.rs": b""})):
        assert "archive" in refusal(upload(metadata, archive))


def test_spellings() -> None:
    """Every mixture of `-` and `_` of a short name, the uniform ones of a long one."""
    assert spellings("A-b_c") == ["a-b-c", "a-b_c", "a_b-c", "a_b_c"]
    assert spellings("abc") == ["abc"]
    long = "a_b-c_d_e_f_g_h_i"
    assert spellings("a-b_c", 2) == ["a-b_c", "a-b-c", "a_b_c"]
    assert spellings(long) == [long, long.replace("_", "-"), long.replace("-", "_")]


def test_licences() -> None:
    """Letter case counts, brackets and an old slash are fine."""
    for text in ("MIT", "MIT OR Apache-2.0", "(MIT OR  Apache-2.0) AND Zlib", "GPL-3.0+", "LicenseRef-own"):
        assert is_license_expression(text), text
    for text in ("mit", "MIT or Apache-2.0", "MIT,Apache-2.0", "MIT OR", "see LICENSE", ""):
        assert not is_license_expression(text), text


def test_reserved_names_are_compared_as_one_spelling() -> None:
    """The list holds the form that names share."""
    assert all(name == name.lower().replace("-", "_") for name in RESERVED_NAMES)
