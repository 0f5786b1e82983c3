"""JSONL lands with nothing lost and nothing changed, on the fast path and on the exact one alike."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duckhouse.landed_rows import Origin, Rejects
from duckhouse.readers import jsonl, lines
from duckhouse.readers import stored as source
from duckhouse.readers.template import learn
from duckhouse.sources import Column, Entity
from support.landing import Zone

ENTITY = Entity("events", (), (Column("id"), Column("at", ("ts",)), Column("amount"), Column("flag"), Column("geo")))
ONE_LINE_GZIP = gzip.compress(b'{"id": 1}\n', mtime=0)  # the same bytes in each process, which names tests by them


@pytest.fixture
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zone:
    return Zone(tmp_path, monkeypatch)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """How many lines the exact reader was asked for."""
    asked: Counter = Counter()
    original = jsonl.reader

    def counted(entity: Entity) -> Callable:
        read = original(entity)

        def count(text: str, names: Counter) -> list[str | None]:
            asked["lines"] += 1
            return read(text, names)

        return count

    monkeypatch.setattr(jsonl, "reader", counted)
    return asked


def land_lines(zone: Zone, *texts: str | bytes, name: str = "events/a.jsonl") -> None:
    path = zone.file(name, b"\n".join(t.encode() if isinstance(t, str) else t for t in texts) + b"\n")
    assert zone.land(path).code == 0


@pytest.mark.parametrize(
    "number",
    ["1.10", "0.0000001", "1e5", "1E-7", "-0", "-0.0", "1.0", "12345678901234567890123", "0.1234567890123456789",
     "1e400", "123456789.123456", "1.5e-07", "9007199254740993", "100000000000000000000000.0"],
)  # fmt: skip
def test_numbers_keep_every_digit(zone: Zone, number: str) -> None:
    plain = '{"id": "x", "amount": 1.5, "flag": true}'
    land_lines(zone, plain, plain, f'{{"id": "y", "amount": {number}, "flag": true}}', f'{{"geo": {{"a":[{number}]}}}}')
    assert zone.values("amount") == ["1.5", "1.5", number, None]
    assert zone.values("geo")[3] == f'{{"a":[{number}]}}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{bad", "invalid_json"),
        ('{"id": 1,}', "invalid_json"),
        ('{"id": NaN}', "invalid_json"),
        ('{"id": -Infinity}', "invalid_json"),
        ('{"id": "\\ud800"}', "invalid_json"),
        ('{"other": "\\udc00"}', "invalid_json"),
        ('{"id": 1} {"id": 2}', "invalid_json"),
        ('{"id": "tab\there"}', "invalid_json"),
        ('{"id": "nul\x00here"}', "invalid_json"),
        ('\ufeff{"id": 1}', "invalid_json"),
        ('{"id": 1}\r{"id": 2}', "invalid_json"),
        ("[1]", "not_an_object"),
        ("null", "not_an_object"),
        ('"text"', "not_an_object"),
        ("7", "not_an_object"),
        ('{"id": 1, "id": 2}', "duplicate_key"),
        ('{"id": 1, "id": "1"}', "duplicate_key"),
        ('{"id": 1, "\\u0069d": 2}', "duplicate_key"),
        ('{"id": ' + "[" * 100_000 + "]" * 100_000 + "}", "too_deep"),
    ],
)
def test_a_record_that_cannot_land_is_kept_with_place_reason_and_text(zone: Zone, line: str, reason: str) -> None:
    good = '{"id": "a", "amount": 1}'
    land_lines(zone, good, "", line, good)
    assert zone.rejected() == [(3, reason, line)]
    assert [(row["id"], row["_source_row"]) for row in zone.rows()] == [("a", 1), ("a", 4)]
    file = zone.only_file()
    counts = [file[f"records_{what}"] for what in ("read", "landed", "rejected", "blank")]
    assert counts == [4, 2, 1, 1]


@pytest.mark.parametrize("depth", [199, 200, 340, 600, 990, 5_000])
def test_a_record_is_too_deep_by_a_limit_of_its_own(zone: Zone, depth: int) -> None:
    plain = [f'{{"id": "{i}", "new": "a"}}' for i in range(5)]
    deep = '{"id": "d", "new": ' + "[" * depth + "]" * depth + "}"
    land_lines(zone, *plain, deep, '{"id": "brackets", "new": "' + "[" * 300 + '"}')
    is_rejected = depth >= 200
    assert [(row, reason) for row, reason, _ in zone.rejected()] == ([(6, "too_deep")] if is_rejected else [])
    assert zone.values("id") == ["0", "1", "2", "3", "4", *([] if is_rejected else ["d"]), "brackets"]


def test_records_of_very_many_keys_land(zone: Zone) -> None:
    """Nothing is learnt from them; looking for each key among all takes minutes."""
    keys = [f"k{i}" for i in range(60_000)]
    land_lines(zone, *(json.dumps({"id": str(n), **dict.fromkeys(keys[n:], "x")}) for n in range(3)))
    nested = {"id": "3"} | {key: dict.fromkeys(keys[:100], "x") for key in keys[:300]}
    land_lines(zone, json.dumps(nested), name="events/nested.jsonl")
    assert sorted(zone.values("id")) == ["0", "1", "2", "3"]


def test_a_template_does_not_let_nan_pass(zone: Zone, slow: Counter) -> None:
    lines = ['{"amount": 1}'] * 5 + ['{"amount": NaN}', '{"amount": Infinity}', '{"amount": -inf}', '{"amount": nan}']
    land_lines(zone, *lines)
    assert [place for place, _, _ in zone.rejected()] == [6, 7, 8, 9]
    assert slow["lines"] == 4


def test_a_key_that_is_repeated_with_the_same_value_lands_once(zone: Zone) -> None:
    land_lines(zone, '{"id": 1, "id": 1, "x": [1, 2], "x": [1,2]}')
    assert zone.values("id") == ["1"]
    assert zone.values("_unmapped") == ['{"x":[1,2]}']


def test_invalid_utf8_costs_its_line_only(zone: Zone) -> None:
    land_lines(zone, '{"id": "é"}', b'{"id": "caf\xe9"}', b'{"id": "\xed\xa0\x80"}', '{"id": "ü"}')
    assert zone.values("id") == ["é", "ü"]
    assert zone.rejected() == [
        (2, "invalid_utf8", '{"id": "caf\\xe9"}'),
        (3, "invalid_utf8", '{"id": "\\xed\\xa0\\x80"}'),
    ]


def test_byte_order_mark_crlf_blank_lines_and_a_last_line_without_end(zone: Zone) -> None:
    zone.file("events/a.jsonl", b'\xef\xbb\xbf{"id":1}\r\n \t \r\n\n{"id":2}\r\n{"id":3}')
    assert zone.land().code == 0
    assert [(row["id"], row["_source_row"]) for row in zone.rows()] == [("1", 1), ("2", 4), ("3", 5)]
    assert zone.only_file()["records_blank"] == 2


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n", b"  \n\n"])
def test_files_without_records(zone: Zone, content: bytes) -> None:
    zone.file("events/a.jsonl", content)
    zone.file("events/b.jsonl.gz", gzip.compress(content))
    assert zone.land().code == 0
    assert zone.rows() == []
    for file in next(iter(zone.manifests().values()))["files"]:
        assert file["records_read"] == file["records_blank"] == content.count(b"\n")


def test_values_land_as_text_and_nested_ones_as_compact_json(zone: Zone) -> None:
    record = {
        "id": "",
        "at": None,
        "amount": False,
        "flag": 'a\x00b\n"\\/é\u2028',
        "geo": {"b": [1, {"c": "é\n"}], "a": {}},
    }
    land_lines(zone, json.dumps(record), json.dumps(record, ensure_ascii=False))
    for row in zone.rows():
        assert row["id"] == ""
        assert row["at"] is None
        assert row["amount"] == "false"
        assert row["flag"] == record["flag"]
        assert row["geo"] == '{"b":[1,{"c":"é\\n"}],"a":{}}'


def test_what_the_contract_does_not_name_is_kept(zone: Zone) -> None:
    land_lines(
        zone, '{"id": 1, "new": {"a": 1.50, "a": 2}, "none": null, "text": "é"}', '{"ID": "2", " id ": 3}', '{"id": 4}'
    )
    assert zone.values("id") == ["1", "3", "4"]
    assert zone.values("_unmapped") == ['{"new":{"a":1.50,"a":2},"none":null,"text":"é"}', '{"ID":"2"}', None]
    assert zone.only_file()["unmapped_columns"] == ["ID", "new", "none", "text"]


def test_of_two_names_for_a_column_the_preferred_one_that_holds_a_value_wins(zone: Zone) -> None:
    land_lines(
        zone,
        '{"ts": "c", "timestamp": "b", "at": "a"}',
        '{"ts": "c", "timestamp": "b", "at": null}',
        '{"ts": "same", "at": "same"}',
        '{"TS": "c", "AT": null}',
    )
    assert zone.values("at") == ["a", "b", "same", "c"]
    assert zone.values("_unmapped") == ['{"timestamp":"b","ts":"c"}', '{"ts":"c"}', None, None]


def test_the_fast_path_takes_plain_files_whatever_their_shape(zone: Zone, slow: Counter) -> None:
    shapes: list[Callable[[int], dict[str, Any]]] = [
        lambda i: {"id": f"é{i}'", "ts": None if i % 3 else "x", "amount": i / 7, "flag": i % 2 == 0},
        lambda i: {"id": i, **({"amount": i} if i % 2 else {}), "new": f"n{i}", "geo": {"a": "x", "b": {"c": i}}},
        lambda i: {"id": -i, "new": {"b": f"c{i}"}, "flag": None},
    ]
    for number, shape in enumerate(shapes):
        for kind, separators in enumerate([(", ", ": "), (",", ":")]):
            end = "\r\n" if kind else "\n"
            texts = [json.dumps(shape(i), separators=separators, ensure_ascii=False) + end for i in range(50)]
            zone.file(f"events/{number}{kind}.jsonl", "".join(texts).encode())
    assert zone.land().code == 0
    assert slow["lines"] == 0
    rows = zone.rows()
    assert len(rows) == 300
    for row in rows:
        shape = shapes[int(row["_source_file"][7])]
        assert_lands(row, json.dumps(shape(row["_source_row"] - 1)))


def assert_lands(row: dict[str, Any], text: str) -> None:
    """The landed row of a record says what Python's own JSON reader finds in it."""
    record = json.loads(text, parse_float=Digits, parse_int=Digits)
    for column, names in {
        "id": ["id"],
        "at": ["at", "ts"],
        "amount": ["amount"],
        "flag": ["flag"],
        "geo": ["geo"],
    }.items():
        value = next((record.pop(name) for name in names if name in record), None)
        if isinstance(value, dict | list):
            assert json.loads(row[column], parse_float=Digits, parse_int=Digits) == value
        else:
            spelled = {None: None, True: "true", False: "false"}
            assert row[column] == (str(value) if isinstance(value, str) else spelled[value])
    unmapped = json.loads(row["_unmapped"], parse_float=Digits, parse_int=Digits) if row["_unmapped"] else {}
    assert unmapped == record


