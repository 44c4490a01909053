"""What the forms and headings around readers' comments say, by language. Data only; phrases.py says how it is compared.

Written as people see it; case, digits, asterisks and punctuation do not count ("3 Comments" is "comments"). Where the
strings are those of a widespread system (WordPress, Drupal, Disqus), they are in its translators' words.
"""

from __future__ import annotations

Words = dict[str, str]  # language -> phrases, "|" between them

# Heads a form, or invites to it.
REPLY: Words = {
    "en": "leave a reply | leave a comment | leave your comment | leave your reply | leave a response | post a comment"
    " | post a reply | post your comment | add a comment | add your comment | add new comment | write a comment"
    " | write your comment | write a reply | submit a comment | make a comment | join the conversation"
    " | join the discussion | start the conversation | start the discussion | be the first to comment"
    " | be the first to leave a comment | be the first to reply | comment on this story | comment on this article"
    " | share your thoughts in the comments | cancel reply | reply to this comment | login to leave a comment",
    "de": "schreibe einen kommentar | schreiben sie einen kommentar | schreib einen kommentar"
    " | einen kommentar schreiben"
    " | hinterlasse einen kommentar | hinterlassen sie einen kommentar | hinterlasse eine antwort | kommentar schreiben"
    " | kommentar verfassen | kommentar hinterlassen | kommentar abgeben | kommentar hinzufügen | jetzt kommentieren"
    " | artikel kommentieren | ihr kommentar | dein kommentar | ihr kommentar zum thema | diskutieren sie mit"
    " | diskutier mit | jetzt mitdiskutieren | schreiben sie den ersten kommentar | antwort abbrechen"
    " | antworten abbrechen | neuen kommentar hinzufügen | einen kommentar hinterlassen",
    "fr": "laisser un commentaire | laissez un commentaire | laisser une réponse | laissez une réponse"
    " | ajouter un commentaire | poster un commentaire | écrire un commentaire | publier un commentaire"
    " | votre commentaire | réagir à cet article | commenter cet article | soyez le premier à commenter"
    " | soyez le premier à réagir | rejoignez la conversation | annuler la réponse | laissez votre commentaire",
    "es": "deja una respuesta | deja un comentario | deje una respuesta | deje un comentario | deja tu comentario"
    " | deje su comentario | dejar un comentario | dejar una respuesta | escribe un comentario | escribir un comentario"
    " | escribe tu comentario | añadir comentario | añadir nuevo comentario | añade un comentario | agregar comentario"
    " | publicar un comentario | sé el primero en comentar | comenta esta noticia | comentar esta noticia"
    " | únete a la conversación | cancelar la respuesta | cancelar respuesta | haz un comentario",
    "pt": "deixe um comentário | deixe uma resposta | deixe seu comentário | deixe o seu comentário"
    " | deixar um comentário | deixar uma resposta | escreva um comentário | escreva seu comentário"
    " | adicionar comentário | adicionar um comentário | faça um comentário | seja o primeiro a comentar"
    " | participe da conversa | comente esta notícia | comente a notícia | cancelar resposta | envie seu comentário",
    "it": "lascia un commento | lascia una risposta | lascia il tuo commento | scrivi un commento"
    " | aggiungi un commento"
    " | aggiungi commento | commenta l'articolo | commenta la notizia | sii il primo a commentare"
    " | partecipa alla discussione | partecipa alla conversazione | annulla risposta | inserisci un commento",
    "nl": "geef een reactie | geef een antwoord | laat een reactie achter | laat een antwoord achter"
    " | plaats een reactie"
    " | plaats reactie | reageer op dit artikel | reageer op dit bericht | schrijf een reactie | reactie toevoegen"
    " | reactie annuleren | antwoord annuleren | wees de eerste die reageert | praat mee",
    "pl": "dodaj komentarz | zostaw komentarz | napisz komentarz | skomentuj | skomentuj artykuł | pozostaw komentarz"
    " | zostaw odpowiedź | dodaj swój komentarz | bądź pierwszy i skomentuj | dołącz do dyskusji"
    " | anuluj pisanie odpowiedzi | anuluj odpowiedź",
    "sv": "lämna ett svar | lämna en kommentar | lämna kommentar | skriv en kommentar | kommentera artikeln"
    " | lägg till kommentar | var först med att kommentera | delta i diskussionen | avbryt svar",
    "no": "legg igjen en kommentar | legg igjen et svar | legg igjen en respons | skriv en kommentar | skriv kommentar"
    " | legg inn kommentar | legg til kommentar | kommenter artikkelen | delta i debatten"
    " | vær den første til å kommentere | avbryt svar",
    "da": "skriv et svar | skriv en kommentar | læg en kommentar | efterlad en kommentar | efterlad et svar"
    " | tilføj kommentar | tilføj en kommentar | kommentér artiklen | kommenter artiklen | deltag i debatten"
    " | vær den første til at kommentere | annuller svar | giv en kommentar",
    "ru": "добавить комментарий | оставить комментарий | оставьте комментарий | написать комментарий | оставить ответ"
    " | ваш комментарий | добавить ответ | напишите комментарий | присоединяйтесь к обсуждению | обсудить новость"
    " | отменить ответ | оставьте свой комментарий",
    "uk": "залишити відповідь | залишити коментар | залиште коментар | додати коментар | напишіть коментар"
    " | написати коментар | ваш коментар | долучайтеся до обговорення | скасувати відповідь | скасувати коментар",
    "tr": "bir yanıt yazın | bir cevap yazın | bir yorum yazın | yorum yapın | yorum yap | yorum yaz | yorum yazın"
    " | yorum bırakın | yorum bırak | yorum ekle | ilk yorumu siz yapın | ilk yorumu sen yap | ilk yorum yapan siz olun"
    " | cevap bırakın | yanıtı iptal et | cevabı iptal et | yoruma cevap ver",
    "ar": "اترك تعليقا | اترك تعليق | اترك تعليقك | اترك ردا | اترك رد | أضف تعليقا | أضف تعليق | أضف تعليقك"
    " | اكتب تعليقا | اكتب تعليقك | إضافة تعليق | شاركنا رأيك | شارك برأيك | كن أول من يعلق | إلغاء الرد",
    "zh": "发表评论 | 发表回复 | 发表留言 | 留下评论 | 我要评论 | 写评论 | 添加评论 | 我要留言 | 取消回复 | 取消答复"
    " | 發表迴響 | 發佈留言 | 發表留言 | 發表評論 | 發表回覆 | 撰寫留言 | 取消回覆",
    "ja": "コメントを残す | コメントする | コメントを書く | コメントを投稿 | コメントを投稿する | コメントをどうぞ"
    " | コメントを追加 | コメントをキャンセル | 返信を残す | 返信をキャンセル | 返信する",
    "fi": "vastaa | jätä kommentti | jätä vastaus | kirjoita kommentti | lisää kommentti | peruuta vastaus",
    "cs": "napsat komentář | přidat komentář | napište komentář | vložit komentář | zrušit odpověď na komentář",
    "hu": "hozzászólás írása | szólj hozzá | vélemény hozzászólás | írj hozzászólást | kilépés a válaszból",
    "ro": "lasă un răspuns | lasă un comentariu | adaugă un comentariu | scrie un comentariu | anulează răspunsul",
    "el": "αφήστε μια απάντηση | αφήστε ένα σχόλιο | γράψτε ένα σχόλιο | ακύρωση απάντησης",
    "he": "כתיבת תגובה | הוסף תגובה | השארת תגובה | לבטל | ביטול תגובה",
    "ko": "댓글 남기기 | 댓글 쓰기 | 댓글 달기 | 답글 남기기 | 댓글 취소 | 응답 취소",
    "id": "tinggalkan balasan | tulis komentar | beri komentar | tinggalkan komentar | batalkan balasan",
    "vi": "để lại một bình luận | viết bình luận | gửi bình luận | trả lời | hủy",
    "fa": "دیدگاهتان را بنویسید | پاسخ دهید | ارسال نظر | نظر شما | لغو پاسخ",
    "ca": "deixa un comentari | deixa una resposta | cancel·la les respostes",
}

