"""Each of cargo's rules for a Cargo.toml, kept and broken; test_manifest_schema_cargo asks cargo itself."""

from __future__ import annotations

from time import process_time
from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.manifest_schema import NIGHTLY, SchemaFault, manifest_faults

NOTHING = ""
NAMELESS = "[package]\n"
UNVERSIONED = '[package]\nname = "x"\n'
UNDATED = '[package]\nname = "x"\nversion = "0.1.0"\n'
TOP = 'package = { name = "x", version = "0.1.0", edition = "2021" }\n'
TOP_IN_2024 = 'package = { name = "x", version = "0.1.0", edition = "2024" }\n'
PACKAGE = '[package]\nname = "x"\nversion = "0.1.0"\nedition = "2021"\n'
IN_2024 = '[package]\nname = "x"\nversion = "0.1.0"\nedition = "2024"\n'

# A manifest a line, after the group's own first lines: ` ; ` stands for a line break. Where cargo refuses it, the key
# of the first fault follows `=>`, a dot for the whole file. An indented line goes on with the one above.
GROUPS = {
    "package or workspace": (
        NOTHING,
        r"""
# nothing  => .
[foo]  => .
[dependencies]  => .
[workspace]
[package]  => package
[package] ; name = "x"
[project] ; name = "x"
[project] ; name = "x" ; edition = "2024"  => project
[project] ; name = "x" ; [package] ; name = "x"
[project] ; name = "x" ; [package] ; name = "x" ; edition = "2024"  => project
[project] ; name = 1 ; [package] ; name = "x"  => project.name
package = 3  => package
package = []  => package
workspace = 1  => workspace
[package] ; version = "1.0.0"  => package
[workspace] ; [package] ; name = "x" ; workspace = ".."  => package.workspace
""",
    ),
    "virtual manifests": (
        NOTHING,
        r"""
[workspace] ; [badges]  => badges
[workspace] ; [features]  => features
[workspace] ; [lib]  => lib
[workspace] ; [dependencies]  => dependencies
[workspace] ; [dev-dependencies]  => dev-dependencies
[workspace] ; [dev_dependencies]  => dev_dependencies
[workspace] ; [build-dependencies]  => build-dependencies
[workspace] ; [build_dependencies]  => build_dependencies
[workspace] ; [target]  => target
[workspace] ; [lints]  => lints
[workspace] ; [hints]  => hints
[workspace] ; [profile.dev]
[workspace] ; [patch.crates-io]
[workspace] ; [replace]
[workspace] ; [metadata]
[workspace] ; [unknown]
bin = [] ; [workspace]  => bin
[[bench]] ; [workspace]  => bench
""",
    ),
    "keys of [workspace]": (
        NOTHING,
        r"""
[workspace] ; members = []
[workspace] ; members = "x"  => workspace.members
[workspace] ; members = [1]  => workspace.members.0
[workspace] ; exclude = ["a["]
[workspace] ; exclude = "x"  => workspace.exclude
[workspace] ; default-members = ["."]
[workspace] ; default-members = 1  => workspace.default-members
[workspace] ; default-members = ["a["]  => workspace.default-members.0
[workspace] ; members = ["a["]  => workspace.members.0
[workspace] ; members = ["a***"]  => workspace.members.0
[workspace] ; members = ["a**b"]  => workspace.members.0
[workspace] ; members = ["[]"]  => workspace.members.0
[workspace] ; members = ["[a/b]"]  => workspace.members.0
[workspace] ; members = ["[!"]  => workspace.members.0
[workspace] ; metadata = 1
[workspace] ; metadata = { a = 9223372036854775808 }  => workspace.metadata
[workspace] ; resolver = "1"
[workspace] ; resolver = "2"
[workspace] ; resolver = "3"
[workspace] ; resolver = "4"  => workspace.resolver
[workspace] ; resolver = ""  => workspace.resolver
[workspace] ; unknown = 1
[workspace] ; cargo-features = 1
""",
    ),
    "[workspace.package]": (
        NOTHING,
        r"""
[workspace.package] ; version = "1.2.3"
[workspace.package] ; version = "1"  => workspace.package.version
[workspace.package] ; version = " 1.2.3"  => workspace.package.version
[workspace.package] ; version = { workspace = true }  => workspace.package.version
[workspace.package] ; edition = "bogus"
[workspace.package] ; edition = 2021  => workspace.package.edition
[workspace.package] ; rust-version = "1.70"
[workspace.package] ; rust-version = "x"  => workspace.package.rust-version
[workspace.package] ; authors = "x"  => workspace.package.authors
[workspace.package] ; readme = true
[workspace.package] ; readme = 1  => workspace.package.readme
[workspace.package] ; publish = ["x"]
[workspace.package] ; badges = { a = { b = "c" } }
[workspace.package] ; name = 1
[workspace.package] ; links = 1
""",
    ),
    "[workspace.dependencies]": (
        NOTHING,
        r"""
[workspace.dependencies] ; foo = "bad"
[workspace.dependencies] ; foo = {}
[workspace.dependencies] ; foo = 1  => workspace.dependencies.foo
[workspace.dependencies] ; foo = true  => workspace.dependencies.foo
[workspace.dependencies] ; foo = { version = "1", optional = true }  => workspace.dependencies.foo.optional
[workspace.dependencies] ; foo = { version = "1", optional = false }
[workspace.dependencies] ; foo = { version = "1", public = true }  => workspace.dependencies.foo.public
[workspace.dependencies] ; foo = { version = "1", public = false }
[workspace.dependencies] ; foo = { workspace = true }
[workspace.dependencies] ; foo = { workspace = false }
[workspace.dependencies] ; foo = { path = "a", git = "x" }
[workspace.dependencies] ; foo = { branch = "x" }
[workspace.dependencies] ; foo = { version = 1 }  => workspace.dependencies.foo.version
[workspace.dependencies] ; foo = { version = "1", features = "x" }  => workspace.dependencies.foo.features
[workspace.dependencies] ; foo = { version = "1", features = ["a/b"] }
[workspace.dependencies] ; foo = { version = "1", lib = true }
[workspace.dependencies] ; foo = { version = "1", artifact = "bin" }
[workspace.dependencies] ; foo = { base = "x" }
[workspace.dependencies] ; foo = { base = "1x" }  => workspace.dependencies.foo.base
[workspace.dependencies] ; foo = { registry = "a b" }  => workspace.dependencies.foo.registry
[workspace.dependencies] ; foo = { version = "1", unknown = 1 }
[workspace.dependencies] ; foo = { version = "1", u = 18446744073709551616 }  => workspace.dependencies.foo.u
[workspace.dependencies] ; foo = { version = "1", default_features = false }
[workspace.dependencies] ; "a b" = "1"  => workspace.dependencies.a b
""",
    ),
    "inherited from the same file": (
        TOP,
        r"""
dependencies.a.workspace = true ; workspace.dependencies.a = "1"
dependencies.a.workspace = true ; workspace.dependencies.a = "bad"  => workspace.dependencies.a
dependencies.a.workspace = true ; workspace.dependencies.a = {}  => workspace.dependencies.a
dependencies.a.workspace = true ; workspace.dependencies.a = { version = "1", branch = "x" }
    => workspace.dependencies.a.branch
dependencies.a.workspace = true ; workspace.dependencies.a = { version = "1", lib = true }
    => workspace.dependencies.a.lib
dependencies.a.workspace = true ; workspace.dependencies.a = { path = "a", base = "b" }
    => workspace.dependencies.a.base
dependencies.a.workspace = true ; workspace.dependencies.a = { workspace = true }  => workspace.dependencies.a
dependencies.a = { workspace = true, features = ["a/b"] } ; workspace.dependencies.a = "1"
    => dependencies.a.features.0
dependencies.a = { workspace = true, optional = true } ; workspace.dependencies.a = "1"
dev-dependencies.a = { workspace = true, optional = true } ; workspace.dependencies.a = "1"
    => dev-dependencies.a.optional
dependencies.a = { workspace = true, version = "bad", path = 1, git = [] } ; workspace.dependencies.a = "1"
dependencies.a = { workspace = true, artifact = "bin", lib = true } ; workspace.dependencies.a = "1"
dependencies.a = { workspace = true, default-features = false } ; workspace.dependencies.a = "1"
dependencies.a.workspace = true ; workspace.dependencies.a = "1" ; dev-dependencies.a = { path = "q" }
    => dev-dependencies.a
dependencies.a.workspace = true ; workspace.dependencies.a = "1" ; dev-dependencies.a = "2"
lints.workspace = true ; workspace.lints = {}
lints.workspace = true ; workspace.lints.rust.unexpected_cfgs = { level = "warn", check-cfg = ["x"] }
lints.workspace = true ; workspace.lints.rust.unexpected_cfgs = { level = "warn", check-cfg = [1] }
    => workspace.lints.rust.unexpected_cfgs.check-cfg
""",
    ),
    "inherited from the same file in edition 2024": (
        TOP_IN_2024,
        r"""
dependencies.a = { workspace = true, default-features = false } ; workspace.dependencies.a = "1"  => dependencies.a
dependencies.a = { workspace = true, default_features = false } ; workspace.dependencies.a = "1"  => dependencies.a
dependencies.a = { workspace = true, default-features = false } ;
    workspace.dependencies.a = { version = "1", default-features = true }  => dependencies.a
dependencies.a = { workspace = true, default-features = false } ;
    workspace.dependencies.a = { version = "1", default-features = false }
dependencies.a = { workspace = true, default_features = true } ;
    workspace.dependencies.a = { version = "1", default-features = false }
dependencies.a = { workspace = true, default-features = true } ;
    workspace.dependencies.a = { version = "1", default-features = true }
dependencies.a.workspace = true ; workspace.dependencies.a = { version = "1", default_features = false }
    => workspace.dependencies.a.default_features
""",
    ),
    "edition and rust-version": (
        UNDATED,
        r"""
edition = "2015"
edition = "2018"
edition = "2024"
edition = "2025"  => package.edition
edition = "future"  => package.edition
edition = ""  => package.edition
edition = 2021  => package.edition
edition = true  => package.edition
edition = []  => package.edition
edition = {}  => package.edition
edition = { workspace = false }  => package.edition.workspace
edition = { workspace = "true" }  => package.edition.workspace
edition = { workspace = true } ; [workspace.package] ; edition = "2021"
edition = { workspace = true } ; [workspace.package] ; edition = "bogus"  => workspace.package.edition
edition = { workspace = true } ; rust-version = "1.50" ; [workspace.package] ; edition = "2021"
    => package.rust-version
rust-version = "1"
rust-version = "1.70"
rust-version = "1.70.0"
rust-version = " 1.70"
rust-version = "1.70 "
rust-version = " ^1.70"
rust-version = "0.1"
rust-version = "18446744073709551615"
rust-version = "18446744073709551616"  => package.rust-version
rust-version = "^1.70"  => package.rust-version
rust-version = "1.70.0-beta"  => package.rust-version
rust-version = "1.70.0+b"  => package.rust-version
rust-version = "1.70-beta"  => package.rust-version
rust-version = "1.*"  => package.rust-version
rust-version = "*"  => package.rust-version
rust-version = "1.x"  => package.rust-version
rust-version = "1,2"  => package.rust-version
rust-version = "01.70"  => package.rust-version
rust-version = "1.070"  => package.rust-version
rust-version = ">=1"  => package.rust-version
rust-version = "=1"  => package.rust-version
rust-version = "~1.2"  => package.rust-version
rust-version = ""  => package.rust-version
rust-version = " "  => package.rust-version
rust-version = "1.70.0.0"  => package.rust-version
rust-version = "1 .70"  => package.rust-version
rust-version = "\t1.70"  => package.rust-version
rust-version = "1.30" ; edition = "2018"  => package.rust-version
rust-version = "1.31" ; edition = "2018"
rust-version = "1.55" ; edition = "2021"  => package.rust-version
rust-version = "1.56" ; edition = "2021"
rust-version = "1" ; edition = "2021"  => package.rust-version
rust-version = "2" ; edition = "2021"  => package.rust-version
rust-version = "1.84.9" ; edition = "2024"  => package.rust-version
rust-version = "1.85" ; edition = "2024"
rust-version = "0.1" ; edition = "2015"
""",
    ),
    "version and publish": (
        UNVERSIONED,
        r"""
version = "1.2.3"
version = " 1.2.3 "
version = "1.2.3-a.b+01"
version = "1.2"  => package.version
version = "1"  => package.version
version = ""  => package.version
version = "v1.0.0"  => package.version
version = "01.0.0"  => package.version
version = "1.0.0.0"  => package.version
version = "1.0.0-"  => package.version
version = "1.0.0+"  => package.version
version = "1.0.0-01"  => package.version
version = "1.0.0-a..b"  => package.version
version = "18446744073709551616.0.0"  => package.version
version = "1.0.0-é"  => package.version
version = 1  => package.version
version = 1.0  => package.version
version = []  => package.version
version = { workspace = true } ; [workspace.package] ; version = "1.2.3"
version = { workspace = false }  => package.version.workspace
publish = true  => package.publish
publish = false
publish = []
publish = ["a"]  => package.publish
publish = { workspace = true } ; [workspace.package] ; publish = false
publish = { workspace = true } ; [workspace.package] ; publish = true  => package.publish
publish = "no"  => package.publish
version = "1.0.0" ; publish = true
version = "1.0.0" ; publish = ["", "a b"]
""",
    ),
    "package names": (
        NAMELESS,
        r"""
name = "x"
name = "_"
name = "a-b"
name = "x1"
name = "test"
name = "crate"
name = "con"
name = "deps"
name = "core"
name = "é"
name = "a·"
name = "a\u200d"
name = ""  => package.name
name = "1x"  => package.name
name = "x y"  => package.name
name = "-x"  => package.name
name = "x."  => package.name
name = "a:b"  => package.name
name = "::a"  => package.name
name = "²"  => package.name
name = "a🄰"  => package.name
name = "a::b"  => package.name
name = 1  => package.name
name = { workspace = true }  => package.name
""",
    ),
    "other keys of [package]": (
        PACKAGE,
        r"""
build = true
build = false
build = "x.rs"
build = ""  => package.build
build = ["a.rs"]  => package.build
build = []  => package.build
build = 1  => package.build
build = { workspace = true }  => package.build
links = "z" ; build = "b.rs"
links = "z" ; build = false  => package.links
links = 1  => package.links
metabuild = "x"  => package.metabuild
metabuild = 1  => package.metabuild
default-target = "x"  => package.default-target
forced-target = "x"  => package.forced-target
im-a-teapot = true  => package.im-a-teapot
resolver = "2"
resolver = "4"  => package.resolver
resolver = "2" ; [workspace]
resolver = "2" ; [workspace] ; resolver = "2"  => package.resolver
exclude = ["["]
keywords = ["bad kw!", "b", "c", "d", "e", "f"]
categories = ["nope"]
description = ""
homepage = "x"
readme = true
readme = "nope.md"
license = "nope"
license-file = "nope"
repository = "x y"
metadata = 1
metadata = []
metadata = { a = 18446744073709551616 }  => package.metadata
metadata = { a = [[-9223372036854775809]] }  => package.metadata
metadata = { a = 9223372036854775807 }
cargo-features = []  => package.cargo-features
cargo-features = 1  => package.cargo-features
unknown = 18446744073709551616
""",
    ),
    "default-run and missing targets": (
        UNDATED,
        r"""
default-run = 1  => package.default-run
default-run = "b" ; autobins = false  => package.default-run
default-run = "b" ; autobins = false ; [[bin]] ; name = "b"
default-run = "c" ; autobins = false ; [[bin]] ; name = "b"  => package.default-run
default-run = "c" ; [[bin]] ; name = "b"  => package.default-run
default-run = "b" ; [[bin]] ; name = "b"
autobins = false ; autolib = false ; autotests = false ; autobenches = false ; autoexamples = false  => .
autobins = false ; autolib = false ; autotests = false ; autobenches = false ; autoexamples = false ; [lib] ;
    path = "src/lib.rs"
autobins = false ; autolib = false ; autotests = false ; autobenches = false ; autoexamples = false ; [[test]] ;
    name = "t"
""",
    ),
    "cargo-features": (
        NOTHING,
        r"""
cargo-features = [] ; [package] ; name = "x"
cargo-features = "x" ; [package] ; name = "x"  => cargo-features
cargo-features = [1] ; [package] ; name = "x"  => cargo-features.0
cargo-features = ["edition"] ; [package] ; name = "x"
cargo-features = ["edition", "strip"] ; [package] ; name = "x"
cargo-features = ["edition", "edition"] ; [package] ; name = "x"  => cargo-features.1
cargo-features = ["publish-lockfile"] ; [package] ; name = "x"  => cargo-features.0
cargo-features = ["codegen-backend"] ; [package] ; name = "x"  => cargo-features.0
cargo-features = ["nope"] ; [package] ; name = "x"  => cargo-features.0
cargo-features = ["test_dummy_stable"] ; [package] ; name = "x"  => cargo-features.0
""",
    ),
    "[lib]": (
        PACKAGE,
        r"""
[lib]
[lib] ; name = "a_b"
[lib] ; name = "a-b"  => lib.name
[lib] ; name = ""  => lib.name
[lib] ; name = " "  => lib.name
[lib] ; name = "1x"
[lib] ; name = "x/y"
[lib] ; name = 1  => lib.name
[lib] ; path = ""
[lib] ; path = 1  => lib.path
[lib] ; crate-type = ["lib"]
[lib] ; crate-type = ["bogus"]
[lib] ; crate-type = []
[lib] ; crate-type = "lib"  => lib.crate-type
[lib] ; crate-type = ["dylib", "cdylib"]  => lib.crate-type
[lib] ; crate-type = ["proc-macro"]
[lib] ; crate-type = ["proc-macro", "lib"]  => lib.crate-type
[lib] ; crate_type = ["dylib", "cdylib"]  => lib.crate_type
[lib] ; crate_type = ["lib"] ; crate-type = ["dylib", "cdylib"]  => lib.crate-type
[lib] ; crate_type = ["dylib", "cdylib"] ; crate-type = ["lib"]
[lib] ; crate_type = "x"  => lib.crate_type
[lib] ; proc-macro = true ; crate-type = ["lib"]
[lib] ; proc_macro = true
[lib] ; plugin = true
[lib] ; required-features = ["nope"]
[lib] ; edition = "2018"
[lib] ; edition = "future"
[lib] ; edition = "bogus"  => lib.edition
[lib] ; filename = "x"
""",
    ),
    "[[bin]]": (
        PACKAGE,
        r"""
bin.name = "b"
[[bin]]  => bin.0
[[bin]] ; name = "b"
[[bin]] ; name = ""  => bin.0.name
[[bin]] ; name = 1  => bin.0.name
[[bin]] ; path = "src/bin/b.rs"  => bin.0
[[bin]] ; name = "deps" ; path = "z.rs"  => bin.0.name
[[bin]] ; name = "build" ; path = "z.rs"  => bin.0.name
[[bin]] ; name = "examples" ; path = "z.rs"  => bin.0.name
[[bin]] ; name = "incremental" ; path = "z.rs"  => bin.0.name
[[bin]] ; name = "Deps" ; path = "z.rs"
[[bin]] ; name = "a/b" ; path = "z.rs"
[[bin]] ; name = "b" ; [[bin]] ; name = "b" ; path = "q.rs"  => bin.1.name
[[bin]] ; name = "b" ; path = "q.rs" ; [[bin]] ; name = "c" ; path = "q.rs"
[[bin]] ; name = "b" ; crate-type = ["bin"]
[[bin]] ; name = "b" ; proc-macro = true
[[bin]] ; name = "b" ; filename = "x"  => bin.0.filename
[[bin]] ; name = "b" ; edition = "bogus"  => bin.0.edition
[[bin]] ; name = "b" ; required-features = ["zz"]
""",
    ),
    "[[example]], [[test]], [[bench]]": (
        PACKAGE,
        r"""
[[example]]  => example.0
[[example]] ; name = "a"
[[example]] ; name = "deps"
[[example]] ; name = "a" ; [[example]] ; name = "a"  => example.1.name
[[example]] ; name = "a" ; harness = "x"  => example.0.harness
[[example]] ; name = "a" ; edition = "z"  => example.0.edition
[[example]] ; name = "a" ; crate-type = ["proc-macro", "lib"]
[[example]] ; name = "a" ; filename = "x"
[[test]]  => test.0
[[test]] ; name = "a"
[[test]] ; name = "deps"
[[test]] ; name = "a" ; [[test]] ; name = "a"  => test.1.name
[[test]] ; name = "a" ; harness = "x"  => test.0.harness
[[test]] ; name = "a" ; edition = "z"  => test.0.edition
[[test]] ; name = "a" ; crate-type = ["proc-macro", "lib"]
[[test]] ; name = "a" ; filename = "x"
[[bench]]  => bench.0
[[bench]] ; name = "a"
[[bench]] ; name = "deps"
[[bench]] ; name = "a" ; [[bench]] ; name = "a"  => bench.1.name
[[bench]] ; name = "a" ; harness = "x"  => bench.0.harness
[[bench]] ; name = "a" ; edition = "z"  => bench.0.edition
[[bench]] ; name = "a" ; crate-type = ["proc-macro", "lib"]
[[bench]] ; name = "a" ; filename = "x"
""",
    ),
    "spellings that edition 2024 refuses": (
        IN_2024,
        r"""
[lib] ; crate_type = ["lib"]  => lib.crate_type
[lib] ; proc_macro = false  => lib.proc_macro
[lib] ; crate-type = ["lib"]
[[bin]] ; name = "b" ; crate_type = []  => bin.0.crate_type
[[bin]] ; name = "b" ; crate_type = ["a"]
[[bin]] ; name = "b" ; proc_macro = false  => bin.0.proc_macro
[[bin]] ; name = "b" ; proc_macro = true
[[example]] ; name = "e" ; crate_type = ["lib"]  => example.0.crate_type
[[test]] ; name = "t" ; proc_macro = true  => test.0.proc_macro
[dev_dependencies]  => dev_dependencies
[dev_dependencies] ; [dev-dependencies]  => dev_dependencies
[build_dependencies]  => build_dependencies
[target.x.dev_dependencies]  => target.x.dev_dependencies
[target.x.build_dependencies] ; f = "1"  => target.x.build_dependencies
[dependencies] ; foo = { version = "1", default_features = false }  => dependencies.foo.default_features
[dependencies] ; foo = { version = "1", default-features = false }
[patch.crates-io] ; foo = { path = "a", default_features = false }
""",
    ),
    "platforms": (
        PACKAGE,
        r"""
[target.'x86_64-unknown-linux-gnu']
[target.'a.json']
[target.'é']
[target.'']
[target.'cfg(unix)']
[target.'cfg( unix )']
[target.'cfg(all())']
[target.'cfg(any(unix,))']
[target.'cfg(not(unix))']
[target.'cfg(target_os="linux")']
[target.'cfg(target_os = "linux" )']
[target.'cfg(all(a, b, c = "d", any(not(e))))']
[target.'cfg(true)']
[target.'cfg(r#true)']
[target.'cfg']
[target.'cfg()']  => target.cfg()
[target.'cfg(unix']  => target.cfg(unix
[target.'cfg unix']  => target.cfg unix
[target.'unix()']  => target.unix()
[target.'not(unix)']  => target.not(unix)
[target.'cfg(not())']  => target.cfg(not())
[target.'cfg(not(unix,windows))']  => target.cfg(not(unix,windows))
[target.'cfg(any(unix windows))']  => target.cfg(any(unix windows))
[target.'cfg(all(,))']  => target.cfg(all(,))
[target.'cfg(all(unix,,windows))']  => target.cfg(all(unix,,windows))
[target.'cfg(target_os=linux)']  => target.cfg(target_os=linux)
[target.'cfg("x")']  => target.cfg("x")
[target.'cfg(a,b)']  => target.cfg(a,b)
[target.'cfg(a-b)']  => target.cfg(a-b)
[target.'cfg(all)']  => target.cfg(all)
[target.'cfg(all="x")']  => target.cfg(all="x")
[target.'cfg(r#all(unix))']  => target.cfg(r#all(unix))
[target.'cfg(r#)']  => target.cfg(r#)
[target.'cfg(r#1)']  => target.cfg(r#1)
[target.'cfg((unix))']  => target.cfg((unix))
[target.'cfg(unix))']  => target.cfg(unix))
[target.'cfg(é)']  => target.cfg(é)
[target.'cfg(=)']  => target.cfg(=)
[target.'cfg(x="a)']  => target.cfg(x="a)
[target.'cfg(not(unix)']  => target.cfg(not(unix)
[target.'cfg(unix)x']  => target.cfg(unix)x
[target.' cfg(unix)']  => target. cfg(unix)
[target.'a b']  => target.a b
[target.'*']  => target.*
[target] ; x = 1  => target.x
[target.x] ; dependencies = 1  => target.x.dependencies
[target.x] ; unknown = 1
[target.x.dependencies] ; foo = 1  => target.x.dependencies.foo
""",
    ),
    "sections": (
        PACKAGE,
        r"""
dependencies = []
[dependencies] ; foo = 1  => dependencies.foo
[dev-dependencies] ; foo = "bad"  => dev-dependencies.foo
[build-dependencies] ; foo = "bad"  => build-dependencies.foo
[dev_dependencies] ; foo = "bad"  => dev_dependencies.foo
[dev_dependencies] ; foo = "bad" ; [dev-dependencies]
[dev_dependencies] ; foo = 1 ; [dev-dependencies]  => dev_dependencies.foo
[build_dependencies] ; foo = {} ; [build-dependencies]
[build_dependencies] ; foo = {}  => build_dependencies.foo
[target.x.build-dependencies] ; foo = "bad"  => target.x.build-dependencies.foo
[dependencies] ; "a b" = "1"  => dependencies.a b
[dependencies] ; "1a" = "1"  => dependencies.1a
[dependencies] ; "a::b" = "1"
[dependencies] ; "a:b" = "1"  => dependencies.a:b
[dependencies] ; "foo.bar" = "1"  => dependencies.foo.bar
[dev-dependencies] ; foo = { version = "1", optional = true }  => dev-dependencies.foo.optional
[dev-dependencies] ; foo = { version = "1", optional = false }
[dev-dependencies] ; foo = { version = "1", public = true }
[build-dependencies] ; foo = { version = "1", optional = true }
""",
    ),
    "a dependency": (
        PACKAGE,
        r"""
[dependencies] ; foo = "1"
[dependencies] ; foo = "*"
[dependencies] ; foo = " >=1, <2 "
[dependencies] ; foo = ""  => dependencies.foo
[dependencies] ; foo = "1 - 2"  => dependencies.foo
[dependencies] ; foo = "1,"  => dependencies.foo
[dependencies] ; foo = ">= 1 < 2"  => dependencies.foo
[dependencies] ; foo = 1  => dependencies.foo
[dependencies] ; foo = 1.0  => dependencies.foo
[dependencies] ; foo = true  => dependencies.foo
[dependencies] ; foo = false  => dependencies.foo
[dependencies] ; foo = {}  => dependencies.foo
[dependencies] ; foo = { version = "1" }
[dependencies] ; foo = { version = "" }  => dependencies.foo.version
[dependencies] ; foo = { path = "" }
[dependencies] ; foo = { path = "a", version = "x" }
[dependencies] ; foo = { optional = true }  => dependencies.foo
[dependencies] ; foo = { version = "1", features = ["a?", ""] }
[dependencies] ; foo = { version = "1", features = ["a/b"] }  => dependencies.foo.features.0
[dependencies] ; foo = { version = "1", features = ["b", "dep:a"] }  => dependencies.foo.features.1
[dependencies] ; foo = { version = "1", default_features = false, default-features = true }
[dependencies] ; foo = { version = "1", package = "other" }
[dependencies] ; foo = { version = "1", package = "a::b" }
[dependencies] ; foo = { version = "1", package = "a b" }  => dependencies.foo.package
[dependencies] ; foo = { version = "1", package = "" }  => dependencies.foo.package
[dependencies] ; foo = { version = "1", public = true }
[dependencies] ; foo = { version = "1", artifact = "bin" }  => dependencies.foo.artifact
[dependencies] ; foo = { version = "1", artifact = ["bin"], lib = true, target = "x" }  => dependencies.foo.artifact
[dependencies] ; foo = { version = "1", lib = true }  => dependencies.foo.lib
[dependencies] ; foo = { version = "1", target = "x" }  => dependencies.foo.target
[dependencies] ; foo = { version = "1", base = "b" }  => dependencies.foo.base
[dependencies] ; foo = { path = "1", base = "workspace" }  => dependencies.foo.base
[dependencies] ; foo = { path = "1", base = "1x" }  => dependencies.foo.base
[dependencies] ; foo = { version = "1", unknown = 1 }
[dependencies] ; foo = { version = "1", unknown = [18446744073709551616] }  => dependencies.foo.unknown
[dependencies] ; foo = { version = "1", unknown = 1979-05-27 }
[dependencies] ; foo = { workspace = "true", version = "1" }
[dependencies] ; foo = { workspace = 1, version = "1" }
[dependencies] ; foo = { workspace = 1 }  => dependencies.foo
[dependencies] ; foo = { workspace = false, version = "1" }  => dependencies.foo.workspace
""",
    ),
    "sources of a dependency": (
        PACKAGE,
        r"""
[dependencies] ; foo = { git = "https://x.example/z" }
[dependencies] ; foo = { git = "https://x.example/z", version = "1" }
[dependencies] ; foo = { git = "file:///x" }
[dependencies] ; foo = { git = "ssh://git@x.example/z.git", rev = "a" }
[dependencies] ; foo = { git = "x" }  => dependencies.foo.git
[dependencies] ; foo = { git = "./x" }  => dependencies.foo.git
[dependencies] ; foo = { git = "git@github.com:a/b" }  => dependencies.foo.git
[dependencies] ; foo = { git = "github.com:a/b" }  => dependencies.foo.git
[dependencies] ; foo = { git = "http://" }  => dependencies.foo.git
[dependencies] ; foo = { git = "https://x y/z" }  => dependencies.foo.git
[dependencies] ; foo = { git = "https://x.example:99999/" }  => dependencies.foo.git
[dependencies] ; foo = { git = "https://x.example:ab/" }  => dependencies.foo.git
[dependencies] ; foo = { git = "https://user:pw@x.example:80/z?q#f" }
[dependencies] ; foo = { git = 1 }  => dependencies.foo.git
[dependencies] ; foo = { git = "https://x.example/z", path = "a" }  => dependencies.foo
[dependencies] ; foo = { git = "https://x.example/z", branch = "a", tag = "b" }  => dependencies.foo
[dependencies] ; foo = { git = "https://x.example/z", branch = "a", rev = "b" }  => dependencies.foo
[dependencies] ; foo = { git = "https://x.example/z", registry = "my" }  => dependencies.foo
[dependencies] ; foo = { git = "https://x.example/z", registry-index = "https://x.example/z" }  => dependencies.foo
[dependencies] ; foo = { version = "1", branch = "a" }  => dependencies.foo.branch
[dependencies] ; foo = { path = "b", rev = "a" }  => dependencies.foo.rev
[dependencies] ; foo = { version = "1", tag = "a" }  => dependencies.foo.tag
[dependencies] ; foo = { version = "1", rev = 1 }  => dependencies.foo.rev
[dependencies] ; foo = { version = "1", registry = "crates-io" }
[dependencies] ; foo = { version = "1", registry = "my" }
[dependencies] ; foo = { path = "a", registry = "my" }
[dependencies] ; foo = { version = "1", registry = "a b" }  => dependencies.foo.registry
[dependencies] ; foo = { version = "1", registry = "" }  => dependencies.foo.registry
[dependencies] ; foo = { registry = "crates-io" }  => dependencies.foo
[dependencies] ; foo = { version = "1", registry = "my", registry-index = "https://x.example/z" }  => dependencies.foo
[dependencies] ; foo = { path = "a", registry-index = "https://x.example/z" }
[dependencies] ; foo = { path = "a", registry-index = "z" }  => dependencies.foo.registry-index
[dependencies] ; foo = { version = "1", registry-index = "sparse+https://x.example/z" }
[dependencies] ; foo = { version = "1", registry-index = "z" }  => dependencies.foo.registry-index
[dependencies] ; foo = { version = "1", registry-index = "a:b" }  => dependencies.foo.registry-index
[dependencies] ; foo = { registry-index = "https://x.example/z" }  => dependencies.foo
""",
    ),
    "one dependency in two sections": (
        TOP,
        r"""
dependencies.a = "1" ; dev-dependencies.a = "2"
dependencies.a = "1" ; dev-dependencies.a = { path = "a" }  => dev-dependencies.a
dependencies.a = "1" ; dev-dependencies.a = { version = "1", registry = "crates-io" }
dependencies.a = { version = "1", path = "a" } ; dev-dependencies.a = "1"  => dev-dependencies.a
dependencies.a = { path = "a" } ; dev-dependencies.a = { path = "./a/" }
dependencies.a = { path = "../a" } ; dev-dependencies.a = { path = "../b/../a" }
dependencies.a = { path = "a" } ; dev-dependencies.a = { path = "b" }  => dev-dependencies.a
dependencies.a = { path = "a" } ; dev-dependencies.a = { path = "A" }  => dev-dependencies.a
dependencies.a = { path = "a" } ; dev-dependencies.a = { git = "https://x.example/a" }  => dev-dependencies.a
dependencies.a = { git = "https://x.example/a" } ; dev-dependencies.a = { git = "https://x.example/a.git/" }
dependencies.a = { git = "https://github.com/A/b" } ; dev-dependencies.a = { git = "http://github.com/a/B.git" }
dependencies.a = { git = "http://x.example:80/a" } ; dev-dependencies.a = { git = "http://x.example/a" }
dependencies.a = { git = "https://x.test/a" } ; dev-dependencies.a = { git = "https://x.test/b" }  => dev-dependencies.a
dependencies.a = { git = "https://x.example/a" } ; dev-dependencies.a = { git = "https://x.example/a", rev = "b" }
    => dev-dependencies.a
dependencies.a = { git = "x:/", rev = "b" } ; dev-dependencies.a = { git = "x:/", tag = "b" }  => dev-dependencies.a
dependencies.a = { version = "1", package = "b" } ; dev-dependencies.a = { version = "1", package = "c" }
dependencies.a = "1" ; build-dependencies.a = { path = "a" }  => build-dependencies.a
target.y.dependencies.a = "1" ; target.x.dependencies.a = { path = "a" }  => target.x.dependencies.a
""",
    ),
    "[features]": (
        PACKAGE,
        r"""
[features] ; a = []
[features] ; a = 1  => features.a
[features] ; a = "x"  => features.a
[features] ; a = [1]  => features.a.0
[features] ; a = ["b"]  => features.a.0
[features] ; a = ["b"] ; b = ["a"]
[features] ; a = ["a"]
[features] ; default = ["zz"]  => features.default.0
[features] ; default-features = []
[features] ; a = ["b", "b"] ; b = []
[features] ; a = [""]  => features.a.0
[features] ; "" = []  => features.
[features] ; "a+b.c-d" = []
[features] ; "1a" = []
[features] ; _a = []
[features] ; "é" = []
[features] ; "+a" = []  => features.+a
[features] ; ".a" = []  => features..a
[features] ; "-a" = []  => features.-a
[features] ; "a b" = []  => features.a b
[features] ; "a:b" = []  => features.a:b
[features] ; "a/b" = []  => features.a/b
[features] ; "dep:a" = []  => features.dep:a
[features] ; a = ["foo"] ; [dependencies] ; foo = { version = "1", optional = true }
[features] ; a = ["foo"] ; [dependencies] ; foo = "1"  => features.a.0
[features] ; a = ["Foo"] ; [dependencies] ; foo = { version = "1", optional = true }  => features.a.0
[features] ; a = ["foo?"] ; [dependencies] ; foo = { version = "1", optional = true }  => features.a.0
[features] ; a = ["dep:foo"] ; [dependencies] ; foo = { version = "1", optional = true }
[features] ; a = ["dep:foo"] ; [dependencies] ; foo = "1"  => features.a.0
[features] ; a = ["dep:foo"]  => features.a.0
[features] ; a = ["dep:"]  => features.a.0
[features] ; a = ["dep:foo?"] ; [dependencies] ; foo = { version = "1", optional = true }  => features.a.0
[features] ; a = ["dep:foo", "foo"] ; [dependencies] ; foo = { version = "1", optional = true }  => features.a.1
[features] ; a = ["dep:foo"] ; b = ["foo"] ; [dependencies] ; foo = { version = "1", optional = true }  => features.b.0
[features] ; a = ["foo/b"]  => features.a.0
[features] ; a = ["foo/b"] ; [dependencies] ; foo = "1"
[features] ; a = ["foo/b"] ; [dependencies] ; foo = { version = "1", optional = true }
[features] ; a = ["foo/"] ; [dependencies] ; foo = "1"
[features] ; a = ["/b"]  => features.a.0
[features] ; a = ["foo/b/c"] ; [dependencies] ; foo = "1"  => features.a.0
[features] ; a = ["foo?/b"] ; [dependencies] ; foo = "1"  => features.a.0
[features] ; a = ["foo?/b"] ; [dependencies] ; foo = { version = "1", optional = true }
[features] ; a = ["foo??/b"] ; [dependencies] ; foo = { version = "1", optional = true }  => features.a.0
[features] ; a = ["dep:foo/b"] ; [dependencies] ; foo = { version = "1", optional = true }  => features.a.0
[features] ; a = ["dep:foo?/b"] ; [dependencies] ; foo = { version = "1", optional = true }  => features.a.0
[features] ; foo = [] ; [dependencies] ; foo = "1"
[features] ; foo = [] ; [dependencies] ; foo = { version = "1", optional = true }  => dependencies.foo
[features] ; foo = ["foo"] ; [dependencies] ; foo = { version = "1", optional = true }  => dependencies.foo
[features] ; foo = ["dep:foo"] ; [dependencies] ; foo = { version = "1", optional = true }
[features] ; foo = ["foo/x"] ; [dependencies] ; foo = { version = "1", optional = true }
[features] ; foo = ["foo?/x"] ; [dependencies] ; foo = { version = "1", optional = true }
[features] ; foo = ["a"] ; a = [] ; c = ["dep:foo"] ; [dependencies] ; foo = { version = "1", optional = true }
[features] ; a = ["foo"] ; [dev-dependencies] ; foo = "1"  => features.a.0
[features] ; a = ["foo/x"] ; [dev-dependencies] ; foo = "1"
[features] ; a = ["foo"] ; [target."cfg(unix)".dependencies] ; foo = { version = "1", optional = true }
[features] ; a = ["foo"] ; [dependencies] ; foo = { version = "1", optional = true } ; [dev-dependencies] ; foo = "1"
[features] ; a = ["bar"] ; [dependencies] ; bar = { version = "1", package = "foo", optional = true }
[features] ; a = ["foo"] ; [dependencies] ; bar = { version = "1", package = "foo", optional = true }  => features.a.0
[features] ; a = ["a::b/c"] ; [dependencies] ; "a::b" = { version = "1", optional = true }  => dependencies.a::b
[features] ; a = ["dep:a::b"] ; [dependencies] ; "a::b" = { version = "1", optional = true }
""",
    ),
    "[patch]": (
        PACKAGE,
        r"""
patch = []
[patch] ; crates-io = 1  => patch.crates-io
[patch.crates-io] ; foo = "1"
[patch.crates-io] ; foo = { path = "a" }
[patch.crates-io] ; foo = { path = "a", optional = true, public = true, unknown = 1 }
[patch.crates-io] ; foo = { path = "a", package = "bar" }
[patch.crates-io] ; foo = { git = "https://a.example/c", branch = "d" }
[patch.crates-io] ; foo = {}  => patch.crates-io.foo
[patch.crates-io] ; foo = 1  => patch.crates-io.foo
[patch.crates-io] ; foo = { git = "x" }  => patch.crates-io.foo.git
[patch.crates-io] ; foo = { path = "a", branch = "x" }  => patch.crates-io.foo.branch
[patch.crates-io] ; foo = { path = "a", git = "https://a.example/c" }  => patch.crates-io.foo
[patch.crates-io] ; foo = { workspace = true }  => patch.crates-io.foo
[patch.crates-io] ; foo = { workspace = false, path = "a" }
[patch.crates-io] ; foo = { path = "a", features = ["a/b"] }  => patch.crates-io.foo.features.0
[patch.crates-io] ; foo = { path = "a", version = "bad" }  => patch.crates-io.foo.version
[patch.crates-io] ; foo = { path = "a", base = "b" }  => patch.crates-io.foo.base
[patch.crates-io] ; foo = { path = "a", lib = true }  => patch.crates-io.foo.lib
[patch.crates-io] ; foo = { path = "a", artifact = "bin" }  => patch.crates-io.foo.artifact
[patch.crates-io] ; "a b" = { path = "a" }  => patch.crates-io.a b
[patch."https://github.com/a/b"]
[patch."ssh://git@github.com/a/b.git"]
[patch."sparse+https://x.example/"]
[patch."file:///x"]
[patch."a:b"]
[patch."https://[::1]/"]
[patch."github.com/a/b"]  => patch.github.com/a/b
[patch."../x"]  => patch.../x
[patch."http://"]  => patch.http://
[patch."git@github.com:a/b"]  => patch.git@github.com:a/b
[patch.""]  => patch.
[patch."1x"]  => patch.1x
[patch."https://x y/z"]  => patch.https://x y/z
[patch."https://a<b/"]  => patch.https://a<b/
[patch."foo://:1/"]  => patch.foo://:1/
[patch."foo://x y"]  => patch.foo://x y
""",
    ),
    "[replace]": (
        PACKAGE,
        r"""
[replace] ; [patch]  => replace
[replace] ; "foo:1.0.0" = { path = "a" }
[replace] ; "foo@1.0.0-beta.1+b" = { git = "https://x.example/z" }
[replace] ; "https://x.example/z#foo:1.0.0" = { path = "a" }
[replace] ; "foo:1.0.0" = { path = "a", base = "b" }
[replace] ; "foo" = { path = "a" }  => replace.foo
[replace] ; "foo:1.0" = { path = "a" }  => replace.foo:1.0
[replace] ; "foo:x" = { path = "a" }  => replace.foo:x
[replace] ; "a b" = { path = "a" }  => replace.a b
[replace] ; "foo:1.0.0" = 1  => replace.foo:1.0.0
[replace] ; "foo:1.0.0" = "1"  => replace.foo:1.0.0
[replace] ; "foo:1.0.0" = { path = "a", version = "1" }  => replace.foo:1.0.0
[replace] ; "foo:1.0.0" = {}  => replace.foo:1.0.0
[replace] ; "foo:1.0.0" = { git = "x" }  => replace.foo:1.0.0.git
""",
    ),
    "[profile]": (
        PACKAGE,
        r"""
profile = 1
[profile."x_y-z"]
[profile."1"]
[profile."é"]
[profile.""]
[profile."test"]
[profile."Ⓐ"]
[profile."debug"]  => profile.debug
[profile."Debug"]  => profile.Debug
[profile."build"]  => profile.build
[profile."build-override"]  => profile.build-override
[profile."cargo-x"]  => profile.cargo-x
[profile."CARGOx"]  => profile.CARGOx
[profile."package"]  => profile.package
[profile."tmp"]  => profile.tmp
[profile."x y"]  => profile.x y
[profile."x.y"]  => profile.x.y
[profile."x—y"]  => profile.x—y
[profile.dev] ; opt-level = 0
[profile.dev] ; opt-level = 9
[profile.dev] ; opt-level = -1
[profile.dev] ; opt-level = "s"
[profile.dev] ; opt-level = "3"  => profile.dev.opt-level
[profile.dev] ; opt-level = true  => profile.dev.opt-level
[profile.dev] ; opt-level = 1.0  => profile.dev.opt-level
[profile.dev] ; opt-level = 9223372036854775808  => profile.dev.opt-level
[profile.dev] ; lto = true
[profile.dev] ; lto = "bogus"
[profile.dev] ; lto = "true"  => profile.dev.lto
[profile.dev] ; lto = 1  => profile.dev.lto
[profile.dev] ; debug = 2
[profile.dev] ; debug = 3  => profile.dev.debug
[profile.dev] ; debug = true
[profile.dev] ; debug = "full"
[profile.dev] ; debug = "1"  => profile.dev.debug
[profile.dev] ; split-debuginfo = "bogus"
[profile.dev] ; split-debuginfo = 1  => profile.dev.split-debuginfo
[profile.dev] ; panic = "abort"
[profile.dev] ; panic = "bogus"  => profile.dev.panic
[profile.dev] ; panic = "immediate-abort"  => profile.dev.panic
[profile.dev] ; codegen-units = 0
[profile.dev] ; codegen-units = -1  => profile.dev.codegen-units
[profile.dev] ; codegen-units = 4294967296  => profile.dev.codegen-units
[profile.dev] ; dir-name = "x"  => profile.dev.dir-name
[profile.dev] ; inherits = "zz"
[profile.dev] ; inherits = "debug"  => profile.dev.inherits
[profile.dev] ; strip = "bogus"
[profile.dev] ; rustflags = []  => profile.dev.rustflags
[profile.dev] ; codegen-backend = "x"  => profile.dev.codegen-backend
[profile.dev] ; trim-paths = false  => profile.dev.trim-paths
[profile.dev] ; unknown = 1
[profile.dev] ; build-override = { opt-level = 2, dir-name = "x" }
[profile.dev] ; build-override = { opt-level = "9" }  => profile.dev.build-override.opt-level
[profile.dev] ; build-override = { panic = "abort" }  => profile.dev.build-override.panic
[profile.dev] ; build-override = { lto = true }  => profile.dev.build-override.lto
[profile.dev] ; build-override = { rpath = true }  => profile.dev.build-override.rpath
[profile.dev] ; build-override = { package = {} }  => profile.dev.build-override.package
[profile.dev] ; build-override = { build-override = {} }  => profile.dev.build-override.build-override
[profile.dev] ; build-override = { rustflags = [] }  => profile.dev.build-override.rustflags
[profile.dev.package."*"]
[profile.dev.package."foo"]
[profile.dev.package."foo@1"]
[profile.dev.package."foo:1.2.3"]
[profile.dev.package."a::b@1"]
[profile.dev.package."https://x.example/foo#bar@1"]
[profile.dev.package."file:///a/foo#1.1"]
[profile.dev.package."git+https://x.example/foo?branch=b"]
[profile.dev.package."foo@x"]  => profile.dev.package.foo@x
[profile.dev.package."foo@"]  => profile.dev.package.foo@
[profile.dev.package."foo@^1"]  => profile.dev.package.foo@^1
[profile.dev.package."@1"]  => profile.dev.package.@1
[profile.dev.package.""]  => profile.dev.package.
[profile.dev.package."a b"]  => profile.dev.package.a b
[profile.dev.package."a/b"]  => profile.dev.package.a/b
[profile.dev.package."a:b"]  => profile.dev.package.a:b
[profile.dev.package."https://x.example/"]  => profile.dev.package.https://x.example/
[profile.dev.package."https://x.example/foo?q=1"]  => profile.dev.package.https://x.example/foo?q=1
[profile.dev.package."zip+https://x.example/foo"]  => profile.dev.package.zip+https://x.example/foo
[profile.dev.package."path+https://x.example/foo"]  => profile.dev.package.path+https://x.example/foo
[profile.dev.package."file:///a/b.c"]  => profile.dev.package.file:///a/b.c
[profile.dev.package.foo] ; strip = true
[profile.dev.package.foo] ; panic = "abort"  => profile.dev.package.foo.panic
[profile.dev.package.foo] ; lto = true  => profile.dev.package.foo.lto
[profile.dev.package.foo] ; package = {}  => profile.dev.package.foo.package
[profile.dev.package.foo] ; rustflags = []  => profile.dev.package.foo.rustflags
[profile.dev.package.foo] ; debug = "x"  => profile.dev.package.foo.debug
""",
    ),
    "[lints]": (
        PACKAGE,
        r"""
[lints] ; workspace = false  => lints.workspace
[lints] ; workspace = 1  => lints.workspace
[lints] ; workspace = true ; rust = {} ; [workspace.lints]  => lints
[lints] ; rust = 1  => lints.rust
[lints] ; rust = { a = "warn" }
[lints] ; rust = { a = "Warn" }  => lints.rust.a
[lints] ; rust = { a = 1 }  => lints.rust.a
[lints] ; rust = { a = [] }  => lints.rust.a
[lints] ; rust = { a = {} }  => lints.rust.a
[lints] ; rust = { a = { level = "warn", priority = -128, other = 1 } }
[lints] ; rust = { a = { level = "x" } }  => lints.rust.a.level
[lints] ; rust = { a = { level = "warn", priority = 128 } }  => lints.rust.a.priority
[lints] ; rust = { a = { level = "warn", other = 9223372036854775808 } }  => lints.rust.a.other
[lints] ; rust = { unexpected_cfgs = { level = "warn", check-cfg = ["x"] } }
[lints] ; rust = { unexpected_cfgs = { level = "warn", check-cfg = "x" } }  => lints.rust.unexpected_cfgs.check-cfg
[lints] ; rust = { unexpected_cfgs = { level = "warn", check-cfg = [1] } }  => lints.rust.unexpected_cfgs.check-cfg
[lints] ; clippy = { unexpected_cfgs = { level = "warn", check-cfg = "x" } }
[lints] ; rust = { "clippy::a" = "warn" }  => lints.rust.clippy::a
[lints] ; clippy = { "clippy::a" = "warn" }  => lints.clippy.clippy::a
[lints] ; cargo = { "a::b" = "warn" }  => lints.cargo.a::b
[lints] ; other = { "x::a" = "warn" }
[lints] ; rust = { "" = "warn", "a b" = "deny" }
lints = []
[workspace.lints] ; rust = { a = "bogus" }  => workspace.lints.rust.a
[workspace.lints] ; rust = { "clippy::a" = "warn" }  => workspace.lints.rust.clippy::a
[workspace.lints] ; rust = { unexpected_cfgs = { level = "warn", check-cfg = "x" } }
""",
    ),
    "[badges] and [hints]": (
        PACKAGE,
        r"""
badges = 1
[badges] ; x = 1  => badges.x
[badges] ; x = { a = 1 }  => badges.x.a
[badges] ; x = { a = "1" }
hints = 1
[hints] ; mostly-unused = "x"
[hints] ; mostly-unused = 18446744073709551616  => hints.mostly-unused
""",
    ),
}


