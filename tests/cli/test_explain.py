"""The page of finding codes: complete, cut into sections, and right in its examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.cli.explain import explanation
from batuta_hooks.domain.codes import CODES
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.check import check, report_time
from batuta_hooks.stack.checkouts import find_workspace
from tests.support.repos import make_repo, package

PAGE = Path(__file__).parents[2] / "docs" / "codes.md"
JUDGED = list(CODES)


@pytest.mark.parametrize("code", JUDGED)
def test_every_code_is_explained(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each code that is judged has a section of its own, found in either letter case, that says how to allow it."""
    assert main(["explain", code.lower()]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{code} ")
    assert "To allow it: " in printed
    assert [other for other in CODES if f"## {other}" in printed] == []


def test_page_holds_no_other_codes() -> None:
    """Every section is about a code that exists, once, in order."""
    assert re.findall(r"^## (\S+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE) == JUDGED


@pytest.mark.parametrize(
    ("code", "said", "mend"),
    [
        ("PD00", "`PD00` is no finding code", "did you mean PD00"),
        ("", "no finding code is given", "there are PD001, "),
    ],
)
def test_unknown_code(code: str, said: str, mend: str) -> None:
    """A code that does not exist is said with what there is."""
    with pytest.raises(BatutaError, match=re.escape(said)) as caught:
        explanation(code)
    assert mend in caught.value.mend


@pytest.mark.parametrize("code", [code for code in JUDGED if code.startswith("PD")])
def test_examples(code: str, tmp_path: Path) -> None:
    """The example before has the finding, the one after has none of any code."""
    examples = re.findall(r"^```toml\n(.*?)^```", explanation(code), re.MULTILINE | re.DOTALL)
    found = [found_in(tmp_path / name, text) for name, text in zip(("before", "after"), examples, strict=False)]
    assert code in found[0]
    assert found[1] == set()


def found_in(stack: Path, example: str) -> set[str]:
    """The codes that are found in an example, with the folders around it that the page speaks of."""
    text = example if "[package]" in example else package("app", example)
    files = {
        "Cargo.toml": f'{text}\n[workspace]\nmembers = ["crates/parser", "tools"]\n',
        "crates/parser/Cargo.toml": package("parser", version="0.3.0"),
        "tools/Cargo.toml": package("tools", keys="publish = false"),
    }
    make_repo(stack / "app", files)
    make_repo(stack / "alimentar", {"Cargo.toml": package("alimentar", version="0.2.9")})
    report = check(find_workspace(str(stack)), now=report_time())
    return {placed.finding.code for placed in report.findings}
