"""Whom to believe, field by field: every order of trust in one place, a reason beside each line.

Data only. The first line that gives a usable value wins (`arbitration.first`). Three fields have an order that is more
than a list of names: the title (`titles`), the authors (`bylines`) and the dates (`moments`) put what the page prints
between these lines.
"""

from __future__ import annotations

from pipelines.extraction.fields.candidates import PrecedenceLine

CANONICAL_URL = (
    PrecedenceLine("link", ("canonical",), "made for this question (RFC 6596)"),
    PrecedenceLine("meta", ("og:url",), "the address to share, usually the same"),
)

# What is declared as the headline. Whether the page prints it decides among them: see `titles`.
TITLE = (
    PrecedenceLine("json-ld", ("headline",), "the article's own node, written for machines that quote it"),
    PrecedenceLine("meta", ("og:title",), "for social media: often reworded"),
    PrecedenceLine(
        "meta", ("citation_title", "parsely-title", "sailthru.title", "dc.title", "dcterms.title"), "for libraries"
    ),
    PrecedenceLine("meta", ("twitter:title", "headline", "title"), "no standard says what they hold"),
    PrecedenceLine("json-ld page", ("headline",), "of the page, not of the article"),
    PrecedenceLine("title", ("title",), "with site name and section around it"),
    PrecedenceLine("json-ld", ("name",), "sometimes a working title"),
    PrecedenceLine("json-ld page", ("name",), "as <title>"),
    PrecedenceLine("feed", ("title",), "may be cut or changed since"),
)

DESCRIPTION = (
    PrecedenceLine("json-ld", ("description",), "of the article's own node"),
    PrecedenceLine("meta", ("og:description",), "shown to readers where the article is shared"),
    PrecedenceLine("meta", ("description", "twitter:description"), "written for search engines"),
    PrecedenceLine("meta", ("sailthru.description", "dc.description", "dcterms.description"), "copies"),
    PrecedenceLine("microdata", ("description",), "may belong to a part of the page"),
)

# The metas that name authors. Addresses among them (article:author is meant to be one) name nobody.
AUTHORS_JSON_LD = "names the persons of this article, one by one"
AUTHORS_PAGE_NODE = "the page's author, where the article has no node of its own"
AUTHORS_META = (
    PrecedenceLine("meta", ("article:author", "citation_author"), "only articles carry them"),
    PrecedenceLine(
        "meta", ("author", "articleauthor", "parsely-author", "sailthru.author", "cxenseparse:author"), "of the page"
    ),
    PrecedenceLine("meta", ("dc.creator", "dcterms.creator"), "library practice: surname first"),
    PrecedenceLine(
        "meta", ("byl", "og:article:author", "og:author", "authors", "dcsext.author", "creator"), "no standard"
    ),
)

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
            "article_date_original", "originalpublicationdate", "ptime",
        ),
        "say publication in so many words",
    ),
    PrecedenceLine("microdata", ("datePublished",), "beside the text, for machines"),
    PrecedenceLine("json-ld", ("dateCreated",), "before publication, by hours at most"),
)  # fmt: skip
PUBLISHED_DATE = (PrecedenceLine("meta", ("date",), "the date of the page, which on most is that of the article"),)
PUBLISHED_PRINTED = "what readers see below the headline"
PUBLISHED_URL = "the day on which the system made the address"
PUBLISHED_GENERIC = (
    PrecedenceLine("meta", ("dcterms.created", "dc.date.created", "dc.date"), "may be any date of the document"),
)
PUBLISHED_HTMLDATE = "searches the whole page, and may find another story's date"
PUBLISHED_FEED = (PrecedenceLine("feed", ("published",), "the feed's date moves when an entry is touched"),)

MODIFIED = (
    PrecedenceLine("json-ld", ("dateModified",), "the article's own node"),
    PrecedenceLine("meta", ("article:modified_time", "og:article:modified_time"), "only articles have it"),
    PrecedenceLine("json-ld page", ("dateModified",), "of the page: moves with its frame"),
    PrecedenceLine("microdata", ("dateModified",), "beside the text, for machines"),
    PrecedenceLine(
        "meta", ("datemodified", "dcterms.modified", "dc.date.modified", "article.updated"), "say so in words"
    ),
    PrecedenceLine(
        "meta", ("og:updated_time", "lastmod", "last-modified"), "may be the day on which the page was built"
    ),
)

LANGUAGE = (
    PrecedenceLine("json-ld", ("inLanguage.alternateName", "inLanguage.name"), "of the article itself"),
    PrecedenceLine("html", ("lang", "xml:lang"), "of the page; set by its template"),
    PrecedenceLine("meta", ("og:locale",), "a locale, not a language, but its first half is one"),
    PrecedenceLine(
        "meta", ("content-language", "dc.language", "dcterms.language", "language"), "rare, often forgotten"
    ),
    PrecedenceLine("feed", ("language",), "of the feed"),
)

SECTION = (
    PrecedenceLine("json-ld", ("articleSection",), "the paper's own section"),
    PrecedenceLine("meta", ("article:section", "og:article:section"), "only articles have it"),
    PrecedenceLine("meta", ("parsely-section", "cxenseparse:section", "section"), "for statistics, often the same"),
)

TAGS = (
    PrecedenceLine("json-ld", ("keywords.name",), "of the article's own node"),
    PrecedenceLine("meta", ("article:tag", "og:article:tag"), "one a tag"),
    PrecedenceLine("meta", ("news_keywords",), "chosen by the desk"),
    PrecedenceLine("meta", ("parsely-tags", "sailthru.tags"), "for statistics, mixed with types"),
    PrecedenceLine("meta", ("keywords",), "written for search engines"),
)

SITE_NAME = (
    PrecedenceLine("meta", ("og:site_name",), "made for this question"),
    PrecedenceLine("json-ld", ("publisher.name",), "who publishes the article is whose site it is"),
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
    *SITE_NAME,  # nobody declares an organisation: the site's name stands for it
)

ISSN = (
    PrecedenceLine("json-ld", ("issn", "isPartOf.issn", "publisher.issn"), "the periodical of the article"),
    PrecedenceLine(
        "meta", ("citation_issn", "prism.issn", "prism.eissn", "dc.identifier", "dc.source", "issn"), "for libraries"
    ),
    PrecedenceLine("json-ld site", ("issn",), "the site is the periodical"),
    PrecedenceLine("printed", ("issn",), "the imprint in header or footer"),
)  # fmt: skip

IMAGE = (
    PrecedenceLine(
        "meta", ("og:image:secure_url", "og:image", "og:image:url"), "the picture that stands for the article"
    ),
    PrecedenceLine("meta", ("twitter:image", "twitter:image:src", "parsely-image-url"), "the same, for others"),
    PrecedenceLine("json-ld", ("image.url", "image.contentUrl", "image.@id"), "often many sizes, the largest first"),
)
