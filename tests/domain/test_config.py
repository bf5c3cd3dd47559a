"""The configuration: what is read, what is refused and how that is said, and what it does to findings."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.codes import CODES
from batuta_hooks.domain.config import Allow, Config, Gate, Quality, Release, is_skipped, judge, read_config
from batuta_hooks.domain.config_faults import key_paths
from batuta_hooks.domain.config_keys import KEYS, Layer
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import SEVERITIES, Finding
from batuta_hooks.domain.tags import Tags
from batuta_hooks.domain.toml_text import read_toml
from tests.support.process import run, unmeasured

APPENDIX_C = """\
# batuta-stack.toml (optional configuration)

[quality]
min_coverage = 90.0
lint_command = "make lint"
coverage_command = "make coverage"

[versions]
# Required versions for external dependencies
arrow = ">=54.0"
tokio = ">=1.35"
serde = ">=1.0"

[release_groups]
# Crates that must be released together
trueno = ["trueno", "trueno-viz"]
aprender = ["aprender", "aprender-shell", "aprender-tsp"]

[skip_crates]
# Crates to exclude from stack management
exclude = ["legacy-crate"]
"""


def layer(text: str, where: str = "batuta-stack.toml", **more: Any) -> Layer:
    """One file's configuration, its text at hand for line numbers."""
    content = text.encode()
    return Layer(read_toml(content), where, content, **more)


def read(*texts: str) -> Config:
    """The configuration of files that are read one over the other, which gives no warning."""
    config, warnings = read_config([layer(text) for text in texts])
    assert warnings == []
    return config


def refused(text: str, **more: Any) -> BatutaError:
    """The error that a file gives."""
    with pytest.raises(BatutaError) as caught:
        read_config([layer(text, **more)])
    return caught.value


class Key(NamedTuple):
    """A key of the configuration: two texts that set it and what they are read as, and wrong values for it."""

    path: str
    first: str
    first_value: Any
    second: str
    second_value: Any
    wrong: tuple[str, ...]


_NOT_TEXT = ('""', '" "', "1", "true", "[]", "{}", "2027-01-01")
_NOT_TEXTS = ('"a"', "1", "[1]", '["a", ""]', '[["a"]]', "{}")
_NOT_CHOICE = ('""', '"ANY"', "1", "true", '["all"]')

#: Where each path's value stands in `Config`.
_PLACES = {
    "stack.repositories": "repositories",
    "layers.NAME": "layers",
    "versions.NAME": "versions",
    "alignment.shared": "shared",
    "features.exclusive.NAME": "exclusive_features",
    "release_groups.NAME": "release_groups",
    "sync.verify_command": "verify_command",
    "hooks.required": "hooks_required",
    "guard.branches": "guard_branches",
    "skip.paths": "skip_paths",
    "skip_crates.exclude": "skip_crates",
    "cache.ttl_s": "ttl_s",
}

