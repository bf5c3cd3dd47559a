"""Versions and requirements are read, ordered and matched as cargo does."""

from __future__ import annotations

import json
import os
import pickle
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from batuta_hooks.domain.semver import (
    MAX_COMPARATORS,
    MAX_NUMBER,
    Comparator,
    InvalidRequirement,
    InvalidVersion,
    Requirement,
    Version,
)

DATA = Path(__file__).parent / "data"
CASES: dict[str, dict[str, list[str]]] = json.loads((DATA / "semver_cases.json").read_text("utf-8"))
REFUSED: list[str] = json.loads((DATA / "semver_invalid_reqs.json").read_text("utf-8"))
REAL_DATA = Path(os.environ.get("BATUTA_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))

numbers = st.integers(0, 3) | st.integers(0, MAX_NUMBER)
words = st.text("0123456789aZ-", min_size=1, max_size=4)
pre_identifiers = words.filter(lambda word: not (word.isdigit() and word[0] == "0" and len(word) > 1))
pre_releases = st.just("") | st.lists(pre_identifiers, min_size=1, max_size=3).map(".".join)
builds = st.just("") | st.lists(words, min_size=1, max_size=3).map(".".join)
versions = st.builds(Version, numbers, numbers, numbers, pre_releases, builds)
releases = st.builds(Version, numbers, numbers, numbers, st.just(""), st.just(""))
small = st.integers(0, 3)
small_releases = st.builds(Version, small, small, small, st.just(""), st.just(""))
small_versions = st.builds(Version, small, small, small, st.sampled_from(["", "a", "a.2", "a.10", "b"]), st.just(""))


@st.composite
def partials(draw: st.DrawFn) -> str:
    """A full or incomplete version, as a requirement may hold it: `1`, `1.*`, `1.2`, `1.2.x`, `1.2.3`, `1.2.3-a+b`."""
    parts = [str(draw(small))]
    while len(parts) < 3 and draw(st.booleans()):
        parts.append(str(draw(small)))
    text = ".".join(parts)
    if len(parts) == 3:
        return text + draw(st.sampled_from(["", "-a", "-a.2", "-b", "+x", "-a+x.01"]))
    return text + draw(st.sampled_from(["", ".*", ".x", ".X"]))


operators = st.sampled_from(["", "=", ">", ">=", "<", "<=", "~", "^", "^ ", ">=  "])
comparators = st.builds(str.__add__, operators, partials())
requirements = st.just("*") | st.lists(comparators, min_size=1, max_size=3).map(", ".join)


def matches(requirement: str, version: Version | str) -> bool:
    """Whether the requirement's text matches the version or its text."""
    return Requirement.parse(requirement).matches(Version.parse(version) if isinstance(version, str) else version)


# The table agreed with the semver crate


@pytest.mark.parametrize("requirement", CASES)
def test_a_requirement_of_the_table_matches_exactly_what_the_table_says(requirement: str) -> None:
    """Every version listed for the requirement is matched or refused as the semver crate does."""
    row = CASES[requirement]
    listed = row["matches"] + row["refuses"]
    assert [version for version in listed if matches(requirement, version)] == row["matches"]


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_that_the_crate_refuses_is_refused(text: str) -> None:
    """Every text of the table of refusals raises InvalidRequirement, and the error holds that text."""
    with pytest.raises(InvalidRequirement) as caught:
        Requirement.parse(text)
    assert caught.value.text == text


def test_the_tables_are_whole() -> None:
    """The carried tables hold all 213 cases and all 27 refusals."""
    assert sum(len(row["matches"]) + len(row["refuses"]) for row in CASES.values()) == 213
    assert len(REFUSED) == len(set(REFUSED)) == 27


@pytest.mark.skipif(not (REAL_DATA / "semver_cases.json").is_file(), reason="no real data: set BATUTA_REAL_DATA")
def test_the_carried_tables_are_the_real_ones_made_small() -> None:
    """The carried tables hold what the full data holds, only grouped by requirement."""
    full: list[dict[str, Any]] = json.loads((REAL_DATA / "semver_cases.json").read_text("utf-8"))
    grouped: dict[str, dict[str, list[str]]] = {}
    for case in full:
        row = grouped.setdefault(case["req"], {"matches": [], "refuses": []})
        row["matches" if case["matches"] else "refuses"].append(case["version"])
    assert grouped == CASES
    assert json.loads((REAL_DATA / "semver_invalid_reqs.json").read_text("utf-8")) == REFUSED


# Versions


@given(versions)
def test_a_version_reads_back_as_it_was_written(version: Version) -> None:
    """`parse` undoes `str`, for every part."""
    assert Version.parse(str(version)) == version


def test_the_parts_of_a_version_are_told_apart() -> None:
    """A hyphen after the plus sign belongs to the build metadata, a hyphen after the first to the pre-release."""
    assert Version.parse("1.2.3-a-b.0+c-d.00") == Version(1, 2, 3, "a-b.0", "c-d.00")
    assert Version.parse("1.2.3+a-b") == Version(1, 2, 3, "", "a-b")
    assert Version.parse("0.0.18446744073709551615---") == Version(0, 0, MAX_NUMBER, "--")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("1", "major.minor.patch"),
        ("1.2", "major.minor.patch"),
        ("1.2.3.4", "major.minor.patch"),
        ("1..3", "minor is missing"),
        ("1.2.", "patch is missing"),
        ("v1.2.3", "major is 'v1'"),
        ("1.2.x", "patch is 'x'"),
        ("-1.2.3", "major.minor.patch"),
        (" 1.2.3", "major is ' 1'"),
        ("1.2.3\n", r"patch is '3\n'"),
        ("1.2.٣", "patch is '٣'"),
        ("1.2.²", "patch is '²'"),
        ("01.2.3", "major '01' has a leading zero"),
        ("1.00.3", "minor '00' has a leading zero"),
        ("1.2.18446744073709551616", f"is above {MAX_NUMBER}"),
        ("1.2." + "9" * 5000, f"is above {MAX_NUMBER}"),
        ("1.2.3-", "pre-release has an empty identifier"),
        ("1.2.3-a..b", "pre-release has an empty identifier"),
        ("1.2.3-.a", "pre-release has an empty identifier"),
        ("1.2.3-+b", "pre-release has an empty identifier"),
        ("1.2.3-007", "pre-release identifier '007' has a leading zero"),
        ("1.2.3-a_b", "pre-release identifier 'a_b' holds"),
        ("1.2.3-é", "pre-release identifier 'é' holds"),
        ("1.2.3+", "build metadata has an empty identifier"),
        ("1.2.3+a.", "build metadata has an empty identifier"),
        ("1.2.3+a+b", "build metadata identifier 'a+b' holds"),
        ("1.2.3+a\0", r"build metadata identifier 'a\x00' holds"),
        ("1.2.3+\udcff", r"build metadata identifier '\udcff' holds"),
    ],
)
def test_a_refused_version_is_named_with_what_is_wrong(text: str, reason: str) -> None:
    """The error keeps the text, its message shows the text and says which part is wrong."""
    with pytest.raises(InvalidVersion) as caught:
        Version.parse(text)
    assert caught.value.text == text
    assert reason in caught.value.reason
    assert str(caught.value) == f"{_quoted(text)} is not a version: {caught.value.reason}"


