"""Changelogs: where a version's section goes, and what becomes of what is unreleased."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.changelog import Section, has_section, has_unreleased, with_section

ONE = Section("CHANGELOG.md", 1, (("a", "1.1.0"),), False, "2026-11-27", "v1.1.0", ("- fix: it",))
TWO = ONE._replace(crates=(("a", "1.1.0"), ("b", "0.2.0")), is_shared=True, tag="")
HIDDEN = "## [Unreleased]\n- no\n"
NEW_LINKS = [
    f"[{word}]: https://example.com/compare/v1.1.0...HEAD\n[1.1.0]: https://example.com/compare/v1.0.0...v1.1.0\n"
    for word in ("Unreleased", "unreleased")
]
OLD = "## [1.0.0] - 2026-01-01\n\n- first\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "# Changelog\n\n## [1.1.0] - 2026-11-27\n\n- fix: it\n"),
        ("# Log\n", "# Log\n\n## [1.1.0] - 2026-11-27\n\n- fix: it\n"),
        (f"# Log\n\n{OLD}", f"# Log\n\n## [1.1.0] - 2026-11-27\n\n- fix: it\n\n{OLD}"),
        (f"# Log\nwords\n{OLD}", f"# Log\nwords\n\n## [1.1.0] - 2026-11-27\n\n- fix: it\n\n{OLD}"),
        (
            f"# Log\n\n## [Unreleased]\n\n### Added\n\n- by hand\n\n{OLD}",
            f"# Log\n\n## [Unreleased]\n\n## [1.1.0] - 2026-11-27\n\n### Added\n\n- by hand\n\n{OLD}",
        ),
        (
            f"# Log\n\n## Unreleased\n\n### Added\n\n{OLD}",
            f"# Log\n\n## Unreleased\n\n### Added\n\n## [1.1.0] - 2026-11-27\n\n- fix: it\n\n{OLD}",
        ),
        ("# Log\n\n## Unreleased", "# Log\n\n## Unreleased\n\n## [1.1.0] - 2026-11-27\n\n- fix: it\n"),
        ("## v1.0.0 (2026-01-01)\n", "## v1.1.0 (2026-11-27)\n\n- fix: it\n\n## v1.0.0 (2026-01-01)\n"),
        ("# 1.0.0\n", "# 1.1.0\n\n- fix: it\n\n# 1.0.0\n"),
        (
            f"```\n{HIDDEN}```\n<!--\n{HIDDEN}-->\n",
            f"```\n{HIDDEN}```\n<!--\n{HIDDEN}-->\n\n## [1.1.0] - 2026-11-27\n\n- fix: it\n",
        ),
        ("# Log\r\n\r\n## 1.0.0\r\n", "# Log\r\n\r\n## 1.1.0\r\n\r\n- fix: it\r\n\r\n## 1.0.0\r\n"),
        (
            f"{OLD}\n[unreleased]: https://example.com/compare/v1.0.0...HEAD\n[1.0.0]: https://example.com/releases/v1.0.0\n",
            f"## [1.1.0] - 2026-11-27\n\n- fix: it\n\n{OLD}\n{NEW_LINKS[1]}[1.0.0]: https://example.com/releases/v1.0.0\n",
        ),
        (
            "# Log\n\n## [Unreleased]\n\n- by hand\n\n[Unreleased]: https://example.com/compare/v1.0.0...HEAD\n",
            f"# Log\n\n## [Unreleased]\n\n## [1.1.0] - 2026-11-27\n\n- by hand\n\n{NEW_LINKS[0]}",
        ),
    ],
)
def test_one_version(before: str, after: str) -> None:
    """It stands above the version before, in its spelling; what is unreleased becomes it; links stay behind it."""
    assert with_section(before, ONE) == after
    assert has_section(after, ONE)
    assert with_section(after, ONE) == after


def test_several_crates() -> None:
    """A file of crates with versions of their own names them."""
    found = with_section("## a 1.0.0, b 0.1.0 - 2026-01-01\n", TWO)
    assert found.startswith("## a 1.1.0, b 0.2.0 - 2026-11-27\n\n- fix: it\n\n")
    assert has_section(found, TWO)
    assert not has_section("## a 1.1.0\n## b 0.2.0\n", TWO)
    one = TWO._replace(crates=(("db", "0.2.0"),))
    for heading in (
        "## db 0.2.0",
        "## [db-v0.2.0] - 2026-01-01",
        "## a 1.1.0, db 0.2.0",
        "## db/v0.2.0",
        "## db@0.2.0",
    ):
        assert has_section(f"{heading}\n", one)
    for heading in ("## db-x 0.2.0", "## x-db 0.2.0", "## 0.2.0", "## db 0.2.0-rc.1", "## mydb 0.2.0"):
        assert not has_section(f"{heading}\n", one)


@pytest.mark.parametrize("heading", ["## [11.1.0]", "## 1.1.0-rc.1", "## 1.1.01", "## 0.1.1.0", "1.1.0"])
def test_other_versions(heading: str) -> None:
    """A longer version is another one, and words without a heading are none."""
    assert not has_section(f"{heading}\n", ONE)


def test_made_by_a_tool() -> None:
    """A whole section is taken as it is; what is unreleased stays, for the tool did not speak of it."""
    whole = ONE._replace(lines=("## [1.1.0] - 2026-11-27", "", "### Bugs", "- it"), is_whole=True)
    found = with_section(f"# Log\n\n## [Unreleased]\n\n{OLD}", whole)
    assert found == f"# Log\n\n## [Unreleased]\n\n## [1.1.0] - 2026-11-27\n\n### Bugs\n- it\n\n{OLD}"


def test_unreleased() -> None:
    """Empty subsections and links are nothing."""
    assert has_unreleased("## Unreleased\n- x\n")
    assert not has_unreleased("## Unreleased\n### Added\n\n## 1.0.0\n- x\n")
    assert not has_unreleased("## Unreleased\n\n[Unreleased]: https://example.com/compare/v1...HEAD\n")
    assert not has_unreleased("- x\n")


LINES = st.lists(
    st.sampled_from(
        ["## [Unreleased]", "# Log", "## 1.0.0", "### Added", "- x", "", "```", "<!--", "-->", "[u]: x", "~~~", "####"]
    )
)


@given(LINES, st.sampled_from([ONE, TWO]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_text(lines: list[str], section: Section, end: str, is_ended: bool) -> None:
    """Whatever a changelog is: no line of it is lost or moved, and the section is added once."""
    text = end.join(lines) + (end if is_ended and lines else "")
    found = with_section(text, section)
    rest = iter(found.split("\n"))
    assert all(any(line == other.rstrip("\r") for other in rest) for line in lines)
    assert with_section(found, section) == found
