"""Licence expressions as crates.io takes them: SPDX identifiers in their own letter case; an old `/` means OR."""

from __future__ import annotations


def is_license_expression(text: str) -> bool:
    """Whether crates.io would take a text for `package.license`."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    spelled = " ".join(text.replace("/", " OR ").replace("(", " ( ").replace(")", " ) ").split())
    spelled = spelled.replace("( ", "(").replace(" )", ")")
    try:
        # the reader takes any letter case and gives the right one back
        return canonicalize_license_expression(spelled) == spelled
    except InvalidLicenseExpression:
        return False