def _quoted(text: str) -> str:
    return repr(text) if len(text) <= 80 else f"{text[:80]!r}..."


def test_an_error_survives_pickling() -> None:
    """An error that crosses a process boundary keeps its text and reason."""
    error = pickle.loads(pickle.dumps(InvalidVersion("1.x", "no good")))
    assert (type(error), error.text, error.reason) == (InvalidVersion, "1.x", "no good")


def _refusal(parse: Callable[[str], object], text: str) -> str:
    """What the documented errors say of the text; empty where it is accepted."""
    try:
        parse(text)
    except (InvalidVersion, InvalidRequirement) as error:
        return str(error)
    return ""


@given(st.text() | st.text("0123456789.-+*xX=<>~^, a", max_size=20))
def test_any_text_is_accepted_or_refused_with_one_short_line(text: str) -> None:
    """Hostile text never raises anything but the documented errors, whose messages are one line of bounded length."""
    for parse in (Version.parse, Requirement.parse):
        message = _refusal(parse, text)
        assert "\n" not in message
        assert len(message) < 1000


def test_a_vast_refused_text_gives_a_short_message() -> None:
    """A megabyte of anything is refused with a message of bounded length."""
    for text in ("9" * 10**6, "1.2.3-" + "é" * 10**6, ">" * 10**6, "1," * 10**6, "1 " * 10**6, "." * 10**6):
        for parse in (Version.parse, Requirement.parse):
            assert 0 < len(_refusal(parse, text)) < 1000


