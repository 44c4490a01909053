"""Patterns of lines that are furniture: (rule, words of which one must occur, pattern of the whole line). Data only.

A pattern is searched only if one of the words, in lower case, stands in the line; every repetition in it is bounded, or
runs over a class that what follows is not in, since lines come from strangers. Compiled with letter case aside.
"""

from __future__ import annotations

import re

THIS_SITE = (
    "this site|diese website|diese seite|ce site|este sitio|este site|questo sito|deze site|ta strona|ta witryna"
    "|denna webbplats"
    "|den här webbplatsen|dette nettstedet|denne nettsiden|dette websted|dette site|этот сайт|цей сайт|bu site"
    "|يستخدم هذا الموقع"
    "|هذا الموقع|这个站点|本站|此站点|這個網站|本網站|このサイト|tämä sivusto|tato stránka|acest site|ez az oldal"
)
COUNTED = (
    "(?:thoughts?|comments?|responses?|replies|reply) (?:on|to)|(?:gedanken?|kommentare?|antworten) (?:zu|auf)"
    "|(?:réflexions?|commentaires?|réponses?) (?:sur|à|au sujet de)|(?:comentarios?|respuestas?"
    "|pensamientos?) (?:en|sobre|a)"
    "|(?:comentários?|respostas?|opiniões|pensamentos?) (?:em|sobre|a)|(?:commenti|commento|pensieri|risposte) su"
    "|(?:reacties|reactie|gedachten?) (?:op|over)|(?:komentarze|komentarzy|komentarz|odpowiedzi) (?:do|na)"
    "|(?:tankar|kommentarer|svar) (?:om|på|til)|(?:комментари[йяев]{1,2}|ответ\\w{0,3}) (?:к|на)"
    "|(?:коментар[іві]{0,2}) (?:до|на)"
)
QUOTED = "[“”\"„«‘'「『].{1,200}"
MONTH = (
    "jan|feb|mar|apr|mai|may|jun|jul|aug|sep|oct|okt|nov|dec|dez|dic|gen|mag|giu|lug|ago|set|ott|fev|fév|avr|juin"
    "|juil|août|déc"
    "|mär|ene|abr|mei|maa|styc|lut|kwi|maj|cze|lip|sie|wrz|paź|lis|gru|янв|фев|мар|апр|мая|май|июн|июл|авг|сен"
    "|окт|ноя|дек|січ|лют"
    "|бер|кві|тра|чер|лип|сер|вер|жов|лис|гру|oca|şub|nis|haz|tem|ağu|eyl|eki|kas|ara|يناير|فبراير|مارس|أبريل"
    "|مايو|يونيو|يوليو"
    "|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"
)
DAY = (
    rf"(?:\d{{1,2}}[.\s]{{1,2}}(?:de |d')?(?:{MONTH})\w{{0,8}}\.?,? ?(?:de |del )?\d{{4}}"
    rf"|(?:{MONTH})\w{{0,8}}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    rf"|\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}|\d{{4}}年\d{{1,2}}月\d{{1,2}}日)"
)
UPDATED = (
    "last (?:updated|modified)|first published|updated|published|posted|modified|(?:zuletzt )?aktualisiert"
    "|veröffentlicht"
    "|zuletzt geändert|stand|erstellt|mis à jour|mise à jour|publié|modifié|actualizado|actualizada|publicado"
    "|publicada|atualizado"
    "|atualizada|pubblicato|aggiornato|gepubliceerd|bijgewerkt|laatste update|opublikowano|aktualizacja"
    "|data publikacji|publicerad"
    "|uppdaterad|publisert|oppdatert|opdateret|publiceret|оновлено|опубліковано|обновлено|опубликовано|yayınlanma"
    "|güncelleme"
    "|oluşturulma|更新|更新日|公開日|发布时间|發布時間|آخر تحديث|تاريخ النشر|نشر في|기사입력|입력|수정"
)
PICTURE = (
    "photos?|photo credit|photograph|foto[s]?|bild(?:er)?|symbolbild|titelbild|beitragsbild|image[s]?|imagen"
    "|imagem|immagine|picture|illustration|featured"
    " image|image credit|credits?|crédit photo|crédit|crédito|crédits|fotografía|fotografia|zdjęcie|fot"
    "|foto ilustracyjne|kuva|foto arkiv"
    "|фото|фотография|світлина|изображение|fotoğraf|صورة|الصورة|تصوير|图|图片|图片来源|圖|写真|撮影|image source"
    "|photo by|foto von|photographer"
)
AGENCY = (
    "getty images|getty|afp|reuters|associated press|ap photo|epa(?:-efe)?|efe|dpa|imago(?: images)?"
    "|picture[- ]alliance|shutterstock|istock(?:photo)?"
    "|unsplash|pexels|pixabay|alamy(?: stock photo)?|adobe stock|ansa|tass|xinhua|anp|belga|scanpix|keystone"
    "|wikimedia(?: commons)?|flickr|zuma(?: press)?"
    "|bloomberg(?: via getty images)?|wireimage|ntb|ritzau|tt nyhetsbyrån|apa|ukrinform|унiан|уніан|риа новости"
    "|pa wire|pa media|nurphoto|depositphotos"
)
SEPARATOR = "[>›»→/|]"

