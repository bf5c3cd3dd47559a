"""Version tags: what a name says, and how the next one is spelled."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.tags import (
    DEFAULT_TEMPLATE,
    FORMS,
    Tags,
    VersionTag,
    is_same_version,
    read_tag,
    render_tag,
    template_of,
)

HERE = frozenset({"a", "b", "a-b", "va", "my_crate", "foo-1"})


class TestForms:
    """The forms that repositories really use, and those that tools write."""

    @pytest.mark.parametrize(
        ("name", "version", "crate", "template"),
        [
            ("v1.2.3", "1.2.3", "", "v{version}"),
            ("1.2.3", "1.2.3", "", "{version}"),
            ("v1.2.3-rc.1+build.5", "1.2.3-rc.1+build.5", "", "v{version}"),
            ("b-v1.2.3", "1.2.3", "b", "{crate}-v{version}"),
            ("b-1.2.3", "1.2.3", "b", "{crate}-{version}"),
            ("vb-1.2.3", "1.2.3", "b", "v{crate}-{version}"),
            ("b@1.2.3", "1.2.3", "b", "{crate}@{version}"),
            ("b@v1.2.3", "1.2.3", "b", "{crate}@v{version}"),
            ("b/v1.2.3", "1.2.3", "b", "{crate}/v{version}"),
            ("b/1.2.3", "1.2.3", "b", "{crate}/{version}"),
            ("b_v1.2.3", "1.2.3", "b", "{crate}_v{version}"),
            ("b_1.2.3", "1.2.3", "b", "{crate}_{version}"),
            ("my_crate_1.2.3", "1.2.3", "my_crate", "{crate}_{version}"),
            ("v6.28.0-dev-snapshot", "6.28.0-dev-snapshot", "", "v{version}"),
        ],
    )
    def test_a_form_is_read(self, name: str, version: str, crate: str, template: str) -> None:
        """Version, crate and form are told apart."""
        assert read_tag(name, HERE) == VersionTag(version, (crate,) if crate else (), template)

    @pytest.mark.parametrize(
        "name",
        [
            *("nightly", "v1", "v1.2", "1.2", "pre-archive-2026-05", "latest", "stable", "v", "", "a-v", "b-", "a-b"),
            *("v1.2.3.4", "v01.2.3", "backup-2024.01.15", "v1.2.3-", "v1.2.3+", "V1.2.3", "v1.2.3 ", "av1.2.3"),
            *("1.2.3-v1", "x.y-1.2.3", "packages/b/1.2.3", "9-1.2.3", "v18446744073709551616.0.0", "v1.2.3-0123"),
        ],
    )
    def test_what_speaks_of_no_version(self, name: str) -> None:
        """No version as cargo takes it, or behind something that no crate is called; `1.2.3-v1` is one, though."""
        tag = read_tag(name, HERE)
        assert (tag is None) == (name != "1.2.3-v1")

    def test_a_crate_that_is_not_here(self) -> None:
        """The tag speaks of a version all the same, and of that crate."""
        assert read_tag("python-servers-0.6.1", HERE) == VersionTag("0.6.1", ("python-servers",), "{crate}-{version}")
        assert read_tag("vector-0.6.1", HERE) == VersionTag("0.6.1", ("vector",), "{crate}-{version}")


class TestAmbiguity:
    """Names with dashes, versions with pre-releases."""

    @pytest.mark.parametrize(
        ("name", "here", "crate", "version"),
        [
            ("va-1.0.0", {"a", "va"}, "va", "1.0.0"),
            ("va-1.0.0", {"a"}, "a", "1.0.0"),
            ("a-b-1.0.0", {"a", "b", "a-b"}, "a-b", "1.0.0"),
            ("va-b-v1.0.0", {"a-b", "va-b"}, "va-b", "1.0.0"),
            ("foo-1-0.1.0", {"foo", "foo-1"}, "foo-1", "0.1.0"),
            ("foo-1.0.0-alpha-1.0.0", {"foo"}, "foo", "1.0.0-alpha-1.0.0"),
            ("x-v-1.0.0", {"x", "x-v"}, "x-v", "1.0.0"),
            ("x-v1.0.0", {"x", "x-v"}, "x", "1.0.0"),
            ("a-1.0.0-v2.0.0", {"a"}, "a", "1.0.0-v2.0.0"),
            ("a_v-1.0.0", {"a", "a_v"}, "a_v", "1.0.0"),
        ],
    )
    def test_the_longest_name_that_is_here_wins(self, name: str, here: set[str], crate: str, version: str) -> None:
        """Of the readings that name a crate of this repository, the longest name counts."""
        tag = read_tag(name, here)
        assert tag is not None
        assert (tag.crates, tag.version) == ((crate,), version)


class TestRules:
    """`[tags]`."""

    def test_ignored_tags(self) -> None:
        """A glob names tags that are left alone."""
        rules = Tags(ignore=("python-*", "v0.?.0"))
        assert read_tag("python-servers-0.6.1", HERE, rules) is None
        assert read_tag("v0.1.0", HERE, rules) is None
        assert read_tag("v0.1.1", HERE, rules) is not None

    @pytest.mark.parametrize(
        ("template", "name", "crates"),
        [
            ("release-{version}", "release-1.0.0", ()),
            ("release/{crate}/{version}", "release/a-b/1.0.0", ("a-b",)),
            ("release/{crate}/{version}", "release/other/1.0.0", ("other",)),
            ("{crate}{version}", "foo-11.0.0", ("foo-1",)),
            ("{version}-{crate}", "1.0.0-a-b", ("a-b",)),
            ("r{version}.{crate}.x", "r1.0.0.b.x", ("b",)),
        ],
    )
    def test_a_template_for_all(self, template: str, name: str, crates: tuple[str, ...]) -> None:
        """It is read besides the usual forms, and comes before them."""
        rules = Tags(template=template)
        tag = read_tag(name, HERE, rules)
        assert tag is not None
        assert (tag.crates, tag.template) == (crates, template)
        usual = read_tag("b-v1.0.0", HERE, rules)
        assert usual is not None
        assert usual.crates == ("b",)

    def test_a_template_for_one(self) -> None:
        """It says which crate a name means that names none; crates of other repositories do not count."""
        rules = Tags(crates={"b": "v{version}", "a": "v{version}", "elsewhere": "v{version}", "va": "va_{version}"})
        assert read_tag("v1.0.0", HERE, rules) == VersionTag("1.0.0", ("b", "a"), "v{version}")
        assert read_tag("va_1.0.0", HERE, rules) == VersionTag("1.0.0", ("va",), "va_{version}")
        assert read_tag("1.0.0", HERE, rules) == VersionTag("1.0.0", (), "{version}")


class TestTemplate:
    """How the next tag is spelled."""

    def test_configuration_counts_first(self) -> None:
        """That of the crate, then that of all."""
        rules = Tags(template="{crate}@{version}", crates={"a": "v{version}"})
        assert template_of("a", rules, ["a-v0.1.0"], known=HERE) == "v{version}"
        assert template_of("b", rules, ["b-v0.1.0"], known=HERE) == "{crate}@{version}"

    def test_the_newest_tag_of_the_crate_counts(self) -> None:
        """Tags of other crates, and those that mean none, do not."""
        tags = ["nightly", "a-v0.2.0", "b/v0.9.0", "b-0.8.0", "v0.1.0"]
        assert template_of("b", Tags(), tags, known=HERE) == "{crate}/v{version}"
        assert template_of("a", Tags(), tags, known=HERE, bare={"a"}) == "{crate}-v{version}"
        assert template_of("va", Tags(), tags, known=HERE, bare={"va"}) == "v{version}"
        assert template_of("va", Tags(), tags, known=HERE) == DEFAULT_TEMPLATE
        assert template_of("b", Tags(ignore=("b/*",)), tags, known=HERE) == "{crate}-{version}"

    def test_without_tags(self) -> None:
        """The specification's form stands in."""
        assert render_tag(template_of("a", Tags()), "a", "1.0.0") == "va-1.0.0"


