"""What labels, buttons and headings around an article say, by language. Data only; phrases.py says how it is compared.

Written as people see it; case, digits and punctuation do not count ("5 min. read" is "min read").
"""

from __future__ import annotations

from pipelines.extraction.boilerplate.words_comments import Words

SHARE: Words = {
    "en": "share | tweet | share this | share this article | share this story | share this post | share article"
    " | share on facebook | share on twitter | share on x | share on whatsapp | share on linkedin | share on pinterest"
    " | share on telegram | share on reddit | share via email | share with your friends | share via | share now"
    " | pin it"
    " | copy link | link copied | share this page | share the story | like this | click to share | share options"
    " | send to",
    "de": "teilen | artikel teilen | beitrag teilen | diesen artikel teilen | diesen beitrag teilen | link kopieren"
    " | auf facebook teilen | auf twitter teilen | auf x teilen | per whatsapp teilen | per email teilen | merken"
    " | weiterempfehlen | per email versenden | link wurde kopiert | twittern",
    "fr": "partager | partagez | partager l'article | partager cet article | partagez cet article | copier le lien"
    " | partager sur facebook | partager sur twitter | partager sur whatsapp | partager par email | lien copié",
    "es": "compartir | comparte | compartir en facebook | compartir en twitter | compartir en whatsapp"
    " | compartir este artículo | compartir artículo | comparte esta noticia | comparte este artículo | copiar enlace"
    " | copiar link | compartir por correo",
    "pt": "compartilhar | compartilhe | partilhar | compartilhe esta notícia | compartilhar notícia | copiar link"
    " | compartilhe no facebook | compartilhe no whatsapp | compartilhe no twitter | partilhe este artigo"
    " | compartilhar via whatsapp",
    "it": "condividi | condividi su facebook | condividi su twitter | condividi su whatsapp | condividi l'articolo"
    " | condividi questo articolo | copia link",
    "nl": "delen | deel | deel dit artikel | deel artikel | artikel delen | deel dit bericht | deel via | kopieer link",
    "pl": "udostępnij | podziel się | udostępnij artykuł | podziel się artykułem | skopiuj link | kopiuj link",
    "sv": "dela | dela artikeln | dela den här artikeln | dela på facebook | dela på twitter | kopiera länk"
    " | tipsa en vän",
    "no": "del | del artikkelen | del saken | del på facebook | del på twitter | kopier lenke",
    "da": "del | del artiklen | del på facebook | del på twitter | del denne artikel | kopier link",
    "ru": "поделиться | поделитесь | поделиться новостью | поделиться в соцсетях | скопировать ссылку"
    " | поделиться статьей | поделиться ссылкой",
    "uk": "поділитися | поділитись | поширити | поділитися новиною | поділіться | скопіювати посилання"
    " | поширити в facebook",
    "tr": "paylaş | haberi paylaş | bu haberi paylaş | facebook'ta paylaş | twitter'da paylaş | linki kopyala"
    " | bağlantıyı kopyala",
    "ar": "شارك | مشاركة | شارك المقال | شارك الخبر | شاركها | شارك هذا المقال | نسخ الرابط | انسخ الرابط",
    "zh": "分享 | 分享到 | 分享本文 | 复制链接 | 分享至 | 分享文章 | 複製連結 | 转发",
    "ja": "シェア | シェアする | この記事をシェア | この記事をシェアする | ツイート | ツイートする"
    " | リンクをコピー | ブックマーク",
    "fi": "jaa | jaa artikkeli | jaa facebookissa | kopioi linkki",
    "cs": "sdílet | sdílejte | sdílet článek | kopírovat odkaz",
    "ko": "공유하기 | 기사 공유하기 | url 복사",
    "id": "bagikan | bagikan artikel | salin tautan",
}

