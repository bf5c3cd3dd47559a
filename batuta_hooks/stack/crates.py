"""A manifest as a crate of the stack: its package, its dependencies, and what its findings make of it."""

from __future__ import annotations

from collections.abc import Iterator

from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.manifest import Dependency, Manifest
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.domain.workspace import ManifestFault
from batuta_hooks.stack.issues import issues_of
from batuta_hooks.stack.memory import Memory, Subject
from batuta_hooks.stack.standing import Ask, Standing, standing_of
from batuta_hooks.stack.verdict import Crate, Issue, Requirement


class Crates:
    """Turns the manifests of one repository into crates.

    Args:
        repository: the checkout's path relative to the workspace.
        folder_name: the name of the checkout's folder.
        facts: about the tree that is judged.
        ask: what the registry knows of a crate; ``None`` where it is not to be looked at.
        memory: where what was found out is remembered from run to run; ``None`` for nowhere.
    """

    def __init__(
        self, repository: str, folder_name: str, facts: Facts, ask: Ask | None, memory: Memory | None = None
    ) -> None:
        self._repository = repository
        self._folder_name = folder_name
        self._facts = facts
        self._ask = ask
        self._memory = memory

    def crate(self, path: str, findings: tuple[Finding, ...], unknown: tuple[Unknown, ...]) -> Crate | None:
        """The package of the manifest at ``path``; ``None`` where it has none, or is not there.

        Args:
            findings: what the checks say of it, after the configuration had its word.
        """
        manifest = self._facts.manifests.resolve(path)
        if isinstance(manifest, ManifestFault):
            return self._unreadable(path, findings, unknown)
        if manifest is None or manifest.package is None:
            return None
        return Crate(
            name=manifest.name,
            repository=self._repository,
            manifest_path=path,
            version=manifest.package.version,
            dependencies=tuple(_requirements(manifest)),
            findings=findings,
            issues=self._issues(manifest, findings),
            unknown=unknown,
            standing=standing_of(manifest.package, self._ask) if self._ask else Standing(),
        )

    def _issues(self, manifest: Manifest, findings: tuple[Finding, ...]) -> tuple[Issue, ...]:
        # those of paths tell of what the path leads to, which may be anywhere
        if self._memory is None or not all(finding.code.startswith("VA") for finding in findings):
            return issues_of(self._facts, manifest, findings)
        subject = Subject("issues", self._repository, manifest.path, repr(findings))
        found = self._memory.recall(subject)
        if found is not None:
            return tuple(Issue(*one) for one in found)
        issues = issues_of(self._facts, manifest, findings)
        self._memory.keep(subject, issues, ())
        return issues

    def _unreadable(self, path: str, findings: tuple[Finding, ...], unknown: tuple[Unknown, ...]) -> Crate | None:
        package = self._readable_part(path)
        if package is None:
            return None
        issues = issues_of(self._facts, None, findings)
        standing = Standing(why="its manifest cannot be read")
        return Crate(package[0], self._repository, path, package[1], (), findings, issues, unknown, standing=standing)

    def _readable_part(self, path: str) -> tuple[str, str | None] | None:
        """Name and version of a package that cargo cannot load, the folder's name standing in for an unknown one."""
        folder = path.rpartition("/")[0]
        stand_in = folder.rpartition("/")[2] or self._folder_name, None
        text = self._facts.manifests.tree.read(path)
        try:
            table = read_toml(text) if isinstance(text, bytes) else None
        except TomlFault:
            return stand_in
        if table is None:
            return stand_in
        package = table.get("package", table.get("project"))
        if package is None:
            return None
        name, version = (package.get(key) if isinstance(package, dict) else None for key in ("name", "version"))
        return name if isinstance(name, str) else stand_in[0], version if isinstance(version, str) else None


def _requirements(manifest: Manifest) -> Iterator[Requirement]:
    for dependency in manifest.dependencies:
        yield Requirement(
            dependency.package, dependency.requirement, _source(dependency), dependency.kind, dependency.target
        )


def _source(dependency: Dependency) -> str:
    if dependency.path is not None:
        return "path"
    return "git" if dependency.git is not None else dependency.registry or "crates.io"
