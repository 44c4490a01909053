"""Hold the words in URLs by which `url_classifier` knows articles, lists and other pages.

A word counts only as a whole path segment (`/tag/ferry/`, `/login.html`), lower case and decoded; never as part of a
slug. Words of languages are in pipelines/extraction/languages, sections `[url.*]`, native and transliterated, because
URLs have both.
"""

from __future__ import annotations

from pipelines.extraction.languages.tables import phrases


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


UTILITY_SEGMENTS = frozenset(phrases("url.utility"))  # anywhere in the path: the URL is never followed
VARIANT_SEGMENTS = frozenset(phrases("url.variant"))  # as first or last segment only: /spiegel/print/ is a magazine
TAG_AND_AUTHOR_SEGMENTS = frozenset(phrases("url.tag-and-author"))  # only a date later in the path outweighs one
SERVICE_SEGMENTS = frozenset(phrases("url.service"))  # a date, a number or a long name later in the path outweighs one
SERVICE_HOST_LABELS = frozenset(phrases("url.service-host"))  # of hosts such as jobs.paper.example
ARTICLE_SEGMENTS = frozenset(phrases("url.article"))  # before an article whose name has two words or a number
NEWS_SEGMENTS = frozenset(phrases("url.news"))  # before an article whose name has three words
PAGINATION_WORDS = frozenset(phrases("url.pagination"))  # parameters and segments for the next page of a list
MONTH_NAMES = frozenset(phrases("url.months"))

# Parameters that hold the number of an article.
ARTICLE_ID_PARAMETERS = words("""
    id idx idxno artid article_id articleid aid artnr newsid news_id nid storyid story_id contentid content_id
    cid_article story item itemid p seq no num sn artikel article art post newsno nr key docid arcid oid ncode
    artikelid artikel_id id_article id_articulo id_articolo id_noticia idnoticia noticia_id noticia notizia idnota
    id_nota nota haberid haber_id sto_cod tx_ttnews[tt_news] tx_news_pi1[news]
""")

NAMED_FOR_ARTICLES = frozenset(name for name in ARTICLE_ID_PARAMETERS if len(name) > 4) - {"itemid", "docid"}
PATH_PARAMETERS = words("q r route")  # hold a path instead: /?q=node/4711, as Drupal wrote it
COUNTING_PARAMETERS = words("page no num nr")  # of those above; a small number may count the pages of a list

# Names that an address with a number has if the number is that of a list: /category.php?id=7, ?view=category&id=7.
LIST_NAMES = words("""
    category categories cat kategorie kategori categoria categorie section sections seccion rubrik rubrique rubric list
    liste lista archive archives archiv featured blog blogcategory blogsection forum board thread topic tag author
    gallery member profile user
""")

# Parameters that say which menu a link was in. They do not change the page.
REFERRER_PARAMETERS = words(
    "ref referrer referer source src via ico icn nav cid lid et_cid loc origin link_location position"
)

# Parameters of traps and variants: calendars, filters, searches, the same page for a printer.
VARIANT_PARAMETERS = words("""
    s q query search suche keyword keywords text term replytocom share print printview printable format
    outputtype amp output login redirect redirect_to return returnurl return_to next_url add-to-cart
    attachment_id feed rss view_mode date day month year cal calendar jahr monat tag mois annee mes ano dia
    fecha datum von bis start_date end_date from to since until sort order orderby sortby dir filter filters
    facet facets sessionid letter lightbox slideshow
""")

FILE_ENDINGS = words("""
    jpg jpeg png gif svg webp avif ico bmp tif tiff mp3 mp4 m4a m4v ogg ogv oga wav webm mov avi flv m3u8 mpg
    mpeg pdf doc docx xls xlsx ppt pptx odt csv epub mobi zip gz tar rar 7z dmg exe apk iso css js mjs map json
    xml rss atom rdf ics vcf woff woff2 ttf eot swf txt kml torrent webmanifest
""")
PAGE_ENDINGS = words(
    "html htm shtml xhtml phtml php php5 asp aspx jsp jspx jhtml cfm do cms amp page stm ece nhtml story"
)
INDEX_NAMES = words("index default home main start startseite inicio accueil portada")