# Order


ASCENDING = [
    "0.0.0-0",
    "0.0.0",
    "1.0.0-0",
    "1.0.0-9",
    "1.0.0-10",
    "1.0.0-18446744073709551616",
    "1.0.0--",
    "1.0.0-A",
    "1.0.0-a",
    "1.0.0-a+9",
    "1.0.0-a.0",
    "1.0.0-a.b",
    "1.0.0-a0",
    "1.0.0-rc.9",
    "1.0.0-rc.10",
    "1.0.0-rc.10.0",
    "1.0.0-rc9",
    "1.0.0",
    "1.0.0+0",
    "1.0.0+00",
    "1.0.0+1",
    "1.0.0+01",
    "1.0.0+2",
    "1.0.0+10",
    "1.0.0+10.0",
    "1.0.0+a",
    "1.0.1",
    "1.9.0",
    "1.10.0",
    "2.0.0-a",
    "2.0.0",
]


def test_versions_sort_by_number_then_pre_release_then_build() -> None:
    """Numbers count by value, pre-releases come before their release, numbers before words, build metadata last."""
    ordered = [Version.parse(text) for text in ASCENDING]
    shuffled = random.Random(7).sample(ordered, len(ordered))
    assert sorted(shuffled) == ordered
    assert max(shuffled) == ordered[-1]
    assert all(left < right for left, right in pairwise(ordered))


@given(small_versions | versions, small_versions | versions, small_versions | versions)
def test_the_order_is_total_and_agrees_with_equality(first: Version, second: Version, third: Version) -> None:
    """Exactly one of <, ==, > holds, <= and >= follow from them, and the order is transitive."""
    assert [first < second, first == second, first > second].count(True) == 1
    assert (first <= second) == (first < second or first == second)
    assert (first >= second) == (second <= first)
    low, middle, high = sorted([first, second, third])
    assert low <= middle <= high
    assert low <= high


@given(small_versions, small_versions, builds, builds)
def test_the_order_agrees_with_precedence(first: Version, second: Version, build: str, other: str) -> None:
    """Build metadata decides only where precedence ties, and precedence never sees it."""
    left, right = first._replace(build=build), second._replace(build=other)
    assert left.precedence == first.precedence
    if first.precedence == second.precedence:
        assert (left == right) == (build == other)
    else:
        assert (left < right) == (first.precedence < second.precedence)


def test_build_metadata_counts_for_equality_but_not_for_precedence() -> None:
    """Two uploads that differ in build metadata alone are two versions here, but one to the registry."""
    left, right = Version.parse("1.0.0+a"), Version.parse("1.0.0+b")
    assert left != right
    assert len({left, right, Version.parse("1.0.0+a")}) == 2
    assert left.precedence == right.precedence


def test_a_version_has_no_order_beside_a_plain_tuple() -> None:
    """A comparison that would use the wrong order is an error, not a wrong answer."""
    version = Version.parse("1.0.0-rc.10")
    plain = (1, 0, 0, "rc.9", "")
    for compare in (version.__lt__, version.__le__, version.__gt__, version.__ge__):
        with pytest.raises(TypeError, match="no order beside a tuple"):
            compare(plain)
    with pytest.raises(TypeError, match="no order beside a tuple"):
        sorted([plain, version])


# Buckets


