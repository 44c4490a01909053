"""Handle addresses as text: make the key that all spellings of one address share, and the URL to request.

    key         //paper.example/2026/11/crane?page=2     url_key: equal for two spellings of one address
    fetchable   https://paper.example/2026/11/crane      the URL that is requested and stored
    host        paper.example, paper.example:8080        host_of: the unit of politeness
    site        paper.example, bbc.co.uk                 site_of: the unit of ownership

Nothing is fetched here; `pipelines.core.links` joins a link with the address of its page. What two *pages* have in
common (rel=canonical, redirects, AMP twins) is decided in `pipelines.database.store`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from ipaddress import IPv6Address
from pathlib import Path
from typing import NamedTuple

MAX_URL_CHARS = 2000  # characters of a URL that is requested; browsers and CDNs agree up to about this length

# RFC 3986 appendix B, for http(s) with a host only. Browsers take a backslash for a slash, and any number of slashes
# before the host (WHATWG URL, 4.4).
WEB_URL = re.compile(r"(https?):/*([^/?#]*)([^?#]*)(\?[^#]*)?", re.IGNORECASE)
ENCODED_DOT = re.compile("%2e", re.IGNORECASE)  # in a segment of nothing but dots it is a dot (WHATWG URL, 4.4)
AUTHORITY = re.compile(r"(?:.*@)?(\[[0-9a-f:.]+\]|[^:\[\]]*)(?::([0-9]{0,5}))?", re.IGNORECASE)
HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
MAX_HOST_CHARS = 254  # a dot at the end included
MAX_LABEL_CHARS = 63
IPV4_LIKE = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
PORTS = {"http": "80", "https": "443"}

# An address without its scheme: a host with a dot whose last label has a letter, or an IPv4 address; then a path.
WITHOUT_SCHEME = re.compile(
    r"(?://)?(?:localhost|[\w-]+(?:\.[\w-]+)*\.(?=[\w-]*[^\W\d_])[\w-]{2,}|\d{1,3}(?:\.\d{1,3}){3})\.?"
    r"(?::\d{1,5})?(?:[/?#]\S*)?"
)

# Some readers of XML or HTML forget to unescape `&amp;`. Other entities that html.unescape would take are left:
# `&copy=1` is a parameter named copy, not a copyright sign.
AMPERSAND = re.compile(r"&(?:amp;|#0*38;|#x0*26;)+", re.IGNORECASE)
LATE_AMPERSAND = re.compile(r"(?:amp;)+", re.IGNORECASE)  # at the start of a parameter's name, once decoded
IGNORED_CHARS = re.compile(r"[\t\r\n]")  # WHATWG URL, 4.4: tab and newline inside a URL are not part of it
SURROUNDING_CHARS = "".join(map(chr, range(0x21)))  # nor are control characters and spaces around it

# RFC 3986, 3.3 and 3.4: characters that need no escape. Escapes are looked at one by one.
PLAIN_PATH = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/]*")
PLAIN_QUERY = re.compile(r"[A-Za-z0-9\-._~!$'()*+,;:@/?]*")
TO_NORMALISE = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$&'()*+,;=:@/?]")
TO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%\[\]|]")
NOT_ASCII = re.compile(rb"[\x80-\xff]")
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

SESSION_PATH = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)  # Java Servlet specification, 7.1.3
SESSION_NAMES = frozenset(("phpsessid", "jsessionid", "sessionid", "session_id", "cfid", "cftoken", "oscsid", "zenid"))
SESSION_VALUE = re.compile(r"(?:sid|s|session)=[0-9A-Za-z]{24,}")  # `sid=8576` is an article's number in many systems

# Parameters that say how a reader came to a page. We have our own table, because courlan's pattern matches prefixes and
# so also takes words that name a page in some systems (`eid`, `uid`, `gallery`, `game`, `keyword`, `sourceId`). If two
# pages get one key, one of them is lost for good. A tracker that is missing here costs only one more fetch, and
# rel=canonical joins the two.
TRACKING_PREFIX = re.compile(
    r"utm_|mtm_|matomo_|pk_|piwik_|hsa_|itm_|ga_(?:source|medium|campaign|content|term)|at_(?:medium|campaign|custom|link|ptr"
    r"|creation|variant|format|bbc_team)|vero_|oly_|ns_(?:mchannel|source|campaign|linkname|fee)|guce_|wt_z?mc|wt\.z?mc|"
    r"__hs|_hs|mkt_tok|mc_[ce]id|cm_mmc|aspsessionid"
)
# First the click numbers of advertising networks, then what mail and marketing systems add.
TRACKING_NAMES = frozenset(
    """
    fbclid gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid msclkid yclid ysclid twclid ttclid igshid igsh
    li_fat_id epik s_kwcid ef_id srsltid dicbo tblci rb_clickid wickedid _branch_match_id irclickid _openstat
    ml_subscriber ml_subscriber_hash ck_subscriber_id emci emdi ceid nr_email_referer vgo_ee sc_campaign s_cid cm_sp
    icid intcid intcmp int_cmp cmp cmpid xtor ocid smid mbid taid ftag soc_src soc_trk guccounter sr_share trk spm
    _ga _gl wtmc __twitter_impression usqp amp_js_v amp_gsa share_token share_source fb_action_ids fb_action_types
    fb_source fb_ref action_object_map action_type_map action_ref_map gs_l
    """.split()  # noqa: SIM905 (a table, not code)
)
# Words that may also name a page (`source=ap`, `ref=4711`) count as trackers only if their value names a channel.
CHANNEL_PARAMETER = re.compile(
    r"(?:ref|src|source|referrer|referer|srcref|via|from|partner|ito)=(?:rss(?:[_-]?feed|2)?|feeds?|atom|"
    r"twitter|x|t\.co|facebook|fb|ig|instagram|linkedin|whatsapp|telegram|newsletter|e-?mail|share|push|rssfeed|"
    r"news_?sitemap|hp|homepage|google_?news|flipboard|upday|apple_?news)"
)


class UrlParts(NamedTuple):
    """Hold the pieces of a web address: the host normalised, the rest as written."""

    scheme: str  # "http" or "https"
    host: str  # lower case, A-labels, IPv6 in brackets, with ":port" unless it is the scheme's own
    path: str  # as written; may be empty
    query: str  # as written, without the question mark


@lru_cache(maxsize=1024)
def parts_of(url: str) -> UrlParts:
    """Split an absolute http(s) URL; user name, password and fragment are left out. Raises ValueError."""
    url = AMPERSAND.sub("&", IGNORED_CHARS.sub("", url.strip(SURROUNDING_CHARS)))
    head, mark, query = url.partition("#")[0].partition("?")
    match = WEB_URL.fullmatch(head.replace("\\", "/"))
    if match is None:
        raise ValueError("not an absolute http or https URL")
    scheme = match[1].lower()
    return UrlParts(scheme, _authority(match[2], PORTS[scheme]), match[3], query if mark else "")


def url_key(url: str) -> str:
    """Return the key of an address: `//host/path?query`, equal for all spellings of one address, and readable.

    These differences are ignored, because no newspaper uses them for two pages: http and https; case, IDNA form and
    default port of the host; user name; fragment; `&amp;` for `&`; percent-encoding (RFC 3986, 6.2.2); dot segments; an
    empty path; order of the parameters; `+` and `%20` in a query; empty parameters (`?&`); tracking parameters; session
    numbers.

    These differences count, because some newspapers use them: `www.` or not, final slash or not, `index.html` or not,
    doubled slashes, case of the path. If such addresses are one article, its rel=canonical says so.

    `url_key(url_key(url)) == url_key(url)`. Raises ValueError if `url` is not an absolute http(s) URL with a host;
    never for a URL that `fetchable` returned.
    """
    parts = parts_of(f"https:{url}" if url.startswith("//") else url)
    # Both default ports are dropped with either scheme: http://a:443 most likely means https.
    host = parts.host.removesuffix(":80").removesuffix(":443") if parts.host[-1] in "03" else parts.host
    path = _normal(parts.path, PLAIN_PATH) if parts.path else "/"
    if ";" in path:
        path = SESSION_PATH.sub("", AMPERSAND.sub("&", path))
    path = without_dots(path)
    query = _normal_query(parts.query) if parts.query else ""
    return f"//{host}{path or '/'}" + (f"?{query}" if query else "")


def fetchable(url: str) -> str | None:
    """Return a URL as it is requested and stored; None if it is not http(s), has no host, or is too long.

    Fragment, user name, password and tracking parameters are cut off: no server needs them, and users look an article
    up by the address that people share. Spaces and other characters that a request may not hold are escaped. The rest
    stays as written, including the order of parameters. Idempotent.
    """
    if not isinstance(url, str) or len(url) > 4 * MAX_URL_CHARS:
        return None
    try:
        parts = parts_of(url)
    except ValueError:
        return None
    path = TO_ESCAPE.sub(_escape, parts.path) or "/"
    query = "&".join(part for part in parts.query.split("&") if not _is_tracking(part)) if parts.query else ""
    query = TO_ESCAPE.sub(_escape, query)
    clean = f"{parts.scheme}://{parts.host}{path}" + (f"?{query}" if query else "")
    return clean if len(clean) <= MAX_URL_CHARS else None


def address_in(raw: bytes) -> str:
    """Return an address that came as bytes: UTF-8, or else with each byte that is not ASCII percent-encoded.

    Nothing is lost, so two addresses stay two. A page in GBK or Latin-1 links its neighbours with the bytes of its own
    encoding, and the server knows them by these bytes, percent-encoded (RFC 3986 section 2.5).
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], raw).decode("ascii")


