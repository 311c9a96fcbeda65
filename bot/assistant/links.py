"""Links in a message: whose they are, and what is odd about them; nothing is ever opened."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from publicsuffixlist import PublicSuffixList

# A host with a dot and a Latin ending, with or without a scheme; Chinese text may stand around it.
_LINK = re.compile(
    r"(?:https?[:：]//)?((?:[a-z0-9\u00a1-\uffef](?:[a-z0-9\u00a1-\uffef-]*)\.)+[a-z]{2,24}|\d{1,3}(?:\.\d{1,3}){3})"
    r"(?::\d{2,5})?((?:/|\?)[\x21-\x7e]*)?",
    re.IGNORECASE,
)
_HAN_PREFIX = re.compile(r"^.*[\u3000-\u9fff\uff00-\uffef]")
_NOT_LINKS = re.compile(r"^\d+(?:\.\d+)+$")


@dataclass(frozen=True)
class Link:
    """One address as it stands, the domain it belongs to, and what is odd (names of reasons)."""

    quote: str
    domain: str
    official: bool
    odd: tuple[str, ...]


@dataclass(frozen=True)
class LinkRules:
    """The lists of prompts/screening.toml's [links]."""

    official: frozenset[str]
    short: frozenset[str]
    odd_endings: frozenset[str]
    borrowed: tuple[str, ...]

    @staticmethod
    def of(raw: Mapping[str, Sequence[str]]) -> LinkRules:
        """From the file's table."""
        return LinkRules(
            frozenset(raw["official"]),
            frozenset(raw["short"]),
            frozenset(raw["odd_endings"]),
            tuple(raw["borrowed"]),
        )


def find_links(text: str, rules: LinkRules) -> list[Link]:
    """Every address in clean text, in order."""
    found = []
    for match in _LINK.finditer(text):
        host = _HAN_PREFIX.sub("", match[1]).strip(".-").lower()
        if "." not in host or (_NOT_LINKS.match(host) and not _is_address(host)):
            continue
        quote = match.group()[match.group().lower().find(host) :]
        found.append(_judge(quote, host, rules))
    return found


def _judge(quote: str, host: str, rules: LinkRules) -> Link:
    if _is_address(host):
        return Link(quote, host, False, ("ip",))
    domain = _suffixes().privatesuffix(host) or host
    official = domain in rules.official or host in rules.official or host.endswith(".gov.cn")
    if official:
        return Link(quote, domain, True, ())
    odd = []
    if domain in rules.short or host in rules.short:
        odd.append("short")
    if host.startswith("xn--") or ".xn--" in host or not host.isascii():
        odd.append("punycode")
    if domain.rsplit(".", 1)[-1] in rules.odd_endings:
        odd.append("odd")
    if any(name in host for name in rules.borrowed):
        odd.append("borrowed")
    return Link(quote, domain, False, tuple(odd))


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