KEY_SAMPLES = [
    Key("stack.repositories", '["../a", "b*"]', ("../a", "b*"), "[]", (), _NOT_TEXTS),
    Key("layers.NAME", '["a"]', {"NAME": ("a",)}, '["b", "c"]', {"NAME": ("b", "c")}, _NOT_TEXTS),
    Key("quality.min_coverage", "0", 0, "99.5", 99.5, ("-0.1", "100.5", "nan", "inf", '"90"', "true", "[90]")),
    Key("quality.lint_command", '"a"', "a", '"b"', "b", _NOT_TEXT),
    Key("quality.coverage_command", '"a"', "a", '"b"', "b", _NOT_TEXT),
    Key("quality.test_command", '"a"', "a", '"b"', "b", _NOT_TEXT),
    Key("quality.audit", '"any"', "any", '"skip"', "skip", _NOT_CHOICE),
    Key("quality.max_warnings", "0", 0, "12", 12, ("-1", "1.0", "true", '"0"')),
    Key("gates.NAME.command", '"a"', "a", '"b"', "b", _NOT_TEXT),
    Key("gates.NAME.timeout_s", "0.5", 0.5, "60", 60, ("0", "-1", "inf", "nan", "1e9", "true", '"1m"')),
    Key("gates.NAME.per", '"crate"', "crate", '"repository"', "repository", _NOT_CHOICE),
    Key("versions.NAME", '">=54.0"', {"NAME": ">=54.0"}, '"1, <2"', {"NAME": "1, <2"}, ('""', '"x.y"', "54", "{}")),
    Key("alignment.shared", '["arrow"]', ("arrow",), "[]", (), _NOT_TEXTS),
    Key(
        "features.exclusive.NAME",
        '["a", "b"]',
        {"NAME": (("a", "b"),)},
        '[["a", "b"], ["c", "d", "e"]]',
        {"NAME": (("a", "b"), ("c", "d", "e"))},
        ("[]", '["a"]', '[["a"]]', '"a"', '["a", ["b"]]', "[1, 2]", '[["a", "b"], []]', "{}"),
    ),
    Key("release_groups.NAME", '["a", "b"]', {"NAME": ("a", "b")}, '["c"]', {"NAME": ("c",)}, _NOT_TEXTS),
    Key("release.dependents", '"all"', "all", '"needed"', "needed", _NOT_CHOICE[:4]),
    Key("release.requirements", '"keep"', "keep", '"raise"', "raise", _NOT_CHOICE),
    Key("release.branch", '"main"', "main", '"next"', "next", _NOT_TEXT),
    Key("release.remote", '"origin"', "origin", '"fork"', "fork", _NOT_TEXT),
    Key("release.mode", '"direct"', "direct", '"pull-request"', "pull-request", _NOT_CHOICE),
    Key("release.changelog", '"none"', "none", '"docs/NEWS.md"', "docs/NEWS.md", ('""', "1", "[]", '"../NEWS.md"')),
    Key("sync.verify_command", '"a"', "a", '"b"', "b", _NOT_TEXT),
    Key(
        "tags.template",
        '"v{version}"',
        "v{version}",
        '"{crate}/v{version}"',
        "{crate}/v{version}",
        (
            *(*_NOT_TEXT, '"v"', '"{crate}"', '"{name}-{version}"', '"{version}{version}"', '"v {version}"'),
            *('"{crate}{crate}{version}"', '"../{version}"', '"{version}.lock"', '"a.lock/{version}"', '"-{version}"'),
            *('"/{version}"', '"a//{version}"', '"a/.{version}"', '"{version}/"', '"{version}."', '"{version}..a"'),
            *(f'"a{sign}{{version}}"' for sign in ("~", "^", ":", "?", "*", "[", r"\\\\", r"\u001b", r"\u007f", r"\n")),
        ),
    ),
    Key("tags.ignore", '["nightly"]', ("nightly",), '["*-dev"]', ("*-dev",), _NOT_TEXTS),
    Key("tags.crates.NAME", '"v{version}"', {"NAME": "v{version}"}, '"x{version}"', {"NAME": "x{version}"}, _NOT_TEXT),
    Key("hooks.required", "true", True, "false", False, ("1", '"true"', "[]")),
    Key("guard.branches", '["main", "release/*"]', ("main", "release/*"), "[]", (), _NOT_TEXTS),
    Key("skip.paths", '["templates"]', ("templates",), '["./a/**"]', ("./a/**",), (*_NOT_TEXTS, '["../x"]', '["/x"]')),
    Key("skip_crates.exclude", '["a"]', ("a",), "[]", (), _NOT_TEXTS),
    *(Key(f"rules.{code}", '"off"', "off", '"note"', "note", ('"warn"', "0", "false", '["off"]')) for code in CODES),
    Key("cache.ttl_s", "0", 0, "3600", 3600, ("-1", "1.5", "true", '"15m"', "9223372036854775807")),
]

KEY_BY_PATH = pytest.mark.parametrize("key", KEY_SAMPLES, ids=lambda key: key.path)


def text_of(key: Key, value: str) -> str:
    """A file that sets one key; a gate gets the command that it needs."""
    is_gate = key.path.startswith("gates.") and not key.path.endswith("command")
    return f"{key.path} = {value}\n" + ('gates.NAME.command = "x"\n' if is_gate else "")


def value_of(key: Key, config: Config) -> Any:
    """The value in the configuration that a key's path stands for."""
    table, *_, leaf = key.path.split(".")
    if key.path == "tags.crates.NAME":
        return config.tags.crates
    if table == "gates":
        return getattr(config.gates[0], leaf)
    if table == "rules":
        return config.rules[leaf]
    if key.path in _PLACES:
        return getattr(config, _PLACES[key.path])
    return getattr(getattr(config, table), leaf)


