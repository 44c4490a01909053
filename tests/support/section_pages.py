"""Hold pages with addresses of sections: some are articles, some are the lists that they seem to be."""

from __future__ import annotations

# ruff: noqa: E501 - a page of the tables is one line

WORDS = {
    "en": "the harbour board has agreed to repair both cranes before winter because the ferry needs deeper water",
    "de": "der alte Hof am Ufer gehört seit vier Generationen einer Familie und wird heute ohne Pachtland geführt",
    "fr": "le conseil du port a décidé de réparer les grues avant cet hiver car les bateaux attendent depuis mai",
    "ru": "портовый совет решил починить оба крана до зимы потому что паромам нужна более глубокая вода у причала",
    "ar": "قرر مجلس الميناء إصلاح الرافعات قبل الشتاء لأن السفن تنتظر منذ شهر في عرض البحر أمام الجزيرة الصغيرة",
}
JAPANESE = (
    "港の委員会は冬が来る前に古いクレーンを二基とも修理することを決めたと発表した。島の人々は長いあいだ待っていた。"
)
DATE = '<meta property="article:published_time" content="2026-11-03T08:30:00+01:00">'
AUTHOR = '<meta name="author" content="Mara Quill">'


def sentences(number: int, language: str = "en", begin: int = 0) -> str:
    """Return sentences that all differ."""
    words = WORDS[language].split()
    turned = (words[(n * 5) % len(words) :] + words[: (n * 5) % len(words)] for n in range(begin, begin + number))
    return " ".join(f"{n} {' '.join(some)}.".capitalize() for n, some in enumerate(turned, begin + 11))


def prose(paragraphs: int, language: str = "en", tag: str = "p", each: int = 2) -> str:
    return "".join(f"<{tag}>{sentences(each, language, 9 * n)}</{tag}>" for n in range(paragraphs))


def headline(n: int, language: str = "en") -> str:
    return (
        f'<a href="/2026/11/{n + 1:02}/story-{n}.html">{n} {" ".join(WORDS[language].split()[n % 7 : n % 7 + 7])}</a>'
    )


def teasers(number: int, form: str = "<h2>{link}</h2><p>{text}</p>", language: str = "en") -> str:
    return "".join(
        form.format(link=headline(n, language), n=n, text=sentences(1, language, 50 + n)) for n in range(number)
    )


def page(body: str, head: str = "", title: str = "The two cranes of the harbour", language: str = "en") -> str:
    return f"<html lang={language}><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def story(body: str, title: str = "The two cranes of the harbour") -> str:
    return f"<main><h1>{title}</h1>{body}</main>"


def jsonld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


