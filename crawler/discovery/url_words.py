"""Hold the words in URLs by which `url_classifier` knows articles, lists and other pages, in sixteen languages.

A word counts only as a whole path segment (`/tag/ferry/`, `/login.html`), lower case and decoded; never as part of a
slug. Transliterated words are listed as well as native ones, because URLs have both.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """Return the words of a table. A `#` begins a comment, which names the language of the words after it."""
    return frozenset(word for line in text.splitlines() for word in line.partition("#")[0].split())


# Login, shopping, search and technical pages. Such a segment anywhere in the path means that a URL is never followed.
UTILITY_SEGMENTS = words("""
    # en
    login log-in logon signin sign-in signup sign-up register registration logout account accounts myaccount
    my-account user users profile password forgot-password subscribe subscription subscriptions unsubscribe
    cart basket checkout sso oauth auth paywall donate wp-admin wp-login wp-json cgi-bin xmlrpc cdn-cgi
    # de
    anmelden anmeldung registrieren registrierung abo abos abonnieren konto mein-konto warenkorb kasse passwort
    # fr
    connexion se-connecter inscription abonnement abonnements abonnez-vous compte mon-compte panier
    # es
    iniciar-sesion registro registrarse suscripcion suscripciones suscribete suscribirse cuenta mi-cuenta
    carrito
    # pt
    entrar cadastro cadastre-se assine assinatura assinaturas minha-conta carrinho
    # it
    accedi registrati registrazione abbonati abbonamento abbonamenti carrello
    # nl
    inloggen aanmelden registreren abonneren abonnementen mijn-account winkelwagen
    # pl
    logowanie zaloguj zaloguj-sie rejestracja prenumerata koszyk
    # sv
    logga-in loggain registrera prenumerera prenumerant kundvagn mina-sidor
    # no
    logg-inn logginn registrer abonner min-side handlekurv
    # da
    log-ind logind opret-bruger bliv-abonnent kurv
    # ru
    вход войти регистрация подписка корзина vhod registraciya registratsiya podpiska korzina lichnyj-kabinet
    # uk
    вхід увійти реєстрація передплата підписка vhid reyestraciya peredplata
    # tr
    giris giris-yap uye-ol uyelik uye kayit kayit-ol abonelik abone-ol sepet
    # ar
    تسجيل-الدخول تسجيل دخول اشتراك اشترك الاشتراك حسابي
    # zh
    登录 登陆 登入 注册 註冊 订阅 訂閱 会员 會員 passport
    # ja
    ログイン 会員登録 購読 新規登録 マイページ
    # searches, calendars, technical paths
    search suche recherche rechercher buscar buscador busqueda busca pesquisa ricerca cerca zoeken zoek szukaj
    wyszukiwarka sok sök søk sog søg poisk поиск пошук poshuk ara arama بحث 搜索 搜尋 検索 calendar kalender
    calendrier calendario calendário kalendarz календарь календар takvim تقويم カレンダー feed feeds rss atom
    comment-page comments reply replytocom trackback oembed download downloads api ajax static assets
""")

# The same page for a printer, a phone or another site. These count only as the first or last segment, because
# /spiegel/print/ of der Spiegel is the printed magazine.
VARIANT_SEGMENTS = words("""
    print printable printpage print-view drucken druckversion imprimir imprimer stampa afdrukken amp ampstories
    embed share
""")

# Pages that list the articles of one author or with one tag. They repeat what sections and feeds list, and there are
# more of them than articles. Only a date later in the path (`/topics/2024/05/slug`) outweighs such a word.
TAG_AND_AUTHOR_SEGMENTS = words("""
    # en
    tag tags tagged topic topics author authors contributor contributors columnist columnists staff byline
    bylines people keyword keywords label labels subject subjects series-index by
    # de
    thema themen themenseite schlagwort schlagworte schlagwoerter autor autoren autorin autorinnen
    # fr
    auteur auteurs mot-cle mots-cles etiquette etiquettes sujet sujets dossiers-thematiques
    # es
    autores autora etiqueta etiquetas tema temas firmas
    # pt
    assunto assuntos topico topicos colunistas
    # it
    autore autori argomento argomenti tematiche firme
    # nl
    onderwerp onderwerpen trefwoord trefwoorden
    # pl
    temat tematy autorzy tagi
    # sv
    tagg taggar ämne ämnen amne amnen etikett forfattare författare skribent
    # no da
    emne emner emneord forfatter forfattere stikkord skribenter
    # ru
    тег теги тема темы автор авторы tegi avtor avtory avtori
    # uk
    теми автори мітка мітки
    # tr
    etiket etiketler konu konular yazar yazarlar
    # ar
    وسم وسوم موضوع مواضيع كاتب كتاب الكاتب كلمات-دلالية
    # zh
    标签 標籤 作者 专题 專題 话题 話題
    # ja
    タグ 著者 筆者 トピック キーワード