class TestValues:
    """What is read, and which defaults hold."""

    def test_appendix_c_is_read_as_it_stands(self) -> None:
        """The specification's own sample gives exactly the values that stand in it."""
        groups = {"trueno": ("trueno", "trueno-viz"), "aprender": ("aprender", "aprender-shell", "aprender-tsp")}
        assert read(APPENDIX_C) == Config(
            quality=Quality(90.0, "make lint", "make coverage"),
            versions={"arrow": ">=54.0", "tokio": ">=1.35", "serde": ">=1.0"},
            release_groups=groups,
            skip_crates=("legacy-crate",),
        )

    def test_defaults(self) -> None:
        """Without a word in the file every value is the documented default."""
        config = read("")
        assert config == Config()
        assert config.quality == (90.0, "make lint", "make coverage", "cargo test", "critical", None)
        assert config.release == Release("needed", "raise", None, "origin")
        assert config.tags == Tags(None, (), {})
        assert (config.repositories, config.guard_branches) == (None, None)
        assert (config.ttl_s, config.verify_command, config.hooks_required) == (900, "cargo check", False)
        assert not any((config.layers, config.gates, config.versions, config.shared, config.exclusive_features))
        assert not any((config.release_groups, config.skip_paths, config.skip_crates, config.rules, config.allow))
        assert not config.needs_today

    def test_every_key_has_a_sample(self) -> None:
        """The table of samples here covers every key there is, so none goes untested."""
        assert [key.path for key in KEY_SAMPLES] == list(key_paths(KEYS))

    @KEY_BY_PATH
    def test_right_value(self, key: Key) -> None:
        """A right value is read as it is written."""
        assert value_of(key, read(text_of(key, key.first))) == key.first_value
        assert value_of(key, read(text_of(key, key.second))) == key.second_value

    @KEY_BY_PATH
    def test_wrong_value(self, key: Key) -> None:
        """A value of a wrong type, or out of range, is an error that names key and line, in a lenient layer too."""
        for wrong in key.wrong:
            for is_lenient in (False, True):
                error = refused(f"# comment\n{text_of(key, wrong)}", is_lenient=is_lenient)
                assert error.exit_code == 2
                assert error.where.startswith("batuta-stack.toml:2")
                assert error.what.startswith(f"`{key.path}")
                assert "must be" in error.what

    @pytest.mark.parametrize("table", sorted(KEYS.keys.keys() - {"allow"}))
    def test_table_that_is_none(self, table: str) -> None:
        """A scalar where a table belongs is an error."""
        error = refused(f"{table} = 1")
        assert error.what == f"`{table}` must be a table, not 1"

    def test_gates_keep_their_order_and_defaults(self) -> None:
        """Gates come in the order written; time limit and scope have defaults."""
        config = read('[gates.z]\ncommand = "make z"\n[gates.a]\ncommand = "make a"\nper = "crate"\ntimeout_s = 5\n')
        assert config.gates == (Gate("z", "make z", 3600.0, "repository"), Gate("a", "make a", 5, "crate"))

    def test_gate_without_a_command(self) -> None:
        """A gate that says nowhere what to run is an error at the gate."""
        error = refused('[gates.a]\ncommand = "x"\n[gates.b]\nper = "crate"\n')
        assert str(error) == "batuta-stack.toml:3: `gates.b` lacks `command`"

    def test_layers_keep_their_order(self) -> None:
        """Layers come in the order written, which is their order from the lowest up."""
        assert list(read('[layers]\nml = ["a"]\ncompute = ["b"]\napps = []\n').layers) == ["ml", "compute", "apps"]