NODE = '{"@type": "NewsArticle", "headline": "%s", "url": "https://paper.example%s", "datePublished": "2026-11-03"}'
ARTICLES = {  # name -> (path, page)
    "farm history without date and author": (
        "/hof-geschichte/", page(story(prose(8, "de"), "Die Geschichte des Hofs am Ufer"), "", "Die Geschichte des Hofs", "de")),
    "signed guide": (
        "/security-cameras/best/", page(story(prose(6)) + f"<aside>{teasers(9, '<p>{link}</p>')}</aside>", AUTHOR)),
    "short, and declared by its headline": (
        "/harbour/", page(story(prose(2)), jsonld(NODE % ("The two cranes of the harbour", "/other")))),
    "declared by its address, among many links": (
        "/harbour/", page(story(prose(6)) + teasers(20, "<p>{link}</p>"), jsonld(NODE % ("Cranes", "/harbour/")))),
    "Joomla": (
        "/index.php?option=com_content&view=article&id=5",
        page(story("<p>Published: <time datetime='2026-11-03'>3 November 2026</time></p>" + prose(5)))),
    "Russian, dated": ("/port/", page(story(prose(4, "ru"), "Два крана порта"), DATE, "Два крана порта", "ru")),
    "Arabic, dated": ("/mina/", page(story(prose(4, "ar"), "رافعات الميناء"), DATE, "رافعات الميناء", "ar")),
    "Japanese, dated": (
        "/minato/",
        page(story("".join(f"<p>{n}{JAPANESE * 2}</p>" for n in range(4)), "港のクレーン"), DATE, "港のクレーン", "ja")),
    "paragraphs by line breaks": (
        "/harbour/", page(f"<h1>The two cranes of the harbour</h1><div>{'<br><br>'.join(sentences(2, begin=9 * n) for n in range(6))}</div>", DATE)),
    "paragraphs in div": ("/harbour/", page(story(prose(6, tag="div")), AUTHOR)),
    "table of the last century": (
        "/harbour/x.htm", page(f"<table><tr><td><font><h1>The two cranes of the harbour</h1>{prose(5)}</font></td></tr></table>", DATE)),
    "list of best things, in French": (
        "/guide/ports/",
        page(story("".join(f"<h3>Port {n}</h3><p>{sentences(3, 'fr', 9 * n)}</p>" for n in range(7)), "Sept ports à voir"), AUTHOR, "Sept ports", "fr")),
    "best things, with links to shops in their headings": (
        "/lamps/best/",
        page(story("".join(f"<h2><a href='https://shop.example/{n}'>Storm lamp no. {n} of solid brass</a></h2><p>{sentences(2, 'fr', 9 * n)}</p><p>{sentences(2, 'en', 9 * n)}</p>" for n in range(6))), AUTHOR)),
    "table of contents": (
        "/guide/", page(story("".join(f"<li><a href='#{n}'>Chapter {n} about the cranes of the bay</a></li>" for n in range(14)) + prose(9)))),
    "links to other stories within": (
        "/harbour/", page(story(prose(4) + f"<p>{headline(1)}</p>" + prose(5, "fr")), DATE + AUTHOR)),
}  # fmt: skip
COLLECTION = jsonld('{"@type": "CollectionPage", "name": "Harbour"}')
OG = '<meta property="og:type" content="article">'
LISTS = {
    "headlines with standfirsts": ("/harbour/", page(f"<h1>Harbour</h1>{teasers(12)}", title="Harbour")),
    "headlines with standfirsts, times and authors": (
        "/harbour/",
        page("<h1>Harbour</h1>" + teasers(
            12, "<div><h3>{link}</h3><p>By Mara Quill</p><time datetime='2026-11-03'>3 Nov</time><p>{text}</p></div>"
        ), title="Harbour")),
    "headlines without links, and read more": (
        "/harbour/",
        page("<h1>Harbour</h1>" + teasers(12, "<h3>Story {n} of the cranes</h3><p>{text}</p><a href='/s/{n}'>Read more</a>"), DATE)),
    "introduction, then headlines": (
        "/topics/harbour/",
        page(f"<h1>The harbour and its cranes</h1>{prose(2)}{teasers(12)}", OG + COLLECTION, "The harbour and its cranes")),
    "introduction, then headlines; it says nothing about itself": (
        "/harbour/", page(f"<h1>Harbour</h1>{prose(3)}{teasers(12, '<p>{link}</p><time>3 Nov 2026</time>')}", title="Harbour")),
    "first lines of the lead story, with its author": (
        "/harbour/", page(f"<h1>Harbour</h1><h2>{headline(1)}</h2><p>By Mara Quill</p>{prose(2)}{teasers(14)}", AUTHOR)),
    "posts of a blog, whole": (
        "/blog/",
        page("<h1>The crane blog</h1>" + "".join(
            f"<h2>{headline(n)}</h2><p>By Mara Quill, {n + 1} Nov 2026</p>{prose(4)}{n}" for n in range(5)), AUTHOR, "The crane blog")),
    "JSON-LD of the stories that it links": (
        "/harbour/",
        page(f"<h1>Harbour</h1>{teasers(12)}", "".join(jsonld(NODE % (f"Story {n}", f"/s/{n}")) for n in range(2)), "Harbour")),
    "author": (
        "/mara-quill/",
        page(f"<h1>Mara Quill</h1>{prose(3)}{teasers(10)}", AUTHOR + jsonld('{"@type": "ProfilePage", "name": "Mara Quill"}'), "Mara Quill")),
    "about the publisher": ("/verlag/", page(story(prose(9, "de"), "Über uns"), OG + DATE, "Über uns", "de")),
    "contact": ("/house/", page(story(prose(6), "Contact us"), OG + DATE, "Contact us")),
    "front page of a language": ("/en/", page(story(prose(9)), DATE + AUTHOR)),
    "front page that declares itself an article": ("/", page(story(prose(9)), jsonld(NODE % ("Cranes", "/")))),
    "table of headlines": (
        "/harbour/", page(f"<table><tr>{teasers(12, '<td>{link}<br>{text}</td>')}</tr></table>", DATE, "Harbour")),
    "list of headlines in German": (
        "/hafen/", page("<h1>Hafen</h1><ul>" + teasers(12, "<li>{link}<p>{text}</p></li>", "de") + "</ul>", DATE, "Hafen", "de")),
    "headlines in Japanese": (
        "/minato/",
        page("<h1>港</h1>" + "".join(f"<h2><a href='/{n}'>{n}{JAPANESE[:24]}</a></h2><p>{n}{JAPANESE}</p>" for n in range(12)), DATE, "港", "ja")),
    "links alone": ("/harbour/", page(f"<h1>Harbour</h1>{teasers(30, '<p>{link}</p>')}", DATE, "Harbour")),
    "items that begin with their headline": (
        "/harbour/", page("<h1>Harbour</h1><ul>" + teasers(12, "<li><b>{link}</b><br>{text} {text}</li>") + "</ul>", DATE, "Harbour")),
    "rows of a forum": (
        "/forum/", page("<h1>Forum</h1><table>" + teasers(14, "<tr><td>{link}<br>{text}</td><td>{n} replies</td></tr>") + "</table>", "", "Forum")),
    "cards without links, and a date": (
        "/harbour/", page("<h1>Harbour</h1>" + teasers(12, "<div onclick=go({n})><h3>Story {n} of the cranes and the bay</h3><p>{text} {text}</p></div>"), DATE, "Harbour")),
    "cards of which the picture is the link": (
        "/harbour/", page("<h1>Harbour</h1>" + teasers(12, "<div><a href=/s/{n}><img src={n}.jpg></a><h3>Crane {n}</h3><p>{text} {text}</p></div>"), "", "Harbour")),
    "front page with a language": ("/index.php?lang=en", page(story(prose(9)), DATE + AUTHOR)),
    "front page by name": ("/startseite/", page(story(prose(9)), DATE + AUTHOR)),
    "two words for two pages": ("/house/", page(story(prose(9, "de"), "Impressum & Kontakt"), DATE, "Impressum & Kontakt")),
    "by its address": ("/hakkimizda/", page(story(prose(9), "The Bay Courier since 1904"), DATE)),
    "few words": ("/harbour/", page(story(prose(1)), DATE + AUTHOR)),
}  # fmt: skip
