"""How papers ask their readers for something, by language: (verbs that begin the sentence, words that say for what).

Data only; linerules.py says how it is compared. Languages in VERB_LAST put the verb where they like. Patterns for
lines in lower case; nothing in them can repeat without end.
"""

from __future__ import annotations

Asks = dict[str, tuple[str, str]]  # language -> (verbs, words)

VERB_LAST = frozenset(("tr", "ja", "zh", "ko", "ar"))

# What may stand before the verb: "Please sign up", "Click here to get", "Jetzt abonnieren".
FILLER = (
    r"(?:for (?:more|daily|weekly|the latest|regular)\b[^.!?,:]{0,50}[,:]|please|click here to"
    r"|tap here to|click to|or|and|you can|you can also|to|want more\W|also|don't forget to"
    r"|be sure to"
    r"|remember to|if you liked this(?: article| story)?|bitte|jetzt|hier|und|auch|hier können sie"
    r"|klicken sie hier,? und|sie"
    r" können|du kannst|pour|et|cliquez ici pour|n'hésitez pas à|vous pouvez|también|y|para|puedes"
    r"|haz clic aquí para|clique aqui"
    r" e|clique aqui para|e|também|você pode|per|clicca qui per|klik hier om|kliknij tutaj i|klicka här för att"
    r"|klikk her for å"
    r"|klik her for at|а также|и|а ще|та|також|не забудьте)\W+"
)

NEWSLETTER: Asks = {
    "en": (
        r"sign up|signing up|subscribe|subscribing|register|join|get (?:the|our|more|all|daily|news|updates"
        r"|breaking|a |this|exclusive)"
        r"|receive|never miss|bookmark|stay (?:up to date|informed|in the loop|updated)|have .{1,60} delivered"
        r"|enter your e-?mail",
        r"\bnewsletters?|(?:your|straight to|to your) (?:e-?mail )?inbox|mailing list|e-?mail alerts?"
        r"|e-?mail updates?|daily digest"
        r"|by e-?mail|our e-?mails?|delivered via|marketing e-?mails?|your e-?mail address",
    ),
    "de": (
        r"abonnier(?:en sie|e|t|en)|melden sie sich|melde dich|bestellen sie|erhalten sie|registrieren sie sich"
        r"|sichern sie sich"
        r"|kostenlos(?:en)? (?:newsletter )?(?:abonnieren|anmelden|bestellen)|newsletter (?:abonnieren|bestellen)"
        r"|lass dir|hol dir",
        r"(?:\w+-?)?newsletters?|posteingang|postfach|per e-?mail",
    ),
    "fr": (
        r"abonnez[- ]vous|inscrivez[- ]vous|recevez|s'abonner|s'inscrire|retrouvez",
        r"newsletters?|lettres? d.information|infolettres?|bo[iî]te (?:mail|de réception|e-?mail|aux lettres)",
    ),
    "es": (
        r"suscr[íi]b(?:ete|ase|irse|irte)|regístrate|registrate|recib(?:e|a|ir)|apúntate|apuntate|inscr[íi]bete",
        r"newsletters?|bolet[íi]n(?:es)?|bandeja de entrada|en (?:tu|su) correo",
    ),
    "pt": (
        r"assine|inscreva-se|cadastre-se|receb(?:a|er)|subscreva|assinar",
        r"newsletters?|boletim|boletins|no (?:seu|teu) e-?mail|caixa de entrada",
    ),
    "it": (r"iscriviti|ricev(?:i|ere)|registrati|iscrivetevi|abbonati", r"newsletter|tua (?:posta|casella|e-?mail)"),
    "nl": (
        r"schrijf (?:je|u)|meld (?:je|u)|abonneer|ontvang|aanmelden",
        r"nieuwsbrief|nieuwsbrieven|inbox|mailbox|in je mail",
    ),
    "pl": (r"zapisz się|subskrybuj|zapisz|otrzymuj|zamów|dołącz", r"newsletter\w*|skrzynk\w+|na maila"),
    "sv": (r"prenumerera|anmäl dig|få |registrera dig|skriv upp dig", r"nyhetsbrev\w*|inkorg\w*|mejlen"),
    "no": (r"meld deg|abonner|få |registrer deg|motta", r"nyhetsbrev\w*|innboks\w*"),
    "da": (r"tilmeld dig|abonn[ée]r|få |modtag|skriv dig op", r"nyhedsbrev\w*|indbakke\w*"),
    "ru": (r"подпи(?:шитесь|сывайтесь|саться)|получайте|подпишись", r"рассылк\w+|на (?:вашу |свою )?почту"),
    "uk": (
        r"підпи(?:шіться|суйтесь|суйтеся|сатися)|отримуйте|підпишись",
        r"розсилк\w+|на (?:вашу |свою )?пошту",
    ),
    "tr": (r"abone ol\w*|kayıt ol\w*|kaydol\w*|üye ol\w*", r"bülten\w*|e-posta kutu\w*"),
    "ar": (r"اشترك\w*|سج[ّ]?ل\w*|احصل", r"نشرت\w+|النشرة البريدية|بريدك الإلكتروني"),
    "zh": (r"订阅|訂閱|注册|註冊", r"电子报|電子報|邮件列表|通讯|新闻邮件|newsletter"),
    "ja": (r"登録|購読|お届け|受け取", r"メルマガ|ニュースレター|メールマガジン|メールで(?:お届け|配信)"),
}

