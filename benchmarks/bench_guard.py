"""How much the guard's whole process costs over a bare interpreter of the same environment."""

from __future__ import annotations

from pathlib import Path

from measure import clean_environment, installed_wheel, run, sample_repository, show_taken, taken, temporary_folder


def main() -> None:
    """Print what `python -c pass` and the guard take on one staged manifest of a healthy workspace."""
    with temporary_folder() as name:
        bin_folder = installed_wheel(Path(name))
        env = clean_environment(bin_folder)
        repository = Path(name, "sample")
        repository.mkdir()
        sample_repository(repository, env)
        manifest = repository / "Cargo.toml"
        manifest.write_text(manifest.read_text(encoding="utf-8") + 'tempfile = "3"\n', encoding="utf-8")
        run("git", "add", "Cargo.toml", cwd=repository, env=env)
        python, guard = bin_folder / "python", bin_folder / "batuta-path-deps"
        found = taken(
            {
                "python -c pass": lambda: run(python, "-c", "pass", cwd=repository, env=env),
                "python -c 'import tomli'": lambda: run(python, "-c", "import tomli", cwd=repository, env=env),
                "batuta-path-deps --stage commit": lambda: run(guard, "--stage", "commit", cwd=repository, env=env),
            },
            60,
        )
    show_taken("(b) the guard, one of six manifests staged", found, "python -c pass", "at most 2.5 x")


if __name__ == "__main__":
    main()
