"""Every engine macro and every parse gives the value that its contract says, on both engines."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from duckhouse.settings import PROJECT
from support.macros import values_on
from support.warehouse import Warehouse

Evaluate = Callable[[str, list[str | None]], list[Any]]


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)


@pytest.fixture(scope="module", params=["dev", "prod"])
def evaluate(request: pytest.FixtureRequest, shared_house: Warehouse) -> Iterator[Evaluate]:
    """Applies a macro to inputs, on one engine."""
    with values_on(request.param, shared_house) as values:
        yield lambda name, inputs: values([name], inputs)[name]


def check(evaluate: Evaluate, macro: str, cases: dict[str | None, Any]) -> None:
    found = dict(zip(cases, evaluate(macro, list(cases)), strict=True))
    assert found == cases


def test_figures_are_written_as_people_read_them(evaluate: Evaluate) -> None:
    """To the hundredth, half away from zero, with a comma at the thousands; shares to the tenth of a percent."""
    amounts = {
        "0": "0.00",
        "0.05": "0.05",
        "0.005": "0.01",
        "-0.5": "-0.50",
        "12.3": "12.30",
        "999.994": "999.99",
        "999.995": "1,000.00",
        "-1234.5": "-1,234.50",
        "1234567.891": "1,234,567.89",
        "none": None,
    }
    check(evaluate, "fixed_text", amounts)
    check(evaluate, "percent_text", {"0.37849": "37.8%", "0": "0.0%", "1": "100.0%", "12.5": "1,250.0%", "none": None})


def test_timestamps_in_every_spelling_are_read_to_the_microsecond(evaluate: Evaluate) -> None:
    check(
        evaluate,
        "parse_timestamp",
        {
            "2026-03-20T00:00:01.577Z": utc(2026, 3, 20, 0, 0, 1, 577000),
            "2026-03-20T00:00:01": utc(2026, 3, 20, 0, 0, 1),
            "2026-03-20 00:00": utc(2026, 3, 20),
            "2026-03-20 23:59:59.9999999 UTC": utc(2026, 3, 20, 23, 59, 59, 999999),
            "2026-03-20t00:30:00,5z": utc(2026, 3, 20, 0, 30, 0, 500000),
            "2026-03-20T00:30:00+02:00": utc(2026, 3, 19, 22, 30),
            "2026-03-20T00:30:00-0330": utc(2026, 3, 20, 4, 0),
            "2026-03-20T00:30:00.25+05": utc(2026, 3, 19, 19, 30, 0, 250000),
            "2026-03-20T00:30-11:00": utc(2026, 3, 20, 11, 30),
            "1773964800": utc(2026, 3, 20),
            "1773964800.5": utc(2026, 3, 20, 0, 0, 0, 500000),
            "1773964800123": utc(2026, 3, 20, 0, 0, 0, 123000),
            "1773964800123.0": utc(2026, 3, 20, 0, 0, 0, 123000),
            "1773964800123456": utc(2026, 3, 20, 0, 0, 0, 123456),
            "1773964800123456789": utc(2026, 3, 20, 0, 0, 0, 123456),
            "2024-02-29T12:00:00Z": utc(2024, 2, 29, 12),
            "1969-12-31T23:59:59Z": utc(1969, 12, 31, 23, 59, 59),
        },
    )


def test_whole_numbers_are_read_also_with_a_point(evaluate: Evaluate) -> None:
    check(
        evaluate,
        "parse_integer",
        {
            "7": 7,
            "+7": 7,
            "-07": -7,
            "1007.0": 1007,
            "12.": 12,
            "999999999999999999": 999999999999999999,
            "1234567890123456789": None,
            "7.5": None,
            "1,000": None,
            "seven": None,
            "": None,
            None: None,
        },
    )


@pytest.mark.parametrize(
    "text",
    [None, "", "yesterday", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-20T24:00:00Z", "2026-03-20",
     "2026-03-20T12:60:00Z", "2026-03-20T12:00:61Z", "2026-03-20T12:00:00+15:00", "1026-03-20T12:00:00Z", "12345",
     "2026-03-20T12:00:00Zoo", "2023-02-29 10:00:00", "9999-01-01T00:00:00Z", "20/03/2026 10:00:00", "NaN"],
)  # fmt: skip
def test_what_is_no_timestamp_is_null(evaluate: Evaluate, text: str | None) -> None:
    assert evaluate("parse_timestamp", [text]) == [None]


def test_a_text_of_jinja_is_a_literal_to_the_letter(evaluate: Evaluate) -> None:
    check(evaluate, "text_literal", {"": r"C:\new 'a'"})


def test_dates_are_read_year_first_or_day_first(evaluate: Evaluate) -> None:
    check(
        evaluate,
        "parse_date",
        {
            "2026-04-03": dt.date(2026, 4, 3),
            "2026/04/03": dt.date(2026, 4, 3),
            "20260403": dt.date(2026, 4, 3),
            "2026-04-03T10:00:00Z": dt.date(2026, 4, 3),
            "03/04/2026": dt.date(2026, 4, 3),
            "3.4.2026": dt.date(2026, 4, 3),
            "03-04-2026": dt.date(2026, 4, 3),
            "31/12/2026": dt.date(2026, 12, 31),
            "12/31/2026": None,
            "31/02/2026": None,
            "2026-02-29": None,
            "2024-02-29": dt.date(2024, 2, 29),
            "soon": None,
            "2026-04-03 \nand more": None,
            "0000-01-01": None,
            "00000101": None,
            "01/01/0000": None,
            "2026-2-8": None,
            "infinity": None,
            "10000-01-01": None,
            " 2026-02-28": None,
            "0001-01-01": dt.date(1, 1, 1),
            "9999-12-31": dt.date(9999, 12, 31),
            "2026-02-28 (BC)": None,
            "0044-03-15 BC": None,
            "2026-04-03 10:00:00.5 UTC": dt.date(2026, 4, 3),
            "2026-04-03T10:00+02:00": dt.date(2026, 4, 3),
            "2026-04-03 or later": None,
            "": None,
            None: None,
        },
    )


@pytest.mark.parametrize(
    ("told", "is_month_first"),
    [([], False), (["02/13/2026"], True), (["13/02/2026"], False), (["02/13/2026", "13/02/2026"], False),
     (["2-28-2026", "soon", None], True), (["2.13.2026"], False), (["02/32/2026", "00/13/2026"], False)],
)  # fmt: skip
def test_the_dates_of_a_file_tell_whether_the_month_is_first(
    evaluate: Evaluate, told: list[str | None], is_month_first: bool
) -> None:
    read = dt.date(2026, 2, 9) if is_month_first else dt.date(2026, 9, 2)
    found = evaluate("parse_date_of_file", ["02/09/2026", "2-9-2026", "2.9.2026", "2026-02-09", *told])
    assert found[:4] == [read, read, dt.date(2026, 9, 2), dt.date(2026, 2, 9)]
    days = {"02/13/2026": dt.date(2026, 2, 13), "13/02/2026": dt.date(2026, 2, 13), "2-28-2026": dt.date(2026, 2, 28)}
    kept = {text: days.get(text or "") for text in told}
    if not is_month_first:
        kept |= dict.fromkeys(kept.keys() & {"02/13/2026"})
    assert found[4:] == list(kept.values())


def test_plain_numbers_are_exact_to_the_micro(evaluate: Evaluate) -> None:
    check(
        evaluate,
        "parse_decimal",
        {
            "0.005789": Decimal("0.005789"),
            "1": Decimal(1),
            "-0.1": Decimal("-0.1"),
            "+2.50": Decimal("2.5"),
            ".5": Decimal("0.5"),
            "5.": Decimal(5),
            "1.2e-05": Decimal("0.000012"),
            "5E-7": Decimal("0.000001"),
            "4.9999999999999998e-07": Decimal(0),
            "0.0000005": Decimal("0.000001"),
            "-0.0000005": Decimal("-0.000001"),
            "0.00000049999999999999999999999999": Decimal(0),
            "0.0012961126964632998": Decimal("0.001296"),
            "2.0000015": Decimal("2.000002"),
            "999999999999.999999": Decimal("999999999999.999999"),
            "1234567890123": None,
            "1e99": None,
            "1,5": None,
            "12 apples": None,
            "nan": None,
            "1_000": None,
            "0x1F": None,
            "": None,
            None: None,
        },
    )


def test_amounts_are_read_as_people_write_them(evaluate: Evaluate) -> None:
    check(
        evaluate,
        "parse_amount",
        {
            "250000": Decimal(250000),
            "$250,000.00": Decimal(250000),
            "250000,50": Decimal("250000.5"),
            "250 000,00 USD": Decimal(250000),
            "USD 1.234.567,89": Decimal("1234567.89"),
            "1.234.567": Decimal(1234567),
            "1,234": Decimal(1234),
            "1.234": Decimal("1.234"),
            "US$12": Decimal(12),
            "12$": Decimal(12),
            "-$5.25": None,
            "-5.25": Decimal("-5.25"),
            "€250000": None,
            "250000 EUR": None,
            "1,23,456": None,
            "1.2.3": None,
            "n/a": None,
            "": None,
            None: None,
        },
    )


def test_text_is_cleaned(evaluate: Evaluate) -> None:
    check(evaluate, "clean_text", {" a b\t": "a b", "\n": None, "": None, None: None, "x": "x"})
    check(
        evaluate, "clean_id", {" AU_0001 ": "au_0001", "1007.0": "1007", "1007.5": "1007.5", "v1.0": "v1.0", "": None}
    )
    check(
        evaluate,
        "clean_list",
        {'["US", "CA"]': "US,CA", "US;CA": "US,CA", "US|CA": "US,CA", " US , CA ": "US,CA", "[]": None, None: None},
    )
    check(evaluate, "unquoted", {" 'Chrome' ": "Chrome", '"US"': "US", "O'Brien": "O'Brien", "''": None, None: None})
    check(evaluate, "first_characters", {"größer": "grö", "資生堂": "資生堂", "a": "a", "": "", None: None})
    check(evaluate, "matches", {"abc": True, "abd": False, "": False, None: None})
    check(evaluate, "replace_all", {"a1b22": "a#b##", None: None})
    check(
        evaluate,
        "md5_text",
        {"a": "0cc175b9c0f1b6a831c399e269772661", "": "d41d8cd98f00b204e9800998ecf8427e", None: None},
    )
    check(
        evaluate,
        "sha256_text",
        {"a": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", None: None},
    )


def test_only_letters_that_all_map_alike_change_case(evaluate: Evaluate) -> None:
    check(
        evaluate,
        "lower_text",
        {
            "AU_İ": "au_İ",
            "İSTANBUL.com.tr": "İstanbul.com.tr",
            "ÀB c": "àb c",
            "CÔTE D\u2019AZUR": "côte d\u2019azur",
            "ĐÀ NẴNG": "đà nẵng",
            "КИЇВ": "київ",
            "ΟΔΟΣ A": "ΟΔΟΣ a",
            "ԵՐԵՎԱՆ 1B": "ԵՐԵՎԱՆ 1b",
            "": "",
            None: None,
        },
    )
    check(
        evaluate,
        "upper_text",
        {
            "Groß-Gerau": "GROß-GERAU",
            "île-de-france": "ÎLE-DE-FRANCE",
            "baden-württemberg": "BADEN-WÜRTTEMBERG",
            "Երևան x": "Երևան X",
            "ŉ é": "ŉ é",
            "ﬁn": "ﬁN",
            "київ": "КИЇВ",
            None: None,
        },
    )


def test_booleans_in_every_spelling(evaluate: Evaluate) -> None:
    check(
        evaluate,
        "parse_boolean",
        {"true": True, "T": True, "1": True, " yes ": True, "1.0": True, "FALSE": False, "0": False, "n": False}
        | {"maybe": None, "": None, None: None},
    )


def test_json_is_read_by_key_and_never_fails(evaluate: Evaluate) -> None:
    cases = {
        '{"country":"US","region":null}': "US",
        '{"country":null}': None,
        '{"region":"CA"}': None,
        '{"country":5}': "5",
        '{"country":75.0}': "75.0",
        '{"country":1e5}': "1e5",
        '{"country" : -0 }': "-0",
        '{"country":1E400}': "1E400",
        '{"country":12345678901234567890}': "12345678901234567890",
        '{"country":"FR","lat":1e400,"lon":[-0.0, 1.5]}': "FR",
        '{"country":"say \\"1.5\\": no","lat":1.5}': 'say "1.5": no',
        '{"country":"75.50"}': "75.50",
        '{"country":true}': "true",
        '{"country":{"a": [1, "b"]}}': '{"a":[1,"b"]}',
        '{"\\u0063ountry":2.0}': "2.0",
        '{"country":"\\ud83d\\ude00\\u0000"}': "😀\0",
        '{"country":"\\ud83d"}': None,
        '{"country":"first","country":"second"}': "first",
        '{"country":"US", 1.5: 2}': None,
        '{"country":"US","lat":01.5}': None,
        '{"country":"US","lat":1.}': None,
        '{"country":"US","lat":+1.5}': None,
        "{\x01country\x01:1.5}": None,
        '\ufeff{"country":"US"}': None,
        '{"country":"US"} 1.5': None,
        '{"country":"US","deep":' + "[" * 990 + "1.5" + "]" * 990 + "}": "US",
        '{"country":"US","deep":' + "[" * 1000 + "]" * 1000 + "}": None,
        "{bad": None,
        '{"country":"US",}': None,
        '{"country":"US","score":NaN}': None,
        '{"country":"US","score":[1, ]}': None,
        '{"country":"US","name":"a,]"}': "US",
        '{"country":"US","name":"\\\\",}': None,
        '{"country":"US","name":"\\",}"}': "US",
        '{"country":"NaN"}': "NaN",
        "[1]": None,
        None: None,
    }
    check(evaluate, "json_text", cases)
    check(evaluate, "either", cases)


def test_json_lists_are_read_by_their_keys(evaluate: Evaluate) -> None:
    cases = {
        '{"vendors":{"enabled":[63, "google", null]}}': ["63", "google", None],
        '{"vendors":{"enabled":[63.0, 1e5, 1e400, -0]}}': ["63.0", "1e5", "1e400", "-0"],
        '{"vendors":{"enabled":["google"]},"score":1e400}': ["google"],
        '{"vendors":{"enabled":[]}}': [],
        '{"vendors":{"enabled":5}}': [],
        '{"vendors":["google"]}': [],
        '{"enabled":["google"]}': [],
        '{"vendors":{"enabled":["google",]}}': [],
        "no JSON": [],
        None: [],
    }
    found = [items or [] for items in evaluate("json_texts", list(cases))]
    assert found == list(cases.values())


def test_keys_of_a_json_object_are_listed(evaluate: Evaluate) -> None:
    cases = {
        '{"sdk_version":"3","größe":{"b":1}}': ["größe", "sdk_version"],
        "{}": [],
        '["sdk_version"]': [],
        '{"sdk_version":"3",}': [],
        "no JSON": [],
        None: [],
    }
    assert [sorted(keys or []) for keys in evaluate("json_keys", list(cases))] == list(cases.values())


def test_texts_of_a_json_object_are_escaped(evaluate: Evaluate) -> None:
    for text in ('say "no"', "back\\slash", "tab\there", "a/b", "größe", "", None):
        [found] = evaluate("json_object", [text])
        blank = text.replace("\t", " ") if text else text
        assert json.loads(found) == {"10": 10, "x": blank}


def test_values_of_a_json_object_are_texts_in_its_order(evaluate: Evaluate) -> None:
    cases = {
        '{"Clothing": 1631, "Shoes": 7}': ["1631", "7"],
        '{"b": 2, "a": 1}': ["2", "1"],
        '{"rank": -2.5}': ["-2.5"],
        '{"a": 2.0, "b": 1e400, "c": "1"}': ["2.0", "1e400", "1"],
        "{}": [],
        None: [],
    }
    assert [list(values or []) for values in evaluate("json_values", list(cases))] == list(cases.values())


PATHS = {
    '[["Books", "Travel"], ["Gifts"]]': [["Books", "Travel"], ["Gifts"]],
    '[["Clothing, Shoes & Jewelry", "Women\'s"]]': [["Clothing, Shoes & Jewelry", "Women's"]],
    '[["a \\"b\\"", "c\\\\d", "e]f", "größe"]]': [['a "b"', "c\\d", "e]f", "größe"]],
    '[["", " "]]': [["", " "]],
    '[[], ["Gifts"]]': [[], ["Gifts"]],
    "[[]]": [[]],
}
NO_PATHS = [
    "[]", '["Books"]', '[["Books"], "Gifts"]', '[["Books", 5]]', '[["Books", null]]', '[[["Books"]]]', '[["Books"]',
    '{"a": [["Books"]]}', '[["Books",]]', '[["a\\"]]', '[["Books"] ]', "", None,
]  # fmt: skip


def test_lists_of_paths_are_known_and_read(evaluate: Evaluate) -> None:
    found = [[list(path) for path in paths] for paths in evaluate("json_paths", list(PATHS))]
    assert found == list(PATHS.values())
    assert [bool(known) for known in evaluate("is_list_of_paths", list(PATHS))] == [True] * len(PATHS)
    assert [known and bool(known) for known in evaluate("is_list_of_paths", NO_PATHS)] == [False] * len(NO_PATHS)
    assert evaluate("first_path", ['[["Books", "Travel", "Perú"], ["Gifts"]]', '[["Books"]]']) == [
        "Books > Travel",
        "Books",
    ]
    assert [list(paths or []) for paths in evaluate("json_paths", [None])] == [[]]


def test_lists_are_cut_and_joined(evaluate: Evaluate) -> None:
    lists = ['{"list": ["a", "b", "c"]}', '{"list": ["a"]}', '{"list": []}']
    assert [list(items) for items in evaluate("first_items", lists)] == [["a", "b"], ["a"], []]
    assert evaluate("joined_texts", lists) == ["a\x1fb\x1fc", "a", ""]


def test_microseconds_and_months_reach_before_1970(evaluate: Evaluate) -> None:
    check(
        evaluate,
        "unix_micros",
        {
            "1970-01-01T00:00:00Z": 0,
            "1969-12-31T23:59:59.999999Z": -1,
            "2001-09-09T01:46:40.000001Z": 1_000_000_000_000_001,
            "1900-01-01T00:00:00Z": -2_208_988_800_000_000,
            "2299-12-31T00:00:00Z": 10_413_705_600_000_000,
            None: None,
        },
    )
    days = {
        "2014-05-31": "2014-05-01",
        "2014-05-01": "2014-05-01",
        "1969-12-31": "1969-12-01",
        "1900-01-31": "1900-01-01",
    }
    days |= {"2299-12-31": "2299-12-01", "2150-02-28": "2150-02-01"}
    check(evaluate, "month_of", {day: dt.date.fromisoformat(month) for day, month in days.items()})


def test_seconds_since_1970_of_any_number_of_digits_are_read(evaluate: Evaluate) -> None:
    """1,000,000,000 is 2001-09-09 01:46:40: nine digits are what the exports have before."""
    check(
        evaluate,
        "parse_unix_seconds",
        {
            "0": utc(1970, 1, 1),
            "86399": utc(1970, 1, 1, 23, 59, 59),
            "999993600": utc(2001, 9, 9),
            "0999993600": utc(2001, 9, 9),
            "1000000000": utc(2001, 9, 9, 1, 46, 40),
            "1400544000": utc(2014, 5, 20),
            "1400544000.0": utc(2014, 5, 20),
            "1400544000.": utc(2014, 5, 20),
            "9999999999": utc(2286, 11, 20, 17, 46, 39),
            "1400544000.5": None,
            "1400544000000": None,
            "-86400": None,
            "1.4e9": None,
            " 0": None,
            "soon": None,
            "": None,
            None: None,
        },
    )


def test_days_with_the_month_in_front_are_read(evaluate: Evaluate) -> None:
    check(
        evaluate,
        "parse_month_day_year",
        {
            "02 12, 2011": dt.date(2011, 2, 12),
            "2 4, 2013": dt.date(2013, 2, 4),
            "02 04, 2013": dt.date(2013, 2, 4),
            "12 31, 1999": dt.date(1999, 12, 31),
            "01 4, 1900": dt.date(1900, 1, 4),
            "12 31, 2299": dt.date(2299, 12, 31),
            "02 29, 2012": dt.date(2012, 2, 29),
            "02 29, 2013": None,
            "13 12, 2011": None,
            "00 12, 2011": None,
            "12 31, 1899": None,
            "12 31, 2300": None,
            "02 12 2011": None,
            "02 12, 11": None,
            "Feb 12, 2011": None,
            "": None,
            None: None,
        },
    )


def test_spellings_of_a_name_have_one_key(evaluate: Evaluate) -> None:
    cases = {
        "SONY": "sony",
        " so-ny\t": "sony",
        "Sony (TM)": "sonytm",
        "L'Oréal": "loréal",
        "ÉCLAT": "éclat",
        "3M": "3m",
    }
    check(evaluate, "name_key", cases | {"資生堂": "資生堂", "!!!": None, " ": None, "": None, None: None})


def test_hours_and_whole_seconds_are_those_of_utc(evaluate: Evaluate) -> None:
    check(evaluate, "hour_of", {"2026-03-20T23:59:59.999999Z": 23, "2026-03-20T01:30:00+02:00": 23})
    moments = {"2026-03-20T10:00:00.000000Z": True, "2026-03-20T10:00:00.000001Z": False, "1969-12-31T23:59:59Z": True}
    assert [bool(value) for value in evaluate("is_whole_second", list(moments))] == list(moments.values())


def test_moments_are_shown_with_six_decimals(evaluate: Evaluate) -> None:
    shown = {
        "2026-03-20T10:00:00Z": "2026-03-20 10:00:00.000000",
        "1969-12-31T23:59:59.5Z": "1969-12-31 23:59:59.500000",
    }
    check(evaluate, "moment_text", {**shown, "2026-02-30T10:00:00Z": None})


def test_the_name_of_a_domain_has_no_ending_hyphens_or_subdomains(evaluate: Evaluate) -> None:
    names = {
        "cinemabuzz.io": "cinemabuzz",
        "m.cinema-buzz.co.uk": "cinemabuzz",
        "cinemabuzz.com.au": "cinemabuzz",
        "co.example": "co",
        "localhost": "localhost",
    }
    check(evaluate, "name_of_domain", names)


def test_days_between_two_dates_are_listed_with_both(evaluate: Evaluate) -> None:
    leap = [dt.date(2024, 2, 28), dt.date(2024, 2, 29), dt.date(2024, 3, 1)]
    cases = {
        "2024-02-28 2024-03-01": leap,
        "2026-01-01 2026-01-01": [dt.date(2026, 1, 1)],
        "1969-12-31 1970-01-01": [dt.date(1969, 12, 31), dt.date(1970, 1, 1)],
        "2026-01-02 2026-01-01": [],
        "2026-01-02 never": [],
        "never 2026-01-02": [],
        None: [],
    }
    assert [days or [] for days in evaluate("days_between", list(cases))] == list(cases.values())
    [long] = evaluate("days_between", ["1900-01-01 2299-12-31"])
    assert (len(long), long[0], long[-1]) == (146_097, dt.date(1900, 1, 1), dt.date(2299, 12, 31))


def test_weeks_are_those_of_iso_8601_around_every_new_year(evaluate: Evaluate) -> None:
    days = [dt.date(year, *day) for year in range(1900, 2300) for day in ((1, 1), (1, 4), (2, 28), (12, 28), (12, 31))]
    texts = [day.isoformat() for day in days]
    found = zip(*(evaluate(name, texts) for name in ("iso_year", "iso_week", "day_of_week")), strict=True)
    assert list(found) == [tuple(day.isocalendar()) for day in days]
    for name in ("iso_year", "iso_week", "day_of_week"):
        assert evaluate(name, [None]) == [None]


def test_counts_stand_out_or_fall_short_by_more_than_chance(evaluate: Evaluate) -> None:
    """2 (sqrt(n) - sqrt(4)) > 5 from 21 on; 2 (sqrt(100) - sqrt(n)) > 5 and n < 50 below 50."""
    above = {"20": False, "21": True, "100": True}
    assert [bool(value) for value in evaluate("stands_out", list(above))] == list(above.values())
    below = {"0": True, "49": True, "50": False, "99": False}
    assert [bool(value) for value in evaluate("falls_short", list(below))] == list(below.values())


def test_try_casts_give_null_instead_of_a_neighbour(evaluate: Evaluate) -> None:
    days = {"2026-02-28": dt.date(2026, 2, 28), "0001-01-01": dt.date(1, 1, 1), "9999-12-31": dt.date(9999, 12, 31)}
    check(evaluate, "try_date", days | {"2026-02-30": None, "2026-13-01": None, "x": None, None: None})
    check(evaluate, "try_decimal", {"0.1": Decimal("0.1"), "x": None, None: None})
    check(
        evaluate, "timestamp_from_micros", {"1773964800123456": utc(2026, 3, 20, 0, 0, 0, 123456), "0": utc(1970, 1, 1)}
    )


@pytest.mark.parametrize("macro", ["local_date", "local_date_in_usual_zone"])
def test_local_day_follows_daylight_saving(evaluate: Evaluate, macro: str) -> None:
    new_york = ZoneInfo("America/New_York")
    moments = [
        "2026-03-08T04:59:59Z", "2026-03-08T05:00:00Z", "2026-03-08T06:59:59Z", "2026-03-09T03:59:59Z",
        "2026-03-09T04:00:00Z", "2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z",
        "2026-11-02T05:00:00Z", "1970-01-01T00:00:00Z",
    ]  # fmt: skip
    expected = [dt.datetime.fromisoformat(moment).astimezone(new_york).date() for moment in moments]
    assert evaluate(macro, moments) == expected


def test_ratio_of_counts(evaluate: Evaluate) -> None:
    check(evaluate, "ratio", {"8": 2.0, "4": None, "5": 5.0, "0": 0.0, "11": 11 / 7})


def test_inverse_of_a_rate_has_twelve_decimals(evaluate: Evaluate) -> None:
    cases = {"0.2": "5", "0.03": "33.333333333333", "1": "1", "0.000001": "1000000", "0.7": "1.428571428571"}
    cases |= {"5e-7": "2000000", "0.000000001": "1000000000", "0.0000333": "30030.03003003003"}
    check(evaluate, "inverse_of", {rate: Decimal(weight) for rate, weight in cases.items()} | {"0": None, None: None})


def test_a_rate_keeps_six_digits(evaluate: Evaluate) -> None:
    cases = {
        "1.0000000149": "1", "0.20000000298": "0.2", "0.0999999940": "0.1", "0.0333333": "0.0333333",
        "0.01000000071": "0.01", "0.0010000000474974513": "0.001", "0.00003330001": "0.0000333", "5e-7": "0.0000005",
        "0.0000004": "0.0000004", "1e-13": "0", "-0.5": "-0.5", "12": "12", ".5": "0.5", "n/a": None, "": None,
    }  # fmt: skip
    check(evaluate, "parse_rate", {text: rate and Decimal(rate) for text, rate in cases.items()} | {None: None})


def test_numbers_are_written_without_idle_zeros(evaluate: Evaluate) -> None:
    check(
        evaluate,
        "number_text",
        {"10": "10", "2.50": "2.5", "0": "0", "-3.000001": "-3.000001", "1000000": "1000000", None: None},
    )


def test_the_median_lies_halfway_between_the_middle_two(evaluate: Evaluate) -> None:
    assert evaluate("median", ["5", "1", None, "2", "100"]) == [3.5]
    assert evaluate("median", ["5", "1", "2"]) == [2.0]
    assert evaluate("median", [None]) == [None]


def test_a_percentile_lies_between_the_numbers_around_it(evaluate: Evaluate) -> None:
    """The 90th of 1, 2, 5 and 100: 2.7 of the 3 steps up, so 0.7 of the way from 5 to 100."""
    assert evaluate("percentile_90", ["5", "1", None, "2", "100"]) == [pytest.approx(71.5)]
    assert evaluate("percentile_90", ["5"]) == [5.0]
    assert evaluate("percentile_90", [None]) == [None]


def test_aggregates_ignore_null_and_arrival_order(evaluate: Evaluate) -> None:
    assert evaluate("ordered_text_agg", ["b", "a", None, "c"]) == ["a,b,c"]
    assert evaluate("ordered_text_agg", [None]) == [""]
    assert evaluate("first_known_value", ["a", "b", "", ""]) == ["b"] * 4


def test_every_seeded_time_zone_gives_the_same_day_as_python(evaluate: Evaluate) -> None:
    zones = (PROJECT / "seeds" / "time_zones.csv").read_text().split()[1:]
    moment = utc(2026, 7, 1, 11, 30)
    assert len(zones) > 500
    check(evaluate, "local_date_in_zone", {zone: moment.astimezone(ZoneInfo(zone)).date() for zone in zones})
