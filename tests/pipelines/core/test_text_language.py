"""Test the language of a text: by its script and frequent words, and what is declared where those say too little."""

from __future__ import annotations

import pytest

from pipelines.core.languages.codes import declared_language
from pipelines.core.languages.text_language import language_of, may_be_in

TEXTS = {
    "af": "Die stad het gesê dat die brug nie voor die einde van die jaar weer oopgemaak sal word nie.",
    "ar": "قالت المدينة إن الجسر لن يفتح قبل نهاية هذا العام، وإن العمل فيه سوف يستمر حتى الشتاء.",
    "be": "Горад паведаміў, што мост будзе зачынены да канца года, бо яго яшчэ не адрамантавалі.",
    "bg": "Общината съобщи, че мостът ще бъде затворен до края на годината, защото все още не е готов.",
    "bn": "শহর কর্তৃপক্ষ জানিয়েছে যে সেতুটি বছরের শেষ পর্যন্ত বন্ধ থাকবে।",
    "ca": "L'ajuntament ha dit que el pont no es tornarà a obrir fins al final de l'any, perquè encara no està acabat.",
    "cs": "Město uvedlo, že most bude uzavřen až do konce roku, protože práce na něm ještě nejsou hotové.",
    "cy": "Dywedodd y cyngor na fydd y bont yn cael ei hagor cyn diwedd y flwyddyn, a bod y gwaith yn parhau.",
    "da": "Kommunen siger, at broen ikke bliver åbnet igen før slutningen af året, fordi arbejdet ikke er færdigt.",
    "de": "Die Stadt teilte mit, dass die Brücke nicht vor dem Ende des Jahres wieder geöffnet werden kann.",
    "el": "Ο δήμος ανακοίνωσε ότι η γέφυρα θα μείνει κλειστή μέχρι το τέλος του έτους.",
    "en": "The city said that the bridge would not be open again before the end of the year.",
    "es": "El ayuntamiento dijo que el puente no se abrirá hasta el final del año, porque las obras no han terminado.",
    "et": "Linn teatas, et sild jääb suletuks kuni aasta lõpuni, sest tööd ei ole veel valmis ja ka raha on vähe.",
    "eu": "Udalak esan du zubia ez dela urtearen amaiera arte irekiko, eta lan hori oraindik ez dago eginda.",
    "fa": "شهرداری گفت که این پل تا پایان سال باز نخواهد شد و کار آن ادامه دارد.",
    "fi": "Kaupunki kertoi, että silta ei ole auki ennen vuoden loppua, koska työt ovat vielä kesken ja se on suuri.",
    "fr": "La ville a annoncé que le pont ne sera pas rouvert avant la fin de l'année, car les travaux continuent.",
    "ga": "Dúirt an chomhairle nach mbeidh an droichead ar oscailt go dtí deireadh na bliana agus go bhfuil obair ann.",
    "gl": "O concello dixo que a ponte non se abrirá ata o final do ano, porque as obras aínda non están rematadas.",
    "he": "העירייה הודיעה כי הגשר לא ייפתח לפני סוף השנה.",
    "hi": "नगर निगम ने कहा है कि यह पुल साल के अंत तक बंद रहेगा और इस पर काम जारी है।",
    "hr": "Grad je priopćio da će most biti zatvoren do kraja godine, što znači da tijekom prosinca neće biti prometa.",
    "hu": "A város közölte, hogy a hidat nem nyitják meg az év vége előtt, mert a munka még nem készült el.",
    "hy": "Քաղաքապետարանը հայտնել է, որ կամուրջը փակ կլինի մինչև տարվա վերջը։",
    "id": "Pemerintah kota mengatakan bahwa jembatan itu tidak akan dibuka sebelum akhir tahun karena belum selesai.",
    "is": "Borgin sagði að brúin yrði ekki opnuð fyrr en í lok ársins, því að verkinu er ekki lokið og það er stórt.",
    "it": "Il comune ha detto che il ponte non sarà aperto prima della fine dell'anno, perché i lavori sono in corso.",
    "ja": "市は、橋が年末まで閉鎖されると発表した。",
    "ka": "ქალაქის მერიამ განაცხადა, რომ ხიდი წლის ბოლომდე დაკეტილი იქნება.",
    "kk": "Қала әкімдігі көпір жыл соңына дейін жабық болады деп хабарлады, себебі бұл жұмыс әлі де аяқталған жоқ.",
    "ko": "시는 다리가 연말까지 폐쇄될 것이라고 밝혔다.",
    "lt": "Miestas pranešė, kad tiltas bus uždarytas iki metų pabaigos, nes darbai dar nėra baigti ir tai yra didelis.",
    "lv": "Pilsēta paziņoja, ka tilts būs slēgts līdz gada beigām, jo darbi vēl nav pabeigti un tas ir liels.",
    "mk": "Градот соопшти дека мостот ќе биде затворен до крајот на годината, бидејќи сè уште не е готов.",
    "ms": "Kerajaan berkata jambatan itu tidak boleh dibuka sebelum akhir tahun kerana ia belum siap, kata beliau.",
    "ne": "नगरपालिकाले भनेको छ कि यो पुल वर्षको अन्त्यसम्म बन्द रहनेछ र यसको काम भइरहेको छ।",
    "nl": "De stad zei dat de brug niet voor het einde van het jaar open zal zijn, omdat het werk nog niet klaar is.",
    "nn": "Kommunen seier at brua ikkje blir opna att før slutten av året, fordi arbeidet ikkje er ferdig.",
    "no": "Kommunen sier at broen ikke blir åpnet igjen før slutten av året, fordi arbeidet ikke er ferdig, sier hun.",
    "pl": "Miasto poinformowało, że most będzie zamknięty do końca roku, ponieważ prace nie są jeszcze zakończone.",
    "pt": "A câmara disse que a ponte não será aberta até ao fim do ano, porque as obras ainda não estão prontas.",
    "ro": "Primăria a anunțat că podul va fi închis până la sfârșitul anului, pentru că lucrările nu sunt gata.",
    "ru": "Город сообщил, что мост будет закрыт до конца года, потому что работы на нём ещё не закончены.",
    "sk": "Mesto uviedlo, že most bude uzavretý až do konca roka, pretože práce na ňom ešte nie sú hotové.",
    "sl": "Mesto je sporočilo, da bo most zaprt do konca leta, ker dela na njem še niso končana, pa tudi denarja ni.",
    "sq": "Bashkia tha se ura nuk do të hapet para fundit të vitit, sepse punimet nuk kanë përfunduar ende.",
    "sr": "Град је саопштио да ће мост бити затворен до краја године, јер радови на њему још нису готови.",
    "sv": "Kommunen säger att bron inte öppnas igen före slutet av året, eftersom arbetet inte är klart.",
    "sw": "Mji ulisema kwamba daraja hilo halitafunguliwa hadi mwisho wa mwaka huu, kwa sababu kazi ni kubwa.",
    "th": "เทศบาลแจ้งว่าสะพานจะปิดจนถึงสิ้นปี",
    "tr": "Belediye, köprünün yıl sonuna kadar kapalı olacağını ve bu çalışma için daha çok para gerektiğini söyledi.",
    "uk": "Місто повідомило, що міст буде закритий до кінця року, бо роботи на ньому ще не закінчені.",
    "ur": "شہر نے کہا کہ یہ پل سال کے آخر تک بند رہے گا اور اس پر کام جاری ہے۔",
    "vi": "Thành phố cho biết cây cầu sẽ không được mở lại trước cuối năm vì công việc chưa xong.",
    "zh": "市政府表示，这座桥将关闭到年底。",
    "zu": "Umasipala uthe ibhuloho ngeke livulwe ngaphambi kokuphela konyaka, ngoba umsebenzi awukapheli.",
}  # fmt: skip


