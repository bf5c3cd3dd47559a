"""The verdict on every crate of the collected stacks, as real cargo agrees with (`test_publishable_cargo`).

A line a stack: `family/name: crate=verdict`, for `after` with the crates that come first.
"""

from __future__ import annotations

VERDICTS = """
registry/nothing needed: a=now
registry/satisfied: a=now
registry/missing: a=no
registry/unmatched: a=no
registry/only yanked: a=no
registry/one of two yanked: a=now
registry/pre-release only: a=no
registry/pre-release asked for: a=now
registry/dash for underscore: a=no
registry/other letter case: a=no
registry/bare wildcard: a=no
registry/bare wildcard dev: a=no
registry/wildcard minor: a=now
registry/at least zero: a=now
registry/dev missing: a=no
registry/build missing: a=no
registry/target missing: a=no
registry/optional missing: a=no
registry/optional there: a=now
registry/renamed: a=now
registry/renamed missing: a=no
registry/exact: a=now
registry/two buckets: a=now
registry/one bucket, two exact: a=no
registry/exact beside a range: a=now
features/feature there: a=now
features/feature missing: a=no
features/feature in an older one: a=now
features/no default features: a=now
features/implicit feature: a=now
features/implicit feature's crate is missing: a=no
features/optional of another, not asked for: a=now
features/hidden by dep:: a=no
features/named by dep:: a=no
features/weak: a=no
features/feature of a feature: a=now
features/feature of a feature is missing: a=no
features/default feature's crate is missing: a=no
features/own feature of a crate: a=now
features/own feature that is missing there: a=no
features/own feature that enables itself: a=no
features/own features in a circle: a=now
features/own feature of a stripped dev: a=now, b=now
features/inherited features: a=no
features/inherited default: a=no
deep/deep: a=now
deep/deep missing: a=no
deep/deep yanked: a=no
deep/deep, an older one works: a=now
deep/deep build: a=no
deep/deep dev: a=now
deep/deep target: a=no
deep/deep renamed: a=now
deep/links once: a=now
deep/links twice: a=no
deep/links twice, two versions: a=no
deep/links twice, an older one works: a=now
deep/own links: a=no
deep/a conflict that backtracks: a=now
deep/a conflict for good: a=no
deep/a circle on the registry: a=no
deep/a circle that a feature closes: a=no
deep/a circle that nobody needs: a=now
deep/an older version beside a circle: a=now
deep/an older self: a=now
sources/path without version: a=no, b=now
sources/path that leaves: a=after:b, b=now
sources/path that leaves, published: a=now, b=published
sources/dev path without version: a=now
sources/dev path that leaves, versioned: a=no
sources/git without version: a=no
sources/git with version: a=now
sources/dev git: a=now
sources/another registry: a=no
sources/registry crates-io: a=no
sources/old spelling of sections: a=no
sources/self dev with version: a=no
sources/self dev without version: a=now
sources/unreadable: a/Cargo.toml=no
sources/no version: a=never
sources/no version, path: a=never, b=now
metadata/no description: a=no
metadata/no license: a=no
metadata/license file: a=now
metadata/license that is none: a=no
metadata/homepage: a=no
metadata/repository: a=now
metadata/six keywords: a=no
metadata/a keyword of two words: a=no
metadata/category: a=now
metadata/category that is none: a=no
metadata/name of 65: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=no
metadata/reserved name: proc-macro=no
metadata/name with another spelling: foo_bar=no
metadata/name in another letter case: Foo=no
metadata/301 features: a=no
metadata/300 features: a=now
metadata/inherited metadata: a=now
metadata/inherited without license: a=no
own version/published: a=published
own version/published, yanked: a=published
own version/other build metadata: a=published
own version/a newer one: a=now
own version/an older one: a=now
own version/never by false: a=never
own version/never by an empty list: a=never
own version/crates-io by name: a=now
own version/two registries: a=no
own version/two registries, crates-io one of them: a=no
own version/another registry only: a=unknown
stacks/after a sibling: a=after:b, b=now
stacks/after a chain: a=after:c+b, b=after:c, c=now
stacks/after a diamond: a=after:d+b+c, b=after:d, c=after:d, d=now
stacks/after a newer version: a=after:b, b=now
stacks/an older version is enough: a=now, b=now
stacks/a feature that is coming: a=after:b, b=now
stacks/after one that cannot: a=no, b=no
stacks/a circle once both are published: a=no, b=no
stacks/after one that never will: a=no, b=never
stacks/the sibling is too old: a=no, b=now
stacks/a cycle: a=no, b=no
stacks/a dev cycle: a=no, b=no
stacks/a dev cycle, published once: a=now, b=now
stacks/beyond a cycle: a=no, b=no, c=no
stacks/published, and needs a coming one: b=now
stacks/renamed sibling: a=after:b, b=now
stacks/transitive to come: a=after:c, c=now
workspaces/members: a=after:b, b=now
workspaces/members, published: a=now, b=published
workspaces/inherited: a=after:b, b=now
workspaces/inherited, root without version: a=no, b=now
workspaces/never sibling: a=no, b=never
workspaces/never sibling, published once: a=now, b=never
workspaces/member's version does not match: a=now, b=now
workspaces/dev cycle, versionless: a=after:b, b=now
workspaces/dev cycle, versioned: a=no, b=no
workspaces/cycle: a=no, b=no
workspaces/broken member: a=no, w/b/Cargo.toml=no
workspaces/missing member: a=no
workspaces/member's path leaves: a=no, b=no
workspaces/member's dev path leaves: a=no, b=no
workspaces/member's path leads nowhere: a=no, b=no
workspaces/root's path leaves: a=no
workspaces/unused path of the root leaves: a=now
workspaces/unlisted: a=now, c=no
workspaces/excluded: a=now, c=now
workspaces/root package: r=after:a, a=now
workspaces/patch hides: a=no, b=never
workspaces/patch to come: a=after:b, b=now
workspaces/patch, published: a=now, b=never
workspaces/replaced by path: a=no, b=never
locks/fresh: a=now
locks/stale: a=no
locks/no source: a=no
locks/pins a yanked one: a=now
locks/pins a yanked one deep: a=now
locks/pins another yanked one: a=no
locks/version of the package: a=no
locks/missing: a=no
locks/broken: a=no
locks/another member lacks something: a=no, b=never
locks/another member lacks something, no lock: a=now, b=never
locks/member's version does not match: a=no, b=no
locks/path that leaves: a=no
locks/dev path that leaves: a=no
locks/members: a=after:b, b=now
locks/patch hides: a=no, b=never
locks/links twice over members: a=no, d=never
locks/stale beside members: a=now, c=now
locks/lacks a member: r=no, a=now
locks/has an unused one: a=no
locks/dev beside: a=now
locks/two of a name: a=now
locks/pins the older of a bucket: a=no
locks/patch in the repository's configuration: a=now, b=never
locks/patch in it, unknown to the registry: a=no, b=never
workspaces/two of a name: a=no
locks/no checksum: a=no
locks/not in order: a=no
locks/carriage returns: a=now
locks/comments below the head: a=now
locks/no last line end: a=now
locks/no head: a=no
locks/half a head: a=no
locks/byte order mark: a=no
locks/a comment: a=no
locks/a blank line at the end: a=no
locks/two blank lines: a=no
locks/an unused patch: a=no
locks/patch that leads nowhere: a=no
locks/patch that leads nowhere, no lock: a=now
files/all are there: a=now
files/readme is not there: a=no
files/readme outside is not there: a=no
files/license file outside is not there: a=no
files/glob that is none: a=no
files/glob that is none, inherited: a=no
files/name that is cargo's: a=no
files/name with a special character: a=no
files/name with a special character, excluded: a=now
files/folder with a special character: a=now
files/sources excluded: a=no
files/sources not included: a=no
files/some sources excluded: a=now
files/named source excluded: a=no
files/named source: a=now
"""
