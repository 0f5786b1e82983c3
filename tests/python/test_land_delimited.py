"""CSV of any dialect lands record by record; a broken record costs itself and nothing else."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duckhouse.readers import delimited
from duckhouse.readers.delimited import examine, split
from support.landing import Zone, csv_text


@pytest.fixture
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zone:
    return Zone(tmp_path, monkeypatch)


def land_text(zone: Zone, text: str | bytes, name: str = "people.csv") -> None:
    zone.file(name, text)
    run = zone.land()
    assert run.code == 0, run.err


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_under_which_the_header_means_most(zone: Zone, delimiter: str) -> None:
    land_text(
        zone, csv_text([["id", "a,b;c|d\te", "amount"], ["1", "x", "1,5"], ["2", 'a "quoted" text', ""]], delimiter)
    )
    assert zone.values("amount", "people") == ["1,5", None]
    assert [json.loads(text) for text in zone.values("_unmapped", "people")] == [
        {"a,b;c|d\te": "x"},
        {"a,b;c|d\te": 'a "quoted" text'},
    ]
    assert zone.only_file()["delimiter"] == delimiter


@pytest.mark.parametrize(
    ("encoding", "recorded"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("windows-1252", "windows-1252"),
        ("latin-1", "windows-1252"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(zone: Zone, encoding: str, recorded: str, end: str) -> None:
    land_text(zone, end.join(["id,at", "ü,é", '"ß","x, ""y"""', ""]).encode(encoding))
    assert zone.values("id", "people") == ["ü", "ß"]
    assert zone.values("at", "people") == ["é", 'x, "y"']
    assert zone.only_file()["encoding"] == recorded


def test_utf16_with_a_big_endian_mark(zone: Zone) -> None:
    land_text(zone, "\ufeffid\nü\n".encode("utf-16-be"))
    assert zone.values("id", "people") == ["ü"]


def test_bytes_that_windows_1252_leaves_undefined_survive(zone: Zone) -> None:
    land_text(zone, b"id\n\x80\x81\x8d\x8f\x90\x9d\xe9\n")
    assert zone.values("id", "people") == ["€\x81\x8d\x8f\x90\x9dé"]


def test_one_broken_byte_does_not_turn_utf8_into_another_encoding(zone: Zone) -> None:
    land_text(zone, "id,at\nü,é\n".encode() + b"caf\xe9,x\n" + "ö,ä\n".encode())
    assert zone.values("id", "people") == ["ü", "ö"]
    assert zone.rejected() == [(3, "invalid_utf8", "caf\\xe9,x")]


def test_nothing_is_not_the_empty_text(zone: Zone) -> None:
    land_text(zone, 'id,at,amount\n,"",x\n" ", ,"NULL"\n')
    assert [(row["id"], row["at"], row["amount"]) for row in zone.rows("people")] == [
        (None, "", "x"),
        (" ", " ", "NULL"),
    ]


def test_embedded_line_ends_and_the_line_on_which_a_record_starts(zone: Zone) -> None:
    land_text(zone, 'id,at\n1,"a\nb"\n\n2,"{\r\n  ""k"": [1,\n 2]\r\n}"\r\n3,c')
    rows = zone.rows("people")
    assert [(row["id"], row["at"], row["_source_row"]) for row in rows] == [
        ("1", "a\nb", 2),
        ("2", '{\r\n  "k": [1,\n 2]\r\n}', 5),
        ("3", "c", 9),
    ]
    file = zone.only_file()
    assert (file["records_read"], file["records_landed"], file["records_blank"]) == (4, 3, 1)


@pytest.mark.parametrize(
    ("lines", "rejects"),
    [
        (["a,b,c"], [(3, "wrong_number_of_fields", "a,b,c")]),
        (["a"], [(3, "wrong_number_of_fields", "a")]),
        (['"a"x,b'], [(3, "text_after_quote", '"a"x,b')]),
        (['"a" ,b'], [(3, "text_after_quote", '"a" ,b')]),
        (['a,"b'], [(3, "unclosed_quote", 'a,"b')]),
        (['a,"b', "c,d"], [(3, "unclosed_quote", 'a,"b')]),
        (['"a,b', '"c,"d'], [(3, "unclosed_quote", '"a,b'), (4, "text_after_quote", '"c,"d')]),
        (['a,"b', '"c","d"'], [(3, "unclosed_quote", 'a,"b')]),
        (['a,"x\ny",z'], [(3, "wrong_number_of_fields", 'a,"x\ny",z')]),
    ],
)
def test_a_broken_record_costs_itself_only(zone: Zone, lines: list[str], rejects: list) -> None:
    land_text(zone, "\n".join(["id,at", "first,1", *lines, "last,2", ""]))
    assert zone.rejected() == rejects
    ids = zone.values("id", "people")
    assert (ids[0], ids[-1]) == ("first", "last")
    good = [text for text in lines if text in ("c,d", '"c","d"')]
    assert len(ids) == 2 + len(good)


