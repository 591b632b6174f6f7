"""Made identifying content of every kind, in eleven languages and three scripts, and innocent content that resembles it.

Nothing here is taken from the guard: the names are invented, the number makers, telephone plans and address shapes are
written anew from their public descriptions. Two scripts of Serbian and the Cyrillic of Bulgaria and North Macedonia
beside Latin with and without marks, and Greek, because people cross that border.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# language -> (given, family) names; invented or so common that they are nobody's.
NAMES = {
    "sq": (
        ["Drenusha", "Kaltrin", "Shqiponjë", "Ylberta"],
        ["Gashnjani", "Pervizaj", "Dervisholli", "Kukelaj"],
    ),
    "bs": (["Emirina", "Sadeta", "Nihadin"], ["Hadžimuratović", "Begtašević", "Suljkanović"]),
    "hr": (["Tihoslava", "Zvjezdan", "Ljubomirka"], ["Kovačinec", "Šimunkoviček", "Brankovečki"]),
    "cnr": (["Krstinja", "Vukosavka", "Savić"], ["Đurovićanin", "Šćepanžić", "Perovićeva"]),
    "sr-Cyrl": (["Добрилка", "Стојанка", "Радојко"], ["Милутиновићева", "Љубисавац", "Ђорђијевски"]),
    "sr-Latn": (["Dobrilka", "Radojko", "Milosavka"], ["Petronijevska", "Ljubisavac", "Đokićanin"]),
    "mk": (["Трајанка", "Благојче", "Ѓурѓица"], ["Стојановскева", "Петрушевчанец", "Ќосевска"]),
    "bg": (["Цветомила", "Здравчо", "Йорданка"], ["Керемидчиевска", "Гълъбинова", "Щерева"]),
    "ro": (["Ionelia", "Ruxandrina", "Ștefănel"], ["Crăciunescovici", "Munteanciuc", "Țurcanova"]),
    "sl": (["Živanka", "Mojcana", "Boštjanko"], ["Žnidarčičeva", "Kranjčevnik", "Hrovatinec"]),
    "en": (["Zelmira", "Wexfordina", "Orlandine"], ["Quixovale", "Plimberry", "Jexworthy"]),
    "el": (["Ευανθίτσα", "Χαρίκλω"], ["Παπακώστα", "Δελημάρη"]),
}
STREETS = {
    "sq": "Rruga Myslym Shyri, pallati {n}, ap. 4", "bs": "Ulica Ferhadija {n}", "hr": "Ilica {n}, stan 3",
    "cnr": "Bulevar revolucije br. {n}", "sr-Cyrl": "ул. Краља Петра {n}/2", "sr-Latn": "Kneza Miloša {n}, stan 5",
    "mk": "бул. Партизански одреди бр. {n}", "bg": "ж.к. Люлин, бл. {n}, вх. Б, ет. 3",
    "ro": "Str. Mihai Eminescu nr. {n}, bl. 3, sc. A", "sl": "Slovenska cesta {n}", "en": "{n} Market Street, Flat 2",
    "el": "Οδός Ερμού {n}",
}  # fmt: skip
SENTENCES = {
    "sq": "Vëllai i saj erdhi ta merrte nga fshati", "bs": "Brat ju je odveo iz sela noću", "hr": "Majka ju je prijavila policiji nakon tri dana",
    "cnr": "Pobjegla je preko granice sa sestrom", "sr-Cyrl": "Отац ју је продао комшији за дуг",
    "sr-Latn": "Radila je u kafani kod ujaka u Nišu", "mk": "Братот ја донесе од селото во Охрид", "bg": "Майка ѝ я намери в къщата на чичо ѝ",
    "ro": "A fugit de la vecinul care o ținea închisă", "sl": "Stric jo je pripeljal iz vasi ponoči",
    "en": "Her uncle brought her from the village by night", "el": "Ο θείος της την έφερε από το χωριό",
}  # fmt: skip
MONTHS = {"sq": "mars", "bs": "mart", "hr": "ožujka", "cnr": "mart", "sr-Cyrl": "марта", "sr-Latn": "marta", "mk": "март",
          "bg": "март", "ro": "martie", "sl": "marec", "en": "March", "el": "Μαρτίου"}  # fmt: skip
DIALS = [
    "381 64",
    "355 69",
    "387 61",
    "385 91",
    "382 67",
    "389 70",
    "359 88",
    "40 722",
    "373 69",
    "386 41",
    "383 44",
    "30 694",
]


@dataclass(frozen=True)
class Planted:
    """One identifying text: its kind, how it is written, in which language."""

    kind: str
    form: str
    language: str
    text: str


def _weighted(digits: str, weights: list[int]) -> int:
    return sum(int(d) * w for d, w in zip(digits, weights, strict=True))


def master_number(draw: random.Random) -> str:
    """JMBG, EMBG, EMŠO: day, month, three digits of the year, region, number, control digit."""
    while True:
        body = f"{draw.randint(1, 28):02}{draw.randint(1, 12):02}{draw.choice(['985', '999', '001', '974'])}"
        body += f"{draw.choice([10, 18, 21, 33, 45, 50, 71, 91]):02}{draw.randint(0, 999):03}"
        rest = 11 - _weighted(body, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
        if rest != 10:
            return body + str(rest % 11)


def bulgarian_number(draw: random.Random) -> str:
    """EGN."""
    body = (
        f"{draw.randint(50, 99):02}{draw.randint(1, 12):02}{draw.randint(1, 28):02}{draw.randint(0, 999):03}"
    )
    return body + str(_weighted(body, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10)


def romanian_number(draw: random.Random) -> str:
    """CNP."""
    body = f"{draw.choice('12')}{draw.randint(60, 99):02}{draw.randint(1, 12):02}{draw.randint(1, 28):02}"
    body += f"{draw.randint(1, 46):02}{draw.randint(1, 999):03}"
    rest = _weighted(body, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
    return body + str(1 if rest == 10 else rest)


def croatian_number(draw: random.Random) -> str:
    """OIB, ISO 7064 MOD 11,10."""
    body = "".join(str(draw.randint(0, 9)) for _ in range(10))
    rest = 10
    for digit in body:
        rest = (rest + int(digit)) % 10 or 10
        rest = rest * 2 % 11
    return body + str((11 - rest) % 10)


def moldovan_number(draw: random.Random) -> str:
    """IDNP."""
    body = "2" + "".join(str(draw.randint(0, 9)) for _ in range(11))
    return body + str(_weighted(body, [7, 3, 1] * 4) % 10)


def albanian_number(draw: random.Random) -> str:
    """NID: decade and year, month (women plus fifty), day, three digits, a letter."""
    return (
        f"{draw.choice('HIJ')}{draw.randint(0, 9)}{draw.randint(51, 62)}{draw.randint(1, 28):02}"
        f"{draw.randint(0, 999):03}{draw.choice('ABCDEFGH')}"
    )


def kosovo_number(draw: random.Random) -> str:
    """Ten digits with a control digit."""
    while True:
        body = "1" + "".join(str(draw.randint(0, 9)) for _ in range(8))
        rest = 11 - _weighted(body, [4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
        if rest < 10:
            return body + str(rest)


def iban(draw: random.Random, country: str) -> str:
    """An account number with right check digits."""
    body = "".join(str(draw.randint(0, 9)) for _ in range(18))
    letters = "".join(str(ord(c) - 55) for c in country)
    return f"{country}{98 - int(f'{body}{letters}00') % 97:02}{body}"


NUMBERS: dict[str, Callable[[random.Random], str]] = {
    "jmbg": master_number, "egn": bulgarian_number, "cnp": romanian_number, "oib": croatian_number,
    "idnp": moldovan_number, "nid": albanian_number, "kosovo": kosovo_number,
}  # fmt: skip


def mistyped(number: str, draw: random.Random) -> str:
    """Two neighbours changed over, as hands do."""
    places = [n for n in range(6, len(number) - 1) if number[n] != number[n + 1]]
    n = draw.choice(places or [len(number) - 2])
    return number[:n] + number[n + 1] + number[n] + number[n + 2 :]


def names(draw: random.Random) -> Iterator[Planted]:
    """Names as people write them."""
    for language, (givens, families) in NAMES.items():
        given, family = draw.choice(givens), draw.choice(families)
        yield Planted("name", "given family", language, f"{given} {family}")
        yield Planted("name", "FAMILY GIVEN", language, f"{family} {given}".upper())
        yield Planted("name", "family, given", language, f"{family}, {given}")
        yield Planted("name", "initial", language, f"{given[0]}. {family}")
        yield Planted("name", "lower case", language, f"{given} {family}".lower())


def numbers(draw: random.Random) -> Iterator[Planted]:
    """Official numbers, right and mistyped, with spaces and dashes; documents and accounts."""
    for kind, make in NUMBERS.items():
        number = make(draw)
        yield Planted("national number", "right", kind, number)
        yield Planted("national number", "mistyped", kind, mistyped(number, draw))
        yield Planted("national number", "spaced", kind, f"{number[:4]} {number[4:7]} {number[7:]}")
        yield Planted("national number", "dashed", kind, f"{number[:6]}-{number[6:]}")
    for letters in ("BA", "AB", "PA", "C"):
        yield Planted("document", "passport", letters, f"{letters}{draw.randint(1000000, 9999999)}")
    for digits in ("012345678", "008877665"):
        yield Planted("document", "passport of digits", "sr-Latn", digits)
    for country in ("AL", "BG", "HR", "RO"):
        number = iban(draw, country)
        yield Planted("account", "plain", country, number)
        yield Planted(
            "account", "in fours", country, " ".join(number[n : n + 4] for n in range(0, len(number), 4))
        )
    for language in ("sr-Latn", "bg", "sq"):
        given, family = NAMES[language][0][0], NAMES[language][1][0]
        yield Planted("number with a name", "family-initial-year", language, f"{family}-{given[0]}-1998")


def contacts(draw: random.Random) -> Iterator[Planted]:
    """Telephones, mail, online names, positions."""
    for dial in DIALS:
        country, operator = dial.split()
        rest = draw.randint(100000, 999999)
        yield Planted("telephone", "international", country, f"+{country}{operator}{rest}")
        yield Planted(
            "telephone", "with spaces", country, f"00{country} {operator} {str(rest)[:3]} {str(rest)[3:]}"
        )
        yield Planted("telephone", "local", country, f"0{operator}/{str(rest)[:3]}-{str(rest)[3:]}")
    for language in ("sq", "hr", "ro", "sl", "en"):
        given = NAMES[language][0][0].lower().encode("ascii", "ignore").decode()
        yield Planted("mail", "plain", language, f"{given}.77@example.net")
        yield Planted("online name", "at sign", language, f"@{given}_99")
        yield Planted("online name", "page", language, f"facebook.com/{given}.{given}")
        yield Planted("online name", "named", language, f"Instagram: {given}77")
    for text in (
        "42.44123, 19.26311",
        "41°19'39\"N 19°49'07\"E",
        "8GH49W2C+2M",
        "https://maps.example.org/?q=44.8125,20.4612",
    ):
        yield Planted("position", "coordinates", "en", text)


def lives(draw: random.Random) -> Iterator[Planted]:
    """Birth dates, addresses, sentences, hashes of names."""
    for language, month in MONTHS.items():
        day, year = draw.randint(13, 28), draw.randint(1975, 2004)
        yield Planted("birth date", "figures", language, f"{day}.{draw.randint(1, 12):02}.{year}")
        yield Planted("birth date", "month in words", language, f"{day}. {month} {year}")
    for language, street in STREETS.items():
        yield Planted("address", "street", language, street.format(n=draw.randint(3, 99)))
    for language, sentence in SENTENCES.items():
        yield Planted("sentence", "plain", language, sentence)
    for language in ("sq", "hr", "en", "bg"):
        given, family = NAMES[language][0][1], NAMES[language][1][1]
        yield Planted(
            "hash of a name",
            "md5",
            language,
            hashlib.md5(f"{given} {family}".encode()).hexdigest(),  # noqa: S324
        )


def everything(seed: int) -> list[Planted]:
    """Return all planted texts of one draw."""
    draw = random.Random(seed)  # noqa: S311 - made data, repeated by its seed
    return [*names(draw), *numbers(draw), *contacts(draw), *lives(draw)]


INNOCENT_COLUMNS = {
    "organisations": ["Safe House", "Centar Budva", "Strehëza Vlora"],
    "organisations in Cyrillic": ["Сигурна кућа", "Центар Нови Сад", "Дом Охрид"],
    "charities": ["Red Cross", "Crveni krst", "Caritas Shkodër"],
    "towns": ["Novi Sad", "Banja Luka", "Stara Zagora"],
    "towns in Cyrillic": ["Стара Загора", "Нови Пазар", "Велико Търново"],
    "towns with an adjective": ["Bijelo Polje", "Sremska Mitrovica", "Slavonski Brod"],
    "towns of Romania": ["Baia Mare", "Piatra Neamț", "Alba Iulia"],
    "decision numbers": ["UP-I-530-04/22-01/123", "02-123-45/2022", "Kt-I-17/22"],
    "decision numbers in Cyrillic": ["Кт. 17/2022", "УП-1 бр. 02-45/22", "К. бр. 118/21"],
    "gazette": ["Official Gazette 12/2013", "Sl. glasnik 85/2005", "Fletorja 7/2012"],
    "file marks": ["2022-000123", "2022-000124", "2022-000125"],
    "case marks": ["S-AL-1001-1", "S-AL-1002-1", "S-AL-1003-2"],
    "money": ["1.250,00 EUR", "12 000 RSD", "300 €"],
    "dates of contact": ["14.03.2022", "02.11.2022", "30.06.2022"],
    "months": ["mart 2022", "maj 2022", "jun 2022"],
    "amount in figures": ["1200000", "350000", "75000"],
    "posts": ["social worker", "police officer", "legal adviser"],
    "yes and no": ["yes", "no", "not asked"],
    "short remarks": ["second visit", "moved to Vlora", "see decision 12/22"],
    "working hours": ["08:00-16:00", "09:30-17:30", "24/7"],
    "codes": ["SEX; LAB", "BEG", "MARR; ORG"],
    "percentages": ["12,5 %", "100 %", "0 %"],
    "ministries": ["Ministry of Interior", "Ministria e Brendshme", "МВР"],
    "laws": ["čl. 113a KZ", "Art. 110/a", "чл. 159а НК"],
    "rooms": ["Room 3", "Soba 12", "Дневна"],
    "phones of offices": ["", "", ""],
    "ages": ["17", "24", "31"],
    "ranges": ["18-24", "25-30", "31+"],
    "quarters": ["Q1 2022", "Q2 2022", "Q4 2022"],
    "projects": ["IPA 2021/043", "EU-ACT 7", "Horizontal Facility III"],
}
INNOCENT_NOTES = [
    "Red Cross", "See the guidelines.", "Checked 12.03.2022", "Third column added", "Црвени крст", "Sigurna kuća", "Centar Budva",
    "Corrected after call with the office", "Kryqi i Kuq", "Decision 02-123/22",
    "Decision 14-332/22 of the Red Cross branch",
]  # fmt: skip
INNOCENT_SHEETS = [
    "Napomene 2022",
    "Sheet2",
    "Pivot 2022",
    "Legjenda",
    "Легенда",
    "Šifre",
    "Totals",
    "Safe House",
]
INNOCENT_NAMES = [
    "MNE 2022 final.xlsx", "podaci_v2.xlsx", "Centar Budva 2022.xlsx", "Izvjestaj Crveni krst.xlsx", "ALB-2022 (1).xlsx",
    "подаци 2022.xlsx",
]  # fmt: skip
INNOCENT_HEADERS = [
    "&CPage &P of &N",
    "&LMade data&R2022",
    "&CCentar za socijalni rad",
    '&C&"Arial"&12 Tabela 1',
]