class TestRefusals:
    """What is said of a wrong file."""

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (
                "[quality]\nmin_covrage = 1\n",
                "2: `quality.min_covrage` is not a known key\n    did you mean `min_coverage`?",
            ),
            ("[Quality]\n", "1: `Quality` is not a known key\n    did you mean `quality`?"),
            ("min_coverage = 1", "1: `min_coverage` is not a known key\n    did you mean `quality.min_coverage`?"),
            (
                "[gates.x]\ncommand = 'a'\nper_ = 'crate'",
                "3: `gates.x.per_` is not a known key\n    did you mean `per`?",
            ),
            ("[sync]\nzzz = 1", "2: `sync.zzz` is not a known key\n    known there: `verify_command`"),
            ("[rules]\nPD01 = 'off'", "2: `rules.PD01` is no finding code\n    did you mean `PD001`?"),
            ("[rules]\npd001 = 'off'", "2: `rules.pd001` is no finding code\n    did you mean `PD001`?"),
            ("[rules]\nX = 'off'", "2: `rules.X` is no finding code\n    docs/codes.md lists the finding codes"),
            (
                "[rules]\nPD001 = 'warn'",
                '2: `rules.PD001` must be "error", "warning", "note" or "off", not "warn"\n    did you mean `warning`?',
            ),
            ("quality.audit = 'x'", '1: `quality.audit` must be "any", "high", "critical" or "skip", not "x"'),
            (
                "[[allow]]\ncode = 'PD003'\nreason = 'x'\n\n[[allow]]\ncode = 'PD3'\nreason = 'y'\n",
                '6: `allow[1].code` must be a finding code, not "PD3"\n    did you mean `PD003`?',
            ),
            ("[[allow]]\ncode = 'PD003'\n", "1: `allow[0]` lacks `reason`"),
            (
                "[[allow]]\ncode = 'PD003'\nreason = ''",
                '3: `allow[0].reason` must be a string that is not empty, not ""',
            ),
            ("[allow]\ncode = 'PD003'\n", "1: `allow` must be an array of tables, each headed [[allow]], not a table"),
            (
                "tags.ignore = 3",
                "1: `tags.ignore` must be an array of strings, not 3",
            ),
            (
                "cache.ttl_s = [1]",
                "1: `cache.ttl_s` must be a whole number of seconds from 0 to 31622400, not an array",
            ),
            ("hooks.required = 2027-01-01", "1: `hooks.required` must be true or false, not 2027-01-01"),
            ("skip.paths = ['a', true]", "1: `skip.paths[1]` must be a path or glob inside the repository, not true"),
        ],
    )
    def test_said(self, text: str, said: str) -> None:
        """The error names file, line and key, what is wanted, and what was probably meant."""
        assert str(refused(text)) == f"batuta-stack.toml:{said}"

    def test_requirement_is_refused_with_its_reason(self) -> None:
        """A requirement that cargo would not read says why."""
        error = refused("[versions]\narrow = '>=54.x.1.2'\n")
        assert error.where == "batuta-stack.toml:2"
        assert error.what.startswith(
            '`versions.arrow` must be a version requirement such as ">=1.2", not ">=54.x.1.2": '
        )

    def test_several_faults(self) -> None:
        """All faults are told at once, the first with its mend, of very many the first few."""
        error = refused("[cache]\nttl = 1\n\n[quality]\naudit = 1\n")
        assert error.where == "batuta-stack.toml:2"
        assert error.mend.startswith("did you mean `ttl_s`? Also: line 5: `quality.audit` must be ")
        assert "more" not in error.mend
        many = refused("".join(f"unknown{number} = 1\n" for number in range(40)))
        assert many.what == "`unknown0` is not a known key"
        assert many.mend.endswith("line 6: `unknown5` is not a known key; and 34 more")

    def test_place_without_a_text(self) -> None:
        """Where only the parsed table is at hand the error names file and whole key."""
        metadata = Layer({"cach": {}, "skip": 1}, "Cargo.toml", prefix=("package", "metadata", "batuta"))
        with pytest.raises(BatutaError) as caught:
            read_config([metadata])
        assert str(caught.value) == (
            "Cargo.toml: `package.metadata.batuta.cach` is not a known key\n"
            "    did you mean `cache`? Also: `package.metadata.batuta.skip` must be a table, not 1"
        )

    def test_place_in_a_manifest(self) -> None:
        """In a manifest the line is the one of the key below its prefix."""
        text = b'[package]\nname = "a"\n[package.metadata.batuta.skip]\npath = ["x"]\n'
        table = read_toml(text)["package"]["metadata"]["batuta"]
        with pytest.raises(BatutaError) as caught:
            read_config([Layer(table, "Cargo.toml", text, ("package", "metadata", "batuta"))])
        assert caught.value.where == "Cargo.toml:4"
        assert caught.value.what == "`package.metadata.batuta.skip.path` is not a known key"

    def test_hostile_keys_and_values(self) -> None:
        """Control characters, line breaks and great length in keys and values stay out of the message."""
        for text in (
            '"a\\u001b[31m\\n b" = 1',
            f"{'k' * 10_000} = 1",
            f'quality.audit = "{"v" * 10_000}\\n\\u202e"',
            '[rules]\n"\\r" = "off"',
            f"[versions]\n{'n' * 10_000} = '{'9' * 10_000}'",
        ):
            error = refused(text)
            assert len(str(error)) < 800
            assert error.what.isprintable()
            assert error.mend.isprintable()

    @given(
        st.recursive(
            st.none().map(lambda _: "x") | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from([part for key in KEY_SAMPLES for part in key.path.split(".")] + ["allow", "code"])
                    | st.text(max_size=5),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ),
        st.booleans(),
    )
    def test_any_table(self, table: Any, is_lenient: bool) -> None:
        """Whatever TOML holds, it is read or refused with a printable sentence; nothing else is raised."""
        said: list[str] = []
        try:
            _, said = read_config([Layer(table, "f", is_lenient=is_lenient)])
            assert is_lenient or not said
        except BatutaError as error:
            said = [error.what, error.mend]
        assert all(line.isprintable() for line in said)


