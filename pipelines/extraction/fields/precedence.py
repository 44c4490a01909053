"""List which place of a page comes first, field by field: every order of precedence, with a reason for each line.

Data only. The first line that gives a usable value wins (`candidates.first_usable`). Three fields have an order that is
more than a list of names: `titles`, `authors` and `dates` put what the page prints between these lines.
"""

from __future__ import annotations

from pipelines.extraction.fields.candidates import PrecedenceLine

CANONICAL_URL = (
    PrecedenceLine("link", ("canonical",), "made for this purpose (RFC 6596)"),
    PrecedenceLine("meta", ("og:url",), "the address to share, usually the same"),
)

# Declared headlines. Which of them the page prints decides among them: see `titles`.
TITLE = (
    PrecedenceLine("json-ld", ("headline",), "the article's own node, written for machines that quote it"),
    PrecedenceLine("meta", ("og:title",), "for social media: often reworded"),
    PrecedenceLine(
        "meta",
        ("citation_title", "parsely-title", "sailthru.title", "dc.title", "dcterms.title"),
        "for library catalogues",
    ),
    PrecedenceLine("meta", ("twitter:title", "headline", "title"), "no standard says what they contain"),
    PrecedenceLine("json-ld page", ("headline",), "of the page, not of the article"),
    PrecedenceLine("title", ("title",), "includes the names of site and section"),
    PrecedenceLine("json-ld", ("name",), "sometimes a working title"),
    PrecedenceLine("json-ld page", ("name",), "the same as <title>"),
    PrecedenceLine("feed", ("title",), "may be cut or changed since"),
)

DESCRIPTION = (
    PrecedenceLine("json-ld", ("description",), "the article's own node"),
    PrecedenceLine("meta", ("og:description",), "shown to readers when the article is shared"),
    PrecedenceLine("meta", ("description", "twitter:description"), "written for search engines"),
    PrecedenceLine("meta", ("sailthru.description", "dc.description", "dcterms.description"), "copies of the others"),
    PrecedenceLine("microdata", ("description",), "may belong to a part of the page"),
)

# Metas that name authors. URLs among them (the standard wants one in article:author) are skipped.
AUTHORS_JSON_LD = "names the persons of this article, one by one"
AUTHORS_PAGE_NODE = "the author of the page, if the article has no node of its own"
AUTHORS_META = (
    PrecedenceLine("meta", ("article:author", "citation_author"), "only articles have them"),
    PrecedenceLine(
        "meta",
        ("author", "articleauthor", "parsely-author", "sailthru.author", "cxenseparse:author"),
        "authors of the page",
    ),
    PrecedenceLine("meta", ("dc.creator", "dcterms.creator"), "library practice: surname first"),
    PrecedenceLine(
        "meta",
        ("byl", "og:article:author", "og:author", "authors", "dcsext.author", "creator"),
        "no standard defines them",
    ),
)

AUTHORS_LABELLED = "labelled as the author, for cards in social media; often the name of an account"

PUBLISHED_DECLARED = (
    PrecedenceLine("json-ld", ("datePublished",), "the article's own node"),
    PrecedenceLine("json-ld page", ("datePublished",), "the page of the article; the same in most systems"),
    PrecedenceLine(
        "meta", ("article:published_time", "og:article:published_time", "article:published"), "only articles have it"
    ),
    PrecedenceLine(
        "meta",
        (
            "og:published_time", "datepublished", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime",
            "cxenseparse:publishtime", "citation_publication_date", "citation_online_date", "prism.publicationdate",
            "dc.date.issued", "dcterms.issued", "article.published", "publish-date", "publish_date",
            "publication_date", "published_at", "pubdate", "publishdate", "article:post_date",
            "article_date_original", "originalpublicationdate", "ptime", "dc.issued", "publisheddate", "date-published",
            "date_published", "published", "published-date", "publication-date", "article:published_date",
            "article_publication_date", "rnews:datepublished", "bt:pubdate", "vr:published_time", "og:pubdate",
            "og:publish_date", "weibo:article:create_at", "date_posted", "dc.date.published", "citation_date",
            "article.created",
        ),
        "their names say that it is the date of publication",
    ),
    PrecedenceLine("microdata", ("datePublished",), "beside the text, for machines"),
    PrecedenceLine("json-ld", ("dateCreated",), "at most hours before publication"),
)  # fmt: skip
PUBLISHED_DATE = (PrecedenceLine("meta", ("date",), "the date of the page, usually that of the article"),)
PUBLISHED_PRINTED = "what readers see below the headline"
PUBLISHED_URL = "the day on which the system created the URL"
PUBLISHED_GENERIC = (
    PrecedenceLine(
        "meta",
        ("dcterms.created", "dc.date.created", "dc.date", "dcterms.date", "creation_date"),
        "may be any date of the document",
    ),
)
PUBLISHED_SCRIPT = "data in scripts, beside the title of the article, or the only such day"
PUBLISHED_HTMLDATE = "searches the whole page; counts only if a list or a line of the page names that day"
PUBLISHED_FEED = (PrecedenceLine("feed", ("published",), "changes whenever an entry of the feed is edited"),)