""")

# Pages about the publisher, its services, pictures and games. A date, a number or a long name later in the path
# outweighs such a word.
SERVICE_SEGMENTS = words("""
    # en
    about about-us aboutus contact contact-us contacts imprint privacy privacy-policy privacy-notice terms
    terms-of-use terms-of-service terms-and-conditions legal disclaimer cookies cookie-policy copyright
    accessibility jobs careers vacancies newsletter newsletters advertise advertising advertisers media-kit faq
    faqs help support feedback sitemap site-map archive archives podcast podcasts radio e-paper epaper
    e-edition eedition digital-edition shop store marketplace coupons vouchers deals-store weather horoscope
    horoscopes tv-guide tv-listings listings quiz quizzes games puzzles crossword crosswords sudoku lottery
    events classifieds whats-on gallery galleries photo photos photo-gallery picture-gallery slideshow
    slideshows video videos live-tv livestream live-stream team our-team masthead apps app widgets
    alerts notifications bookmarks saved reader-services
    # de
    ueber-uns über-uns uberuns kontakt impressum datenschutz datenschutzerklaerung agb nutzungsbedingungen
    karriere stellenangebote stellenmarkt werbung werben mediadaten hilfe archiv wetter horoskop tv-programm
    fernsehprogramm spiele raetsel kreuzwortraetsel gewinnspiel gewinnspiele lotto anzeigen kleinanzeigen
    traueranzeigen veranstaltungen termine gutscheine fotostrecke fotostrecken bilder bildergalerie
    bildergalerien leserservice
    # fr
    a-propos apropos qui-sommes-nous contactez-nous mentions-legales confidentialite cgu cgv emploi emplois
    publicite aide meteo météo programme-tv jeux mots-croises petites-annonces diaporama diaporamas galerie
    galeries infolettre
    # es
    quienes-somos sobre-nosotros contacto contactanos aviso-legal privacidad politica-de-privacidad publicidad
    ayuda empleo empleos archivo hemeroteca tiempo eltiempo horoscopo horóscopo juegos pasatiempos sorteos
    loteria clasificados fotogaleria fotogalerias galeria galerias boletin boletines
    # pt
    quem-somos sobre sobre-nos contato contacto fale-conosco termos-de-uso politica-de-privacidade anuncie
    publicidade ajuda vagas empregos acervo arquivo tempo previsao-do-tempo jogos loterias classificados
    galeria-de-fotos
    # it
    chi-siamo contatti note-legali informativa-privacy pubblicita lavora-con-noi aiuto archivio oroscopo giochi
    cruciverba annunci necrologi gallerie fotogallery
    # nl
    over-ons colofon privacybeleid gebruiksvoorwaarden adverteren vacatures nieuwsbrief nieuwsbrieven hulp
    archief weer horoscoop puzzels spelletjes familieberichten fotoserie
    # pl
    o-nas polityka-prywatnosci regulamin reklama praca pomoc archiwum pogoda program-tv gry krzyzowki
    ogloszenia nekrologi galeria-zdjec
    # sv
    om-oss kontakta-oss integritetspolicy annonsera lediga-jobb nyhetsbrev hjalp hjälp arkiv vader väder
    tv-tabla korsord bildspel
    # no
    kontakt-oss personvern annonse annonser ledige-stillinger hjelp vaer vær kryssord bildeserie
    # da
    om-os kontakt-os privatlivspolitik annoncer ledige-job nyhedsbrev nyhedsbreve hjaelp vejr krydsord
    billedserie
    # ru
    о-нас о-проекте контакты реклама вакансии помощь архив погода гороскоп игры фотогалерея o-nas o-proekte
    kontakty vakansii arhiv pogoda goroskop igry fotogalereya
    # uk
    про-нас контакти вакансії допомога архів ігри pro-nas kontakti vakansiyi
    # tr
    hakkimizda hakkımızda iletisim iletişim kunye künye gizlilik gizlilik-politikasi reklam kariyer yardim
    arsiv arşiv hava-durumu burclar burçlar oyunlar bulmaca foto-galeri galeri video-galeri ilan ilanlar bulten
    # ar
    من-نحن اتصل-بنا تواصل-معنا سياسة-الخصوصية شروط-الاستخدام وظائف أعلن-معنا أرشيف طقس الطقس أبراج ألعاب صور
    فيديو
    # zh
    关于我们 關於我們 联系我们 聯絡我們 隐私政策 招聘 广告服务 天气 图片 图集 视频 guanyuwomen lianxiwomen
    # ja
    会社概要 お問い合わせ プライバシーポリシー 利用規約 採用情報 広告掲載 天気 占い ゲーム 写真 動画 イベント