def _cases(head: str, lines: str) -> list[tuple[str, str | None]]:
    cases = []
    for line in lines.strip().replace("\n    ", " ").splitlines():
        text, refused, key = line.partition(" => ")
        cases.append((head + text.rstrip().replace(" ; ", "\n") + "\n", key if refused else None))
    return cases


CASES = {group: _cases(head, lines) for group, (head, lines) in GROUPS.items()}
"""Of each group: a manifest's text, and the key of its first fault where cargo refuses it."""


def faults(text: str) -> list[SchemaFault]:
    """The faults of a manifest's text."""
    return list(manifest_faults(tomli.loads(text)))


def dotted(key: tuple[str | int, ...]) -> str:
    """A fault's key as it is written above."""
    return ".".join(map(str, key)) or "."


@pytest.mark.parametrize("group", CASES)
def test_first_fault(group: str) -> None:
    """A manifest that cargo loads has no fault; another one's first fault is told at the key that is wrong."""
    found = {text: [dotted(fault.key) for fault in faults(text)[:1]] for text, _ in CASES[group]}
    assert found == {text: [] if key is None else [key] for text, key in CASES[group]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[package]\nname = 1", "`package.name` must be a string, not an integer"),
        ("[[bin]]\nname = true", "`bin[0].name` must be a string, not a boolean"),
        ("[package]\nname = 'a\tb'", "`package.name`: invalid package name `a\\tb`: only letters, digits, `-` and `_`"),
        (
            UNDATED + "[dependencies]\nfoo = '1.x.y.z'",
            "failed to parse the version requirement `1.x.y.z` for dependency `foo`: ",
        ),
        (UNDATED + "[dependencies]\nfoo = {}", "dependency `foo` is specified without a local path, git repository, "),
        (
            UNDATED + "[profile.dev]\nopt-level = '3'",
            '`profile.dev.opt-level` must be a number from 0 to 3, "s" or "z"',
        ),
        (UNDATED + "[profile.dev]\nrustflags = []", NIGHTLY + "`rustflags` in a profile is the cargo feature "),
        (UNDATED + "[features]\na = ['dep:b']", "feature `a` includes `dep:b`, which is not a dependency"),
        (UNDATED + "[features]\na = ['b']", "feature `a` includes `b`, which is not a dependency nor another feature"),
        (
            UNDATED + "[dependencies]\nfoo = { git = 'git@h:a/b' }",
            "dependency `foo`: invalid url `git@h:a/b`: relative ",
        ),
        (UNDATED + "[[test]]", "test target `test.name` is required"),
    ],
)
def test_reason(text: str, reason: str) -> None:
    """The reason names the key or the thing at fault in cargo's own terms, and says what would be right."""
    assert faults(text)[0].reason.startswith(reason)


