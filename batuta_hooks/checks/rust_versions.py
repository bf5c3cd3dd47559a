"""VA008: dependencies of which every matching version needs a newer Rust than the crate declares.

cargo builds with what is installed; whoever has the Rust that `rust-version` promises is told so only when it fails.
"""

from __future__ import annotations

from batuta_hooks.checks.offered import offered_needs
from batuta_hooks.checks.requirements import at_line, judged_manifests
from batuta_hooks.domain.finding import WARNING, Finding, Unknown
from batuta_hooks.domain.manifest import Manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from batuta_hooks.domain.facts import Facts


def find(facts: Facts) -> Iterator[Finding | Unknown]:
    """Compare what each manifest declares with what the versions that match its requirements declare."""
    for manifest in judged_manifests(facts):
        declared = declared_rust(facts, manifest)
        own = _numbers(declared)
        if own is None:
            continue
        for dependency, versions in offered_needs(facts, manifest):
            oldest: tuple[tuple[int, ...], str, str] | None = None
            for version in versions:
                rust = facts.rust_of(dependency.package, version)
                if rust is None:
                    continue
                if isinstance(rust, Unknown):
                    yield Unknown(rust.crate, f"which Rust does it need, for `{manifest.name}`? {rust.why}")
                    break
                needed = _numbers(rust)
                if needed is None or needed <= own:
                    break
                here = needed, rust, version
                oldest = here if oldest is None else min(oldest, here, key=lambda one: one[0])
            else:
                if oldest is not None:
                    message = (
                        f'every version of `{dependency.package}` that "{dependency.requirement}" matches needs Rust '
                        f"{oldest[1]} or newer (such as {oldest[2]}), `{manifest.name}` declares rust-version "
                        f"{declared}"
                    )
                    fix = f'write rust-version = "{oldest[1]}", or require an older `{dependency.package}`'
                    yield at_line(facts, manifest, dependency, "VA008", WARNING, message, fix)


def declared_rust(facts: Facts, manifest: Manifest) -> str | None:
    """``package.rust-version``, inherited or not."""
    own = manifest.table.get(manifest.package_key, {}).get("rust-version")
    if isinstance(own, dict):
        root = facts.manifests.root_of(manifest)
        own = root.workspace.package.get("rust-version") if isinstance(root, Manifest) and root.workspace else None
    return own if isinstance(own, str) else None


def _numbers(text: str | None) -> tuple[int, ...] | None:
    """A Rust release as three numbers."""
    parts = (text or "").partition("-")[0].partition("+")[0].split(".")
    if not all(part.isdecimal() for part in parts) or len(parts) > 3:
        return None
    return tuple(int(part) for part in (*parts, "0", "0")[:3])
