"""Test the sites of hosts against tldextract, whose list is read without importing it."""

from __future__ import annotations

import pytest
from tldextract import TLDExtract

from pipelines.core.urls import _suffix_rules, site_of_host

RULES_BETWEEN = 40  # of the list, for each one that is tried
OTHERS = ("paper.example", "a.b.server.internal", "www.BBC.co.uk", "name.blogspot.com", "xn--bcher-kva.xn--p1ai",
          "a.city.kawasaki.jp", "a.b.c.kobe.jp", "blogspot.com", "co.uk")  # fmt: skip


@pytest.fixture(scope="module")
def extract():
    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def site_by_tldextract(extract, host):
    found = extract.extract_str(host)
    if found.domain and not found.suffix:  # the rule `*`
        return ".".join(host.split(".")[-2:])
    return f"{found.domain}.{found.suffix}" if found.domain and found.suffix else host


def test_site_of_a_host_is_that_of_tldextract(extract):
    """Wildcards, exceptions, private suffixes, Punycode, and names under no rule."""
    names = [rule.lstrip("!").replace("*", "any") for rule in sorted(_suffix_rules())[::RULES_BETWEEN]]
    hosts = [*OTHERS, *(prefix + name for name in names for prefix in ("", "a.", "b.a.") if "." in prefix + name)]
    assert len(hosts) > 500
    assert [host for host in hosts if site_of_host(host) != site_by_tldextract(extract, host)] == []