# Stands in the form: what becomes of the address, which fields must be filled, what happens next time.
NOTICE: Words = {
    "en": "your email address will not be published | your email will not be published | your email address will not be"
    " shared | your email will not be shared | we will not publish your email address | required fields are marked"
    " | required fields | mandatory fields are marked | fields marked with are required | indicates required fields"
    " | notify me of follow-up comments by email | notify me of followup comments via email"
    " | notify me of new posts by email | notify me of new comments via email | notify me when new comments are added",
    "de": "deine email-adresse wird nicht veröffentlicht | ihre email-adresse wird nicht veröffentlicht"
    " | die email-adresse wird nicht veröffentlicht | erforderliche felder sind mit markiert"
    " | erforderliche felder sind markiert | notwendige felder sind markiert | pflichtfelder sind mit markiert"
    " | benachrichtige mich über nachfolgende kommentare via email | benachrichtige mich über neue beiträge via email"
    " | benachrichtigung bei nachfolgenden kommentaren",
    "fr": "votre adresse email ne sera pas publiée | votre adresse de messagerie ne sera pas publiée"
    " | votre courriel ne sera pas publié | les champs obligatoires sont indiqués avec"
    " | les champs obligatoires sont marqués d'un | les champs nécessaires sont indiqués avec"
    " | prévenez-moi de tous les nouveaux commentaires par email"
    " | prévenez-moi de tous les nouveaux articles par email",
    "es": "tu dirección de correo electrónico no será publicada | su dirección de correo electrónico no será publicada"
    " | tu correo electrónico no será publicado | tu email no será publicado | su correo no será publicado"
    " | los campos obligatorios están marcados con | los campos necesarios están marcados con"
    " | los campos requeridos están marcados | los campos requeridos están marcados con"
    " | recibir un correo electrónico con los siguientes comentarios a esta entrada"
    " | recibir un correo electrónico con cada nueva entrada | avísame de nuevos comentarios por correo",
    "pt": "o seu endereço de email não será publicado | o seu email não será publicado | seu email não será publicado"
    " | seu endereço de email não será publicado | campos obrigatórios são marcados com"
    " | campos obrigatórios marcados com | os campos obrigatórios são marcados com"
    " | campos obrigatórios estão marcados com | os campos obrigatórios estão marcados com"
    " | notifique-me sobre novos comentários por email | notifique-me sobre novas publicações por email"
    " | notificar-me de novos comentários por email",
    "it": "il tuo indirizzo email non sarà pubblicato | l'indirizzo email non verrà pubblicato"
    " | il tuo indirizzo di posta elettronica non sarà pubblicato | i campi obbligatori sono contrassegnati"
    " | i campi obbligatori sono contrassegnati con | avvertimi via email in caso di risposte al mio commento"
    " | avvertimi via email alla pubblicazione di un nuovo articolo",
    "nl": "je emailadres wordt niet gepubliceerd | het emailadres wordt niet gepubliceerd"
    " | uw emailadres wordt niet gepubliceerd | je emailadres zal niet getoond worden"
    " | het emailadres zal niet worden gepubliceerd | je emailadres zal niet worden gepubliceerd"
    " | vereiste velden zijn gemarkeerd met | verplichte velden zijn gemarkeerd met"
    " | stuur mij een email als er vervolgreacties zijn | stuur mij een email als er nieuwe berichten zijn",
    "pl": "twój adres email nie zostanie opublikowany | twój adres email nie będzie opublikowany"
    " | wymagane pola są oznaczone | pola których wypełnienie jest wymagane są oznaczone symbolem"
    " | powiadom mnie o kolejnych komentarzach przez email | powiadom mnie o nowych wpisach przez email",
    "sv": "din e-postadress kommer inte publiceras | din e-postadress kommer inte att publiceras"
    " | obligatoriska fält är märkta | obligatoriska fält är märkta med | meddela mig om nya kommentarer via e-post"
    " | meddela mig om nya inlägg via e-post",
    "no": "din e-postadresse vil ikke bli publisert | e-postadressen din vil ikke bli publisert"
    " | obligatoriske felt er merket med | obligatoriske felter er merket med"
    " | varsle meg om nye kommentarer via e-post"
    " | varsle meg om nye innlegg via e-post",
    "da": "din email-adresse vil ikke blive publiceret | din emailadresse vil ikke blive publiceret"
    " | din emailadresse vil ikke blive offentliggjort | krævede felter er markeret med"
    " | påkrævede felter er markeret med | giv mig besked om nye kommentarer via email"
    " | giv mig besked om nye indlæg via email",
    "ru": "ваш адрес email не будет опубликован | ваш email не будет опубликован"
    " | ваш адрес электронной почты не будет опубликован | обязательные поля помечены | обязательные поля отмечены"
    " | уведомить меня о новых комментариях по email | уведомлять меня о новых записях по почте",
    "uk": "ваша email адреса не оприлюднюватиметься | ваша електронна адреса не буде опублікована"
    " | ваша email адреса не буде опублікована | ваш email не буде опубліковано | обов'язкові поля позначені"
    " | обов'язкові поля позначено | сповістити мене про нові коментарі по email"
    " | повідомляти мене про нові записи поштою",
    "tr": "e-posta adresiniz yayınlanmayacak | e-posta adresiniz yayınlanmayacaktır | e-posta hesabınız yayımlanmayacak"
    " | e-posta adresiniz yayımlanmayacak | gerekli alanlar ile işaretlenmişlerdir"
    " | gerekli alanlar ile işaretlenmiştir"
    " | gerekli alanlar işaretlendi | zorunlu alanlar ile işaretlenmiştir"
    " | beni sonraki yorumlar için e-posta ile bilgilendir"
    " | beni yeni yazılarda e-posta ile bilgilendir",
    "ar": "لن يتم نشر عنوان بريدك الإلكتروني | الحقول الإلزامية مشار إليها بـ | الحقول المطلوبة مشار إليها بـ"
    " | تم وضع علامة على الحقول المطلوبة | أعلمني بمتابعة التعليقات بواسطة البريد الإلكتروني"
    " | أعلمني بالمواضيع الجديدة بواسطة البريد الإلكتروني",
    "zh": "您的邮箱地址不会被公开 | 您的电子邮箱地址不会被公开 | 电子邮件地址不会被公开 | 您的电子邮箱不会被公开"
    " | 必填项已用 标注 | 必填项已用标注 | 如果有人回复我的评论 请通过电子邮件通知我 | 有新文章时 请通过电子邮件通知我"
    " | 發佈留言必須填寫的電子郵件地址不會公開 | 您的電子郵件地址不會被公開 | 必填欄位標示為"
    " | 用電子郵件通知我後續的回應 | 新文章使用電子郵件通知我",
    "ja": "メールアドレスが公開されることはありません | メールアドレスは公開されません | が付いている欄は必須項目です"
    " | 新しいコメントをメールで通知 | 新しい投稿をメールで受け取る",
    "fi": "sähköpostiosoitettasi ei julkaista | pakolliset kentät on merkitty",
    "cs": "vaše emailová adresa nebude zveřejněna | vyžadované informace jsou označeny",
    "hu": "az email címet nem tesszük közzé | a kötelező mezőket karakterrel jelöltük",
    "ro": "adresa ta de email nu va fi publicată | câmpurile obligatorii sunt marcate cu",
    "el": "η ηλ διεύθυνση σας δεν δημοσιεύεται | τα υποχρεωτικά πεδία σημειώνονται με",
    "he": "האימייל לא יוצג באתר | שדות החובה מסומנים",
    "ko": "이메일 주소는 공개되지 않습니다 | 필수 필드는 로 표시됩니다 | 필수 항목은 로 표시합니다",
    "id": "alamat email anda tidak akan dipublikasikan | ruas yang wajib ditandai",
    "vi": "email của bạn sẽ không được hiển thị công khai | các trường bắt buộc được đánh dấu",
    "fa": "نشانی ایمیل شما منتشر نخواهد شد | بخش‌های موردنیاز علامت‌گذاری شده‌اند",
    "ca": "l'adreça electrònica no es publicarà | els camps necessaris estan marcats amb",
}  # fmt: skip

