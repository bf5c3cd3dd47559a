"""Proxies and certificates are those that cargo would use."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from batuta_hooks.registry.network import certificates, is_usable, proxy_for
from tests.registry.loopback import Registry, cargo_environment, lock, registry, write_package
from tests.support.process import run

HOST = "http://registry.example/index/"


class Proxied(NamedTuple):
    """What is configured, with `{a}` and `{b}` for two proxies, and which one is asked: `a`, `b` or none."""

    asked: str
    configured: str = ""
    variables: tuple[tuple[str, str], ...] = ()


CASES = {
    "nothing": Proxied(""),
    "variable": Proxied("a", variables=(("http_proxy", "http://{a}"),)),
    "variable without scheme": Proxied("a", variables=(("http_proxy", "{a}"),)),
    "capitals count for https alone": Proxied("", variables=(("HTTP_PROXY", "http://{a}"),)),
    "another scheme": Proxied("", variables=(("https_proxy", "http://{a}"),)),
    "all": Proxied("a", variables=(("all_proxy", "http://{a}"),)),
    "ALL": Proxied("a", variables=(("ALL_PROXY", "http://{a}"),)),
    "scheme over all": Proxied("b", variables=(("all_proxy", "http://{a}"), ("http_proxy", "http://{b}"))),
    "empty": Proxied("a", variables=(("all_proxy", "http://{a}"), ("http_proxy", ""))),
    "configured": Proxied("b", "http://{b}"),
    "configured without scheme": Proxied("b", "{b}"),
    "configured over variable": Proxied("b", "{b}", (("http_proxy", "http://{a}"),)),
    "exception": Proxied("", variables=(("http_proxy", "{a}"), ("no_proxy", "127.0.0.1"))),
    "exception in capitals": Proxied("", variables=(("http_proxy", "{a}"), ("NO_PROXY", "127.0.0.1"))),
    "exception of configured": Proxied("", "{b}", (("no_proxy", "127.0.0.1"),)),
    "exception for all": Proxied("", variables=(("http_proxy", "{a}"), ("no_proxy", "*"))),
    "all among others": Proxied("a", variables=(("http_proxy", "{a}"), ("no_proxy", "x,*"))),
    "network": Proxied("", variables=(("http_proxy", "{a}"), ("no_proxy", "x, 127.0.0.0/8,"))),
    "another network": Proxied("a", variables=(("http_proxy", "{a}"), ("no_proxy", "10.0.0.0/8"))),
    "part of an address": Proxied("a", variables=(("http_proxy", "{a}"), ("no_proxy", "0.0.1"))),
}


def filled(text: str, proxies: dict[str, Registry]) -> str:
    """The text with the proxies' addresses."""
    return text.format(**{name: proxy.url.removeprefix("http://") for name, proxy in proxies.items()})


@pytest.mark.cargo
def test_proxies_are_cargos(tmp_path: Path) -> None:
    """For a table of configurations, the proxy that real cargo asks is ours; both are as expected."""
    ours, cargos = {}, {}
    with registry() as a, registry() as b, registry() as target:
        proxies = {"a": a, "b": b}
        for name, case in CASES.items():
            variables = {variable: filled(value, proxies) for variable, value in case.variables}
            configured = filled(case.configured, proxies)
            found = proxy_for(f"{target.url}/index/", configured, variables)
            ours[name] = "".join(one for one, proxy in proxies.items() if proxy.url == found) or found
            folder = tmp_path / name
            write_package(folder, 'serde = "1"')
            (folder / ".cargo").mkdir()
            text = f'[source.crates-io]\nreplace-with = "m"\n[registries.m]\nindex = "sparse+{target.url}/index/"\n'
            text += f'[http]\nproxy = "{configured}"\n' if configured else ""
            (folder / ".cargo/config.toml").write_text(text, encoding="utf-8")
            for served in (a, b, target):
                served.log.clear()
            environment = cargo_environment(
                tmp_path / "home" / name, target, {"https_proxy": "", "CARGO_NET_OFFLINE": "false"}
            )
            lock(folder, {**environment, **variables})
            assert a.log or b.log or target.log, name
            cargos[name] = "a" if a.log else "b" if b.log else ""
    assert ours == cargos == {name: case.asked for name, case in CASES.items()}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
@pytest.mark.parametrize(
    ("exceptions", "asked"),
    [
        ("registry.example", False),
        ("REGISTRY.example", False),
        (".example", False),
        ("example", False),
        ("example.", False),
        ("ample", True),
        ("istry.example", True),
        ("www.registry.example", True),
        ("other.example, registry.example", False),
        (" registry.example", False),
        (",,", True),
        (".", True),
        ("", True),
    ],
)
def test_names_are_excepted_as_curl_does(exceptions: str, asked: bool) -> None:
    """A name covers the names below it; curl, which cargo is built on, says the same."""
    with registry() as proxy:
        environment = {"http_proxy": proxy.url, "no_proxy": exceptions}
        found = proxy_for(HOST, "", environment)
        # A direct connection would go to this address instead, where nobody listens.
        command = ["curl", "--silent", "--max-time", "5", "--resolve", "registry.example:80:127.0.0.1", HOST]
        home = {name: os.environ[name] for name in ("HOME", "PATH", "CARGO_HOME") if name in os.environ}
        run(command, env={**home, **environment}, code=None)
        assert (bool(found), bool(proxy.log)) == (asked, asked)


def test_an_address_with_brackets() -> None:
    """IPv6 networks can be exceptions."""
    environment = {"http_proxy": "http://proxy.example:3128"}
    assert proxy_for("http://[fd00::1]/", "", environment) == "http://proxy.example:3128"
    assert proxy_for("http://[fd00::1]/", "", {**environment, "no_proxy": "x,fd00::/8"}) == ""


@pytest.mark.parametrize(
    ("proxy", "whole"),
    [
        ("proxy.example", "http://proxy.example:1080"),
        ("HTTP://proxy.example/", "http://proxy.example:1080/"),
        ("me:secret@proxy.example", "http://me:secret@proxy.example:1080"),
        ("http://proxy.example:8080", "http://proxy.example:8080"),
        ("https://proxy.example", "https://proxy.example"),
        ("socks5://proxy.example", "socks5://proxy.example"),
        ("proxy.example:x", "http://proxy.example:x"),
    ],
)
def test_a_proxy_without_port(proxy: str, whole: str) -> None:
    """It listens where curl's proxies do."""
    assert proxy_for("https://registry.example/", "", {"HTTPS_PROXY": proxy}) == whole


@pytest.mark.parametrize(
    ("proxy", "usable"),
    [("http://h:1", True), ("https://h", True), ("socks5://h:1", False), ("http://h:x", False), ("http://:1", False)],
)
def test_usable(proxy: str, usable: bool) -> None:
    """Only what has an address and speaks HTTP."""
    assert is_usable(proxy) == usable


def test_certificates(tmp_path: Path) -> None:
    """cargo's configuration goes over the environment, that over what the system has."""
    file = str(tmp_path / "ca.pem")
    assert certificates(file, {"SSL_CERT_FILE": "/other"}) == file
    assert certificates("", {"REQUESTS_CA_BUNDLE": "/r", "SSL_CERT_FILE": file}) == file
    assert certificates("", {"SSL_CERT_FILE": "", "SSL_CERT_DIR": "/d"}) == "/d"
    assert certificates("", {"CURL_CA_BUNDLE": "/c", "REQUESTS_CA_BUNDLE": "/r"}) == "/r"
    system = certificates("", {})
    assert system == "" or Path(system).is_file()