def test_language_is_that_of_the_text():
    """Without any declaration, and with a wrong one: the template of the page is in English or Georgian."""
    found = {code: tuple(language_of(text, wrong) for wrong in (None, "en", "ka")) for code, text in TEXTS.items()}
    assert found == {code: (code,) * 3 for code in TEXTS}


SHORT = {  # two headlines each, in which frequent words are rare
    "de": "Feuerwehr rettet Katze aus Baum. SAP und BASF legen Quartalszahlen vor; DAX schließt höher.",
    "fi": "HJK voitti Kuopion Palloseuran 2–1 Töölössä. Poliisi otti kiinni miehen puukotuksesta epäiltynä.",
    "lt": "Prezidentas Paryžiuje susitiko su Macronu. Policija sulaikė sukčiavimu įtariamą vyrą Kaune, praneša BNS.",
    "lv": "Policija aizturēja krāpšanā aizdomās turētu vīrieti. RFS uzvarēja Riga FC ar 2:1 Liepājas stadionā.",
    "nl": "Politie houdt man aan na steekpartij in Utrecht. Ajax wint met 3-1 van PSV. Doelpunten: Brobbey, Taylor.",
    "ru": "«Зенит» обыграл «Спартак» 2:1. Голы: Клаудиньо. Полиция задержала подозреваемого в мошенничестве.",
    "uk": "Поліція затримала підозрюваного у шахрайстві. «Динамо» обіграло «Шахтар» 2:1. Зеленський у Парижі.",
}  # fmt: skip


