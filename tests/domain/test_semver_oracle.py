"""Versions and requirements beside the real `semver` crate: built from crates.io, asked the same questions.

Agreement means: the same texts accepted, the same canonical forms, the same matches, the same order and precedence.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import TypeVar

import pytest

from batuta_hooks.domain.semver import InvalidRequirement, InvalidVersion, Requirement, Version

pytestmark = [pytest.mark.slow, pytest.mark.cargo]

T = TypeVar("T")

Question = tuple[str, str, str]
"""A requirement and two versions, as text."""

DATA = Path(__file__).parent / "data"
SOURCE = Path(__file__).parents[1] / "support" / "semver_oracle"
BUILD_SECONDS = 300
ANSWER_SECONDS = 120

OPERATORS = ["", "=", ">", ">=", "<", "<=", "~", "^"]
PRE_RELEASES = ["", "-0", "-1", "-10", "-9", "-a", "-a.1", "-a.b", "-a.b.0", "--", "-18446744073709551616", "-rc.1"]
BUILDS = ["", "", "", "+0", "+00", "+1", "+01", "+a", "+a.b", "+-", "+0.a", "+0.0"]
EXTREMES = ["4294967296", "9223372036854775808", "18446744073709551614", "18446744073709551615", "18446744073709551616"]
NOISE = " \t\n\r\0.,+-*xX=<>~^|&!_v0123456789aé٣²\u00a0\u200b\U0001f980"


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built program. Where cargo cannot fetch or build it the tests fail: nothing to agree with is no agreement."""
    folder = tmp_path_factory.mktemp("semver-oracle")
    # Nothing of cargo's set-up counts, CARGO_NET_OFFLINE least of all, save how to reach the network.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("CARGO_HTTP_") or not name.startswith(("CARGO", "RUSTC", "RUSTFLAGS", "RUSTDOC"))
    }
    environment["CARGO_HOME"] = str(folder / "cargo-home")
    environment["CARGO_TARGET_DIR"] = str(folder / "target")
    command = ["cargo", "build", "--locked", "--manifest-path", str(SOURCE / "Cargo.toml")]
    try:
        subprocess.run(
            command, cwd=folder, env=environment, check=True, capture_output=True, text=True, timeout=BUILD_SECONDS
        )
    except FileNotFoundError:
        pytest.fail("the semver oracle needs cargo, and there is none on PATH", pytrace=False)
    except subprocess.TimeoutExpired:
        pytest.fail(f"cargo did not build the semver oracle within {BUILD_SECONDS} s", pytrace=False)
    except subprocess.CalledProcessError as error:
        pytest.fail(
            f"cargo could not fetch or build the semver oracle (is crates.io reachable?): {error.stderr}", pytrace=False
        )
    return folder / "target" / "debug" / "semver-oracle"