class TestLenientLayer:
    """A file that many repositories share may be written for a later version."""

    def test_unknown_keys_are_one_warning(self) -> None:
        """What a later version may know is ignored with one line; what is known there counts."""
        text = "[quality]\naudits = 'x'\naudit = 'any'\n[future]\na = 1\n[rules]\nXY = 'loud'\nPD001 = 'note'\n"
        config, warnings = read_config([layer(text, "/stack/batuta-stack.toml", is_lenient=True)])
        assert len(warnings) == 1
        assert warnings[0] == (
            "/stack/batuta-stack.toml:2: ignored: `quality.audits` is not a known key (did you mean `audit`?); "
            "`future` is not a known key (did you mean `features`?); `rules.XY` is no finding code"
        )
        assert config.quality.audit == "any"
        assert config.rules == {"PD001": "note"}

    def test_many_unknown_keys(self) -> None:
        """The line stays short."""
        text = "".join(f"unknown{number} = 1\n" for number in range(1000))
        _, warnings = read_config([layer(text, is_lenient=True)])
        assert len(warnings) == 1
        assert warnings[0].endswith("; and 995 more")
        assert len(warnings[0]) < 400

    def test_exception_that_is_not_understood(self) -> None:
        """An exception with an unknown filter or code is left out whole: it must not cover more than was meant."""
        text = (
            "[[allow]]\ncode = 'PD003'\nreason = 'a'\nbranch = 'main'\n"
            "[[allow]]\ncode = 'PD999'\nreason = 'b'\n"
            "[[allow]]\ncode = 'PD004'\nreason = 'c'\n"
        )
        config, warnings = read_config([layer(text, is_lenient=True)])
        assert config.allow == (Allow("PD004", "c"),)
        assert len(warnings) == 1
        assert "`allow[0].branch` is not a known key; `allow[1].code` must be a finding code, not" in warnings[0]

    def test_unknown_key_of_a_gate(self) -> None:
        """A gate's unknown key neither changes its name nor stops it."""
        config, warnings = read_config([layer("[gates.a]\ncommand = 'x'\nname = 'b'\n", is_lenient=True)])
        assert config.gates == (Gate("a", "x"),)
        assert len(warnings) == 1

    def test_wrong_value_beside_an_unknown_key(self) -> None:
        """A wrong value is an error all the same, and the error speaks of it alone."""
        error = refused("future = 1\n[cache]\nttl_s = 'x'\n", is_lenient=True)
        assert error.where == "batuta-stack.toml:3"
        assert "future" not in str(error)


class TestLayers:
    """Several tables, one over the other."""

    @KEY_BY_PATH
    def test_later_wins(self, key: Key) -> None:
        """Of two files that set a key the later one counts; one that is silent changes nothing."""
        first, second = text_of(key, key.first), text_of(key, key.second)
        assert value_of(key, read(first, second)) == key.second_value
        assert value_of(key, read(second, first)) == key.first_value
        assert value_of(key, read(first, "")) == key.first_value
        assert value_of(key, read("", first)) == key.first_value

    @given(
        st.lists(
            st.lists(st.tuples(st.sampled_from(KEY_SAMPLES), st.booleans()), unique_by=lambda s: s[0].path), max_size=4
        )
    )
    def test_key_by_key(self, files: list[list[tuple[Key, bool]]]) -> None:
        """Whichever keys each file sets: every value is the one of the last file that sets it, else the default."""
        texts = ["".join(f"{k.path} = {k.second if late else k.first}\n" for k, late in one) for one in files]
        last = {key.path: late for one in files for key, late in one}
        if any(path.startswith("gates.") for path in last):
            texts.insert(0, 'gates.NAME.command = "x"\n')
        config = read(*texts)
        for key in KEY_SAMPLES:
            if key.path in last:
                assert value_of(key, config) == (key.second_value if last[key.path] else key.first_value)
        for field, default in Config()._asdict().items():
            untouched = not any(_field_of(path) == field for path in last)
            assert not untouched or getattr(config, field) == default

    def test_names_are_united(self) -> None:
        """Tables of names are united name by name."""
        config = read(
            '[versions]\narrow = "53"\nserde = "1"\n[rules]\nPD001 = "note"\n[gates.a]\ncommand = "x"\nper = "crate"\n',
            '[versions]\narrow = "54"\n[rules]\nPD003 = "off"\n[gates.a]\ntimeout_s = 5\n[gates.b]\ncommand = "y"\n',
        )
        assert config.versions == {"arrow": "54", "serde": "1"}
        assert config.rules == {"PD001": "note", "PD003": "off"}
        assert config.gates == (Gate("a", "x", 5, "crate"), Gate("b", "y"))

    def test_gate_that_no_file_gives_a_command(self) -> None:
        """The error names the last file that speaks of the gate."""
        layers = [
            layer("[gates.a]\nper = 'crate'\n", "low"),
            layer("\n[gates.a]\ntimeout_s = 5\n", "high"),
            layer("", "top"),
        ]
        with pytest.raises(BatutaError) as caught:
            read_config(layers)
        assert caught.value.where == "high:2"

    def test_exceptions_add_up(self) -> None:
        """Every file's exceptions hold, the farthest file's first."""
        one, two = "[[allow]]\ncode = 'PD001'\nreason = 'a'\n", "[[allow]]\ncode = 'PD001'\nreason = 'b'\n"
        assert [entry.reason for entry in read(one, two).allow] == ["a", "b"]

    def test_a_layer_or_group_called_allow(self) -> None:
        """Only ``[[allow]]`` adds up: a list of that name elsewhere is replaced as any other."""
        config = read('layers.allow = ["a"]\n', 'layers.allow = ["b"]\n')
        assert config.layers == {"allow": ("b",)}


