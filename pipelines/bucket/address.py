"""Read the address of a bucket, and find out where it is and as whom it is asked: settings, environment, AWS files.

Secrets are only handed on to the client library: no value here shows one.
"""

from __future__ import annotations

import configparser
import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.core import safe_open
from pipelines.core.errors import ConfigError, os_errors

SCHEME = "s3"
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"[A-Za-z0-9_.=-]+(/[A-Za-z0-9_.=-]+)*")
ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")  # the first one that is set counts
AMAZON = "Amazon S3"  # how messages name the server if nobody names another one
KEYS_CURE = "give them by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or in ~/.aws/credentials"
# Any of these says where credentials come from; only without them are the files of the AWS tools read.
CREDENTIAL_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """Say where objects are: a bucket, what their keys begin with, and the server."""

    bucket: str
    prefix: str  # without a slash at the ends; "": the whole bucket
    endpoint: str | None = None  # https://HOST[:PORT]; None: Amazon's own

    def __str__(self) -> str:
        return f"{SCHEME}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")


def bucket_address(text: str, endpoint: str | None = None, *, allow_http: bool = False) -> BucketAddress:
    """Return the address that a text such as "s3://bucket/prefix" says. Raises ConfigError.

    `endpoint`: the server; None: as the environment says, else Amazon's. `allow_http`: talk to other machines without
    TLS too, so that everybody on the way reads the pages.
    """
    scheme, _, rest = text.partition("://")
    bucket, _, prefix = rest.partition("/")
    prefix = prefix.strip("/")
    well_formed = scheme == SCHEME and BUCKET_NAME.fullmatch(bucket) is not None
    if not well_formed or (prefix and (not PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/")))):
        shown = re.sub(r"//[^/@]*@", "//", text)  # whoever writes a password there shall not find it in a log
        raise ConfigError(shown, "is not the address of a bucket", "write it as s3://BUCKET or s3://BUCKET/PREFIX")
    if endpoint is None:
        endpoint = endpoint_of_environment()
    if endpoint is not None:
        endpoint = checked_endpoint(endpoint, allow_http=allow_http)
    return BucketAddress(bucket, prefix, endpoint)


def endpoint_of_environment() -> str | None:
    """Return the server that the environment names; None if it names none."""
    return next((os.environ[name] for name in ENDPOINT_VARIABLES if os.environ.get(name)), None)


def checked_endpoint(text: str, *, allow_http: bool = False) -> str:
    """Return the address of a server without a slash at its end. Raises ConfigError."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigError("endpoint", "is not an address", "write it as https://HOST or https://HOST:PORT") from None
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"endpoint of {host}", "has a name or password in it", KEYS_CURE)
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ConfigError(f"endpoint {text}", "is not an address", "write it as https://HOST or https://HOST:PORT")
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        cure = "use https://, or allow http:// in [storage] allow_http if nobody else is on that network"
        raise ConfigError(f"endpoint {text}", "has no TLS: others on the way could read and change the pages", cure)
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """Return True if a host name or address is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def aws_profile() -> dict[str, str]:
    """Return what the files of the AWS tools say of the profile in use: keys and region, by the client's names.

    Empty if the environment names credentials. Else the client goes on to ask the machine's own identity service.
    Raises MorgueError for a file that cannot be read.
    """
    if any(os.environ.get(name) for name in CREDENTIAL_VARIABLES):
        return {}
    profile = os.environ.get("AWS_PROFILE") or "default"
    credentials = _section("AWS_SHARED_CREDENTIALS_FILE", "credentials", profile)
    settings = _section("AWS_CONFIG_FILE", "config", profile if profile == "default" else f"profile {profile}")
    found = {**settings, **credentials}
    if "aws_access_key_id" not in found and os.environ.get("AWS_PROFILE"):
        cure = "single sign-on and assumed roles are not read: export their keys (aws configure export-credentials)"
        raise ConfigError(f"AWS_PROFILE {profile}", "has no access key in ~/.aws/credentials", cure)
    names = {
        "aws_access_key_id": "access_key_id",
        "aws_secret_access_key": "secret_access_key",
        "aws_session_token": "session_token",
    }
    values = {ours: found[theirs] for theirs, ours in names.items() if found.get(theirs)}
    if found.get("region") and not (os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")):
        values["region"] = found["region"]
    return values


def _section(variable: str, name: str, section: str) -> dict[str, str]:
    """Return one section of a file of the AWS tools; empty if there is none. Raises MorgueError."""
    path = Path(os.environ.get(variable) or Path.home() / ".aws" / name).expanduser()
    parser = configparser.RawConfigParser()
    with os_errors(str(path)):
        try:
            text = safe_open.read_bytes(path.resolve()).decode(errors="replace")
        except FileNotFoundError:
            return {}
    try:
        parser.read_string(text)
    except configparser.Error:  # its message quotes lines, which may hold a secret
        raise ConfigError(str(path), "is not a file of sections and keys", "compare it with AWS's manual") from None
    return dict(parser[section]) if parser.has_section(section) else {}