@pytest.mark.parametrize(
    ("text", "bucket"),
    [
        ("1.2.3", (1,)),
        ("1.0.0-rc.1", (1,)),
        ("0.3.9+b", (0, 3)),
        ("0.0.7", (0, 0, 7)),
        ("0.0.0", (0, 0, 0)),
        ("0.0.0-a", (0, 0, 0)),
    ],
)
def test_the_bucket_ends_at_the_first_number_that_is_not_zero(text: str, bucket: tuple[int, ...]) -> None:
    """These numbers are what tells versions of a package apart for cargo's resolver."""
    assert Version.parse(text).bucket == bucket


@given(small_releases, small_releases)
def test_one_bucket_means_that_the_caret_admits_the_later(first: Version, second: Version) -> None:
    """Two releases share a bucket exactly where the caret of the earlier one matches the later one."""
    low, high = sorted([first, second])
    assert (low.bucket == high.bucket) == matches(f"^{low}", high)


# Requirements: how they are written


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1", "^1"),
        ("1.2", "^1.2"),
        ("1.2.3", "^1.2.3"),
        ("  ^  1.2.3-a.1+b  ", "^1.2.3-a.1"),
        ("=1.2.3+b", "=1.2.3"),
        (">= 1,<2", ">=1, <2"),
        ("~1.2 , ~ 1", "~1.2, ~1"),
        ("1.*", "1.*"),
        ("1.x.X", "1.*"),
        ("1.2.X", "1.2.*"),
        ("=1.*", "=1"),
        ("^1.2.*", "^1.2"),
        ("<=1.*.*", "<=1"),
        ("*", "*"),
        (" x ", "*"),
        ("X", "*"),
        (f"{MAX_NUMBER}", f"^{MAX_NUMBER}"),
    ],
)
def test_a_requirement_is_printed_as_the_crate_prints_it(text: str, canonical: str) -> None:
    """The operator is spelled out, wildcards become `*` or vanish behind an operator, build metadata is dropped."""
    assert str(Requirement.parse(text)) == canonical


@given(requirements)
def test_the_printed_form_reads_back_as_the_same_requirement(text: str) -> None:
    """`parse` undoes `str`, and what is printed is stable."""
    requirement = Requirement.parse(text)
    assert Requirement.parse(str(requirement)) == requirement


def test_comparators_can_be_read() -> None:
    """A caller sees operator and precision as written, with None for what is left out."""
    assert Requirement.parse("1.*, >=1.2, =1.2.3-a+b").comparators == (
        Comparator("*", 1, None, None, ""),
        Comparator(">=", 1, 2, None, ""),
        Comparator("=", 1, 2, 3, "a"),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("\t1", r"major is '\t1'"),
        ("1\n", r"major is '1\n'"),
        ("1,", "no comparator beside a comma"),
        (",1", "no comparator beside a comma"),
        ("1,,2", "no comparator beside a comma"),
        ("1 2", "only commas separate"),
        ("1.2 - 2.3", "only commas separate"),
        ("1 || 2", "only commas separate"),
        ("1||2", "major is '1||2'"),
        ("=>1", "'=>' is no operator"),
        ("==1", "'==' is no operator"),
        ("^^1", "'^^' is no operator"),
        ("> = 1", "only commas separate"),
        ("!1", "major is '!1'"),
        ("^*", "must be the whole requirement"),
        ("*, *", "must be the whole requirement"),
        ("x.1.2", "must be the whole requirement"),
        ("1.*.2", "only a wildcard may follow a wildcard"),
        ("1.2.3.4", "more than major.minor.patch"),
        ("1.2.3.*", "more than major.minor.patch"),
        ("1.", "minor is missing"),
        ("1.2.", "patch is missing"),
        (">", "major is missing"),
        ("01", "major '01' has a leading zero"),
        ("1.18446744073709551616", f"is above {MAX_NUMBER}"),
        ("1.2-a", "no patch"),
        ("1.2+b", "no patch"),
        ("1.2.*-a", "no patch"),
        ("1.2.3-01", "leading zero"),
        ("1.2.3-a_b", "letters, digits and hyphens"),
        ("1.2.3+", "empty identifier"),
    ],
)
def test_a_refused_requirement_is_named_with_what_is_wrong(text: str, reason: str) -> None:
    """The error keeps the text, its message shows the text and says which part is wrong."""
    with pytest.raises(InvalidRequirement) as caught:
        Requirement.parse(text)
    assert reason in caught.value.reason
    assert str(caught.value) == f"{_quoted(text)} is not a version requirement: {caught.value.reason}"