def _field_of(path: str) -> str:
    return _PLACES.get(path, path.split(".", maxsplit=1)[0])


def finding(code: str = "PD003", severity: str = "error", **more: Any) -> Finding:
    """A finding at a place that does not matter."""
    return Finding(
        **{"path": "Cargo.toml", "line": 1, "column": 1, "message": "m", **more, "code": code, "severity": severity}
    )


def allowing(text: str) -> Config:
    """A configuration with one exception for PD003."""
    return read(f"[[allow]]\ncode = 'PD003'\nreason = 'known'\n{text}\n")


class TestExceptions:
    """``[[allow]]``: which findings it covers, and until when."""

    @pytest.mark.parametrize(
        ("filters", "covered"),
        [
            ("", True),
            ("crate = 'a'", True),
            ("crate = 'b'", False),
            ("crate = 'A'", False),
            ("dependency = 'd'", True),
            ("dependency = 'a'", False),
            ("crate = 'a'\ndependency = 'd'", True),
            ("crate = 'a'\ndependency = 'x'", False),
            ("path = 'crates/a/Cargo.toml'", True),
            ("path = 'crates'", True),
            ("path = 'crates/*/Cargo.toml'", True),
            ("path = 'Cargo.toml'", False),
            ("path = 'crates'\ncrate = 'b'", False),
        ],
    )
    def test_filters(self, filters: str, covered: bool) -> None:
        """An exception covers findings of its code that pass all its filters."""
        held = finding(crate="a", dependency="d", path="crates/a/Cargo.toml")
        other = held._replace(code="PD001")
        assert judge([held, other], allowing(filters)) == ([other] if covered else [held, other])

    def test_filter_against_a_finding_without_a_crate(self) -> None:
        """A finding that concerns no crate passes no filter for one."""
        held = finding()
        assert judge([held], allowing("crate = 'a'")) == [held]
        assert judge([held], allowing("dependency = 'a'")) == [held]

    @pytest.mark.parametrize(("day", "holds"), [("2026-12-31", True), ("2027-01-01", True), ("2027-01-02", False)])
    def test_until(self, day: str, holds: bool) -> None:
        """An exception holds through its last day; afterwards the finding is back and says so."""
        config = allowing("until = 2027-01-01")
        assert config.needs_today
        assert config.allow[0].until == date(2027, 1, 1)
        judged = judge([finding()], config, date.fromisoformat(day))
        assert judged == ([] if holds else [finding(message="m (the exception for it ended on 2027-01-01)")])

    def test_until_without_a_day(self) -> None:
        """Where no day is given every exception holds."""
        assert judge([finding()], allowing("until = 1999-01-01")) == []

    @pytest.mark.parametrize(
        "until", ["'2027-01-01'", "2027-01-01T00:00:00", "2027-01-01T00:00:00Z", "00:00:00", "2027"]
    )
    def test_until_is_a_date(self, until: str) -> None:
        """A string, a time, a moment or a year is no date."""
        error = refused(f"[[allow]]\ncode = 'PD003'\nreason = 'x'\nuntil = {until}\n")
        assert error.where == "batuta-stack.toml:4"
        assert error.what.startswith("`allow[0].until` must be a date without quotes, such as 2027-01-01, not ")

    def test_ended_beside_one_that_holds(self) -> None:
        """An exception that holds counts, whatever others have ended."""
        ended, holding = Allow("PD003", "a", until=date(2000, 1, 1)), Allow("PD003", "b", crate="c")
        config = Config(allow=(ended, holding))
        today = date(2026, 1, 1)
        assert judge([finding(crate="c"), finding()], config, today) == [
            finding(message="m (the exception for it ended on 2000-01-01)")
        ]

    def test_of_several_that_ended_the_last_is_named(self) -> None:
        """The message names the latest end."""
        config = Config(allow=tuple(Allow("PD003", "a", until=date(year, 1, 1)) for year in (2001, 2003, 2002)))
        assert judge([finding()], config, date(2026, 1, 1))[0].message.endswith("ended on 2003-01-01)")

    @pytest.mark.parametrize("key", ["crate = ''", "path = '../x'", "until = false", "dependency = 1", "day = 1"])
    def test_wrong_filters(self, key: str) -> None:
        """A filter that cannot be meant is an error at its line."""
        error = refused(f"[[allow]]\ncode = 'PD003'\nreason = 'x'\n{key}\n")
        assert error.where == "batuta-stack.toml:4"