# Tells readers who may comment, or that nobody may any more.
LOGIN: Words = {
    "en": "you must be logged in to post a comment | you must be logged in to comment"
    " | you must log in to post a comment"
    " | you must be registered to comment | log in to comment | log in to reply | login to comment | sign in to comment"
    " | log in or register to post comments | login or register to post comments | log in to leave a comment"
    " | please log in to comment | please log in to leave a comment | please sign in to comment | register to comment"
    " | comments are closed | comments are off for this post | comments are closed for this article"
    " | comments are disabled"
    " | comments closed | comments off | commenting is closed | commenting has been disabled | comments are now closed"
    " | your comment is awaiting moderation | you are replying to | you must be logged in"
    " | please enable javascript to view"
    " the comments powered by disqus | comments powered by disqus | blog comments powered by disqus"
    " | powered by disqus",
    "de": "du musst angemeldet sein um einen kommentar abzugeben"
    " | sie müssen angemeldet sein um einen kommentar abzugeben"
    " | du musst angemeldet sein um einen kommentar zu veröffentlichen"
    " | du musst eingeloggt sein um kommentieren zu können"
    " | du musst eingeloggt sein um einen kommentar zu schreiben | sie müssen sich anmelden um zu kommentieren"
    " | sie müssen sich einloggen um zu kommentieren | anmelden um zu kommentieren | zum antworten anmelden"
    " | melden sie sich an um zu kommentieren | melde dich an um zu kommentieren"
    " | bitte melden sie sich an um zu kommentieren"
    " | kommentare sind geschlossen | die kommentare sind geschlossen | die kommentarfunktion ist geschlossen"
    " | die kommentarfunktion ist deaktiviert | kommentare geschlossen | kommentare deaktiviert"
    " | dein kommentar wartet auf freischaltung | mitdiskutieren | kommentarbereich geschlossen",
    "fr": "vous devez vous connecter pour publier un commentaire | vous devez être connecté pour publier un commentaire"
    " | vous devez être abonné pour commenter | connectez-vous pour commenter | connectez-vous pour répondre"
    " | se connecter pour commenter | connectez-vous pour laisser un commentaire | les commentaires sont fermés"
    " | les commentaires sont désactivés | commentaires fermés | votre commentaire est en attente de modération",
    "es": "lo siento debes estar conectado para publicar un comentario"
    " | debes estar conectado para publicar un comentario"
    " | inicia sesión para comentar | inicie sesión para comentar | debes iniciar sesión para comentar"
    " | accede para responder"
    " | debe iniciar sesión para comentar | inicia sesión para dejar un comentario | los comentarios están cerrados"
    " | comentarios cerrados | comentarios desactivados | tu comentario está pendiente de moderación",
    "pt": "você precisa fazer o login para publicar um comentário | tem de iniciar a sessão para publicar um comentário"
    " | faça login para comentar | você precisa estar logado para comentar | inicie sessão para comentar"
    " | entre para comentar | inicie sessão para responder | os comentários estão fechados"
    " | os comentários estão encerrados | comentários fechados | comentários desativados",
    "it": "devi essere connesso per inviare un commento | accedi per commentare | devi accedere per commentare"
    " | effettua il login per commentare | accedi per rispondere | i commenti sono chiusi | commenti chiusi"
    " | commenti disabilitati | il tuo commento è in attesa di moderazione",
    "nl": "je moet ingelogd zijn op om een reactie te plaatsen | je moet ingelogd zijn om een reactie te plaatsen"
    " | je moet inloggen om een reactie te kunnen plaatsen | log in om te reageren | inloggen om te reageren"
    " | login om te reageren | reacties zijn gesloten | reageren is niet meer mogelijk | reacties uitgeschakeld",
    "pl": "musisz się zalogować aby móc dodać komentarz | zaloguj się aby dodać komentarz | zaloguj się aby skomentować"
    " | zaloguj się by komentować | zaloguj się aby odpowiedzieć | możliwość komentowania jest wyłączona"
    " | możliwość komentowania została wyłączona | komentowanie wyłączone | komentarze wyłączone",
    "sv": "du måste vara inloggad för att publicera en kommentar | du måste vara inloggad för att kommentera"
    " | logga in för att kommentera | logga in för att svara | kommentarer är inaktiverade | kommentarer inaktiverade"
    " | kommentarsfältet är stängt | kommentarerna är stängda",
    "no": "du må være innlogget for å kommentere | du må være logget inn for å kommentere | logg inn for å kommentere"
    " | du må logge inn for å kommentere | logg inn for å svare | det er stengt for kommentarer"
    " | kommentarfeltet er stengt | kommentarer er stengt",
    "da": "du skal være logget ind for at skrive en kommentar | du skal være logget ind for at kommentere"
    " | log ind for at kommentere | log ind for at svare | lukket for kommentarer | der er lukket for kommentarer"
    " | kommentarer er lukket",
    "ru": "для отправки комментария вам необходимо авторизоваться | войдите чтобы оставить комментарий"
    " | чтобы оставить комментарий войдите | авторизуйтесь чтобы оставить комментарий | войдите чтобы ответить"
    " | вы должны быть авторизованы чтобы разместить комментарий | войдите чтобы комментировать"
    " | зарегистрируйтесь или войдите чтобы оставить комментарий | комментарии закрыты | комментарии отключены"
    " | возможность комментирования отключена",
    "uk": "щоб відправити коментар вам необхідно авторизуватись | увійдіть щоб залишити коментар"
    " | увійдіть щоб коментувати"
    " | вибачте але ви повинні авторизуватись щоб написати коментар | увійдіть щоб відповісти | коментарі закриті"
    " | коментарі закрито | коментування закрите | коментарі вимкнено",
    "tr": "yorum yapabilmek için oturum açmalısınız | yorum yapmak için oturum açmalısınız"
    " | yorum yapmak için giriş yapın"
    " | yorum yapmak için giriş yapmalısınız | yorum yapabilmek için giriş yapmalısınız | yanıtlamak için oturum açın"
    " | yorumlar kapalı | yorumlara kapalı | yorumlar kapatıldı",
    "ar": "يجب أنت تكون مسجل الدخول لتضيف تعليقا | يجب أن تكون مسجل الدخول لتضيف تعليقا | سجل الدخول للتعليق"
    " | سجل دخولك للتعليق | يجب تسجيل الدخول للتعليق | تسجيل الدخول للتعليق | سجل الدخول للرد | التعليقات مغلقة"
    " | التعليقات مغلقة على هذا الموضوع",
    "zh": "要发表评论 您必须先登录 | 您必须登录才能发表评论 | 登录后才能评论 | 请登录后发表评论 | 请先登录后评论"
    " | 请登录后评论 | 登录以回复 | 登录后评论 | 评论已关闭 | 评论功能已关闭 | 评论被关闭"
    " | 很抱歉 必須登入網站才能發佈留言 | 必須登入才能發表評論 | 登入後發表評論 | 留言功能已關閉 | 迴響已關閉",
    "ja": "コメントを投稿するにはログインしてください | コメントするにはログインしてください | ログインして返信"
    " | コメントするにはログインが必要です | コメントの投稿にはログインが必要です | コメントは受け付けていません"
    " | 現在コメントは受け付けていません | コメントは停止中です",
    "fi": "kirjaudu sisään kommentoidaksesi | sinun täytyy kirjautua sisään kommentoidaksesi"
    " | kommentointi on suljettu",
    "cs": "pro přidávání komentářů se nejdříve musíte přihlásit | přihlaste se pro komentování"
    " | komentáře jsou uzavřeny",
    "ko": "댓글을 달기 위해서는 로그인해야합니다 | 로그인 후 댓글을 남겨주세요 | 댓글은 닫혔습니다",
    "id": "anda harus masuk untuk berkomentar | masuk untuk berkomentar | komentar ditutup",
    "ro": "trebuie să fii autentificat pentru a publica un comentariu | comentariile sunt închise",
}