""")

# First labels of hosts for services, not for news (`jobs.paper.example`).
SERVICE_HOST_LABELS = words("""
    login account accounts auth sso id abo abos shop store jobs job karriere careers stellenmarkt epaper
    e-paper my mein moncompte suscripciones assine abbonamenti tickets events games spiele quiz newsletter
    newsletters mail webmail cdn static img images media assets static1 api feeds rss ads ad adserver anzeigen
    kleinanzeigen immobilienmarkt partnersuche reisen-shop help support hilfe status forum community coupons
    gutscheine
""")

# The page after such a segment is an article if it has a name of two words or a number.
ARTICLE_SEGMENTS = words("""
    article articles story stories a s post posts node articleshow articlelist newsdetail news-detail detail
    details artikel artikler artikkel artikkeli artykul artykuly articulo articulos artículo artigo artigos
    articolo articoli noticia notícia nota clanek članek clanok cikk haber makale statya статья novost новость
    statja nyhet nyhed uutinen ziņa kiji 記事 文章 新闻 nyheter-artikel content document meldung beitrag read
    view
""")

# Segments before lists and articles alike. The page after such a segment is an article if its name has three words.
NEWS_SEGMENTS = words("""
    news new latest blog blogs magazine opinion opinions comment commentary commentisfree columns column review
    reviews feature features analysis fact-check factcheck interview interviews report reports press
    press-release stories nachrichten aktuell aktuelles meinung kommentar kolumne ratgeber magazin wissen
    hintergrund presse actualite actualites actus actu info infos tribune chronique enquete noticias opiniones
    actualidad columna reportaje notizie attualita cronaca opinioni rubriche nieuws achtergrond opinie
    wiadomosci aktualnosci nyheter nyheder artikler ledare leder debatt debat uutiset novosti новости news-feed
    mneniya мнения novyny новини haberler gundem yazi koseyazisi أخبار خبر رأي مقال مقالات news-list 要闻 新聞
    ニュース コラム
""")

# Parameters that hold the number of an article.
ARTICLE_ID_PARAMETERS = words("""
    id idx idxno artid article_id articleid aid artnr newsid news_id nid storyid story_id contentid content_id
    cid_article item itemid p seq no num sn artikel article art post newsno nr key docid arcid oid
""")

# Parameters that say which menu a link was in. They do not change the page.
REFERRER_PARAMETERS = words(
    "ref referrer referer source src via ico icn nav cid lid et_cid loc origin link_location position"
)

# Parameters and segments for the next page of a list.
PAGINATION_WORDS = words(
    "page paged pg p pag pageno pagenum offset start seite pagina página side sida strona stranica sayfa"
)

# Parameters of traps and variants: calendars, filters, searches, the same page for a printer.
VARIANT_PARAMETERS = words("""
    s q query search suche keyword keywords text term replytocom share print printview printable format
    outputtype amp output login redirect redirect_to return returnurl return_to next_url add-to-cart
    attachment_id feed rss view_mode date day month year cal calendar jahr monat tag mois annee mes ano dia
    fecha datum von bis start_date end_date from to since until sort order orderby sortby dir filter filters
    facet facets sessionid letter lightbox slideshow
""")

MONTH_NAMES = {
    name
    for row in (
        "jan feb mar apr may jun jul aug sep oct nov dec sept",
        "january february march april june july august september october november december",
        "januar februar maerz märz mai juni juli oktober dezember",
        "janvier fevrier février mars avril juin juillet aout août septembre octobre novembre decembre décembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "janeiro fevereiro março maio junho julho setembro outubro novembro dezembro",
        "gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre",
    )
    for name in row.split()
}

FILE_ENDINGS = words("""
    jpg jpeg png gif svg webp avif ico bmp tif tiff mp3 mp4 m4a m4v ogg ogv oga wav webm mov avi flv m3u8 mpg
    mpeg pdf doc docx xls xlsx ppt pptx odt csv epub mobi zip gz tar rar 7z dmg exe apk iso css js mjs map json
    xml rss atom rdf ics vcf woff woff2 ttf eot swf txt kml torrent webmanifest
""")
PAGE_ENDINGS = words(
    "html htm shtml xhtml phtml php php5 asp aspx jsp jspx jhtml cfm do cms amp page stm ece nhtml story"
)
INDEX_NAMES = words("index default home main start startseite inicio accueil portada")