# Heads teasers of other articles. Followed by a colon and a headline, it is a teaser in one line.
ALSO: Words = {
    "en": "read more | read also | read next | read this next | read now | read on | also read | see also"
    " | more on this"
    " | more on this story | must read | related | related story | related stories | related article | related articles"
    " | related news | related content | related posts | related post | related coverage | related reading"
    " | related topics"
    " | more stories | more from this section | recommended | recommended for you | recommended stories | don't miss"
    " | you may also like | you might also like | you may like | you might like | you may also be interested in"
    " | you might also be interested in | most read | most popular | trending | trending now | up next"
    " | what to read next"
    " | editor's picks | editors' picks | further reading | read full story | continue reading | keep reading"
    " | explore more | more like this | more news | popular now | also on this site | more in this category"
    " | suggested reading | other stories | latest news | top stories | read the full story | learn more"
    " | find out more",
    "de": "lesen sie auch | lesen sie hierzu | lesen sie dazu | lesen sie dazu auch | lesen sie mehr | lesen sie hier"
    " | lesen sie mehr zum thema | lesen sie mehr dazu | lies auch | lies dazu auch"
    " | lesen sie auch die folgenden beiträge"
    " | mehr zum thema | mehr dazu | auch interessant | das könnte sie auch interessieren | weitere themen"
    " | das könnte dich auch interessieren | das könnte ihnen auch gefallen | das könnte sie interessieren"
    " | weitere artikel | weitere artikel zum thema | weitere beiträge | ähnliche artikel | ähnliche beiträge"
    " | meistgelesen | meistgelesene artikel | empfehlungen | empfohlene artikel | siehe auch | weiterlesen"
    " | zum weiterlesen | passend zum thema | mehr lesen | mehr erfahren | zum thema | jetzt lesen | hier weiterlesen"
    " | passende artikel | lesetipp | verwandte artikel | verwandte themen | weiterführende links",
    "fr": "à lire aussi | lire aussi | à lire | lire également | à lire également | lire la suite | voir aussi"
    " | à voir aussi | sur le même sujet | articles liés | articles similaires | articles recommandés | plus d'articles"
    " | les plus lus | vous aimerez aussi | vous pourriez aussi aimer | à découvrir aussi | en savoir plus"
    " | pour aller plus loin | dans la même rubrique | à ne pas manquer | nos articles sur le même sujet",
    "es": "lee también | leer también | lea también | lee más | leer más | lea más | lea | le puede interesar"
    " | te puede interesar | también te puede interesar | te recomendamos | le recomendamos | ver también | vea también"
    " | mira también | notas relacionadas | noticias relacionadas | artículos relacionados | nota relacionada"
    " | noticia relacionada | más información | más noticias | lo más leído | lo más visto | más leídas"
    " | contenido relacionado | no te pierdas | quizás te interese | sigue leyendo | además lee | te podría interesar"
    " | te sugerimos | relacionados",
    "pt": "leia também | leia mais | veja também | leia ainda | saiba mais | confira também | notícias relacionadas"
    " | matérias relacionadas | artigos relacionados | mais lidas | as mais lidas | mais notícias | ver também"
    " | você pode gostar | recomendados | relacionadas | não perca | mais sobre este assunto | veja mais"
    " | leia a seguir",
    "it": "leggi anche | leggi di più | leggi tutto | vedi anche | articoli correlati | potrebbe interessarti"
    " | potrebbe interessarti anche | ti potrebbe interessare | ti potrebbe interessare anche | approfondisci"
    " | per approfondire | notizie correlate | i più letti | da non perdere | continua a leggere | guarda anche",
    "nl": "lees ook | lees meer | lees verder | zie ook | bekijk ook | gerelateerd | gerelateerde artikelen"
    " | meer over dit onderwerp | aanbevolen | meest gelezen | meer nieuws | ook interessant"
    " | misschien ook interessant"
    " | aanraders",
    "pl": "czytaj także | czytaj też | czytaj również | czytaj więcej | czytaj dalej | zobacz także | zobacz też"
    " | zobacz również | przeczytaj także | przeczytaj też | przeczytaj również | powiązane artykuły | polecamy"
    " | polecane"
    " | warto przeczytać | najczęściej czytane | więcej na ten temat | dowiedz się więcej | może cię zainteresować"
    " | sprawdź także | sprawdź również",
    "sv": "läs också | läs även | läs mer | läs vidare | se även | se också | relaterat | relaterade artiklar"
    " | mest läst"
    " | mer om ämnet | fler artiklar | rekommenderat | missa inte",
    "no": "les også | les mer | se også | les videre | relaterte saker | relaterte artikler | mest lest | mer om saken"
    " | anbefalte saker | flere saker | siste nytt | ikke gå glipp av",
    "da": "læs også | læs mere | se også | læs videre | relaterede artikler | mest læste | relateret | mere om emnet"
    " | flere artikler | anbefalet",
    "ru": "читайте также | читать также | читайте ещё | читать далее | читать дальше | читайте по теме | смотрите также"
    " | по теме | материалы по теме | похожие статьи | похожие новости | вам может быть интересно | ещё по теме"
    " | рекомендуем | популярное | самое читаемое | подробнее | новости по теме | другие новости",
    "uk": "читайте також | читати також | читайте ще | читати далі | дивіться також | за темою | матеріали за темою"
    " | схожі статті | схожі новини | вам може бути цікаво | рекомендуємо | популярне | найпопулярніше | також читайте"
    " | до теми | новини за темою | більше новин",
    "tr": "ilgili haberler | ilgili haber | ilginizi çekebilir | bunlar da ilginizi çekebilir | ayrıca okuyun"
    " | benzer haberler"
    " | devamını oku | daha fazla oku | çok okunanlar | en çok okunanlar | önerilen haberler | bunu da okuyun"
    " | diğer haberler | haberin devamı",
    "ar": "اقرأ أيضا | إقرأ أيضا | اقرأ المزيد | اقرأ ايضا | شاهد أيضا | قد يهمك | قد يهمك أيضا | مواضيع ذات صلة"
    " | أخبار ذات صلة | مقالات ذات صلة | مواضيع متعلقة | الأكثر قراءة | موضوعات ذات صلة | ذات صلة | للمزيد",
    "zh": "相关阅读 | 延伸阅读 | 相关新闻 | 相关文章 | 推荐阅读 | 更多阅读 | 热门文章 | 猜你喜欢 | 阅读更多 | 更多新闻"
    " | 延伸閱讀 | 相關新聞 | 相關文章 | 推薦閱讀 | 更多新聞 | 看更多 | 你可能也喜歡 | 热点新闻",
    "ja": "あわせて読みたい | あわせて読む | 関連記事 | 関連ニュース | おすすめ記事 | おすすめ情報 | 続きを読む"
    " | もっと読む"
    " | 人気記事 | こちらもおすすめ | 関連リンク | 関連キーワード | アクセスランキング | 関連トピック",
    "fi": "lue myös | lue lisää | katso myös | aiheesta lisää | suosittelemme | luetuimmat",
    "cs": "čtěte také | čtěte i | čtěte více | přečtěte si také | související články | mohlo by vás zajímat"
    " | nejčtenější",
    "hu": "olvassa el | kapcsolódó cikkek | ezt is ajánljuk | olvasd el ezt is | ajánlott cikkek",
    "ro": "citește și | citeşte şi | citește mai mult | vezi și | articole similare | pe aceeași temă",
    "el": "διαβάστε επίσης | δείτε επίσης | διαβάστε ακόμη | σχετικά άρθρα",
    "he": "קראו גם | כתבות נוספות | אולי יעניין אותך",
    "ko": "관련기사 | 관련 기사 | 많이 본 뉴스 | 추천 기사 | 주요뉴스 | 함께 보면 좋은 기사",
    "id": "baca juga | artikel terkait | berita terkait | lihat juga | baca selengkapnya | terpopuler",
    "vi": "xem thêm | đọc thêm | tin liên quan | bài viết liên quan",
    "hi": "यह भी पढ़ें | ये भी पढ़ें | संबंधित खबरें",
    "fa": "بیشتر بخوانید | مطالب مرتبط | اخبار مرتبط",
}