def typed_address(text: str) -> tuple[str | None, bool]:
    """Return what a user typed as a URL that can be fetched, None if it is no address; and True if it has no scheme.

    An address without a scheme is taken for HTTPS: `www.bbc.com/news/x`, `localhost:8000`.
    """
    if "://" in text[:12]:
        return fetchable(text), False
    if not WITHOUT_SCHEME.fullmatch(text):
        return None, False
    url = fetchable(f"https://{text.removeprefix('//')}")
    return url, url is not None


def host_of(url: str) -> str:
    """Return `host`, or `host:port` if the port is not the scheme's own: the unit of politeness. Raises ValueError."""
    return parts_of(url).host


def host_or_empty(url: str) -> str:
    """Return the host of a URL; "" for what is not a web address, as the target of a redirect may be."""
    try:
        return host_of(url)
    except ValueError:
        return ""


def is_web_address(url: str) -> bool:
    """Return True for an absolute http(s) URL with a host that can exist."""
    try:
        return bool(parts_of(url).host)
    except ValueError:
        return False


def key_or_none(url: str) -> str | None:
    """Return the url_key of an address; None for a text that is not a web address."""
    try:
        return url_key(url)
    except ValueError:
        return None


def site_of(url: str) -> str:
    """Return the registrable domain (`bbc.co.uk`; `name.blogspot.com`), or `host:port` of an IP address or bare name.

    The Public Suffix List is the one that comes with tldextract; no network is used. Names under a suffix that it does
    not know (`paper.example`, `server.internal`) follow its default rule. Raises ValueError.
    """
    return _site(parts_of(url).host)