class Digits(str):
    """A number by its digits, told apart from a text of the same characters."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digits) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


numbers = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?", fullmatch=True),
)
texts = st.text(st.characters(codec="utf-8"), max_size=8)


def escaped(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from([json.dumps(text), json.dumps(text, ensure_ascii=False)])


values = st.recursive(
    st.one_of(numbers, texts.flatmap(escaped), st.sampled_from(["null", "true", "false"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=2).map(
            lambda d: "{" + ", ".join(f'"{k}": {v}' for k, v in d.items()) + "}"
        ),
    ),
    max_leaves=4,
)
keys = st.sampled_from(["id", "ts", "amount", "flag", "geo", "x", "y z", "é"])
records = st.builds(
    lambda members, separators: "{" + separators[0].join(f'"{k}"{separators[1]}{v}' for k, v in members.items()) + "}",
    st.dictionaries(keys, values, max_size=6),
    st.sampled_from([(", ", ": "), (",", ":"), (" , ", " :")]),
)
templated = st.builds(
    lambda kinds, rows: [
        "{" + ", ".join(f'"{k}": {row[i % len(row)]}' for i, k in enumerate(kinds)) + "}" for row in rows
    ],
    st.lists(keys, min_size=1, max_size=6, unique=True),
    st.lists(st.lists(values, min_size=1, max_size=6), min_size=1, max_size=6),
)
anything = st.binary(max_size=20).map(lambda b: b.replace(b"\n", b""))
mutated = st.builds(
    lambda record, place, junk: record[: place % (len(record) + 1)] + junk + record[place % (len(record) + 1) :],
    records.map(str.encode), st.integers(0, 60), anything,
)  # fmt: skip
files = st.one_of(
    st.lists(st.one_of(records.map(str.encode), anything, mutated), max_size=8),
    templated.map(lambda rows: [row.encode() for row in rows]),
    st.builds(lambda rows, odd: [*(row.encode() for row in rows), *odd], templated, st.lists(mutated, max_size=3)),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(file=files, end=st.sampled_from([b"\n", b"\r\n"]))
def test_counts_conserve_and_values_are_what_python_reads(
    tmp_path_factory: pytest.TempPathFactory, file: list[bytes], end: bytes
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    (folder / "a.jsonl").write_bytes(b"".join(line + end for line in file))
    content = (folder / "a.jsonl").read_bytes()
    if content[:2] in (b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff", b"PK", b"PA", b"\x28\xb5", b"BZ"):
        return
    read, blank, landed, rejected = land_file(folder)
    physical = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:-1]
    assert read == len(physical) == len(landed) + len(rejected) + blank
    for place, raw in enumerate(physical, 1):
        expected = verdict(raw)
        if expected is None:
            assert place in rejected, raw
            assert raw.decode(errors="backslashreplace").removesuffix("\r") == rejected[place]["raw_text"]
        elif expected:
            assert place in landed, raw
            assert_lands(landed[place], raw.decode())
        else:
            assert place not in landed, raw
            assert place not in rejected, raw


def verdict(raw: bytes) -> bool | None:
    """True where a line must land, None where it must be rejected, False where it is blank."""
    if not raw.strip():
        return False
    try:
        text = raw.decode()
        pairs: list[list[tuple[str, Any]]] = []

        def remember(members: list[tuple[str, Any]]) -> dict[str, Any]:
            pairs.append(members)
            return dict(members)

        value = json.loads(text, object_pairs_hook=remember, parse_constant=lambda c: 1 / 0)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, ZeroDivisionError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    repeated = {k for k, n in Counter(k for k, _ in pairs[-1]).items() if n > 1}
    return None if any(len({json.dumps(v) for k, v in pairs[-1] if k == key}) > 1 for key in repeated) else True


def land_file(folder: Path) -> tuple[int, int, dict[int, dict], dict[int, dict]]:
    import datetime as dt

    import pyarrow.parquet as pq

    rejects = Rejects(folder / "rejected.parquet", ENTITY, origin := Origin("d", dt.datetime.now(dt.UTC), "a.jsonl"))
    read, blank, _ = jsonl.land(folder / "a.jsonl", ENTITY, origin, folder / "out.parquet", rejects, lambda _: None, 2)
    rejects.close()
    landed = {row["_source_row"]: row for row in pq.read_table(folder / "out.parquet").to_pylist()}
    kept = pq.read_table(rejects.path).to_pylist() if rejects.path.exists() else []
    return read, blank, landed, {row["_source_row"]: row for row in kept}


def test_records_may_lie_across_chunks_and_may_be_too_long(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "CHUNK", 16)
    monkeypatch.setattr(source, "CHUNK", 16)
    monkeypatch.setattr(lines, "MAX_RECORD", 100)
    monkeypatch.setattr(lines, "KEPT_OF_LONG", 30)
    texts = [f'{{"id": "{"x" * size}"}}' for size in (1, 40, 80, 400, 3, 10_000, 5)]
    zone.file("events/a.jsonl", "\n".join(texts))
    assert zone.land().code == 0
    assert [(row["_source_row"], len(row["id"])) for row in zone.rows()] == [(1, 1), (2, 40), (3, 80), (5, 3), (7, 5)]
    assert zone.rejected() == [(4, "too_long", texts[3][:30]), (6, "too_long", texts[5][:30])]


def test_lines_may_come_before_and_after_a_long_record_in_one_chunk(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "CHUNK", 64)
    monkeypatch.setattr(lines, "MAX_RECORD", 100)
    long = "x" * 120
    zone.file("events/a.jsonl", '\n{"id": 1}\n' + long + '\n{"id": 2}\n\n{"id": 3}')
    assert zone.land().code == 0
    assert [(row["_source_row"], row["id"]) for row in zone.rows()] == [(2, "1"), (4, "2"), (6, "3")]
    assert zone.rejected() == [(3, "too_long", long)]


def test_the_last_record_may_be_too_long(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "CHUNK", 16)
    monkeypatch.setattr(lines, "MAX_RECORD", 100)
    zone.file("events/a.jsonl", '{"id": 1}\n' + "x" * 500)
    assert zone.land().code == 0
    assert [(place, reason) for place, reason, _ in zone.rejected()] == [(2, "too_long")]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl.gz", gzip.compress(b'{"id": 1}\n' * 5000, mtime=0)[:-20], "cut off"),
        ("a.jsonl.gz", ONE_LINE_GZIP[:-8] + b"\0\0\0\0" + ONE_LINE_GZIP[-4:], "CRC"),
        ("a.jsonl.gz", ONE_LINE_GZIP[:-4], "cut off"),
        ("a.jsonl.gz", ONE_LINE_GZIP + b"garbage", "damaged"),
        ("a.jsonl.gz", b'{"id": 1}\n', "damaged"),
        ("a.jsonl", ONE_LINE_GZIP, "the bytes are gzip"),
        ("a.jsonl", b"PAR1" + b"\0" * 50, "the bytes are Parquet"),
        ("a.jsonl", '{"id": 1}\n'.encode("utf-16"), "UTF-16"),
    ],
)
def test_of_a_stream_that_is_not_what_its_name_says_nothing_lands(
    zone: Zone, name: str, content: bytes, told: str
) -> None:
    zone.file("events/good.jsonl", '{"id": "good"}\n')
    zone.file(f"events/{name}", content)
    run = zone.land()
    assert run.code == 1
    [line] = run.err.splitlines()
    assert f"events/{name}" in line
    assert told in line
    assert zone.values("id") == ["good"]
    assert zone.leftovers() == []


def test_gzip_members_one_after_the_other_are_one_file(zone: Zone) -> None:
    zone.file("events/a.jsonl.gz", gzip.compress(b'{"id": 1}\n{"id"') + gzip.compress(b": 2}\n"))
    assert zone.land().code == 0
    assert zone.values("id") == ["1", "2"]


def test_no_template_is_learnt_where_it_could_mislead() -> None:
    for line in ['{"a": 1, "A": 2}', '{"": 1}', '{"a\\"b": 1}', '{"at": 1, "ts": 2}', '{"a": [1]}', "{}", "[1]"]:
        assert learn([line + "\n"], ENTITY) is None, line
    assert learn(['{"a": 1}\n'], ENTITY)


def test_keys_that_sql_could_stumble_over(zone: Zone, slow: Counter) -> None:
    line = json.dumps({"id": "1", "it's": "a", "se lect": "b", "é;--": 3, "x.y": {"o'k": "c"}}, ensure_ascii=False)
    land_lines(zone, line, line)
    assert slow["lines"] == 0
    assert (
        zone.values("_unmapped")
        == [re.sub(r'^{"id":"1",', "{", json.dumps(json.loads(line), separators=(",", ":"), ensure_ascii=False))] * 2
    )