# Heads the comments, or opens them.
COUNT: Words = {
    "en": "comments | comment | no comments | no comments yet | no comment | show comments | hide comments"
    " | view comments"
    " | view all comments | show all comments | read comments | read all comments | load comments | load more comments"
    " | reader comments | replies | all comments | most popular comments | jump to comments | skip to comments",
    "de": "kommentare | kommentar | keine kommentare | noch keine kommentare | kommentare anzeigen | kommentare lesen"
    " | alle kommentare | alle kommentare anzeigen | zu den kommentaren | leserkommentare | weitere kommentare laden",
    "fr": "commentaires | commentaire | aucun commentaire | pas de commentaire | voir les commentaires"
    " | les commentaires"
    " | lire les commentaires | afficher les commentaires | tous les commentaires",
    "es": "comentarios | comentario | sin comentarios | no hay comentarios | ver comentarios | ver los comentarios"
    " | todos los comentarios | comentarios de los lectores",
    "pt": "comentários | comentário | nenhum comentário | sem comentários | ver comentários | todos os comentários"
    " | mostrar comentários",
    "it": "commenti | commento | nessun commento | mostra commenti | leggi i commenti | vedi i commenti"
    " | tutti i commenti",
    "nl": "reacties | reactie | geen reacties | bekijk reacties | toon reacties | alle reacties | lees de reacties",
    "pl": "komentarze | komentarz | komentarzy | brak komentarzy | zobacz komentarze | pokaż komentarze"
    " | wszystkie komentarze",
    "sv": "kommentarer | kommentar | inga kommentarer | visa kommentarer | alla kommentarer | läs kommentarer",
    "no": "kommentarer | ingen kommentarer | vis kommentarer | se kommentarer | alle kommentarer | les kommentarer",
    "da": "kommentarer | ingen kommentarer | vis kommentarer | se kommentarer | alle kommentarer | læs kommentarer",
    "ru": "комментарии | комментарий | комментариев | комментария | нет комментариев | комментариев нет"
    " | комментариев пока нет | показать комментарии | все комментарии | читать комментарии",
    "uk": "коментарі | коментар | коментарів | немає коментарів | коментарів немає | показати коментарі | всі коментарі"
    " | усі коментарі",
    "tr": "yorumlar | yorum | yorum yok | henüz yorum yok | henüz yorum yapılmamış | tüm yorumlar | yorumları göster",
    "ar": "التعليقات | تعليقات | تعليق | لا تعليقات | لا توجد تعليقات | تعليقات القراء | جميع التعليقات"
    " | عرض التعليقات",
    "zh": "评论 | 条评论 | 暂无评论 | 全部评论 | 最新评论 | 热门评论 | 查看评论 | 评论列表 | 評論 | 則留言"
    " | 尚無留言 | 留言"
    " | 則迴響",
    "ja": "コメント | 件のコメント | コメント一覧 | コメントなし | コメントはまだありません | みんなのコメント"
    " | コメントを見る",
    "fi": "kommentit | kommenttia | ei kommentteja | näytä kommentit",
    "cs": "komentáře | komentářů | žádné komentáře | zobrazit komentáře",
    "hu": "hozzászólások | hozzászólás | nincs hozzászólás",
    "ro": "comentarii | niciun comentariu | fără comentarii",
    "el": "σχόλια | κανένα σχόλιο",
    "ko": "댓글 | 개의 댓글 | 전체 댓글 | 댓글 보기",
    "id": "komentar | tidak ada komentar | lihat komentar",
    "vi": "bình luận | ý kiến bạn đọc",
    "fa": "دیدگاه‌ها | نظرات | بدون دیدگاه",
}