ADVERT: Words = {
    "en": "advertisement | advertisements | ad | advertisement scroll to continue | skip advertisement | sponsored"
    " | article continues below | story continues below | article continues below this ad | story continues below ad"
    " | article continues after ad | story continues after advertisement | article continues after advertisement"
    " | story continues below advertisement | advertisement story continues below | remove ads | ad feedback"
    " | sponsored content | advertisement continue reading below | continue reading below | paid content | promoted"
    " | report this ad | this ad will end in | scroll to continue | paid advertisement"
    " | this advertisement has not loaded yet"
    " but your article continues below | article content | article continues below advertisement",
    "de": "anzeige | werbung | anzeigen | gesponsert | der artikel wird nach der anzeige fortgesetzt"
    " | artikel geht nach der"
    " anzeige weiter | weiter nach der anzeige | lesen sie nach der anzeige weiter | werbung ausblenden | advertorial"
    " | hier geht es nach der werbung weiter",
    "fr": "publicité | annonce | la suite après la publicité | la suite de l'article après la publicité | sponsorisé"
    " | contenu sponsorisé | passer la publicité | l'article continue après la publicité",
    "es": "publicidad | anuncio | publicidad sigue leyendo | contenido patrocinado | patrocinado"
    " | el artículo continúa después de la publicidad",
    "pt": "publicidade | anúncio | continua após a publicidade | conteúdo patrocinado | patrocinado"
    " | continua depois da publicidade | pub",
    "it": "pubblicità | annuncio | continua dopo la pubblicità | contenuto sponsorizzato | l'articolo continua dopo la"
    " pubblicità",
    "nl": "advertentie | tekst gaat verder onder de advertentie | gesponsord | lees verder na de advertentie"
    " | artikel gaat verder na de advertentie",
    "pl": "reklama | dalsza część artykułu pod reklamą | artykuł sponsorowany | dalszy ciąg materiału pod wideo"
    " | dalsza część materiału pod wideo | kontynuuj czytanie",
    "sv": "annons | annonser | artikeln fortsätter under annonsen | fortsätt läsa efter annonsen | reklam",
    "no": "annonse | annonser | artikkelen fortsetter under annonsen | saken fortsetter under annonsen"
    " | annonsørinnhold",
    "da": "annonce | annoncer | artiklen fortsætter efter annoncen | artiklen fortsætter under annoncen",
    "ru": "реклама | на правах рекламы | продолжение после рекламы | партнерский материал",
    "uk": "реклама | на правах реклами | продовження після реклами",
    "tr": "reklam | ilan | reklam alanı | haberin devamı reklamdan sonra",
    "ar": "إعلان | اعلان | إعلانات | محتوى إعلاني",
    "zh": "广告 | 廣告 | 赞助内容 | 贊助內容 | 请继续往下阅读 | 請繼續往下閱讀",
    "ja": "広告 | スポンサーリンク | スポンサードリンク | 記事は広告の後に続きます | 提供",
    "fi": "mainos | juttu jatkuu mainoksen jälkeen | ilmoitus",
    "cs": "reklama | inzerce | článek pokračuje pod reklamou",
    "hu": "hirdetés | reklám",
    "ro": "publicitate | reclamă",
    "id": "iklan | scroll to continue with content | gulir untuk lanjut membaca",
    "vi": "quảng cáo",
    "hi": "विज्ञापन",
}

