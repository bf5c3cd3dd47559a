"""Whether cargo would publish a crate: its own refusals alone, as far as they can be known without the registry."""

from __future__ import annotations

from collections.abc import Iterable

from batuta_hooks.checks.path_deps import REFUSED
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.workspace import ManifestFault, Manifests
from batuta_hooks.stack.verdict import Publishable


class Workspaces:
    """Asks whether cargo can load the whole workspace around a manifest; each one is looked at once."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests
        self._faults: dict[str, ManifestFault | None] = {}

    def refusal(self, manifest: Manifest) -> Publishable | None:
        """Why cargo cannot load the workspace around a manifest: it loads every member before it looks at one."""
        root = self._manifests.root_of(manifest)
        if root is None:
            return None
        fault = root if isinstance(root, ManifestFault) else self._fault_in(root)
        if fault is not None:
            return unreadable(fault)
        assert isinstance(root, Manifest)
        if manifest.path != root.path and manifest.path not in self._manifests.members(root):
            return Publishable("no", (), f"the workspace of {root.path} neither lists nor excludes it")
        return None

    def _fault_in(self, root: Manifest) -> ManifestFault | None:
        if root.path not in self._faults:
            self._faults[root.path] = self._first_fault(root)
        return self._faults[root.path]

    def _first_fault(self, root: Manifest) -> ManifestFault | None:
        for path in (root.path, *self._manifests.members(root)):
            member = self._manifests.resolve(path)
            if isinstance(member, ManifestFault):
                return member
        return None


def judge_publishable(manifest: Manifest, findings: Iterable[Finding], workspaces: Workspaces) -> Publishable:
    """The verdict for a package that can be read.

    Args:
        findings: what the checks say of it before the configuration has its word: cargo does not read that.
    """
    package = manifest.package
    assert package is not None
    if package.publish == ():
        return Publishable("never", (), "it says publish = false")
    refusals = sorted(finding for finding in findings if finding.code in REFUSED)
    if refusals:
        return Publishable("no", tuple(sorted({one.code for one in refusals})), refusals[0].message)
    refusal = workspaces.refusal(manifest)
    if refusal is not None:
        return refusal
    if package.version is None:
        return Publishable("never", (), "it has no version")
    return Publishable("unknown", (), "whether the registry has all that it requires was not looked at")


def unreadable(fault: ManifestFault) -> Publishable:
    """The verdict where cargo cannot load a manifest or its workspace."""
    return Publishable("no", ("PD008",), f"cargo cannot read {fault.path}: {fault.reason}")
