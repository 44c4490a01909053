"""Test which picture of a page is the lead image, as tables of cases."""

import pytest

from tests.support.page_snippets import ld, meta, read

TEXT = "<p>" + "The council met on Monday and agreed to mend the old bridge before the winter storms. " * 3 + "</p>"
LEAD = "https://paper.example/img/bridge.jpg"
SHOWN = '<img src="/img/bridge.jpg" alt="The bridge">'


def article(pictures: str, above: str = "") -> str:
    return f"<main>{above}<article><h1>Nobody mends the old bridge</h1>{pictures}{TEXT}</article></main>"


PICTURES = {
    "declared": (meta("og:image", LEAD), article('<img src="/img/other.jpg">'), LEAD),
    "declared in JSON-LD": (ld(headline="x", image=LEAD), article('<img src="/img/other.jpg">'), LEAD),
    "the first of the article": ("", article(f"<figure>{SHOWN}</figure>{TEXT}<img src=/img/2.jpg>"), LEAD),
    "after a logo and a portrait": (
        "",
        article(
            '<img src="/img/logo.png"><div class="byline"><img src="/people/quill.jpg"></div>'
            f'<img src="/img/q.jpg" class="avatar">{SHOWN}'
        ),
        LEAD,
    ),
    "after hidden ones": (
        "",
        article(f'<img src="/p" style="display:none"><img src="/q" style="width:1px;height:1px">{SHOWN}'),
        LEAD,
    ),
    "in a box above the headline": (
        "",
        f"<div class='hero'>{SHOWN}</div><div class='c'><h1>Nobody mends the old bridge</h1>{TEXT}</div>",
        LEAD,
    ),
    "with the page of the attachment": (
        "",
        article(f'<a href="/2024/03/05/other/" rel="attachment wp-att-9">{SHOWN}</a>'),
        LEAD,
    ),
    "after small ones": (
        "",
        article(f'<img src="/a.gif" width="1" height="1"><img src="/b.png" width=32><img src="/c-60x60.jpg">{SHOWN}'),
        LEAD,
    ),
    "above the headline": ("", f"<article><header>{SHOWN}</header><h1>Nobody mends it now</h1>{TEXT}</article>", LEAD),
    "loaded later": ("", article('<img src="data:image/gif;base64,R0" data-src="/img/bridge.jpg">'), LEAD),
    "loaded later, in place of a file": (
        "",
        article('<img src="/placeholder.png" data-original="/img/bridge.jpg">'),
        LEAD,
    ),
    "the largest of a set": (
        "",
        article('<img src="/img/s.jpg" srcset="/img/s.jpg 320w, /img/bridge.jpg 1200w, /img/m.jpg 640w">'),
        LEAD,
    ),
    "a set of densities": ("", article('<img data-srcset="/img/s.jpg 1x,/img/bridge.jpg 2x" src="/1x1.gif">'), LEAD),
    "commas in addresses": (
        "",
        article('<img srcset="/img/a.jpg?fl=cro,0,0,1920 300w, /img/b.jpg?fl=cro,0,0,1920 900w">'),
        "https://paper.example/img/b.jpg?fl=cro,0,0,1920",
    ),
    "sources of a picture": (
        "",
        article('<picture><source srcset="/img/bridge.jpg 900w"><img src="data:image/png;base64,iV"></picture>'),
        LEAD,
    ),
    "without scripts": ("", article(f'<img class="lazy" src="data:,x"><noscript>{SHOWN}</noscript>'), LEAD),
    "linked to itself": ("", article(f'<a href="/img/full/bridge.jpg">{SHOWN}</a>'), LEAD),
    "not of another story": (
        "",
        article('<a href="/other-story"><img src="/img/o.jpg"></a><aside><img src="/img/p.jpg"></aside>'),
        None,
    ),
    "not of the header of the site": ("", article("", '<header class="top"><img src="/img/top.jpg"></header>'), None),
    "not below, among related stories": ("", article("") + '<div class="related"><img src="/img/r.jpg"></div>', None),
    "not an ornament": ("", article('<img src="/img/line.svg?v=2"><img src="/share-button.png">'), None),
    "no article": ("", f"<div>{SHOWN}</div>", None),
}


@pytest.mark.parametrize(("head", "body", "image"), PICTURES.values(), ids=PICTURES)
def test_lead_image_is_the_declared_one_or_the_first_of_the_article(head, body, image):
    """Its address is absolute."""
    assert read(head, body).image == image
    assert read(head, body).found_in.get("image", "").startswith("img") is (image is not None and not head)