SEVERITIES_AND_OFF = (*SEVERITIES, "off")
_DAY = st.integers(-3, 3).map(lambda days: date(2026, 6, 1) + timedelta(days=days))
_NAME = st.sampled_from(["", "a", "b"])
_CODE = st.sampled_from(["PD001", "PD003", "VA005"])
_FINDINGS = st.lists(
    st.builds(finding, code=_CODE, severity=st.sampled_from(SEVERITIES), crate=_NAME, dependency=_NAME), max_size=8
)
_ALLOWS = st.lists(
    st.builds(Allow, code=_CODE, reason=st.just("x"), crate=_NAME, dependency=_NAME, until=st.none() | _DAY), max_size=4
).map(tuple)
_RULES = st.dictionaries(_CODE, st.sampled_from(SEVERITIES_AND_OFF))


class TestJudge:
    """``[rules]`` and ``[[allow]]`` together."""

    def test_rules(self) -> None:
        """A rule sets the severity of its code, ``off`` drops the finding; others stay as they are."""
        config = read("[rules]\nPD001 = 'warning'\nPD003 = 'off'\nVA005 = 'error'\n")
        findings = [finding("PD001"), finding("PD003"), finding("VA005", "warning"), finding("PD008", "warning")]
        assert judge(findings, config) == [
            finding("PD001", "warning"),
            finding("VA005", "error"),
            finding("PD008", "warning"),
        ]

    @given(_FINDINGS)
    def test_without_rules_nothing_changes(self, findings: list[Finding]) -> None:
        """A configuration without rules and exceptions leaves every finding as it is."""
        assert judge(iter(findings), Config()) == findings

    @given(_FINDINGS, _RULES, _ALLOWS, st.none() | _DAY)
    def test_each_finding_alone(
        self, findings: list[Finding], rules: Mapping[str, str], allow: tuple[Allow, ...], today: date | None
    ) -> None:
        """Order is kept, and each finding meets the fate that its own rule and exceptions give it."""
        expected = []
        for item in findings:
            fitting = [
                entry
                for entry in allow
                if entry.code == item.code
                and (not entry.crate or entry.crate == item.crate)
                and (not entry.dependency or entry.dependency == item.dependency)
            ]
            live = [e for e in fitting if today is None or e.until is None or today <= e.until]
            severity = rules.get(item.code, item.severity)
            if live or severity == "off":
                continue
            ends = [entry.until for entry in fitting if entry.until is not None]
            more = f" (the exception for it ended on {max(ends).isoformat()})" if ends else ""
            expected.append(item._replace(severity=severity, message=item.message + more))
        assert judge(findings, Config(rules=rules, allow=allow), today) == expected