def test_an_unclosed_quote_does_not_swallow_the_rest(zone: Zone) -> None:
    land_text(zone, 'id,at\n1,"open\n' + "".join(f"{i},x\n" for i in range(2, 50_000)))
    assert zone.rejected() == [(2, "unclosed_quote", '1,"open')]
    assert len(zone.rows("people")) == 49_998


def test_quotes_within_a_field_are_text(zone: Zone) -> None:
    land_text(zone, 'id,at\n5" pipe, "x"\n')
    assert (zone.values("id", "people"), zone.values("at", "people")) == (['5" pipe'], [' "x"'])


def test_header_names_are_trimmed_unquoted_and_matched_by_alias_and_case(zone: Zone) -> None:
    land_text(zone, ' "ID" , Timestamp ,"at",,"new"\n1,t,,x,y\n2,t,a,,\n')
    rows = zone.rows("people")
    assert [(row["id"], row["at"]) for row in rows] == [("1", "t"), ("2", "a")]
    assert [json.loads(row["_unmapped"]) for row in rows] == [
        {"column_4": "x", "new": "y"},
        {"column_4": None, "new": None, "Timestamp": "t"},
    ]
    assert zone.only_file()["unmapped_columns"] == ["column_4", "new"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"name;email\n1;2\n", "no column of people"),
        (b"1,2\n3,4\n", "no column of people"),
        (b"id,at,id\n1,2,3\n", "'id' more than once"),
        (b'id,"at\n1,2\n', "unclosed_quote"),
        ("\ufeffid\n1\n".encode("utf-16-le")[:-1], "utf-16-le text is damaged"),
        ("ü,ü,ü,id".encode() + b"\xff\n1,2,3,4\n", "not valid UTF-8"),
    ],
)
def test_a_header_that_cannot_be_trusted_keeps_the_file_out(zone: Zone, content: bytes, told: str) -> None:
    zone.file("people.csv", content)
    zone.file("people/good.csv", "id\n1\n")
    run = zone.land()
    assert run.code == 1
    assert told in run.err
    assert len(run.err.splitlines()) == 1
    assert len(zone.rows("people")) == 1


@pytest.mark.parametrize(
    ("content", "read"), [(b"", 0), (b"\xef\xbb\xbf", 0), (b"\xff\xfe", 0), (b"\n\r\n", 2), (b"id,at\n", 0), (b"id", 0)]
)
def test_files_without_records(zone: Zone, content: bytes, read: int) -> None:
    land_text(zone, content)
    file = zone.only_file()
    assert (file["records_read"], file["records_blank"], file["records_landed"]) == (read, read, 0)
    assert zone.rows("people") == []


def test_a_line_of_delimiters_is_a_record_of_nothing(zone: Zone) -> None:
    land_text(zone, "id\tat\n\t\n \n")
    assert [(row["id"], row["at"]) for row in zone.rows("people")] == [(None, None)]


def test_compressed_csv_and_nul_characters(zone: Zone) -> None:
    zone.file("events/a.csv.gz", gzip.compress(b"id,at\na\x00b,c\n"))
    assert zone.land().code == 0
    assert zone.values("id") == ["a\x00b"]


def test_a_line_that_is_too_long_is_rejected(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "MAX_RECORD", 100)
    monkeypatch.setattr(delimited, "KEPT_OF_LONG", 10)
    land_text(zone, f"id,at\n1,{'x' * 5000}\n2,y\n3,{'z' * 150}\n4,y\n")
    assert zone.values("id", "people") == ["2", "4"]
    assert zone.rejected() == [(2, "too_long", "1," + "x" * 8), (4, "too_long", "3," + "z" * 8)]


def test_a_quote_is_looked_for_no_further_than_a_record_may_reach(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "MAX_RECORD", 100)
    land_text(zone, 'id,at\n1,"open\n' + "2,x\n" * 200 + '3,"y\n"\n')
    assert zone.rejected() == [(2, "unclosed_quote", '1,"open')]
    assert len(zone.rows("people")) == 201