def test_language_of_a_short_text_is_known_by_its_letters():
    """It has few frequent words. A wrong declaration of the template is not taken for it."""
    found = {code: (language_of(text), language_of(text, "en")) for code, text in SHORT.items()}
    assert found == {code: (code, code) for code in SHORT}


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        ("Most će biti zatvoren do kraja godine, a radovi nisu gotovi.", "bs", "bs"),  # near relatives
        ("Most će biti zatvoren do kraja godine, a radovi nisu gotovi.", "hr", "hr"),
        ("Most će biti zatvoren do kraja godine, a radovi nisu gotovi.", "sr", "sr"),
        ("El pont", "ca", "ca"),  # too little, but nothing objects
        ("Qwxz", "ca", None),
        ("Grüße aus Wien", None, None),
        ("2024: 3 – 2, 17:45", "de", None),
        ("Mtsitsi wa mtsogolo umati zikomo kwambiri", "ny", "ny"),  # in no list
        ("Mtsitsi wa mtsogolo umati zikomo kwambiri", None, None),
        ("北京大學", "ja", "ja"),  # Chinese characters alone
        ("東京都", None, "zh"),
        ("די שטאָט האָט געזאָגט אַז די בריק איז פֿאַרמאַכט", None, "yi"),
        ("Город сообщил, что мост закрыт до конца года", "bg", "ru"),
    ],
)  # fmt: skip
def test_declaration_decides_where_the_text_does_not(text, declared, language):
    """It decides between relatives. Where there is too little text, the language is not known from the text."""
    assert language_of(text, declared) == language


def test_declaration_is_believed_only_if_script_and_words_allow_it():
    """The caller takes what is declared if the text says too little."""
    assert may_be_in("El pont", "ca")
    assert may_be_in("2024: 3 – 2", "ja")
    assert may_be_in("Mtsitsi wa mtsogolo umati", "ny")
    assert not may_be_in("El pont", "ja")
    assert not may_be_in("Мост", "en")
    assert not may_be_in("Mtsitsi wa mtsogolo umati zikomo " * 20, "en")


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ("en-US", "en"), ("pt_BR", "pt"), ("DE", "de"), ("de, en", "de"), ("German", "de"), ("deu-AT", "de"),
        ("nb-NO", "no"), ("no", "no"), ("nn", "nn"), ("kr", "ko"), ("jp", "ja"), ("iw", "he"), ("yue-HK", "yue"),
        ("und", None), ("x-default", None), ("", None), ("klingon", None),
    ],
)  # fmt: skip
def test_declared_language_is_read_as_people_mean_it(declared, code):
    """Codes of countries and withdrawn codes are what they are meant for; Bokmål is filed as Norwegian."""
    assert declared_language(declared) == code
