"""What a machine's environment says of its network: through which proxy, and whose certificates are trusted.

Read as cargo's libcurl reads it, which differs from Python's own ways: `HTTP_PROXY` in capitals is not obeyed, a name
in `NO_PROXY` covers the names below it and no others, a proxy without a port listens at 1080.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

_USUAL_PROXY_PORT = 1080

# Where systems keep the certificates that they trust, for interpreters that were built elsewhere and do not know.
_SYSTEM_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS, the BSDs
)
# cargo's and OpenSSL's own, then what Python programs and the curl command obey.
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def proxy_for(url: str, configured: str, environment: Mapping[str, str]) -> str:
    """The proxy to ask a URL through, as `http://host:port`; empty for none.

    Args:
        url: an absolute http or https URL.
        configured: cargo's `http.proxy`; it goes over the environment's proxies, not over its exceptions.
        environment: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`, all but the first in capitals too.
    """
    parts = urlsplit(url)
    if _is_excepted(parts.hostname or "", environment.get("no_proxy") or environment.get("NO_PROXY", "")):
        return ""
    variables = ["http_proxy"] if parts.scheme == "http" else ["https_proxy", "HTTPS_PROXY"]
    found = configured
    for variable in [*variables, "all_proxy", "ALL_PROXY"]:
        found = found or environment.get(variable, "")
    return _with_port(found) if found else ""


def _is_excepted(host: str, exceptions: str) -> bool:
    if exceptions == "*":
        return True
    entries = [entry.strip() for entry in exceptions.split(",") if entry.strip()]
    try:
        address = ip_address(host)
    except ValueError:
        names = [entry.lower().removesuffix(".").removeprefix(".") for entry in entries]
        return any(name and f".{host.removesuffix('.')}".endswith(f".{name}") for name in names)
    for entry in entries:
        try:
            if address in ip_network(entry, strict=False):
                return True
        except ValueError:
            continue
    return False


def _with_port(proxy: str) -> str:
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    try:
        has_port = urlsplit(proxy).port is not None
    except ValueError:
        return proxy  # whoever connects says that it is no address
    if has_port or not proxy.lower().startswith("http://"):
        return proxy
    head, slash, path = proxy[len("http://") :].partition("/")
    return f"http://{head}:{_USUAL_PROXY_PORT}{slash}{path}"


def is_usable(proxy: str) -> bool:
    """Whether a proxy has an address, and is one that speaks HTTP."""
    try:
        parts = urlsplit(proxy)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def certificates(configured: str, environment: Mapping[str, str]) -> str:
    """The file or folder of trusted certificates: cargo's `http.cainfo`, else the environment's, else the system's.

    Returns:
        Its path; empty where the interpreter must know by itself.
    """
    if configured:
        return configured
    for variable in _CERTIFICATE_VARIABLES:
        if environment.get(variable):
            return environment[variable]
    return next((path for path in _SYSTEM_CERTIFICATES if os.path.isfile(path)), "")
