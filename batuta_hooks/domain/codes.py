"""The finding codes: each one's default severity and what it stands for (docs/codes.md has a paragraph each)."""

from __future__ import annotations

from batuta_hooks.domain.finding import ERROR, NOTE, WARNING
from batuta_hooks.domain.record import NamedTuple


class Code(NamedTuple):
    """What a code stands for.

    Attributes:
        severity: what a finding of this code is as a rule; a check may lower or raise it where docs/codes.md says so.
        title: one line, no full stop.
    """

    severity: str
    title: str


#: Every code, in the order of docs/codes.md.
CODES = {
    "PD001": Code(ERROR, "path dependency without a version: cargo will not publish the crate"),
    "PD002": Code(ERROR, "git dependency without a version: cargo will not publish the crate"),
    "PD003": Code(ERROR, "path that a clone of the repository does not have"),
    "PD004": Code(NOTE, "[patch], [replace] or paths puts a folder in the place of a published crate"),
    "PD005": Code(ERROR, "requirement of any version at all, which crates.io refuses"),
    "PD006": Code(ERROR, "dependency from another registry in a crate bound for crates.io"),
    "PD007": Code(ERROR, "dependency by path on a crate that is never published"),
    "PD008": Code(ERROR, "manifest that cargo cannot read"),
    "VA001": Code(ERROR, "no published version satisfies the requirement"),
    "VA002": Code(ERROR, "only yanked versions satisfy the requirement"),
    "VA003": Code(ERROR, "requirement that does not admit the version of the crate's own checkout"),
    "VA004": Code(ERROR, "requirement that the [versions] policy does not allow"),
    "VA005": Code(WARNING, "shared dependency needed in versions that are not compatible"),
    "VA006": Code(ERROR, "feature that no matching version has, or features that exclude each other"),
    "VA007": Code(ERROR, "two packages that link the same native library would be needed"),
    "VA008": Code(WARNING, "every matching version needs a newer Rust than the crate declares"),
    "VA009": Code(WARNING, "Cargo.lock that does not fit its manifest, or is incomplete"),
    "VA010": Code(ERROR, "crates that depend on each other in a circle"),
    "VA011": Code(WARNING, "patch or minor step that moves a shared dependency to an incompatible version"),
    "VA012": Code(NOTE, "crate of this name on the registry that is another project's"),
    "TC001": Code(ERROR, "version tag that the remote already has on another object"),
    "TC002": Code(ERROR, "tag whose version is not the crate's version at the tagged commit"),
    "TC003": Code(ERROR, "version tag of a crate that is not here"),
    "TC004": Code(WARNING, "bare version tag where it does not say which crate it means"),
    "TC005": Code(ERROR, "tag of a commit whose manifest cannot be published"),
    "TC006": Code(ERROR, "tag of a version that was published from another commit"),
    "TC007": Code(ERROR, "deletion or move of the tag of a published version"),
    "TC008": Code(ERROR, "version that is tagged under another spelling on another commit"),
    "TC009": Code(WARNING, "tag of a commit whose Cargo.lock names another version of the package"),
}
