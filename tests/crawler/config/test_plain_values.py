"""Test single values of settings that are checked without the models."""

from __future__ import annotations

import pytest

from crawler.config.plain_values import source_addresses
from pipelines.core.errors import ConfigError


def test_source_address_of_the_environment_comes_first_and_must_be_of_this_machine(monkeypatch):
    """Workers share morgue.toml, and each has addresses of its own; an error names what set the wrong one."""
    wrong = r"^crawl\.source_address: 203\.0\.113\.7 is no address of this machine .*"
    with pytest.raises(ConfigError, match=wrong):
        assert source_addresses("203.0.113.7")
    monkeypatch.setenv("MORGUE_SOURCE_ADDRESS", "127.0.0.9")
    assert source_addresses("203.0.113.7") == ("127.0.0.9",)
    monkeypatch.setenv("MORGUE_SOURCE_ADDRESS", "here")
    with pytest.raises(ConfigError, match=r'^MORGUE_SOURCE_ADDRESS: "here" is not an IP address'):
        assert source_addresses("203.0.113.7")


def test_ipv4_address_that_is_written_as_ipv6_is_one_of_ipv4():
    """As an address of IPv6 it would reach no host."""
    assert source_addresses("::ffff:127.0.0.9, ::1") == ("127.0.0.9", "::1")