def ask(oracle: Path, questions: list[Question]) -> list[list[str]]:
    """The crate's answers, one a question: see the program's own description for the fields."""
    lines = ["\t".join(field.encode().hex() for field in question) for question in questions]
    done = subprocess.run(
        [str(oracle)], input="\n".join(lines), check=True, capture_output=True, text=True, timeout=ANSWER_SECONDS
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def answer(question: Question) -> list[str]:
    """What this package says to the same question, in the same form."""
    requirement = _parsed(Requirement.parse, question[0])
    left, right = _parsed(Version.parse, question[1]), _parsed(Version.parse, question[2])
    return [
        "!" if requirement is None else str(requirement),
        "!" if left is None else str(left),
        "!" if right is None else str(right),
        _matches(requirement, left) + _matches(requirement, right),
        _sign(left, right) + _sign(left and left.precedence, right and right.precedence),
    ]


def _parsed(parse: Callable[[str], T], text: str) -> T | None:
    try:
        return parse(text)
    except (InvalidVersion, InvalidRequirement):
        return None


def _matches(requirement: Requirement | None, version: Version | None) -> str:
    if requirement is None or version is None:
        return "-"
    return "y" if requirement.matches(version) else "n"


def _sign(left: tuple[object, ...] | None, right: tuple[object, ...] | None) -> str:
    if left is None or right is None:
        return "-"
    return "<" if left < right else ">" if left > right else "="


class Tally:
    """How many answers of each kind the crate gave, so that a test can tell that it asked something."""

    def __init__(self, answers: list[list[str]]) -> None:
        self.pairs = 2 * len(answers)
        self.requirements = sum(row[0] != "!" for row in answers)
        self.versions = sum((row[1] != "!") + (row[2] != "!") for row in answers)
        self.matched = sum(row[3].count("y") for row in answers)
        self.unmatched = sum(row[3].count("n") for row in answers)
        self.orders = {sign for row in answers for sign in row[4]}


def agree(oracle: Path, asked: Iterable[Question]) -> Tally:
    """Ask both, fail with the shortest disagreements, and return what the crate's answers were made of."""
    questions = list(asked)
    theirs = ask(oracle, questions)
    assert len(theirs) == len(questions)
    ours = [answer(question) for question in questions]
    apart = [row for row in zip(questions, theirs, ours, strict=True) if row[1] != row[2]]
    apart.sort(key=lambda row: sum(map(len, row[0])))
    shown = "\n".join(f"{question}: the crate says {crate}, we say {we}" for question, crate, we in apart[:20])
    assert not apart, f"{len(apart)} of {len(questions)} answers differ:\n{shown}"
    return Tally(theirs)


def test_the_tables_are_what_the_crate_says(oracle: Path) -> None:
    """The crate itself confirms each case and each refusal that the other tests take for granted."""
    cases = json.loads((DATA / "semver_cases.json").read_text("utf-8"))
    listed = [
        (requirement, version, kind == "matches")
        for requirement, row in cases.items()
        for kind in ("matches", "refuses")
        for version in row[kind]
    ]
    answers = ask(oracle, [(requirement, version, version) for requirement, version, _ in listed])
    assert [row[3] for row in answers] == ["yy" if matches else "nn" for _, _, matches in listed]
    refused = json.loads((DATA / "semver_invalid_reqs.json").read_text("utf-8"))
    assert [row[0] for row in ask(oracle, [(text, "1.0.0", "1.0.0") for text in refused])] == ["!"] * len(refused)


def _partials() -> Iterator[str]:
    """Every shape of an incomplete or complete version with numbers 0 and 1, a pre-release or build metadata."""
    for major in "01":
        yield from (major, f"{major}.*", f"{major}.x.X")
        for minor in "01":
            yield from (f"{major}.{minor}", f"{major}.{minor}.x")
            yield from (f"{major}.{minor}.{patch}{tail}" for patch in "01" for tail in ("", "-a", "-a.1", "-0", "+b"))


def test_every_single_comparator_agrees_on_a_grid_of_versions(oracle: Path) -> None:
    """All operators before all shapes of a version, against all versions with numbers 0 to 2 and five pre-releases."""
    numbers = [".".join(parts) for parts in product("012", repeat=3)]
    versions = [number + pre for number in numbers for pre in ("", "-0", "-a", "-a.1", "-b")]
    pairs = list(zip(versions, [*versions[1:], versions[0]], strict=True))[::2]
    requirements = ["*", *(operator + partial for operator in OPERATORS for partial in _partials())]
    tally = agree(oracle, [(requirement, *pair) for requirement in requirements for pair in pairs])
    assert tally.requirements * 2 == tally.versions == tally.pairs >= 50_000
    assert min(tally.matched, tally.unmatched) >= 4_000


def test_every_pair_of_versions_has_the_crates_order(oracle: Path) -> None:
    """All pairs of versions with the listed pre-releases and build metadata, and some numbers around them."""
    tails = [pre + build for pre in PRE_RELEASES for build in dict.fromkeys(BUILDS)]
    versions = ["0.0.0", "0.9.0", "0.10.0", "1.0.1", "1.0.1-a", *(f"1.0.0{tail}" for tail in tails)]
    tally = agree(oracle, [("*", left, right) for left, right in product(versions, repeat=2)])
    assert tally.versions == tally.pairs >= 20_000
    assert tally.orders == {"<", "=", ">"}


def test_every_short_text_is_accepted_or_refused_alike(oracle: Path) -> None:
    """All texts of up to four of the characters that mean something, alone and behind a number, a pair, a version."""
    texts = ["".join(text) for length in range(5) for text in product("01.*x-+a,=>^ ", repeat=length)]
    alone = agree(oracle, [(text, f"1.0.0{text}", f"1{text}") for text in texts])
    behind = agree(oracle, [(f"1.0{text}", f"1.0{text}", text) for text in texts])
    assert min(alone.requirements, behind.requirements, alone.versions) >= 100


def _version(chance: random.Random) -> str:
    numbers = [chance.choice(EXTREMES) if chance.random() < 0.03 else str(chance.randrange(4)) for _ in range(3)]
    return ".".join(numbers) + chance.choice(PRE_RELEASES if chance.random() < 0.5 else [""]) + chance.choice(BUILDS)


def _comparator(chance: random.Random) -> str:
    core = _version(chance)
    parts = core.split(".", 2)
    precision = chance.choice([1, 2, 3, 3])
    if precision < 3:
        core = ".".join(parts[:precision]) + chance.choice(["", "", ".*", ".x", ".X"])
    return chance.choice(OPERATORS) + " " * chance.choice([0, 0, 0, 1, 2]) + core


def _requirement(chance: random.Random) -> str:
    if chance.random() < 0.02:
        return chance.choice(["*", "x", "X", " * "])
    count = chance.choice([1, 1, 1, 2, 2, 3, 4]) if chance.random() < 0.98 else chance.choice([31, 32, 33])
    return chance.choice([",", ", ", " , "]).join(_comparator(chance) for _ in range(count))


def _near(chance: random.Random, text: str) -> str:
    """The text with one to three characters put in, taken out, replaced or doubled."""
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        at = chance.randrange(len(text) + 1)
        kept = at + chance.choice([0, 1])
        text = text[:at] + chance.choice(["", chance.choice(NOISE), text[at:kept] * 2]) + text[kept:]
    return text


def test_random_requirements_and_versions_agree(oracle: Path) -> None:
    """Several comparators over few numbers, so that pre-release rules meet, and some numbers around 64 bits."""
    chance = random.Random(1)
    tally = agree(oracle, [(_requirement(chance), _version(chance), _version(chance)) for _ in range(30_000)])
    assert tally.pairs >= 60_000
    assert min(tally.matched, tally.unmatched) >= 5_000


def test_versions_beside_the_numbers_of_a_requirement_agree(oracle: Path) -> None:
    """Versions that stand in the requirement itself, with another pre-release: where a wrong bound would show."""
    chance = random.Random(2)
    questions: list[Question] = []
    while len(questions) < 20_000:
        requirement, core = _requirement(chance), f"{chance.randrange(2)}.{chance.randrange(2)}.{chance.randrange(3)}"
        near = f"{chance.choice(OPERATORS)}{core}{chance.choice(PRE_RELEASES[1:])}"
        versions = [core + chance.choice(PRE_RELEASES) for _ in range(2)]
        questions.append((f"{requirement}, {near}" if chance.random() < 0.6 else near, versions[0], versions[1]))
    tally = agree(oracle, questions)
    assert min(tally.matched, tally.unmatched) >= 3_000


def test_near_misses_are_accepted_or_refused_alike(oracle: Path) -> None:
    """Well-formed texts with a few characters changed, control characters and foreign digits among them."""
    chance = random.Random(3)
    questions = [
        (
            _near(chance, _requirement(chance)),
            _near(chance, _version(chance)) if chance.random() < 0.5 else _version(chance),
            _near(chance, _version(chance)),
        )
        for _ in range(30_000)
    ]
    tally = agree(oracle, questions)
    assert 3_000 <= tally.requirements <= 27_000
    assert 6_000 <= tally.versions <= 54_000