def test_build_metadata_make_no_other_version() -> None:
    """A tag may leave them out; where it has them they count."""
    assert is_same_version("1.0.0", "1.0.0")
    assert is_same_version("1.0.0", "1.0.0+b")
    assert is_same_version("1.0.0+b", "1.0.0+b")
    assert not is_same_version("1.0.0+b", "1.0.0")
    assert not is_same_version("1.0.0+b", "1.0.0+c")
    assert not is_same_version("1.0.0", "1.0.0-a+b")


LETTERS = string.ascii_lowercase
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,4}([-_][a-z0-9]{1,4}){0,3}", fullmatch=True)
IDENTIFIERS = st.from_regex(r"0|[1-9][0-9]{0,3}|[0-9]{0,2}[a-z-][a-z0-9-]{0,4}", fullmatch=True)
PARTS = st.lists(IDENTIFIERS, max_size=3).map(".".join)


@st.composite
def versions(draw: st.DrawFn) -> str:
    """Versions, many with pre-releases and build metadata that look like parts of a tag."""
    numbers = ".".join(str(draw(st.integers(0, 20))) for _ in range(3))
    pre, build = draw(PARTS), draw(PARTS)
    return numbers + (f"-{pre}" if pre else "") + (f"+{build}" if build else "")


@given(st.sampled_from(FORMS), NAMES, versions())
def test_what_is_rendered_is_read(template: str, crate: str, version: str) -> None:
    """Each form gives the crate and the version back, and the form too, where no other crate is here."""
    tag = read_tag(render_tag(template, crate, version), {crate})
    assert tag is not None
    assert tag == VersionTag(version, (crate,) if "{crate}" in template else (), template)


@given(st.sampled_from([form for form in FORMS if "{crate}" in form]), NAMES, versions(), st.sets(NAMES, max_size=4))
def test_another_crate_wins_only_by_a_longer_name(template: str, crate: str, version: str, others: set[str]) -> None:
    """Whatever else is here: the version stays, and the crate, unless a longer name is that of one here."""
    tag = read_tag(render_tag(template, crate, version), {crate, *others, f"v{crate}"})
    assert tag is not None
    assert tag.version == version
    assert tag.crates == (crate,) or (tag.crates == (f"v{crate}",) and template == DEFAULT_TEMPLATE)


@given(st.text(max_size=60), st.sets(NAMES, max_size=3))
def test_any_text_can_be_read(name: str, here: set[str]) -> None:
    """Whatever a tag is called, it is read or left alone, and what is read makes the name again."""
    tag = read_tag(name, here)
    if tag is not None:
        assert render_tag(tag.template, tag.crates[0] if tag.crates else "", tag.version) == name
