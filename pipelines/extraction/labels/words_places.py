"""Cities that everybody knows, as papers in many languages spell them: lower case, for `dateline`."""

from __future__ import annotations

ONE_WORD = """
berlin hamburg münchen köln frankfurt stuttgart düsseldorf leipzig dresden hannover bremen bonn mainz wiesbaden
magdeburg erfurt potsdam schwerin kiel saarbrücken karlsruhe nürnberg dortmund essen wien graz linz salzburg
innsbruck zürich genf bern basel brüssel straßburg paris london rom madrid lissabon athen warschau prag budapest
bukarest sofia belgrad zagreb kiew kyjiw moskau minsk oslo stockholm kopenhagen helsinki dublin amsterdam luxemburg
ankara istanbul jerusalem beirut damaskus bagdad teheran riad kairo tunis algier rabat tripolis nairobi johannesburg
kapstadt washington peking shanghai hongkong tokio seoul singapur bangkok jakarta manila delhi kabul islamabad
sydney canberra kyiv kiev moscow rome brussels geneva vienna warsaw prague athens lisbon copenhagen cairo baghdad
tehran riyadh damascus beijing tokyo singapore mumbai karachi dhaka lagos accra khartoum kinshasa pretoria ottawa
toronto havana caracas bogotá bogota lima quito santiago managua tegucigalpa montevideo brasília brasilia guatemala
asunción londres genève bruxelles berne marseille lyon lille bordeaux nantes toulouse strasbourg alger varsovie
vienne moscou pékin jérusalem beyrouth dakar bamako abidjan niamey ouagadougou barcelona sevilla valencia bilbao
zaragoza málaga granada bruselas ginebra moscú pekín parís roma berlín lisboa porto coimbra bruxelas genebra moscovo
pequim milano torino napoli palermo bologna firenze genova venezia trieste bari catania cagliari perugia parigi
londra berlino mosca ginevra vaticano haag rotterdam utrecht antwerpen gent brussel warszawa kraków gdańsk wrocław
poznań łódź lublin bruksela praha brno bratislava göteborg malmö bergen trondheim århus københavn izmir i̇stanbul
i̇zmir москва рим петербург санкт-петербург киев київ львів харків харьков одеса одесса минск мінськ вашингтон
лондон париж берлин брюссель пекин токио тбилиси ереван баку астана ташкент варшава вильнюс рига таллин таллинн
القاهرة بيروت بغداد دمشق الرياض عمان الدوحة أبوظبي دبي الكويت القدس غزة رام الخرطوم تونس الجزائر الرباط طرابلس صنعاء
باريس لندن واشنطن موسكو طهران أنقرة نيويورك
"""
MORE_WORDS = (
    "new york", "new delhi", "neu delhi", "hong kong", "gaza city", "gaza-stadt", "tel aviv", "sao paulo",
    "são paulo", "rio de janeiro", "buenos aires", "mexico city", "ciudad de méxico", "los angeles",
    "san francisco", "den haag", "la paz", "san josé", "san salvador", "cape town", "kuala lumpur", "nowy jork",
    "nueva york", "nova york", "nova iorque", "la habana", "santo domingo", "port-au-prince", "vatican city",
    "città del vaticano", "ciudad del vaticano", "khan younis", "addis ababa", "the hague", "la haye",
    "st. petersburg", "st. gallen",
)  # fmt: skip

CITIES = frozenset((*ONE_WORD.split(), *MORE_WORDS))
