"""Where the configuration is found on disk, in which order it counts, and what is said of files that cannot be read."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from batuta_hooks.domain.config import Config, judge
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.toml_text import read_toml
from batuta_hooks.gather.configuration import find_stack_file, read_configuration


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A meta-checkout with a repository's folder `lib` in it, and no environment that names another."""
    monkeypatch.delenv("BATUTA_STACK", raising=False)
    (tmp_path / "stack" / "lib").mkdir(parents=True)
    return tmp_path / "stack"


def put(folder: Path, text: str | bytes) -> Path:
    """Write a folder's batuta-stack.toml."""
    file = folder / "batuta-stack.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def read(folder: Path, manifest: str | None = None, *, for_guard: bool = True) -> Config:
    """The configuration of a folder with this top manifest; there is one, and it gives no warning."""
    table = None if manifest is None else read_toml(manifest.encode())
    config, warnings = read_configuration(str(folder), table, for_guard=for_guard)
    assert warnings == []
    assert config is not None
    return config


def refused(folder: Path, manifest: str | None = None, *, for_guard: bool = True) -> BatutaError:
    """The error that reading the configuration of a folder ends with."""
    text = (manifest or "").encode()
    with pytest.raises(BatutaError) as caught:
        read_configuration(str(folder), read_toml(text), root_text=text, for_guard=for_guard)
    assert caught.value.exit_code == 2
    return caught.value