def test_quotes_that_never_close_are_each_looked_for_once(zone: Zone) -> None:
    """Each of these lines closes the quote of the one before and opens another; none of them is a record."""
    zone.file("people.csv", "id,at\n" + 'a",b,"c\n' * 50_000 + "1,x\n")
    assert "50,000 of 50,001 records are rejected" in zone.land().err
    assert {reason for _, reason, _ in zone.rejected()} == {"unclosed_quote"}
    assert len(zone.rejected()) == 50_000
    assert zone.values("id", "people") == ["1"]


def test_a_header_of_very_many_columns_is_read(zone: Zone) -> None:
    names = [f"c{i}" for i in range(100_000)]
    land_text(zone, csv_text([["id", *names], ["1", *names]]))
    assert len(json.loads(zone.values("_unmapped", "people")[0] or "")) == 100_000


def test_names_that_come_twice_are_told_on_a_short_line(zone: Zone) -> None:
    zone.file("people.csv", ",".join(["id", *[f"c{i}" for i in range(500)] * 2]) + "\n")
    run = zone.land()
    assert run.code == 1
    assert "the header names 'c0', 'c1', 'c2' and others more than once" in run.err


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('id,at\r1,"a\nb"\r2,c\r', [("1", "a\nb"), ("2", "c")]),
        ("id,at\r1,a\r2,b\r\n", [("1", "a"), ("2", "b")]),
        ("id,at\n1,a\r2,b\r\n3,c\n\r4,d", [("1", "a"), ("2", "b"), ("3", "c"), ("4", "d")]),
        ('id,at\n1,"a\rb"\n2,c\r\r\n', [("1", "a\rb"), ("2", "c")]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_line_ends_of_all_kinds_may_stand_in_one_file(
    zone: Zone, monkeypatch: pytest.MonkeyPatch, text: str, values: list[tuple[str, str]], encoding: str
) -> None:
    monkeypatch.setattr(delimited, "CHUNK", 4)
    land_text(zone, text.encode(encoding))
    assert [(row["id"], row["at"]) for row in zone.rows("people")] == values
    assert zone.rejected() == []


def test_a_long_line_may_end_with_a_return(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "MAX_RECORD", 100)
    monkeypatch.setattr(delimited, "KEPT_OF_LONG", 10)
    monkeypatch.setattr(delimited, "CHUNK", 7)
    for size in range(90, 120):
        zone.file(f"people/{size}.csv", f"id,at\r1,{'x' * size}\r\n2,y\r")
    assert zone.land().code == 0
    for file in next(iter(zone.manifests().values()))["files"]:
        is_long = 2 + int(Path(file["name"]).stem) + 2 > 100
        assert (file["records_read"], file["records_rejected"]) == (2, is_long), file["name"]


cells = st.text(st.sampled_from('ab ,;"\n\r\x00é'), max_size=6)
tables = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=8))


@settings(deadline=None)
@given(rows=tables, delimiter=st.sampled_from(",;"), end=st.sampled_from(["\n", "\r\n"]))
def test_what_python_writes_is_split_into_the_same_values(rows: list[list[str]], delimiter: str, end: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    records = list(split(physical(text.getvalue()), delimiter))
    assert [record.values for record in records] == rows
    assert sum(record.lines for record in records) == text.getvalue().count("\n")


@settings(deadline=None, max_examples=300)
@given(text=st.text(st.sampled_from('ab ,"\n\r'), max_size=40))
def test_every_line_is_in_one_record_and_sound_records_are_what_python_reads(text: str) -> None:
    records = list(split(physical(text), ","))
    lines = list(physical(text))
    assert sum(record.lines for record in records) == len(lines)
    assert "".join(record.text for record in records) == text
    place = 1
    for record in records:
        assert record.row == place
        place += record.lines
        if record.values and not record.reason:
            body = record.text.removesuffix("\n").removesuffix("\r")
            if "\r" in body:
                continue  # Python ends a record at a lone carriage return, which is text here
            try:
                [expected] = csv.reader([body], strict=True)
            except csv.Error:
                continue
            assert [value or "" for value in record.values] == expected


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60))
def test_any_bytes_are_read_to_the_end(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    try:
        found = examine(path)
        with delimited._lines(path, found, lambda _: None) as lines:
            assert sum(record.lines for record in split(lines, ",")) == found.lines
    except delimited.FileFault:
        pass


def physical(text: str):  # type: ignore[no-untyped-def]
    return iter(io.StringIO(text, newline="\n").readlines())