NETWORKS = (
    r"(?:\b(?:facebook|twitter|instagram|google news|google nachrichten|google noticias|linkedin|threads|bluesky"
    r"|mastodon|youtube"
    r"|tiktok|telegram\w*|whats?app\w*|flipboard|pinterest|viber\w*|x(?=[\W]*$)|x (?:and|or|und|et|y|e)|news feed"
    r"|in your feeds?)|телеграм\w*|фейсбук\w*|вконтакте|дзен\w*|вайбер\w*"
    r"|تويتر|فيسبوك|انستغرام|واتساب|تلغرام|微信|微博|公众号|@\w+)"
)
FOLLOW: Asks = {
    "en": (
        r"follow|like (?:us|our)|find us|join us|join our|join the|connect with|check out our|subscribe"
        r"|keep up with|watch us"
        r"|add us",
        NETWORKS,
    ),
    "de": (
        r"folgen sie|folge|folgt|abonnieren sie|abonniere|besuchen sie uns|werden sie fan|diskutieren sie",
        NETWORKS,
    ),
    "fr": (r"suivez|rejoignez|abonnez[- ]vous|retrouvez|likez", NETWORKS),
    "es": (
        r"sigue|siga|síguenos|siguenos|síganos|siganos|únete|unete|suscríbete|suscribete|seguir a|dale me gusta",
        NETWORKS,
    ),
    "pt": (r"siga|acompanhe|curta|inscreva-se|participe|entre n|segue-nos", NETWORKS),
    "it": (r"segui|seguici|seguiteci|iscriviti|unisciti", NETWORKS),
    "nl": (r"volg|like ons|abonneer", NETWORKS),
    "pl": (r"obserwuj|śledź|polub|dołącz|subskrybuj", NETWORKS),
    "sv": (r"följ|gilla oss", NETWORKS),
    "no": (r"følg|lik oss", NETWORKS),
    "da": (r"følg|like os", NETWORKS),
    "ru": (r"подпи(?:шитесь|сывайтесь|шись)|читайте нас|следите|присоединяйтесь", NETWORKS + r"|наш\w* канал\w*"),
    "uk": (
        r"підпи(?:шіться|суйтесь|суйтеся|шись)|читайте нас|стежте|приєднуйтесь|слідкуйте",
        NETWORKS + r"|наш\w* канал\w*",
    ),
    "tr": (r"takip ed\w+|abone ol\w*|katıl\w*", NETWORKS),
    "ar": (r"تابعونا|تابعنا|انضم", NETWORKS),
    "zh": (r"关注我们|关注|追蹤我們|扫码", NETWORKS),
    "ja": (r"フォロー|友だち追加", NETWORKS + r"|ツイッター|フェイスブック|line"),
}