# The hours from UTC, westernmost and easternmost, of the places where a language is written. A moment in UTC may be the
# day before or after in one of them. Pages in English may be from anywhere.
ANY_ZONE = (-11, 13)
ZONES = {
    **dict.fromkeys(("de", "it", "nl", "pl", "cs", "sk", "sl", "hr", "sr", "hu", "sv", "no", "nb"), (1, 2)),
    **dict.fromkeys(("fi", "et", "lv", "lt", "el", "bg", "ro", "uk", "he"), (2, 3)),
    "da": (-3, 2), "be": (3, 3), "tr": (2, 3), "ru": (2, 12), "ar": (0, 4), "fa": (3, 5), "hi": (5, 6), "bn": (5, 6),
    "th": (7, 7), "vi": (7, 7), "id": (7, 9), "ja": (9, 9), "ko": (9, 9), "zh": (-8, 8), "es": (-8, 2), "ca": (1, 2),
    "pt": (-5, 1), "fr": (-10, 12),
}  # fmt: skip

MODIFIED = (
    PrecedenceLine("json-ld", ("dateModified",), "the article's own node"),
    PrecedenceLine("meta", ("article:modified_time", "og:article:modified_time"), "only articles have it"),
    PrecedenceLine("json-ld page", ("dateModified",), "of the page: changes with its header or footer"),
    PrecedenceLine("microdata", ("dateModified",), "beside the text, for machines"),
    PrecedenceLine(
        "meta",
        ("datemodified", "dcterms.modified", "dc.date.modified", "article.updated"),
        "their names say that it is the date of a change",
    ),
    PrecedenceLine(
        "meta", ("og:updated_time", "lastmod", "last-modified"), "may be the day on which the page was built"
    ),
)

LANGUAGE_DECLARED = (
    PrecedenceLine("json-ld", ("inLanguage.alternateName", "inLanguage.name"), "of the article itself"),
    PrecedenceLine("html", ("lang", "xml:lang"), "of the page; set by its template"),
    PrecedenceLine("meta", ("og:locale",), "a locale, not a language, but its first half is one"),
    PrecedenceLine(
        "meta", ("content-language", "dc.language", "dcterms.language", "language"), "rare, often not maintained"
    ),
    PrecedenceLine("feed", ("language",), "of the feed"),
)

SECTION = (
    PrecedenceLine("json-ld", ("articleSection",), "the paper's own section"),
    PrecedenceLine("meta", ("article:section", "og:article:section"), "only articles have it"),
    PrecedenceLine("meta", ("parsely-section", "cxenseparse:section", "section"), "for statistics, often the same"),
)

TAGS = (
    PrecedenceLine("json-ld", ("keywords.name",), "the article's own node"),
    PrecedenceLine("meta", ("article:tag", "og:article:tag"), "one for each tag"),
    PrecedenceLine("meta", ("news_keywords",), "chosen by the editors"),
    PrecedenceLine("meta", ("parsely-tags", "sailthru.tags"), "for statistics, mixed with types"),
    PrecedenceLine("meta", ("keywords",), "written for search engines"),
)

SITE_NAME = (
    PrecedenceLine("meta", ("og:site_name",), "made for this purpose"),
    PrecedenceLine("json-ld", ("publisher.name",), "the publisher of the article owns the site"),
    PrecedenceLine("json-ld site", ("name",), "the site's node"),
    PrecedenceLine("meta", ("application-name", "apple-mobile-web-app-title"), "may be an app's name"),
    PrecedenceLine("meta", ("dc.publisher", "publisher", "copyright"), "may be a company's name"),
)

PUBLISHER = (
    PrecedenceLine("json-ld", ("publisher.name",), "declared for this article"),
    PrecedenceLine(
        "meta", ("citation_publisher", "dc.publisher", "dcterms.publisher", "publisher"), "declared for the page"
    ),
    PrecedenceLine("json-ld page", ("publisher.name",), "declared for the page"),
    PrecedenceLine("json-ld site", ("publisher.name",), "declared for the site"),
    *SITE_NAME,  # if no organisation is declared, the name of the site takes its place
)

ISSN = (
    PrecedenceLine("json-ld", ("issn", "isPartOf.issn", "publisher.issn"), "the periodical of the article"),
    PrecedenceLine(
        "meta", ("citation_issn", "prism.issn", "prism.eissn", "dc.identifier", "dc.source", "issn"),
        "for library catalogues",
    ),
    PrecedenceLine("json-ld site", ("issn",), "the site is the periodical"),
    PrecedenceLine("printed", ("issn",), "the imprint in header or footer"),
)  # fmt: skip

IMAGE = (
    PrecedenceLine(
        "meta", ("og:image:secure_url", "og:image", "og:image:url"), "the picture that represents the article"
    ),
    PrecedenceLine("meta", ("twitter:image", "twitter:image:src", "parsely-image-url"), "the same, for other services"),
    PrecedenceLine("json-ld", ("image.url", "image.contentUrl", "image.@id"), "often many sizes, the largest first"),
)
IMAGE_PRINTED = "the first picture of the article; logos, portraits and small pictures are left out"