class TestWhere:
    """Which file counts."""

    def test_none(self, stack: Path) -> None:
        """Without a file and without metadata there is no configuration and nothing to say."""
        assert find_stack_file(str(stack / "lib")) is None
        for manifest in (None, {}, {"package": {"name": "a", "metadata": {"docs": {}}}, "workspace": {}}):
            assert read_configuration(str(stack / "lib"), manifest) == (None, [])

    def test_in_the_repository(self, stack: Path) -> None:
        """The repository's own file counts, and hides one above it altogether."""
        put(stack, "[cache]\nttl_s = 1\n[rules]\nPD001 = 'note'\n")
        own = put(stack / "lib", "[cache]\nttl_s = 2\n")
        assert find_stack_file(str(stack / "lib")) == str(own)
        assert read(stack / "lib") == Config(ttl_s=2)

    def test_above(self, stack: Path) -> None:
        """The nearest file above counts, however far up it lies."""
        file = put(stack, "[cache]\nttl_s = 1\n")
        deep = stack.joinpath("lib", *"abcdefgh")
        deep.mkdir(parents=True)
        assert find_stack_file(str(deep)) == str(file)
        assert read(deep).ttl_s == 1
        put(stack / "lib", "[cache]\nttl_s = 2\n")
        assert read(deep).ttl_s == 2

    def test_walk_is_bounded(self, stack: Path) -> None:
        """The walk up ends after 128 folders, far above what any checkout has."""
        file = put(stack, "")
        near, far = stack.joinpath(*"a" * 127), stack.joinpath(*"a" * 128)
        far.mkdir(parents=True)
        assert find_stack_file(str(near)) == str(file)
        assert find_stack_file(str(far)) is None

    def test_relative_folder(self, stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A folder given relative to the current one, or with a slash at its end, is the same folder."""
        put(stack / "lib", "[cach]\n")
        monkeypatch.chdir(stack / "lib")
        for top in (".", f"{stack}/lib/", "../lib"):
            with pytest.raises(BatutaError) as caught:
                read_configuration(top, None)
            assert caught.value.where == f"{stack}/lib/batuta-stack.toml:1"

    def test_environment(self, stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """`BATUTA_STACK` names the meta-checkout of a repository that lies elsewhere."""
        file = put(stack, "[cache]\nttl_s = 1\n")
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.setenv("BATUTA_STACK", str(stack))
        assert find_stack_file(str(elsewhere)) == str(file)
        assert read(elsewhere).ttl_s == 1
        assert read_configuration("", None)[0] == Config(ttl_s=1), "a bare repository has no top folder"
        put(elsewhere, "[cache]\nttl_s = 2\n")
        assert read(elsewhere).ttl_s == 2, "a file at or above the repository comes first"

    def test_environment_without_a_file(self, stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A meta-checkout without a configuration is none; a folder that is not there is said."""
        for value in ("", str(stack)):
            monkeypatch.setenv("BATUTA_STACK", value)
            assert read_configuration(str(stack / "lib"), None) == (None, [])
        monkeypatch.setenv("BATUTA_STACK", f"{stack}/nowhere")
        warning = f"BATUTA_STACK is `{stack}/nowhere`, which is no folder: it is ignored"
        assert read_configuration(str(stack / "lib"), None) == (None, [warning])
        config, warnings = read_configuration(str(stack / "lib"), {"package": {"metadata": {"batuta": {}}}})
        assert (config, warnings) == (Config(), [warning])

    def test_linked_file(self, stack: Path, tmp_path: Path) -> None:
        """A symbolic link to the file is as good as the file."""
        (tmp_path / "shared.toml").write_text("[cache]\nttl_s = 3\n")
        (stack / "batuta-stack.toml").symlink_to(tmp_path / "shared.toml")
        assert read(stack / "lib").ttl_s == 3


class TestLayers:
    """In which order file and metadata count."""

    def test_metadata_alone(self, stack: Path) -> None:
        """The top manifest's metadata is configuration enough."""
        assert read(stack / "lib", "[package.metadata.batuta.cache]\nttl_s = 4\n").ttl_s == 4
        assert read(stack / "lib", "[workspace.metadata.batuta.cache]\nttl_s = 5\n").ttl_s == 5
        assert read(stack / "lib", "[workspace.metadata.batuta]\n") == Config()

    def test_order(self, stack: Path) -> None:
        """Metadata wins over the file, the package's over the workspace's, key by key; exceptions add up."""
        allow = "[[{0}allow]]\ncode = 'PD003'\nreason = '{1}'\n"
        put(
            stack, "[cache]\nttl_s = 1\n[sync]\nverify_command = 'a'\n[guard]\nbranches = ['x']\n" + allow.format("", 1)
        )
        workspace = "[workspace.metadata.batuta]\ncache.ttl_s = 2\nsync.verify_command = 'b'\n"
        package = "[package.metadata.batuta]\ncache.ttl_s = 3\n"
        manifest = workspace + allow.format("workspace.metadata.batuta.", 2)
        manifest += package + allow.format("package.metadata.batuta.", 3)
        config = read(stack / "lib", manifest)
        assert (config.ttl_s, config.verify_command, config.guard_branches) == (3, "b", ("x",))
        assert [entry.reason for entry in config.allow] == ["1", "2", "3"]

    @pytest.mark.parametrize("manifest", ["package = 1", "[package]\nmetadata = 'x'", "[workspace]\nmetadata = [1]"])
    def test_metadata_of_other_kinds(self, stack: Path, manifest: str) -> None:
        """What a manifest may hold there without meaning us is no configuration and no error."""
        assert read_configuration(str(stack / "lib"), read_toml(manifest.encode())) == (None, [])

    def test_metadata_that_is_no_table(self, stack: Path) -> None:
        """Our own key with a value that is no table is an error at its line."""
        error = refused(stack / "lib", "[package]\nname = 'a'\nmetadata.batuta = 1\n")
        assert str(error) == "Cargo.toml:3: `package.metadata.batuta` must be a table, not 1"

    def test_fault_in_metadata(self, stack: Path) -> None:
        """A fault is found in the manifest's text, below the table's own key."""
        error = refused(stack / "lib", "[workspace]\n[workspace.metadata.batuta.rules]\nPD001 = 1\n")
        assert error.where == "Cargo.toml:3"
        assert error.what.startswith("`workspace.metadata.batuta.rules.PD001` must be ")


class TestUnknownKeys:
    """Who is warned and who is stopped."""

    def test_above_the_repository(self, stack: Path) -> None:
        """For a guard it is one warning; for the command an error."""
        put(stack, "[cache]\nttl = 1\nttl_s = 2\n[futur]\n")
        config, warnings = read_configuration(str(stack / "lib"), None)
        assert config == Config(ttl_s=2)
        assert len(warnings) == 1
        assert warnings[0].startswith(f"{stack}/batuta-stack.toml:2: ignored: `cache.ttl` is not a known key")
        assert refused(stack / "lib", for_guard=False).where == f"{stack}/batuta-stack.toml:2"

    def test_named_by_the_environment(self, stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The file of `BATUTA_STACK` is shared as well: one warning."""
        put(stack, "[future]\n")
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.setenv("BATUTA_STACK", str(stack))
        config, warnings = read_configuration(str(elsewhere), None)
        assert config == Config()
        assert len(warnings) == 1

    @pytest.mark.parametrize("for_guard", [True, False])
    def test_in_the_repository(self, stack: Path, for_guard: bool) -> None:
        """In the repository's own file, and in its manifest, it is an error for everybody."""
        manifest = "[package.metadata.batuta.cache]\nttl = 1\n"
        assert refused(stack / "lib", manifest, for_guard=for_guard).where == "Cargo.toml:2"
        file = put(stack / "lib", "\n[cache]\nttl = 1\n")
        error = refused(stack / "lib", for_guard=for_guard)
        assert str(error) == f"{file}:3: `cache.ttl` is not a known key\n    did you mean `ttl_s`?"

    def test_wrong_type_above(self, stack: Path) -> None:
        """A wrong type is an error wherever it stands."""
        put(stack, "[cache]\nttl_s = 'x'\n")
        assert refused(stack / "lib").where == f"{stack}/batuta-stack.toml:2"


class TestUnreadable:
    """Files that cannot be read are an error with the place and the reason, never silence."""

    @pytest.mark.parametrize(
        ("content", "place"),
        [
            (b"[cache]\nttl_s = \n", ":2"),
            (b"[cache]\nttl_s = 1\nttl_s = 1\n", ":3"),
            (b"\n\xff\n", ":2"),
            (b"\0" * 100, ":1"),
            (b"[" * 100_000, ":1"),
            (b"[" + b"a." * 10_000 + b"a]", ":1"),
        ],
    )
    def test_broken_text(self, stack: Path, content: bytes, place: str) -> None:
        """Text that is no TOML is refused with its line."""
        put(stack, content)
        error = refused(stack / "lib")
        assert error.where.startswith(f"{stack}/batuta-stack.toml{place}:")
        assert error.what.startswith("the configuration cannot be read: ")

    def test_too_large(self, stack: Path) -> None:
        """A file above a mebibyte is refused; one just below is read, and its faults are found in reasonable time."""
        line = b"# " + b"x" * 61 + b"\n"
        put(stack, line * 16384 + b"a")
        assert "larger than 1024 KiB" in refused(stack / "lib").what
        put(stack, line * 16000 + b"".join(b"unknown%d = 1\n" % number for number in range(1000)))
        assert refused(stack / "lib", for_guard=False).where.endswith(":16001")

    def test_not_a_file(self, stack: Path) -> None:
        """A folder, a pipe and a link to itself are refused, and nothing waits."""
        path = stack / "batuta-stack.toml"
        path.mkdir()
        assert "(os error 21)" in refused(stack / "lib").what
        path.rmdir()
        os.mkfifo(path)
        assert "is not a regular file" in refused(stack / "lib").what
        path.unlink()
        path.symlink_to(path)
        error = refused(stack / "lib")
        assert error.where == str(path)
        assert "symbolic links" in error.what
        with pytest.raises(BatutaError):
            find_stack_file(str(stack / "lib"))

    def test_dangling_link(self, stack: Path) -> None:
        """A link to nowhere is as if it were not there: a checkout may lack what it points to."""
        (stack / "batuta-stack.toml").symlink_to(stack / "nowhere.toml")
        assert read_configuration(str(stack / "lib"), None) == (None, [])

    def test_byte_order_mark_and_crlf(self, stack: Path) -> None:
        """What Windows editors write is read, and its lines are counted right."""
        put(stack, b"\xef\xbb\xbf[cache]\r\nttl_s = 7\r\n")
        assert read(stack / "lib").ttl_s == 7
        put(stack, b"\xef\xbb\xbf[cache]\r\n\r\nttl_s = 'x'\r\n")
        assert refused(stack / "lib").where.endswith(":3")

    def test_empty(self, stack: Path) -> None:
        """An empty file is a configuration without a word: the defaults, which a guard need not load."""
        put(stack, "# marks the stack\n")
        assert read(stack / "lib", for_guard=False) == Config()
        assert read_configuration(str(stack / "lib"), None, for_guard=True) == (None, [])
        assert read(stack / "lib", "[workspace.metadata.batuta]\n") == Config()


def test_exception_from_disk_to_finding(stack: Path) -> None:
    """An exception in a file holds until its day and is then named in the finding."""
    put(stack, "[[allow]]\ncode = 'PD003'\npath = 'fuzz'\nreason = 'built beside'\nuntil = 2027-01-01\n")
    config = read(stack / "lib")
    findings = [Finding("fuzz/Cargo.toml", 3, 1, "PD003", "error", "`../x` leaves the repository")]
    assert judge(findings, config, date(2027, 1, 1)) == []
    said = [finding.message for finding in judge(findings, config, date(2027, 1, 2))]
    assert said == ["`../x` leaves the repository (the exception for it ended on 2027-01-01)"]


def test_cost_of_none(stack: Path) -> None:
    """Where nobody configures anything, none of the modules that read a configuration is imported."""
    script = (
        "import sys\n"
        "from batuta_hooks.gather.configuration import read_configuration\n"
        f"assert read_configuration({str(stack / 'lib')!r}, {{'package': {{'name': 'a'}}}}) == (None, [])\n"
        "print(*sorted(sys.modules))\n"
    )
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    loaded = set(run.stdout.split())
    unwanted = {f"batuta_hooks.domain.{name}" for name in ("config", "config_keys", "codes", "toml_text")}
    assert not loaded & (unwanted | {"tomli", "difflib"})