APP: Asks = {
    "en": (r"get (?:the|our)|download (?:the|our)|install (?:the|our)", r"\bapp\b|app store|google play"),
    "de": (r"laden sie|lade(?:n)?|hol(?:en)? (?:dir|sie sich)|installieren sie", r"\bapp\b|app store|google play"),
    "fr": (r"téléchargez|télécharger", r"\bappli\b|application|google play"),
    "es": (r"descarg(?:a|ue|ar)|baja", r"\bapp\b|aplicación|google play"),
    "pt": (r"baixe|descarregue|instale", r"\bapp\b|aplicativo|google play"),
    "it": (r"scarica\w*", r"\bapp\b|applicazione|google play"),
    "nl": (r"download (?:de|onze|nu|gratis)|installeer", r"\bapp\b|google play"),
    "pl": (r"pobierz|ściągnij|zainstaluj", r"aplikacj\w+|google play"),
    "sv": (r"ladda ner|hämta", r"\bappen\b|\bapp\b"),
    "no": (r"last ned|hent", r"\bappen\b|\bapp\b"),
    "da": (r"hent (?:vores|appen)|download (?:vores|appen)", r"\bappen\b|\bapp\b|app'en"),
    "ru": (r"скача(?:йте|ть)|установите|загрузите", r"приложени\w+"),
    "uk": (r"завантаж(?:те|уйте|ити)|встановіть", r"застосун\w+|додат\w+"),
    "tr": (r"indir\w*|yükle\w*", r"uygulama\w*"),
    "ar": (r"حم[ّ]?ل\w*|نز[ّ]?ل", r"تطبيق\w*"),
    "zh": (r"下载|下載", r"app|客户端|應用程式"),
    "ja": (r"ダウンロード|インストール", r"アプリ"),
}

SUPPORT: Asks = {
    "en": (
        r"support|donate|make a (?:donation|contribution|gift)|become a|help us|consider|contribute|give today|join",
        r"journalism|donat\w+|contribution|supporter|(?:a|our) members?|patreon|our (?:work|reporting|mission"
        r"|newsroom)|paypal",
    ),
    "de": (
        r"unterstütz(?:en sie|e|t)|spenden? sie|spende|werden sie|werde|helfen sie",
        r"journalismus|spende\w*|mitglied|unsere arbeit|unabhängig\w*|paypal|steady",
    ),
    "fr": (r"soutenez|faites un don|soutenir|aidez[- ]nous", r"\bdons?\b|journalisme|indépendan\w+|média"),
    "es": (
        r"apoya|don[ae]|haz(?:te)?|ayúdanos|ayudanos|colabora",
        r"periodismo|donaci\w+|soci[oa]s?|miembro|independiente",
    ),
    "pt": (r"apoie|doe|faça uma doação|contribua|ajude", r"jornalismo|doa[çc]\w+|independente|apoiador"),
    "it": (r"sostieni\w*|dona|aiutaci|fai una donazione", r"giornalismo|donazion\w+|indipendent\w+"),
    "nl": (r"steun|doneer|word", r"journalistiek|donatie|onafhankelijk\w*|\blid\b|donateur"),
    "pl": (r"wesprzyj|wspieraj|wpłać|przekaż", r"dziennikarstw\w+|darowizn\w+|niezależn\w+|patronite"),
    "sv": (r"stöd|swisha", r"journalistik|oberoende|swish"),
    "no": (r"støtt|vipps", r"journalistikk|uavhengig|vipps"),
    "da": (r"støt|bliv medlem", r"journalistik|uafhængig|medlem"),
    "ru": (r"поддержите|поддержать|помогите", r"журналист\w+|пожертвован\w+|независим\w+|редакци\w+|донат\w*"),
    "uk": (
        r"підтримайте|підтримати|станьте|допоможіть",
        r"журналіст\w+|внес\w+|незалежн\w+|редакці\w+|спільнот\w+|донат\w*",
    ),
    "tr": (r"destek ol\w*|destekle\w*|bağış", r"gazetecilik|bağımsız\w*"),
    "ar": (r"ادعم\w*|تبرع\w*|ساهم", r"صحاف\w+|مستقل\w*"),
    "ja": (r"寄付|応援|サポート", r"ジャーナリズム|寄付|編集部"),
    "zh": (r"支持我们|支持我們|捐款|赞助", r"新闻|獨立|独立|报道|記者"),
}