TRACKED = (
    "Cargo.toml",
    "a/Cargo.toml",
    "b/Cargo.toml",
    "a/b/Cargo.toml",
    "a/b/c/Cargo.toml",
    "b/ab/a/Cargo.toml",
    "ab/c.d/Cargo.toml",
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that tracks a handful of manifests."""
    top = tmp_path_factory.mktemp("skip")
    for path in TRACKED:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text("")
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    subprocess.run(["git", "-C", str(top), "add", "."], check=True)
    return top


class TestSkip:
    """``[skip] paths``: which manifests a pattern names."""

    @pytest.mark.parametrize(
        ("pattern", "path", "skipped"),
        [
            ("templates", "templates/a/Cargo.toml", True),
            ("templates/", "templates/a/b/Cargo.toml", True),
            ("./templates", "templates/Cargo.toml", True),
            ("templates", "templates-old/Cargo.toml", False),
            ("templates", "a/templates/Cargo.toml", False),
            ("templates/**", "templates/Cargo.toml", True),
            ("templates/**", "templates/a/b/Cargo.toml", True),
            ("templates/**", "Cargo.toml", False),
            ("crates/*/**", "crates/Cargo.toml", False),
            ("crates/*/**", "crates/a/Cargo.toml", True),
            ("templates/*", "templates/a/Cargo.toml", True),
            ("tests/fixtures/*/Cargo.toml", "tests/fixtures/a/Cargo.toml", True),
            ("tests/fixtures/*/Cargo.toml", "tests/fixtures/a/b/Cargo.toml", False),
            ("tests/fixtures/*/Cargo.toml", "tests/fixtures/Cargo.toml", False),
            ("**/fixtures", "a/b/fixtures/c/Cargo.toml", True),
            ("**/fixtures", "fixtures/Cargo.toml", True),
            ("**/fixtures", "a/fixtures2/Cargo.toml", False),
            ("a/**/b", "a/b/Cargo.toml", True),
            ("a/**/b", "a/x/y/b/Cargo.toml", True),
            ("a/**/b", "a/x/Cargo.toml", False),
            ("crate-?", "crate-1/Cargo.toml", True),
            ("crate-?", "crate-10/Cargo.toml", False),
            ("[a-c]x", "bx/Cargo.toml", True),
            ("a/*/../b", "a/b/Cargo.toml", True),
            ("crates/a/Cargo.toml", "crates/a/Cargo.toml", True),
            ("crates/a/Cargo.toml", "crates/ab/Cargo.toml", False),
            ("Templates", "templates/Cargo.toml", False),
            (".", "a/Cargo.toml", True),
        ],
    )
    def test_pattern(self, pattern: str, path: str, skipped: bool) -> None:
        """A pattern names a file, or a folder with all that lies below it; a star does not cross a slash."""
        assert is_skipped(path, [pattern]) is skipped
        assert is_skipped(path, ["nowhere", "no*where", pattern]) is skipped

    def test_no_patterns(self) -> None:
        """Without patterns nothing is skipped."""
        assert not is_skipped("Cargo.toml", [])

    def test_hostile_pattern(self) -> None:
        """A pattern made of stars takes no time to speak of, and a path with undecodable bytes is a path."""
        path = "/".join(["a" * 40] * 100 + ["\udcff", "Cargo.toml"])
        assert is_skipped(path, ["/".join(["**", "*a*a*a*a*a*a*a*a"] * 30)])
        assert not is_skipped(path, ["/".join(["**", "*a*a*a*a*a*a*a*b"] * 30)])
        assert is_skipped("a/\udcff/Cargo.toml", ["a/?"])

    @given(
        st.lists(
            st.sampled_from(["a", "b", "ab", "*", "?", "a*", "*b", "[ab]", "**", "c.d", "Cargo.toml", "*.*"]),
            min_size=1,
            max_size=4,
        )
    )
    def test_agrees_with_git(self, repository: Path, components: list[str]) -> None:
        """git's own glob pathspecs, for the pattern and for what lies below it, name the same files."""
        pattern = "/".join(components)
        command = ["git", "-C", str(repository), "ls-files", "-z", "--", f":(glob){pattern}", f":(glob){pattern}/**"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        named = {path for path in listed.split("\0") if path}
        assert {path for path in TRACKED if is_skipped(path, [pattern])} == named


def test_healthy_configuration_imports_nothing_for_errors() -> None:
    """Reading a right configuration loads neither the messages nor the suggestions nor the globs."""
    script = (
        "import sys\n"
        "from batuta_hooks.domain.config import is_skipped, judge, read_config\n"
        "from batuta_hooks.domain.config_keys import Layer\n"
        "config, _ = read_config([Layer({'skip': {'paths': ['templates']}, 'rules': {'PD001': 'note'}}, 'f')])\n"
        "assert is_skipped('templates/Cargo.toml', config.skip_paths)\n"
        "judge([], config)\n"
        "print(*sorted(sys.modules))\n"
    )
    loaded = set(run([sys.executable, "-c", script], env=unmeasured()).stdout.split())
    unwanted = {"difflib", "fnmatch", "datetime", "typing", "dataclasses", "pathlib", "subprocess"}
    assert not loaded & unwanted
    assert not {f"batuta_hooks.domain.{name}" for name in ("config_faults", "member_glob", "semver")} & loaded


def test_codes() -> None:
    """The codes are complete, in order, and each has a severity and one line."""
    assert list(CODES) == [
        f"{kind}{n:03}" for kind, last in (("PD", 8), ("VA", 12), ("TC", 9)) for n in range(1, last + 1)
    ]
    for code in CODES.values():
        assert code.severity in SEVERITIES
        assert 10 < len(code.title) < 90
        assert code.title.isprintable()
        assert not code.title.endswith(".")