def site_or_none(url: str) -> str | None:
    """Return the site of a URL, or None if it is not a web address: a redirect may lead to any text."""
    try:
        return site_of(url)
    except ValueError:
        return None


def site_of_host(host: str) -> str:
    """Return the site of a host as `host_of` returns it."""
    return _site(host)


def same_site(a: str, b: str) -> bool:
    """Return True if two URLs belong to one site; False if either is not a web address."""
    try:
        return site_of(a) == site_of(b)
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def _authority(text: str, default: str) -> str:
    """Return `host` or `host:port` from the text between `//` and the path. Raises ValueError."""
    match = AUTHORITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no host")
    host, port = match[1].lower(), (match[2] or "").lstrip("0") or ("0" if match[2] else "")
    host = f"[{IPv6Address(host[1:-1])}]" if host.startswith("[") else _host_name(host)
    if port and not 0 < int(port) < 65536:
        raise ValueError(f"{port} is no port")
    return host if port in ("", default) else f"{host}:{port}"


def _host_name(host: str) -> str:
    """Return a host name as it is resolved: A-labels, no dot at the end. Raises ValueError."""
    if "%" in host:
        from urllib.parse import unquote

        host = unquote(host, errors="strict").lower()
    # RFC 1035, 2.3.4. Checked before the encoding, because punycode takes time with the square of a label's length.
    if len(host) > MAX_HOST_CHARS or max(map(len, host.split("."))) > MAX_LABEL_CHARS:
        raise ValueError("a host name or one of its labels is too long")
    if not host.isascii():
        import idna  # its tables are loaded only for such a name

        try:
            host = idna.encode(host, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            host = _host_of_any_symbols(host)
    host = host.removesuffix(".")
    if not HOST.fullmatch(host):
        raise ValueError(f"{host!r} is no host name")
    return host


def _host_of_any_symbols(host: str) -> str:
    """Return the A-labels of a name that IDNA 2008 refuses and browsers take, such as an emoji. Raises ValueError.

    Browsers map the name by UTS 46 and encode what is left (UTS 46, 4; CheckHyphens, UseSTD3ASCIIRules: false).
    """
    import idna

    try:
        labels = idna.uts46_remap(host, std3_rules=False).split(".")
        return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError(f"{host!r} is no host name: {error}") from None


def _normal(text: str, plain: re.Pattern[str]) -> str:
    """Normalise percent-encoding (RFC 3986, 6.2.2.1 and 6.2.2.2; non-ASCII as UTF-8, RFC 3987, 3.1)."""
    return text if plain.fullmatch(text) else TO_NORMALISE.sub(_normal_character, text)


def _normal_character(match: re.Match[str]) -> str:
    found = match[0]
    if len(found) == 3:
        char = chr(int(found[1:], 16))
        return char if char in UNRESERVED else found.upper()
    return _escape(match)


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))