def test_all_faults_are_told() -> None:
    """One reading tells all that is wrong: not just the first fault, as cargo does."""
    text = PACKAGE + "links = 'z'\nbuild = false\n[features]\na = ['b', 'c']\n[dependencies]\nfoo = {}\nbar = 'y'\n"
    keys = [fault.key for fault in faults(text)]
    features = [("features", "a", 0), ("features", "a", 1)]
    assert keys == [("package", "links"), ("dependencies", "foo"), ("dependencies", "bar"), *features]


def test_wrong_types_are_told_alone() -> None:
    """No rule is asked where a value has a wrong type: the rules may rely on the types."""
    text = PACKAGE + "links = 'z'\nbuild = false\nauthors = 'me'\n[features]\na = [1, 'b', 2]\n"
    assert [fault.key for fault in faults(text)] == [("package", "authors"), ("features", "a", 0), ("features", "a", 2)]


@pytest.mark.parametrize("value", ["1979-05-27", "1979-05-27T07:32:00Z", "07:32:00", "[]", "[1]"])
@pytest.mark.parametrize("key", ["profile.dev", "lib", "hints", "badges.x", "target.x", "workspace.dependencies.foo"])
def test_only_a_table_is_a_table(key: str, value: str) -> None:
    """A date or an array is no table, though cargo reads some as one by accident: nobody means it."""
    table, _, name = key.rpartition(".")
    text = (
        f"{name} = {value}\n[package]\nname = 'x'\n"
        if not table
        else f"[package]\nname = 'x'\n[{table}]\n{name} = {value}\n"
    )
    assert [fault.key for fault in faults(text)] == [tuple(key.split("."))]


