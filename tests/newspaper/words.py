"""What the page around an article says, in the reader's language: every phrase here is boilerplate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
DATES = {"en": "{day} {month} {year}", "de": "{day}. {month} {year}", "fr": "{day} {month} {year}",
         "es": "{day} de {month} de {year}"}

SECTIONS = {
    "politics": "Politics", "economy": "Economy", "culture": "Culture", "sport": "Sport", "science": "Science",
    "opinion": "Opinion", "politik": "Politik", "wirtschaft": "Wirtschaft", "kultur": "Kultur",
    "politique": "Politique", "societe": "Société", "sociedad": "Sociedad", "kurashi": "暮らし",
    "misto": "Місто", "mujtama": "مجتمع",
}


@dataclass(frozen=True)
class Words:
    """One language's furniture."""

    by: str
    joiner: str
    updated: str
    share: str
    read_also: str
    newsletter: str
    newsletter_button: str
    about: str
    related: str
    most_read: str
    cookies: str
    comments: str
    reply: str
    email: str
    rules: str
    post: str
    rights: str
    correction: str
    older: str
    newer: str


EN = Words(
    "By", " and ", "Updated", "Share this article", "Read also:",
    "Get the best of the Gazette in your inbox every morning. Sign up for our free newsletter.", "Sign up",
    "About the author", "More on this story", "Most read",
    "We and our partners use cookies to measure our audience. By continuing to browse you accept our cookie policy.",
    "Comments", "Leave a Reply", "Your email address will not be published. Required fields are marked *",
    "This site uses Akismet to reduce spam. Learn how your comment data is processed.", "Post Comment",
    "All rights reserved. Reproduction without permission is prohibited.", "Correction", "Older articles",
    "Newer articles")
DE = Words(
    "Von", " und ", "Aktualisiert", "Artikel teilen", "Lesen Sie auch:",
    "Das Wichtigste aus dem Hafen jeden Morgen in Ihrem Postfach: Abonnieren Sie unseren kostenlosen Newsletter.",
    "Jetzt anmelden", "Zur Person", "Mehr zum Thema", "Meistgelesen",
    "Wir verwenden Cookies, um unser Angebot zu verbessern. Mit der Nutzung der Seite stimmen Sie dem zu.",
    "Leserkommentare", "Schreiben Sie einen Kommentar",
    "Ihre E-Mail-Adresse wird nicht veröffentlicht. Erforderliche Felder sind mit * markiert",
    "Diese Website verwendet Akismet, um Spam zu reduzieren. Erfahren Sie, wie Ihre Kommentardaten verarbeitet werden.",
    "Kommentar abschicken", "Alle Rechte vorbehalten.", "Korrektur", "Ältere Artikel", "Neuere Artikel")
FR = Words(
    "Par", " et ", "Mis à jour", "Partager cet article", "Lire aussi :",
    "Recevez chaque matin l’essentiel du port : inscrivez-vous à notre lettre d’information gratuite.",
    "Je m’inscris", "L’auteur", "Sur le même sujet", "Les plus lus",
    "Nous utilisons des cookies pour mesurer notre audience. En poursuivant votre navigation, vous les acceptez.",
    "Commentaires", "Laisser un commentaire",
    "Votre adresse e-mail ne sera pas publiée. Les champs obligatoires sont indiqués avec *",
    "Ce site utilise Akismet pour réduire les indésirables. En savoir plus sur la façon dont les données de vos "
    "commentaires sont traitées.", "Publier le commentaire", "Tous droits réservés.", "Rectificatif",
    "Articles précédents", "Articles suivants")
ES = Words(
    "Por", " y ", "Actualizado", "Compartir este artículo", "Lea también:",
    "Reciba cada mañana lo esencial del puerto: suscríbase a nuestro boletín gratuito.", "Suscribirme",
    "Sobre la autora", "Más sobre este tema", "Lo más leído",
    "Utilizamos cookies para medir nuestra audiencia. Si continúa navegando, acepta su uso.", "Comentarios",
    "Deja una respuesta", "Tu dirección de correo electrónico no será publicada. Los campos obligatorios están "
    "marcados con *", "Este sitio usa Akismet para reducir el spam. Aprende cómo se procesan los datos de tus "
    "comentarios.", "Publicar el comentario", "Todos los derechos reservados.", "Corrección",
    "Artículos anteriores", "Artículos siguientes")
JA = Words(
    "文・", "、", "更新", "この記事をシェア", "あわせて読む:", "毎朝のニュースをメールでお届けします。無料の会員登録はこちら。",
    "登録する", "筆者紹介", "関連記事", "よく読まれている記事",
    "当サイトではクッキーを使用しています。閲覧を続けると使用に同意したことになります。", "コメント",
    "コメントを残す", "メールアドレスが公開されることはありません。※ が付いている欄は必須項目です",
    "このサイトはスパムを低減するために Akismet を使っています。", "コメントを送信", "無断転載を禁じます。", "訂正",
    "前の記事", "次の記事")
UK = Words(
    "Автор:", " та ", "Оновлено", "Поділитися", "Читайте також:",
    "Головні новини порту щоранку у вашій поштовій скриньці: підпишіться на безкоштовну розсилку.", "Підписатися",
    "Про автора", "Більше за темою", "Найпопулярніше",
    "Ми використовуємо файли cookie. Продовжуючи перегляд, ви погоджуєтеся з цим.", "Коментарі",
    "Залишити відповідь", "Ваша e-mail адреса не оприлюднюватиметься. Обов’язкові поля позначені *",
    "Цей сайт використовує Akismet для зменшення спаму.", "Опублікувати коментар", "Усі права захищено.",
    "Виправлення", "Старіші статті", "Новіші статті")
AR = Words(
    "بقلم", " و", "آخر تحديث", "شارك هذا المقال", "اقرأ أيضًا:",
    "أهم أخبار الميناء في بريدك كل صباح: اشترك في نشرتنا المجانية.", "اشترك", "عن الكاتبة", "مواضيع ذات صلة",
    "الأكثر قراءة", "نستخدم ملفات تعريف الارتباط. بمتابعة التصفح فإنك توافق على ذلك.", "التعليقات", "اترك تعليقًا",
    "لن يتم نشر عنوان بريدك الإلكتروني. الحقول الإلزامية مشار إليها بـ *",
    "يستخدم هذا الموقع Akismet للحدّ من التعليقات المزعجة.", "إرسال التعليق", "جميع الحقوق محفوظة.", "تصحيح",
    "مقالات أقدم", "مقالات أحدث")

WORDS = {"en": EN, "de": DE, "fr": FR, "es": ES, "ja": JA, "uk": UK, "ar": AR}


def day_in_words(when: datetime, language: str) -> str:
    """The day as this language's readers write it; ISO where we know no better."""
    if language == "ja":
        return f"{when.year}年{when.month}月{when.day}日"
    if language not in MONTHS:
        return when.strftime("%d.%m.%Y")
    month = MONTHS[language].split()[when.month - 1]
    return DATES[language].format(day=when.day, month=month, year=when.year)


def byline(authors: tuple[str, ...], words: Words) -> str:
    """ "By Ann Lee and Bo Ray": how the page names its authors."""
    return f"{words.by} {words.joiner.join(authors)}"
