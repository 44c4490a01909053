"""Turn what the client library says of a failed request into one of our errors, without anything secret in it."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipelines.bucket.address import AMAZON, KEYS_CURE
from pipelines.core.errors import BucketFailing, ConfigError, MorgueError, NotFound, ObjectChanged
from pipelines.core.terminal import plain

MAX_SAID_CHARS = 200  # of a server's own explanation
STATUS = re.compile(r"non-2xx status code: (\d{3})")
CODE, MESSAGE = re.compile(r"<Code>([A-Za-z0-9.]{1,60})</Code>"), re.compile(r"<Message>([^<]*)</Message>")
KIND = re.compile(r"kind: (Timeout|Connect|Request|Interrupted|Decode|Body|Unknown)\b")
REASON = re.compile(r'(?:message|error): "([^"\\]{1,120})"')
PASSING_STATUS = frozenset((408, 409, 425, 429, 500, 502, 503, 504))
PASSING_CODES = frozenset(
    ("RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "ConditionalRequestConflict")
)
# The server received other bytes than were sent, and keeps nothing of them.
DAMAGED_ON_THE_WAY = frozenset(
    ("BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody", "InvalidDigest")
)
WAIT_CURE = "look at the server and the network, then run the same command again; what was finished before is kept"
OTHER_SERVER_CURE = (
    "if the bucket is not Amazon's, name its server: AWS_ENDPOINT_URL, or `endpoint` in [storage] of morgue.toml; else "
    "look at the network, then run the same command again"
)
# Of a machine in a cloud: it is asked for keys if none are given.
IDENTITY_SERVICE = re.compile(r"http://169\.254\.\d+\.\d+/")
ACCESS_CURE = "check the keys, their rights on this bucket, and AWS_REGION"


class Failure(NamedTuple):
    """Say what became of a request: the error for the caller, and whether the next try may go better."""

    error: MorgueError
    may_pass: bool
    is_unsure: bool  # the request may have done its work all the same


def failure_of(error: Exception, address: str, server: str) -> Failure:
    """Return what an exception of the client library means for the object (or the bucket) at `address`."""
    name, text = type(error).__name__, str(error)
    said = text.partition("Debug source")[0]
    status = int(match[1]) if (match := STATUS.search(said)) else None
    code = match[1] if (match := CODE.search(said)) else ""
    if IDENTITY_SERVICE.search(said) and not IDENTITY_SERVICE.match(f"{server}/"):
        cause = "there are no keys for the bucket here, and this machine has no identity that a cloud gave it"
        return _for_good(BucketFailing(address, cause, KEYS_CURE))
    if code == "NoSuchBucket":
        return _for_good(ConfigError(address, f"there is no such bucket on {server}", "make it, or correct its name"))
    if isinstance(error, FileNotFoundError):
        return _for_good(NotFound(address, "no such object", "put it back from a copy; `morgue verify` names all"))
    if code in PASSING_CODES or code in DAMAGED_ON_THE_WAY:
        return _may_pass(address, _answer(status, code, said), is_unsure=code not in DAMAGED_ON_THE_WAY)
    if name in ("PreconditionError", "AlreadyExistsError", "NotModifiedError") and status != 409:
        cause = "is there already" if name == "AlreadyExistsError" else "is not the object that was there before"
        return _for_good(ObjectChanged(address, cause, "another program writes here: stop it, then look at both"))
    if status == 416:
        return _for_good(ObjectChanged(address, "is shorter than it was", "put it back from a copy"))
    if name in ("PermissionDeniedError", "UnauthenticatedError") or status in (401, 403):
        cause = f"{server} refuses the access" + (f" ({code})" if code else "")
        return _for_good(BucketFailing(address, cause, ACCESS_CURE))
    if status is not None:
        if status in PASSING_STATUS or status >= 500:
            return _may_pass(address, _answer(status, code, said), is_unsure=True)
        return _for_good(BucketFailing(address, _answer(status, code, said), ACCESS_CURE))
    kind = match[1] if (match := KIND.search(text)) else ""
    if name == "GenericError" and kind:
        if kind == "Connect":
            reason = found[-1] if (found := REASON.findall(text)) else "no connection"
            cure = OTHER_SERVER_CURE if server == AMAZON else WAIT_CURE
            return _may_pass(address, f"{server} cannot be reached: {plain(reason)}", cure, is_unsure=False)
        cause = f"{server} did not answer in time" if kind == "Timeout" else f"the connection to {server} broke"
        return _may_pass(address, cause, is_unsure=True)
    cause = f"{server}: {plain(said.strip().splitlines()[0][:MAX_SAID_CHARS]) if said.strip() else name}"
    return _for_good(BucketFailing(address, cause, WAIT_CURE))


def _answer(status: int | None, code: str, said: str) -> str:
    message = match[1] if (match := MESSAGE.search(said)) else ""
    words = " ".join(filter(None, (str(status or ""), code, plain(message)[:MAX_SAID_CHARS])))
    return f"the server answers {words}".strip()


def _for_good(error: MorgueError) -> Failure:
    return Failure(error, may_pass=False, is_unsure=False)


def _may_pass(address: str, cause: str, cure: str = WAIT_CURE, *, is_unsure: bool) -> Failure:
    return Failure(BucketFailing(address, cause, cure), may_pass=True, is_unsure=is_unsure)