LONG = "n" * 10**6


@pytest.mark.parametrize(
    "table",
    [
        {"package": {"name": "x"}, "target": {f"cfg({'not(' * 50_000}unix{')' * 50_000})": {}}},
        {"package": {"name": "x"}, "target": {f"cfg({'all(' * 50_000}": {}}},
        {"workspace": {"members": ["[a]" * 50_000, "*a" * 50_000, "[" * 100_000]}},
        {"package": {"name": "x" * 10**6, "version": "1" * 10**6, "rust-version": "1." * 10**6}},
        {"package": {"name": "x"}, "features": {f"f{number}": [f"f{number + 1}"] for number in range(20_000)}},
        {"package": {"name": "x"}, "dependencies": {f"d{number}": {} for number in range(20_000)}},
        {
            "package": {"name": "x"},
            "dependencies": {LONG: {}},
            "dev-dependencies": {LONG: {"path": "x", "optional": True}},
        },
        {
            "package": {"name": "x"},
            "dependencies": {"x": "1" * 10**6, "y": {"workspace": True, "features": [LONG + "/"]}},
        },
        {
            "package": {"name": "x"},
            "features": {LONG: [LONG, f"dep:{LONG}", f"{LONG}?/x"]},
            "dependencies": {LONG: "1"},
        },
        {"workspace": {"dependencies": {LONG: {"public": True}}}, "patch": {"crates-io": {LONG: {}}}, LONG: {}},
        {
            "workspace": {"resolver": LONG},
            "profile": {LONG: {"panic": LONG, "dir-name": "x", "package": {LONG: {"lto": "x"}}}},
        },
        {"package": {"name": "x"}, "patch": {"a" * 10**6 + ":b": {}, "https://" + "a@" * 10**5: {}}},
    ],
)
def test_hostile_sizes(table: dict[str, Any]) -> None:
    """Deep, long and many: the time does not grow faster than the size, and every reason stays one short line."""
    start_s = process_time()
    for fault in manifest_faults(table):
        assert len(fault.reason) < 600
        assert fault.reason.isprintable()
    assert process_time() - start_s < 10


def test_deep_metadata() -> None:
    """What cargo only carries along may be nested as deep as the parser lets it."""
    metadata: dict[str, Any] = {"end": 2**63}
    for _ in range(20_000):
        metadata = {"a": metadata}
    (fault,) = manifest_faults({"package": {"name": "x", "metadata": metadata}})
    assert fault.key == ("package", "metadata")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.datetimes(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["workspace", "dev", "foo", "package", "dependencies", "cfg(x)"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
PLACES = [
    "package",
    "project",
    "features",
    "lib",
    "bin",
    "dependencies",
    "dev-dependencies",
    "target",
    "lints",
    "hints",
]
PLACES += ["workspace", "profile", "patch", "replace", "badges", "cargo-features", "unknown"]


@given(st.dictionaries(st.sampled_from(PLACES), values, max_size=5))
def test_anything_that_parses_is_judged(table: dict[str, Any]) -> None:
    """Whatever stands in a manifest, the faults come as keys into it and as sentences, never as an exception."""
    for key, reason in manifest_faults(table):
        place: Any = table
        for part in key:
            place = place[part]
        assert reason
        assert reason.isprintable()
        assert not reason.endswith(".")