# Labels and buttons of the form. Words of everyday language: they count only beside a line that is surely of the form.
FIELDS: Words = {
    "en": "name | email | email address | website | url | your name | your email | your comment | message"
    " | submit | reply"
    " | send | publish | post comment | submit comment | post reply | send comment | preview | cancel | optional"
    " | required"
    " | subscribe | newest | oldest | most voted | log in | login | register | sign up | permalink | report"
    " | edit | like"
    " | save my name | most liked | sort by | anonymous | guest | says",
    "de": "name | email-adresse | webseite | website | ihr name | dein name | nachricht | absenden | abschicken"
    " | antworten"
    " | kommentar abschicken | kommentar absenden | kommentar senden | anmelden | registrieren | vorname"
    " | nachname | melden"
    " | neueste | älteste | beliebteste | benutzername | überschrift | senden",
    "fr": "nom | prénom | site web | site internet | adresse email | adresse de messagerie | pseudo | répondre"
    " | envoyer"
    " | publier | publier le commentaire | envoyer le commentaire | se connecter | s'inscrire | signaler | votre nom",
    "es": "nombre | correo electrónico | correo | web | sitio web | responder | enviar | publicar el comentario"
    " | mensaje"
    " | publicar comentario | enviar comentario | iniciar sesión | registrarse | tu nombre | asunto",
    "pt": "nome | correio eletrónico | site | mensagem | responder | enviar | publicar comentário | enviar comentário"
    " | entrar | cadastre-se | seu nome | seu email",
    "it": "nome | sito web | sito | messaggio | rispondi | invia | invia commento | pubblica commento | accedi"
    " | registrati"
    " | il tuo nome",
    "nl": "naam | email | emailadres | site | website | beantwoorden | verzenden | reactie plaatsen | reactie versturen"
    " | reageer | reageren | inloggen | registreren | bericht",
    "pl": "nazwa | imię | podpis | adres email | witryna internetowa | strona internetowa | odpowiedz | wyślij"
    " | opublikuj komentarz | komentarz wpisu | wyślij komentarz | zaloguj się | treść | nick",
    "sv": "namn | e-post | e-postadress | webbplats | svara | skicka | publicera kommentar | skicka kommentar"
    " | logga in",
    "no": "navn | e-post | e-postadresse | nettsted | nettside | svar | send | send inn | publiser kommentar"
    " | send kommentar | logg inn",
    "da": "navn | email | mail | websted | hjemmeside | svar | besvar | send | send kommentar | indsend kommentar"
    " | log ind",
    "ru": "имя | эл почта | электронная почта | сайт | ответить | отправить | отправить комментарий | войти | ваше имя"
    " | сообщение",
    "uk": "ім'я | електронна пошта | сайт | відповісти | надіслати | відправити | опублікувати коментар"
    " | відправити коментар | увійти | ваше ім'я",
    "tr": "ad | adınız | isim | ad soyad | e-posta | e-posta adresi | internet sitesi | web sitesi | yanıtla | cevapla"
    " | gönder | yorum gönder | yorumu gönder | giriş yap | mesaj",
    "ar": "الاسم | التعليق | البريد الإلكتروني | الموقع الإلكتروني | الموقع | رد | إرسال | إرسال التعليق | نشر التعليق"
    " | تسجيل الدخول",
    "zh": "显示名称 | 姓名 | 昵称 | 名称 | 邮箱 | 电子邮件 | 电子邮箱 | 网站 | 网址 | 回复 | 提交 | 提交评论"
    " | 发布评论 | 登录"
    " | 顯示名稱 | 電子郵件地址 | 電子郵件 | 個人網站網址 | 回覆 | 網站",
    "ja": "名前 | お名前 | メール | メールアドレス | サイト | ウェブサイト | 返信 | 送信 | コメントを送信 | ログイン",
    "fi": "nimi | sähköposti | kotisivu | lähetä | lähetä kommentti",
    "cs": "jméno | webová stránka | odeslat | odeslat komentář | odpovědět",
    "hu": "név | email cím | honlap | küldés | hozzászólás küldése | válasz",
    "ro": "nume | site web | trimite | publică comentariul | răspunde",
    "ko": "이름 | 이메일 | 웹사이트 | 등록 | 댓글 작성 | 답글",
    "id": "nama | situs web | kirim komentar | balas",
    "vi": "tên | trang web | gửi",
    "fa": "نام | ایمیل | وب‌ سایت | فرستادن دیدگاه | پاسخ",
}