_PATTERNS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("spam filter notice", ("akismet", "أكيسميت"),
     rf"(?:{THIS_SITE})[^,.“”\"«»]{{0,40}}(?:akismet|أكيسميت)(?: |[をの]|,? (?:um|para|för|til|for"
     rf"|zur)\b)[^,.。“”\"«»]{{0,80}}[.。]?"
     r"(?: ?[^.。“”\"«»]{0,160}[.。]?)"),
    ("reply heading", ("reply", "antwort", "répon", "responde", "respost", "risp", "comment"),
     r"(?:leave a (?:reply|comment)|reply|antworten|répondre|responder|rispondi) (?:to|an|à|a|auf) .{1,60}"
     r"|join (?:our|the) (?:commenting forum|conversation|discussion)\b.{0,120}"
     r"|(?:be the first (?:one )?to|what do you think\? ?) ?(?:comment|leave a comment|post a comment)\b.{0,60}"
     r"|(?:let us know|tell us) (?:what you think )?in the comments(?: (?:below|section))?\b.{0,40}"),
    ("log in to comment", ("comment", "kommentar", "logout"),
     r"(?:(?:you must be|you must|please|you need to be|you need to|to comment,?) )?(?:logg?(?:ed)?[ -]?in"
     r"|sign(?:ed)?[ -]?in|register(?:ed)?|subscribe|create an account)\b.{0,60}"
     r" to (?:post |leave |view |read |make )?(?:an? |the )?comment\w*\b.{0,40}"
     r"|(?:only )?(?:subscribers|members|registered users) (?:only )?can (?:post|leave|make|add) comments?\.?"
     r"|you must confirm your public display name before commenting\b.*|please logout and then login again\b.*"
     r"|(?:du musst|sie müssen) .{0,40}(?:angemeldet|eingeloggt|registriert)\b.{0,30}\bkommentar\w*\b.{0,60}"
     r"|(?:please )?enable javascript to view the comments\b.{0,60}|logged in as .{1,60}"),
    ("comment count", ("comment", "thought", "respon", "repl", "kommentar", "gedank", "antwort", "réflexion",
    "réponse", "comentar", "respuesta", "pensa", "resposta", "opini", "commenti", "reactie", "gedacht", "komentarz",
    "odpowied", "tank", "svar", "комментар", "ответ", "комент", "yorum", "düşünce", "评论", "留言", "迴響",
    "コメント", "フィードバック"),
     rf"\d{{1,6}} (?:{COUNTED})(?::? .{{0,160}})?|(?:one|ein|eine|une?|uma?|un|één|jeden|en|один|одна"
     rf"|одну) (?:{COUNTED}) {QUOTED}"
     rf"|{QUOTED}(?:hakkında|için) \d{{1,5}} (?:yorum|düşünce|cevap)|{QUOTED}(?:的|上有) ?[\d一]{{1,5}} ?(?:条评论"
     rf"|則留言|则评论|个想法|則迴響)"
     rf"|{QUOTED}(?:に対して|への) ?[\d一]{{1,5}} ?件の(?:コメント|フィードバック|返信)"),
    ("newsletter", ("newsletter",),
     r"click here to (?:have .{1,60} )?newsletters? delivered\b.*"
     r"|click here to have .{1,60} newsletter delivered\b.*"
     r"|(?:jetzt|hier|gleich|kostenlos)\b[^.!?]{0,80}newsletter\w{0,2}[^.!?]{0,30}[!.]?"
     r"|(?:[^.!?]{0,80}[.!?:–-]\W{0,3})?(?:\w+ ){0,3}newsletters?(?: (?:abonnieren|bestellen|anmeldung|abonnement"
     r"|sign ?up|subscription))?"),
    ("follow us", ("follow us", "folge", "suivez", "siga", "síguenos", "segu", "volg", "følg", "följ", "подпис",
    "підпис", "takip", "تابع", "关注", "フォロー"),
     r"follow us:?|folgen sie uns:?|folge uns:?|suivez[- ]nous:?|síguenos(?: en)?:?|siga[- ]nos:?|segui(?:ci"
     r"| su):?|volg ons:?|følg oss:?|følg os:?|följ oss:?"
     r"|подписывайтесь на нас:?|підписуйтесь на нас:?|bizi takip edin:?|تابعونا(?: على)?:?|关注我们|フォローする"
     r"|follow (?:him|her|them|me|the author) (?:on|at) .{1,120}"
     r"|follow @\w{2,30}.{0,40}"),
    ("get the app", ("app",),
     r"(?:click here |tap here )?,? ?(?:to )?(?:get|download) (?:the"
     r"|our)(?: free)? [^.!?]{0,40}\bapp\b[^.!?]{0,60}[.!]?"),
    ("affiliate notice", ("commission", "affiliate", "provision", "afilia", "affilié", "affiliat", "earn",
    "share of the sale", "prowizj"),
     r"(?=.{0,300}\b(?:we|i|us|our|my|this (?:post|article|page|site|story)|purchases?|publisher|reader|may"
     r"|is supported)\b)[^“”]{0,300}"
     r"(?:affiliate (?:links?|marketer|commissions?|partner\w*)|(?:earn|receive|get|make"
     r"|earns) (?:us )?(?:an? )?(?:very )?(?:small |affiliate )?(?:commission|share of the sale"
     r"|portion of sales))[^“”]{0,300}"
     r"|(?=.{0,300}\b(?:wir|uns|dieser?|mit|unsere\w?|ich)\b)[^“”„]{0,300}\b(?:affiliate-?links?"
     r"|provisions-?links?|eine (?:kleine )?provision)\b[^“”„]{0,300}"
     r"|[^«»“”]{0,200}\b(?:liens? affiliés?|enlaces? de afiliad\w+|links? de afiliad\w+|link affiliat\w"
     r"|link\w* afiliacyjn\w+|affiliatelänk\w*|affiliatelenker?)\b[^«»“”]{0,200}"),
    ("issn", ("issn",),
     r"(?:[^.!?]{0,60}\W)?[ep]?-?issn(?: ?\([^)]{1,10}\))?:? ?\d{4}-\d{3}[\dx]\W*"),
    ("first published", ("published", "appeared", "posted", "erschien", "veröffentlicht", "publié", "publicad",
    "pubblicat", "verscheen", "ukazał", "опубл", "впервые"),
     r"(?:this (?:article|story|piece|post|report|column|essay) (?:was|has been|is|also)? ?)?(?:originally"
     r"|first)? ?(?:published|appeared|posted|republished)"
     r" (?:at|by|on|in|here|from|with permission)\b(?:[^.!?,]|, ?\d"
     r"|\.(?=\w)){0,120}[.!]?(?: [^.!?“”]{0,300}[.!]?)?(?: https?://\S+)?"
     r"|dieser (?:artikel|beitrag|text) (?:ist|erschien|wurde) (?:zuerst|zunächst|ursprünglich)\b.{0,120}"
     r"|(?:zuerst|erst)(?:veröffentlichung| erschienen| veröffentlicht)\b.{0,80}"
     r"|(?:cet article|ce texte|article) (?:a été |est )?(?:initialement |d'abord )?(?:publié|paru) (?:par|sur"
     r"|dans|initialement)\b.{0,100}"
     r"|(?:este artículo|este texto|artículo) (?:fue |se )?(?:publicado|publicó) (?:originalmente|originariamente"
     r"|por primera vez)\b.{0,100}"
     r"|(?:este artigo|este texto) foi (?:publicado )?(?:originalmente )?(?:publicado )?\b.{0,100}"
     r"|(?:questo articolo|articolo) (?:è stato )?(?:originariamente )?pubblicat\w\b.{0,100}"
     r"|dit artikel (?:verscheen|is) (?:eerder|eerst|oorspronkelijk)\b.{0,100}|(?:artykuł|tekst) (?:ukazał się"
     r"|został) (?:pierwotnie )?.{0,100}|впервые опубликовано\b.{0,80}"),
    ("printed date", ("19", "20", ":", "vor ", "ago", "il y a", "hace", "назад", "тому"),
     rf"(?:{UPDATED})(?: (?:on|at|am|le|el|em|il|op|den|dnia|date))?(?: ?[:：•|] ?\W{{0,3}}[^!?]{{0,70}}|[\s\d.,:/"
     rf"|–\[\]•-]{{0,60}}|,? ?(?:\w+,? )?{DAY}.{{0,40}})"
     rf"|(?:\w{{2,12}}(?:-feira|day|tag)?,? )?(?:den |le |el |am |dnia )?{DAY}(?:[\s,"
     rf"|•–/-]{{1,4}}(?:at |um |à |às |a las |alle |kl\.? |о |в )?\d{{1,2}}[:.h]\d{{2}}.{{0,30}})?(?: (?:by|von|par"
     rf"|por) .{{1,60}})?"
     r"|\d{4}-\d{2}-\d{2}t\d{2}:\d{2}\S{0,20}|(?:updated|uppdaterad|publicerad|oppdatert|publisert|aktualisiert"
     r"|mis à jour) (?:at|kl\.?|um|à)? ?\d{1,2}[.:]\d{2}.{0,60}"
     rf"|\d{{1,2}}:\d{{2}}(?: ?[ap]\.?m\.?)?(?: [a-z]{{2,4}})?[\s,|•–/-]{{1,4}}(?:on )?{DAY}.{{0,60}}"),
    ("copyright", ("©", "(c)", "copyright", "rights", "rechte", "droits", "derechos", "direitos", "diritti",
    "rechten", "prawa", "prawem", "rättigheter", "rettigheter", "rettigheder", "права", "hakları", "حقوق", "版权",
    "版權", "無断転載", "저작권", "may not be"),
     r"(?:©|\(c\)|copyright\s?(?:©|\(c\)|by\b|[:：]|(?:[\w.-]+ ){0,4}\d{4}))[^!?]{0,140}"
     r"|[^!?]{0,140}copyright ©[^!?]{0,200}"
     r"|[^.!?]{0,100}\ball rights reserved\b(?!,).{0,120}|(?:this material )?may not be (?:published|reproduced"
     r"|broadcast|copied)\b.{0,120}"
     r"|.{0,80}\b(?:alle rechte vorbehalten|tous droits réservés|todos los derechos reservados"
     r"|todos os direitos reservados|tutti i diritti riservati|alle rechten voorbehouden"
     r"|wszelkie prawa zastrzeżone|materiał chroniony prawem autorskim|alla rättigheter förbehållna"
     r"|alle rettigheter|alle rettigheder forbeholdes|все права защищены|усі права захищені|всі права захищено"
     r"|всі права захищені"
     r"|tüm hakları saklıdır|جميع الحقوق محفوظة)\b.{0,160}|.{0,60}(?:版权所有|版權所有|未经授权|未经许可|禁止转载"
     r"|無断転載(?:を)?禁じます|無断複写・転載を禁じます|無断転載禁止|무단전재).{0,80}"),
    ("picture credit", ("photo", "foto", "bild", "image", "imag", "immagine", "picture", "credit", "crédit",
    "illustration",
    "zdjęcie", "fot", "kuva", "фото", "світлина", "изображен", "fotoğraf", "صورة", "تصوير", "图", "圖", "写真",
    "撮影", "/", "via ", "©", "|"),
     rf"©\s?[^.!?,\d]{{2,50}}|\W{{0,2}}(?:{PICTURE})(?:credit)?\s?(?:by\b(?! photo| pict| image)|[:：©|])"
     r"[^!?]{1,110}"
     rf"|(?:[^.!?]{{1,160}}[.!?] )?[^.!?]{{0,90}}(?:/|\bvia |©"
     rf"|\bvon |\bby )\s?(?:{AGENCY})\W{{0,3}}(?:/[\w .]{{1,40}})?"
     rf"|(?:{AGENCY})(?: ?[/|] ?[\w .-]{{1,40}}){{1,3}}|image (?:used )?(?:under license from"
     rf"|courtesy of) .{{1,80}}|\((?:{PICTURE})[^)]{{1,100}}\)"),
    ("sign-off", ("reporting", "editing", "source", "quelle", "fuente", "fonte", "bron", "źródło", "källa", "kilde",
    "источник", "джерело", "kaynak", "المصدر", "来源", "出典", "contributed to this", "with files"),
     r"\(?(?:additional |with )?reporting (?:by|in|from) .{1,200}\bediting by\b.{0,120}|\(?(?:editing|writing"
     r"|compiled|edited|written) by [^.!?]{1,120}\W{0,2}"
     r"|(?:sources?|quellen?|fuentes?|fontes?|bron|źródło|källa|kilde|источник|джерело|kaynak|المصدر|来源|來源"
     r"|出典)\s?[:：] ?[^.!?:]{1,60}\.?(?:de|com|org|net|ru|ua|pl)?"
     r"|(?:—|–|-)? ?(?:with files from|with reporting by|associated press writers?|reuters"
     r"|additional reporting by) [^!?]{1,160}|[^!?]{1,160}\bcontributed (?:reporting|to this (?:report|story"
     r"|article))\b.{0,60}"),
    ("contact", ("reach", "contact", "email", "e-mail", "tip", "letter", "@"),
     r"(?:have a (?:news )?tip|do you have (?:a (?:news )?tip|information)|got a (?:news )?tip|(?:reach|contact"
     r"|e-?mail|write to) (?:the (?:reporter|reporters|author|writer|editor)s?|him|her|them|us|me"
     r"|[\w'’-]{2,20}(?: [\w'’-]{2,20}){0,2}) (?:at|on|by|via)\b).{0,200}"
     r"|.{1,60}\b(?:may|can) be (?:reached|contacted) (?:at|by|on|via)\b.{0,160}|(?:e-?mail|contact|tips?|twitter"
     r"|x|telefon|tel|phone|e-?post|kontakt)\s?: ?(?:\S+@\S+|@\w+|[+\d][\d ()/-]{6,24}).{0,40}"
     r"|[\w.+-]{2,40}@[\w-]{2,40}\.[\w.]{2,20}|(?:https?://)?(?:www\.)?(?:twitter|x|facebook"
     r"|instagram)\.com/\S{1,60}|submit your letter to the editor\b.{0,120}"),
    ("cookie notice", ("cookie", "çerez"),
     r"(?:we|our (?:web)?sites?|this (?:web)?site) uses? (?:\w+ ){0,4}cookies (?:to|and|for|so|on)\b.{0,260}"
     r"|by (?:continuing|using|clicking|browsing)\b.{0,120}\bcookies?\b.{0,160}"
     r"|(?:wir|diese (?:web)?seite|diese website|unsere website) (?:verwende[nt]|nutz(?:en"
     r"|t)) (?:\w+ ){0,3}cookies\b(?!,(?! um| damit)).{0,260}|(?:nous utilisons"
     r"|ce site utilise) (?:des )?cookies\b(?!,).{0,260}"
     r"|(?:utilizamos|usamos|este sitio(?: web)? (?:utiliza|usa)|este site (?:utiliza"
     r"|usa)) (?:las |os )?cookies\b(?!,).{0,260}|(?:questo sito|utilizziamo"
     r"|usiamo) (?:utilizza |usa )?(?:i )?cookies?\b(?!,).{0,260}"
     r"|(?:wij|we|deze (?:web)?site) (?:gebruiken|maakt gebruik van|gebruikt) (?:\w+ ){0,2}cookies\b(?!,).{0,260}"
     r"|(?:ta strona|strona|używamy|nasz serwis)\b.{0,30}\bcookies?\b(?!,).{0,260}"
     r"|(?:vi|denna webbplats|webbplatsen) (?:använder|bruker|bruger) (?:\w+ ){0,3}(?:cookies|kakor"
     r"|informasjonskapsler)\b.{0,260}|(?:мы|ми|сайт|этот сайт|цей сайт) (?:использу\w+"
     r"|використову\w+) .{0,30}cookies?\b(?!,).{0,260}"
     r"|(?:bu site|sitemiz\w*|web sitemizde)\b.{0,60}(?:çerez\w*|cookie\w*).{0,200}|.{0,30}(?:نستخدم"
     r"|يستخدم هذا الموقع) .{0,40}(?:cookie|الارتباط).{0,200}|(?:本网站|本網站|我们|我們)使用.{0,10}cookie.{0,160}"
     r"|(?:当サイト|本サイト)では.{0,20}(?:cookie|クッキー).{0,160}"),
    ("embedded content", ("extern", "video", "content", "inhalt", "einstellungen", "javascript", "browser",
    "datenschutz", "contenu", "contenido", "conteúdo", "contenut", "inhoud", "tre", "treść"),
     r"(?:externer|empfohlener externer|recommended external) (?:inhalt|content)\b.{0,60}"
     r"|externen inhalt (?:anzeigen|laden)\.?|an dieser stelle (?:finden sie|findest du|befindet sich|ist"
     r"|steht) .{0,100}\b(?:extern\w+ inhalt|inhalt\w*)\b.{0,200}"
     r"|(?:this|the) (?:video|content|embed|post|media) (?:is not available|is unavailable|cannot be displayed"
     r"|can not be displayed|is no longer available|is hosted by)\b.{0,160}"
     r"|.{0,80}\b(?:privatsphäre|datenschutz|cookie)-?einstellungen\b.{0,260}"
     r"|ein klick für den datenschutz\b.{0,200}|klicken sie auf .{0,60}\bum den inhalt\b.{0,120}"
     r"|mit (?:dem )?klick auf .{0,80}\b(?:inhalt|zustimm|einverstanden|akzeptier)\w*\b.{0,160}"
     r"|ich (?:bin damit einverstanden|willige ein), dass mir externe inhalte\b.{0,200}"
     r"|um diesen inhalt (?:anzuzeigen|zu sehen)\b.{0,160}|(?:to view|to see|in order to (?:view"
     r"|see)) this (?:content|video|embed|post)\b.{0,160}"
     r"|(?:please )?(?:enable|activate|turn on) javascript\b.{0,120}|(?:your|this) browser (?:does not|doesn't"
     r"|is not) (?:support|supported|able)\b.{0,120}|javascript (?:is|must be|appears to be) (?:disabled|enabled"
     r"|required)\b.{0,120}"
     r"|(?:ce contenu|cette vidéo) (?:n'est pas disponible|est bloqué|ne peut pas)\b.{0,160}|(?:este contenido"
     r"|este vídeo|este video) no (?:está disponible|se puede)\b.{0,120}|(?:este conteúdo"
     r"|este vídeo) não (?:está disponível|pode ser)\b.{0,120}"
     r"|(?:questo contenuto|questo video) non è disponibile\b.{0,100}|deze (?:inhoud|video) (?:is niet beschikbaar"
     r"|kan niet)\b.{0,100}|(?:ta treść|ten film) (?:jest niedostępn|nie jest dostępn)\w+.{0,80}"),
    ("share label", ("share", "teil", "partag", "compart", "facebook", "twitter", "whatsapp", "pin"),
     r"(?:share|pin|tweet) it!?|(?:click to )?(?:share|tweet|pin|e-?mail|print) (?:this )?(?:on|to|via|by"
     r"|with)\b[\w\s(),]{1,60}(?:\(opens in new window\).{0,20})?"
     r"|(?:(?:facebook|twitter|x|whatsapp|linkedin|reddit|telegram|pinterest|flipboard|e-?mail|copy link|messenger"
     r"|pocket|tumblr|print|viber|line|xing|vk|threads|bluesky)[\s|,/•·]{0,3}){1,8}"),
    ("tags", ("tag", "kategori", "categor", "filed", "posted in", "topic", "schlag", "keyword", "mots", "etiqueta",
    "temas", "thema", "themen", "onderwerp", "ämne", "emne", "теги", "метки", "etiket", "الوسوم", "كلمات", "标签",
    "標籤", "タグ", "rubri", "archivado", "argoment", "słowa", "related to"),
     r"\W{0,3}(?:tags?|tagged(?: (?:with|in|as))?|filed (?:under|in)|posted in|topics?|categor(?:y|ies)|keywords?"
     r"|in this article|more on|schlagw[oö]rte?r?|schlagworte|stichworte?|kategorien?|themen|thema|rubrik(?:en)?"
     r"|mots[- ]clés|catégories?|rubriques?|thèmes?"
     r"|etiquetas?|temas|categorías?|archivado en|palabras clave|marcadores|categorias?|assuntos|palavras-chave"
     r"|categori[ae]|argomenti|etichette|onderwerpen|trefwoorden|tagi|kategori[ae]|słowa kluczowe|ämnen|etiketter"
     r"|kategorier|emner|emneord|stikord"
     r"|теги|метки|рубрик[аи]|мітки|категорі[яї]|etiketler|konular|الوسوم|كلمات مفتاحية|كلمات دلالية"
     r"|الكلمات الدلالية|标签|關鍵字|标签|標籤|关键词|タグ|カテゴリー?|キーワード)\s?[:：][^.!?]{0,240}"
     r"|posted in \w[^.!?]{0,120}|filed under \w[^.!?]{0,120}"
     r"|(?:#[\w-]{2,40}[\s,|]{0,3}){1,20}|topics? \w{2,20}"),
    ("breadcrumb", (">", "›", "»", "→", "|", "/"),
     rf"(?:home|startseite|start|accueil|inicio|início|home page|strona główna|hem|hjem|forside|главная|головна"
     rf"|anasayfa|ana sayfa|الرئيسية|首页|首頁|トップ|ホーム|news|blog)\s?{SEPARATOR} ?.{{1,160}}"),
    ("read also", ("related", "recommended", "popular", "trending", "suggested", "similar", "latest", "more", "most",
    "further", "interested", "interess", "nächst"),
     r"(?:related|recommended|popular|trending|suggested|similar|latest|featured|more"
     r"|further) (?:\w+ )?(?:articles?|stor(?:y|ies)|posts?|news|content|coverage|topics?|videos?|resources?"
     r"|recipes?|reading|links?|guides?|products?|items?|reviews?|headlines|episodes?)(?: (?:on|from|about"
     r"|in) .{1,40})?:?"
     r"|(?:more|most read|most popular|top stories|trending|latest|also|more stories|more news) (?:from|in|on"
     r"|by) [^.!?]{1,40}|you (?:may|might|could) (?:also )?(?:like|enjoy|love|be interested in)\b[^.!?]{0,60}:?"
     r"|das könnte (?:sie|dich|euch|ihnen|dir) auch (?:interessieren|gefallen)\b.{0,40}"),
    ("web address", ("http", "www."), r"(?:https?://|www\.)\S{1,300}"),
)  # fmt: skip

PATTERNS = tuple((name, words, re.compile(pattern)) for name, words, pattern in _PATTERNS)
