"""All manifests of the real stack in one process, beside `cargo metadata --no-deps` in each repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from measure import TOP, clean_environment, installed_wheel, medians, run, show, temporary_folder


def main() -> int:
    """Print the medians of `batuta-stack check` and of cargo over the same 32 checkouts."""
    data = Path(os.environ.get("BATUTA_REAL_DATA", TOP.parent / "shared/data"))
    maker = data.parent / "bin/make-meta-checkout"
    if not maker.exists():
        print(f"(c) left out: the real stack is not at {data} (BATUTA_REAL_DATA names its folder)")
        return 0
    with temporary_folder() as name:
        bin_folder = installed_wheel(Path(name))
        env = {**clean_environment(bin_folder), "CARGO_HOME": str(Path(name, "cargo")), "RUSTUP_HOME": _rustup()}
        stack = Path(name, "stack")
        run(sys.executable, maker, stack, env=env)
        repositories = sorted(folder for folder in stack.iterdir() if (folder / "Cargo.toml").exists())

        def cargo() -> None:
            for repository in repositories:
                run("cargo", "metadata", "--no-deps", "--offline", "--format-version", "1", cwd=repository, env=env)

        def check() -> None:
            # findings are expected, so the exit code is not looked at
            subprocess.run(
                [bin_folder / "batuta-stack", "--workspace", stack, "--offline", "--quiet", "--offline", "check"],
                env=env,
                stdout=subprocess.DEVNULL,
                check=False,
            )

        cargo_title = f"{len(repositories)} x cargo metadata --no-deps"
        found = medians({cargo_title: cargo, "batuta-stack check": check}, 7)
    show("(c) all manifests of the real stack", found, cargo_title, "at most 0.5 x")
    return 0


def _rustup() -> str:
    return os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup"))


if __name__ == "__main__":
    sys.exit(main())