SUBSCRIBE: Asks = {
    "en": (
        r"subscribe|start your|become a (?:subscriber|member)|already (?:a subscriber|subscribed|a member)|sign in"
        r"|log ?in|unlock"
        r"|register|create (?:an|a free) account|this article is (?:for|available to|only)|want to (?:bookmark"
        r"|read)|get unlimited"
        r"|buy a subscription|you have reached|you've reached|try",
        r"subscri\w+|free trial|unlimited|premium|(?:continue|keep) reading|full access|bookmark|(?:free"
        r"|monthly) articles?"
        r"|full story|members only|all articles",
    ),
    "de": (
        r"abonnieren sie|abonnieren|testen sie|testen|weiterlesen|registrieren sie sich|anmelden|einloggen"
        r"|sie haben bereits"
        r"|sie sind bereits|lesen sie (?:diesen|den|alle) artikel|dieser artikel ist|mit (?:dem|einem) abo"
        r"|alle artikel|den artikel",
        r"\babos?\b|abonn\w+|weiterlesen|digitalzugang|probemonat|premium|plus-artikel|kostenlos testen|abo-?\w+"
        r"|abschließen",
    ),
    "fr": (
        r"abonnez[- ]vous|déjà abonné|s'abonner|cet article est réservé|il vous reste|pour lire la suite"
        r"|connectez[- ]vous",
        r"abonn\w+|illimité|la suite|lire cet article",
    ),
    "es": (
        r"suscr[íi]b(?:ete|ase)|ya eres|inicia sesión|si ya|este contenido es|contenido exclusivo|accede"
        r"|tu suscripción",
        r"suscri\w+|ilimitad\w+|seguir leyendo|exclusivo",
    ),
    "pt": (
        r"assine|já é assinante|faça login|conteúdo exclusivo|este conteúdo é|torne-se|quer ler",
        r"assin\w+|ilimitad\w+|continuar lendo|exclusivo",
    ),
    "it": (
        r"abbonati|sei già|accedi|questo articolo è|contenuto riservato",
        r"abbon\w+|illimitat\w+|continuare a leggere",
    ),
    "nl": (
        r"abonneer|neem een|al abonnee|word abonnee|dit artikel is|log in|verder lezen",
        r"abonn\w+|onbeperkt|verder lezen",
    ),
    "pl": (
        r"subskrybuj|wykup|zaloguj się|kup|pozostało|ten artykuł|masz już|czytaj bez",
        r"subskryp\w+|prenumerat\w+|dostęp\w*",
    ),
    "sv": (
        r"bli prenumerant|prenumerera|redan prenumerant|logga in|det här är",
        r"prenumer\w+|läsa vidare|fortsätt\w* läsa",
    ),
    "no": (r"bli abonnent|kjøp|allerede abonnent|logg inn|denne saken er", r"abonn\w+|lese videre"),
    "da": (r"bliv abonnent|køb|allerede abonnent|log ind|denne artikel er|få adgang", r"abonn\w+|læse videre"),
    "ru": (
        r"оформите|войдите|купите|чтобы (?:прочитать|читать)|материал доступен",
        r"подписк\w+|подписчик\w+|полный доступ",
    ),
    "uk": (
        r"оформіть|передплатіть|увійдіть|матеріал доступний|щоб (?:прочитати|читати)",
        r"передплат\w+|підписк\w+|підписник\w+",
    ),
    "tr": (r"abone ol\w*|giriş yap\w*|üye ol\w*", r"aboneler\w*|devamını|sınırsız"),
    "ar": (r"اشترك\w*|سج[ّ]?ل", r"للمشتركين|مواصلة القراءة|متابعة القراءة"),
    "zh": (r"订阅|登录|訂閱|登入|付费", r"会员|會員|阅读全文|閱讀全文|继续阅读|付费"),
    "ja": (r"登録|ログイン|お読みいただけます|申し込", r"有料会員|有料記事|会員限定|続きを読む|全文"),
}