def _normal_query(query: str) -> str:
    """Return the parameters that name the page, in the order of their names; those of one name keep their order."""
    kept = []
    for part in query.split("&"):
        if not part or _is_tracking(part) or _is_session(part):
            continue
        name, equals, value = part.partition("=")
        name = _normal(name, PLAIN_QUERY).replace("%20", "+")
        if late := LATE_AMPERSAND.match(name):
            name = name[late.end() :]
        value = _normal(value, PLAIN_QUERY).replace("%20", "+")
        # A tracker may have been escaped. Test again after decoding, so that the key of a key is the same key.
        part = name + equals + value
        if part and not _is_tracking(part) and not _is_session(part):
            kept.append((name, equals + value))
    kept.sort(key=lambda pair: pair[0])
    return "&".join(name + rest for name, rest in kept)


def _is_tracking(part: str) -> bool:
    """Return True if a parameter (`name=value`) only says where a reader came from."""
    part = part.lower()
    name = part.partition("=")[0]
    return (
        name in TRACKING_NAMES
        or TRACKING_PREFIX.match(name) is not None
        or CHANNEL_PARAMETER.fullmatch(part) is not None
    )


def _is_session(part: str) -> bool:
    name = part.partition("=")[0].lower()
    return name in SESSION_NAMES or (name in ("sid", "s", "session") and SESSION_VALUE.fullmatch(part) is not None)


def without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986, 5.2.4); empty segments count as segments."""
    if "/." not in path and "/%2" not in path:
        return path
    kept: list[str] = []
    dots = ""
    for segment in path.split("/")[1:]:
        dots = ENCODED_DOT.sub(".", segment) if segment[:1] in (".", "%") else ""
        if dots == "..":
            del kept[-1:]
        elif dots != ".":
            kept.append(segment)
    if dots in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


@lru_cache(maxsize=4096)
def _site(host: str) -> str:
    name = host.partition(":")[0]
    if host.startswith("[") or IPV4_LIKE.fullmatch(name) or "." not in name:
        return host
    labels = name.split(".")
    at = _suffix_at([_readable(label) for label in labels])
    return ".".join(labels[at - 1 :]) if at > 0 and labels[at - 1] else host


def _suffix_at(labels: Sequence[str]) -> int:
    """Return at which label the public suffix begins, by the longest rule (https://publicsuffix.org/list/)."""
    rules = _suffix_rules()
    for at in range(len(labels)):
        rest = ".".join(labels[at + 1 :])
        if f"!{labels[at]}.{rest}" in rules:
            return at + 1
        if (f"{labels[at]}.{rest}" if rest else labels[at]) in rules or (rest and f"*.{rest}" in rules):
            return at
    return len(labels) - 1  # no rule matches, so the rule is `*`


def _readable(label: str) -> str:
    """Return a label of a host as the list writes it: in lower case, and not in Punycode."""
    label = label.lower()
    try:
        return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except ValueError:
        return label


@lru_cache(maxsize=1)
def _suffix_rules() -> frozenset[str]:
    """Return the rules of the list that comes with tldextract.

    Private suffixes count: two blogs of one host (name.blogspot.com) are two sites. tldextract itself is not imported,
    because it brings an HTTP client, and makes 17,000 objects of the rules: that is a quarter of an idle pass.
    """
    package = find_spec("tldextract")
    assert package is not None
    assert package.origin is not None
    lines = Path(package.origin).with_name(".tld_set_snapshot").read_text(encoding="utf-8").splitlines()
    return frozenset(line.split()[0] for line in lines if line.strip() and not line.startswith("//"))
