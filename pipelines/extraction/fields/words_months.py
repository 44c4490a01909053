"""The names of the months in the languages of the web's newspapers, for dates that are printed as words."""

from __future__ import annotations

# One line a month, as they stand in dates: genitives, short forms that are no beginning of a long form.
NAMES = (
    "january januar jänner januari janvier enero janeiro gennaio gener ianuarie stycznia leden ledna január"
    " januára januara siječnja siječanj tammikuuta tammikuu ocak января январь січня січень студзеня януари"
    " ιανουαρίου jaanuar janvāris sausio जनवरी জানুয়ারি يناير ינואר มกราคม jan",
    "february februar feber februari février fevrier febrero fevereiro febbraio febrer februarie lutego února"
    " únor február februára februara veljače helmikuuta helmikuu şubat subat февраля февраль лютого лютий лютага"
    " февруари φεβρουαρίου veebruar februāris vasario फरवरी ফেব্রুয়ারি فبراير פברואר กุมภาพันธ์ feb fév fev febr",
    "march märz maerz mars maart marzo março marco març martie marca března březen március marec marta ožujka"
    " maaliskuuta maaliskuu mart марта март березня березень сакавіка μαρτίου märts marts kovo मार्च মার্চ مارس"
    " מרץ มีนาคม mar mrz mär mrt",
    "april avril abril aprile aprilie kwietnia dubna duben április apríla aprila travnja huhtikuuta huhtikuu"
    " nisan апреля апрель квітня квітень красавіка април απριλίου aprill aprīlis balandžio अप्रैल এপ্রিল أبريل"
    " אפריל เมษายน apr avr abr kwi",
    "may mai mei maj mayo maio maggio maig maja května květen május mája svibnja toukokuuta toukokuu mayıs mayis"
    " мая май травня травень μαΐου μαίου maijs gegužės मई মে مايو מאי พฤษภาคม mag",
    "june juni juin junio junho giugno juny iunie czerwca června červen június júna juna lipnja kesäkuuta kesäkuu"
    " haziran июня июнь червня червень юни ιουνίου juuni jūnijs birželio जून জুন يونيو יוני มิถุนายน jun giu cze",
    "july juli juillet julio julho luglio juliol iulie lipca července červenec július júla jula srpnja heinäkuuta"
    " heinäkuu temmuz июля июль липня липень юли ιουλίου juuli jūlijs liepos जुलाई জুলাই يوليو יולי กรกฎาคม jul"
    " juil lug",
    "august augustus augusti août aout agosto agost sierpnia srpna srpen augusztus augusta avgusta kolovoza"
    " elokuuta elokuu ağustos agustos августа август серпня серпень жніўня αυγούστου augusts rugpjūčio अगस्त আগস্ট"
    " أغسطس אוגוסט สิงหาคม aug ago sie ağu",
    "september septembre septiembre setiembre setembro settembre septembrie września září szeptember septembra"
    " rujna syyskuuta syyskuu eylül eylul сентября сентябрь вересня вересень верасня септември σεπτεμβρίου"
    " septembris rugsėjo सितंबर সেপ্টেম্বর سبتمبر ספטמבר กันยายน sep sept set wrz eyl",
    "october oktober octobre octubre outubro ottobre octombrie października října říjen október októbra oktobra"
    " lokakuuta lokakuu ekim октября октябрь жовтня жовтень октомври οκτωβρίου oktoober oktobris spalio अक्टूबर"
    " অক্টোবর أكتوبر אוקטובר ตุลาคม oct okt out ott paź eki",
    "november novembre noviembre novembro noiembrie listopada listopadu listopad novembra studenoga marraskuuta"
    " marraskuu kasım kasim ноября ноябрь листопада листопад лістапада ноември νοεμβρίου novembris lapkričio नवंबर"
    " নভেম্বর نوفمبر נובמבר พฤศจิกายน nov lis kas",
    "december dezember decembre décembre diciembre dezembro dicembre desembre decembrie grudnia prosince prosinec"
    " decembra prosinca desember joulukuuta joulukuu aralık aralik декабря декабрь грудня грудень снежня декември"
    " δεκεμβρίου detsember decembris gruodžio दिसंबर ডিসেম্বর ديسمبر דצמבר ธันวาคม dec dez déc dic des gru ara",
)
NUMBER = {name: number for number, names in enumerate(NAMES, 1) for name in names.split()}