def test_the_number_of_comparators_is_bounded() -> None:
    """The last allowed comparator is read, one more is refused."""
    comparators = [f">={number}" for number in range(MAX_COMPARATORS)]
    assert len(Requirement.parse(", ".join(comparators)).comparators) == MAX_COMPARATORS
    with pytest.raises(InvalidRequirement, match="more than 32 comparators"):
        Requirement.parse(", ".join([*comparators, "1"]))


@pytest.mark.parametrize("text", ["*", "x", "X", " * "])
def test_a_bare_wildcard_is_seen(text: str) -> None:
    """However it is spelled, the requirement that crates.io refuses is recognised."""
    assert Requirement.parse(text).is_bare_wildcard


@pytest.mark.parametrize("text", ["1.*", ">=0", ">=0.0.0-0", "0.*.*", "^0"])
def test_a_wide_requirement_is_no_bare_wildcard(text: str) -> None:
    """What crates.io accepts is not taken for the bare wildcard, however much it matches."""
    assert not Requirement.parse(text).is_bare_wildcard


# Requirements: what they match


@pytest.mark.parametrize(
    ("requirement", "first", "after"),
    [
        ("^1.2.3", "1.2.3", "2.0.0"),
        ("^0.2.3", "0.2.3", "0.3.0"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("^0.0.0", "0.0.0", "0.0.1"),
        ("^1.2", "1.2.0", "2.0.0"),
        ("^0.2", "0.2.0", "0.3.0"),
        ("^0.0", "0.0.0", "0.1.0"),
        ("^1", "1.0.0", "2.0.0"),
        ("^0", "0.0.0", "1.0.0"),
        ("~1.2.3", "1.2.3", "1.3.0"),
        ("~1.2", "1.2.0", "1.3.0"),
        ("~1", "1.0.0", "2.0.0"),
        ("~0.0.1", "0.0.1", "0.1.0"),
        ("=1.2.3", "1.2.3", "1.2.4"),
        ("=1.2", "1.2.0", "1.3.0"),
        ("=1", "1.0.0", "2.0.0"),
        ("1.2.*", "1.2.0", "1.3.0"),
        ("1.*", "1.0.0", "2.0.0"),
        (">=1.2.3", "1.2.3", None),
        (">=1.2", "1.2.0", None),
        (">=1", "1.0.0", None),
        (">1.2.3", "1.2.4", None),
        (">1.2", "1.3.0", None),
        (">1", "2.0.0", None),
        ("<1.2.3", "0.0.0", "1.2.3"),
        ("<1.2", "0.0.0", "1.2.0"),
        ("<1", "0.0.0", "1.0.0"),
        ("<=1.2.3", "0.0.0", "1.2.4"),
        ("<=1.2", "0.0.0", "1.3.0"),
        ("<=1", "0.0.0", "2.0.0"),
        ("*", "0.0.0", None),
        (">=1.2, <1.4", "1.2.0", "1.4.0"),
        (">1.2.3-rc.1", "1.2.3", None),
        ("<=1.2.3-rc.1", "0.0.0", "1.2.3"),
    ],
)
def test_every_form_matches_a_range_of_releases(requirement: str, first: str, after: str | None) -> None:
    """Of all releases with numbers up to 5, a form matches those from the first named to the one before the second."""
    parsed, low = Requirement.parse(requirement), Version.parse(first)
    for number in range(6**3):
        version = Version(number // 36, number // 6 % 6, number % 6)
        assert parsed.matches(version) == (low <= version and (after is None or version < Version.parse(after)))


@pytest.mark.parametrize(
    ("requirement", "version", "expected"),
    [
        ("^1.2.3-rc.2", "1.2.3-rc.10", True),
        ("^1.2.3-rc.2", "1.2.3-rc.1", False),
        ("^1.2.3-rc.2", "1.2.4-rc.3", False),
        ("^1.2.3", "1.2.3-rc.2", False),
        ("=1.2.3-rc.2", "1.2.3", False),
        ("=1.2.3-rc.2", "1.2.3-rc.2+b", True),
        (">1.2.3-rc.2", "1.2.3-rc.2", False),
        (">=1.2.3-rc.2", "1.2.3-rc.2", True),
        ("<1.2.3-rc.2", "1.2.3-rc.1", True),
        ("<=1.2.3-rc.2", "1.2.3-rc.2", True),
        ("*", "1.2.3-rc.2", False),
        # A text without a patch bars the pre-releases of its numbers, whatever stands beside it; the caret does not.
        ("^1.2, >=1.2.3-rc.1", "1.2.3-rc.2", True),
        ("~1.2, >=1.2.3-rc.1", "1.2.3-rc.2", False),
        ("1.*, >=1.2.3-rc.1", "1.2.3-rc.2", False),
        (">=1, >=1.2.3-rc.1", "1.2.3-rc.2", False),
        (">=1, >=2.0.0-rc.1", "2.0.0-rc.2", True),
        ("<=1, >=1.2.3-rc.1", "1.2.3-rc.2", False),
    ],
)
def test_pre_releases_follow_the_crate(requirement: str, version: str, expected: bool) -> None:
    """A pre-release is chosen only where a comparator asks for pre-releases of the very same numbers."""
    assert matches(requirement, version) == expected


@given(small_releases, small_releases)
def test_the_operators_agree_with_the_order_of_releases(written: Version, version: Version) -> None:
    """A complete version behind a comparison operator means that comparison."""
    assert matches(f"<{written}", version) == (version < written)
    assert matches(f"<={written}", version) == (version <= written)
    assert matches(f"={written}", version) == (version == written)
    assert matches(f">={written}", version) == (version >= written)
    assert matches(f">{written}", version) == (version > written)


@given(partials(), small_versions)
def test_narrow_forms_lie_inside_wide_ones(partial: str, version: Version) -> None:
    """What `=` matches `~` matches, what `~` or `^` matches `>=` matches, and no operator means `^`."""
    if matches(f"={partial}", version):
        assert matches(f"~{partial}", version)
        assert matches(f"<={partial}", version)
    if matches(f"~{partial}", version):
        assert matches(f">={partial}", version)
    if matches(f"^{partial}", version):
        assert matches(f">={partial}", version)
    if not any(sign in partial for sign in "*xX"):
        assert matches(partial, version) == matches(f"^{partial}", version)
    assert not (matches(f"<{partial}", version) and matches(f">={partial}", version))
    assert not (matches(f">{partial}", version) and matches(f"<={partial}", version))


@given(comparators, comparators, small_releases)
def test_a_comma_means_and(first: str, second: str, version: Version) -> None:
    """A release matches two comparators exactly where it matches each, in either order."""
    expected = matches(first, version) and matches(second, version)
    assert matches(f"{first}, {second}", version) == expected
    assert matches(f"{second},{first}", version) == expected


@given(requirements, small_versions, builds)
def test_build_metadata_never_decides(requirement: str, version: Version, build: str) -> None:
    """A version with build metadata matches exactly where the same version without it does."""
    assert matches(requirement, version._replace(build=build)) == matches(requirement, version)


@given(requirements, small_versions)
def test_a_pre_release_must_be_asked_for(requirement: str, version: Version) -> None:
    """A requirement that names no pre-release of these very numbers never matches a pre-release."""
    assume(version.pre)
    asked = f"{version.major}.{version.minor}.{version.patch}-"
    assert asked in requirement or not matches(requirement, version)


@given(releases)
def test_the_greatest_numbers_need_no_more_room(version: Version) -> None:
    """Requirements on the edge of 64 bits match the version that they name and everything that should."""
    for operator in ("^", "~", "=", ">=", "<="):
        assert matches(f"{operator}{version}", version)
    assert not matches(f">{MAX_NUMBER}", version)
    assert matches(f"<={MAX_NUMBER}", version)