# Ways to take the article along: players, printers, bookmarks, the time that reading takes.
TOOLS: Words = {
    "en": "listen to this article | listen to article | listen to this story | listen | listen now | audio article"
    " | print | print this article | print article | print this page | email this article | save article"
    " | save this article | save for later | bookmark | add to bookmarks | min read | minute read | minutes read"
    " | mins read | min | reading time min | reading time minutes | reading time minute"
    " | estimated reading time minutes"
    " | read time min | read time minutes | view gallery | open gallery | view all posts | previous article"
    " | next article"
    " | previous post | next post | back to top | scroll to top | gift article | gift this article | font size"
    " | text size | resize text | view comments | back to blog | skip to content | skip to main content"
    " | table of contents"
    " | play video | watch video | watch now | photo gallery | image gallery | loading"
    " | your browser does not support the"
    " audio element | your browser does not support the video tag | jump to recipe | view full profile | expand"
    " | show more"
    " | show less | full screen | close | menu",
    "de": "artikel anhören | diesen artikel anhören | artikel vorlesen | beitrag anhören | vorlesen | anhören | drucken"
    " | artikel drucken | seite drucken | merken | merkliste | artikel merken | lesezeit min | lesezeit minuten"
    " | lesezeit ca minuten | min lesezeit | minuten lesezeit | lesedauer min | lesedauer ca minuten | minute lesezeit"
    " | nach oben | schriftgröße | bild anzeigen | bilder anzeigen | artikel verschenken | zur startseite | zum inhalt"
    " springen | inhaltsverzeichnis | als pdf herunterladen | nächster artikel | vorheriger artikel | embed"
    " | mehr anzeigen",
    "fr": "écouter l'article | écouter cet article | imprimer | imprimer l'article | temps de lecture min"
    " | min de lecture"
    " | temps de lecture minutes | minutes de lecture | lecture min | offrir cet article | enregistrer"
    " | article suivant"
    " | article précédent | retour en haut | sommaire | ajouter à mes favoris | table des matières",
    "es": "escuchar artículo | escuchar este artículo | escucha este artículo | escuchar | imprimir | imprimir artículo"
    " | guardar | guardar artículo | tiempo de lectura min | tiempo de lectura minutos | min de lectura"
    " | minutos de lectura | siguiente artículo | artículo anterior | volver arriba | tabla de contenidos",
    "pt": "ouvir artigo | ouça este artigo | ouvir notícia | ouça esta notícia | imprimir | salvar"
    " | tempo de leitura minutos"
    " | tempo de leitura minuto | tempo de leitura min | min de leitura | minutos de leitura | próximo artigo"
    " | voltar ao topo | ouça este conteúdo",
    "it": "ascolta l'articolo | ascolta questo articolo | ascolta | stampa | stampa l'articolo | salva"
    " | tempo di lettura min"
    " | tempo di lettura minuti | minuti di lettura | min di lettura | regala questo articolo | articolo successivo",
    "nl": "luister naar dit artikel | beluister dit artikel | beluister artikel | afdrukken | printen | opslaan"
    " | leestijd min | leestijd minuten | min leestijd | minuten leestijd | bewaar artikel | terug naar boven",
    "pl": "posłuchaj artykułu | odsłuchaj artykuł | posłuchaj | drukuj | wydrukuj | zapisz | czas czytania min"
    " | min czytania | ten tekst przeczytasz w minutę | ten tekst przeczytasz w minuty | ten tekst przeczytasz w minut"
    " | ten tekst przeczytasz w mniej niż minutę | spis treści | zapisz na później",
    "sv": "lyssna på artikeln | lyssna | skriv ut | spara | spara artikel | lästid min | min lästid | lästid minuter"
    " | till toppen",
    "no": "lytt til artikkelen | lytt til saken | lytt | skriv ut | lagre | lesetid min | min lesetid | til toppen",
    "da": "lyt til artiklen | lyt til artikel | hør artiklen | udskriv | gem | gem artikel | læsetid min | min læsetid"
    " | min læsning",
    "ru": "слушать статью | прослушать статью | послушать | распечатать | версия для печати | сохранить | в закладки"
    " | время чтения мин | время чтения минут | время на чтение мин | мин на чтение | наверх | содержание",
    "uk": "слухати статтю | прослухати статтю | роздрукувати | версія для друку | зберегти | час читання хв"
    " | хв читання"
    " | читати хв | час читання хвилин | вгору",
    "tr": "haberi dinle | dinle | yazdır | kaydet | okuma süresi dakika | okuma süresi dk | dk okuma | dakika okuma"
    " | dk okuma süresi | yazı boyutu",
    "ar": "استمع للمقال | استمع إلى المقال | استمع | طباعة | اطبع | حفظ | دقائق قراءة | دقيقة قراءة | وقت القراءة دقائق"
    " | مدة القراءة دقائق | حجم الخط",
    "zh": "听文章 | 收听 | 打印 | 打印本文 | 收藏 | 阅读时间 分钟 | 分钟阅读 | 字号 | 列印 | 收聽 | 閱讀時間 分鐘"
    " | 回到顶部",
    "ja": "この記事を聴く | 記事を聴く | 印刷 | 印刷する | 保存 | 保存する | この記事は約 分で読めます"
    " | 読了時間 分 | 目次"
    " | 記事を印刷する | スクラップ | 文字サイズ",
    "fi": "kuuntele artikkeli | kuuntele | tulosta | tallenna | lukuaika min",
    "cs": "poslechnout článek | vytisknout | uložit | doba čtení min | délka čtení min | článek",
    "ko": "기사 듣기 | 인쇄 | 글자 크기 | 스크랩",
}
