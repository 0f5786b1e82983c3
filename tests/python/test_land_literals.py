"""A column of Python literals lands as it is, with its JSON beside it, or nothing where it is no literal."""

import gzip
import json
import subprocess
import sys
import warnings
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duckhouse.landing import literals
from duckhouse.landing.literals import DEEPEST, LONGEST, literal_as_json
from duckhouse.settings import PROJECT
from support.landing import ENTITIES, Zone, csv_text

COLUMNS = [
    {"name": "id"},
    {"name": "said_json", "config": {"meta": {"literal_of": "said"}}},
    {"name": "said"},
    {"name": "ranks"},
    {"name": "ranks_json", "config": {"meta": {"literal_of": "ranks"}}},
]
READ = {
    "['a']": '["a"]',
    "[['Clothing, Shoes & Jewelry', \"Women's\"], []]": '[["Clothing, Shoes & Jewelry", "Women\'s"], []]',
    "{'Clothing': 1631, 'a\"b': {'c': (1, 2)}}": '{"Clothing": 1631, "a\\"b": {"c": [1, 2]}}',
    " [1, -2.50, True, None, 1_000, 0x1F]\n": "[1, -2.5, true, null, 1000, 31]",
    "['größe', 'ロ', '\\u00e9', '\\xe9', '\\n']": '["größe", "ロ", "é", "é", "\\n"]',
    "['C:\\\\d', '\\d', r'\\d']": '["C:\\\\d", "\\\\d", "\\\\d"]',
    "{'a': 1, 'b': 2, 'a': 3}": '{"a": 3, "b": 2}',
    "['joined' ' text',\n 'on two lines', ]": '["joined text", "on two lines"]',
    "'\\\\u0000 is six characters'": '"\\\\u0000 is six characters"',
    "9" * 400: "9" * 400,
    "'text'": '"text"',
    "{}": "{}",
    "[" * DEEPEST + "]" * DEEPEST: "[" * DEEPEST + "]" * DEEPEST,
    "'" + "a" * (LONGEST - 2) + "'": '"' + "a" * (LONGEST - 2) + '"',
}
UNREAD = {
    "empty": "   ",
    "cut off": "[['Clothing, Shoes & Jew",
    "unbalanced": "[['Books']",
    "a call": "dict(a=1)",
    "a name": "[Books]",
    "JSON": '{"a": null}',
    "a comprehension": "[x for x in 'ab']",
    "a sum": "'a' + 'b'",
    "a set": "{'a', 'b'}",
    "bytes": "[b'a']",
    "a complex number": "[1 + 2j]",
    "not a number": "[nan]",
    "an infinite number": "[1e999]",
    "a negative infinite number": "{'a': -1e999}",
    "a NUL": "['a\\x00b']",
    "a NUL in a key": "{'a\\0b': 1}",
    "a NUL in the text": "['a\0b']",
    "a lone surrogate": "['\\ud800']",
    "a key that is a number": "{1: 'a', '1': 'b'}",
    "a key that is None": "{None: 1}",
    "a key that is a tuple": "{('a', 'b'): 1}",
    "a list as key": "{['a']: 1}",
    "an f-string": "f'{1}'",
    "two values": "'a'; 'b'",
    "too deep": "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
    "too deep for Python": "[" * 60_000 + "]" * 60_000,
    "too long": "'" + "a" * (LONGEST - 1) + "'",
    "very many digits": "9" * 5_000,
    "very many signs": "-" * 100_000 + "1",
    "very many terms": "1" + "+1" * 65_000,
    "very many subscripts": "a" + "[0]" * 43_000,
    "very many calls": "a" + "()" * 65_000,
}


@pytest.fixture
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zone:
    zone = Zone(tmp_path, monkeypatch)
    zone.contract({"events": {**ENTITIES["events"], "key": "id"}}, COLUMNS)
    return zone


@pytest.mark.parametrize("text", READ, ids=lambda text: text[:30])
def test_a_literal_is_read(text: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        document = literal_as_json(text)
    assert document == READ[text]
    json.loads(document)


@pytest.mark.parametrize("kind", UNREAD)
def test_what_is_no_literal_or_cannot_be_json_is_null(kind: str) -> None:
    assert literal_as_json(UNREAD[kind]) is None


TEXTS = [*READ, *(text for text in UNREAD.values() if "\0" not in text), None, ""]
IN_JSON = [*READ.values(), *[None] * (len(UNREAD) - 1), None, ""]


def write(zone: Zone, name: str) -> None:
    rows = [(str(place), text, "{'a': 1}") for place, text in enumerate(TEXTS)]
    lines = [json.dumps({"id": id_, "said": said, "ranks": ranks}) for id_, said, ranks in rows]
    # in CSV nothing stands for nothing, and a text without characters is in quotes
    table = csv_text([["id", "said", "ranks"], *([id_, said or "", ranks] for id_, said, ranks in rows[:-1])])
    content = {
        "jsonl": "\n".join(lines).encode(),
        "csv": f'{table}{rows[-1][0]},"","{rows[-1][2]}"\n'.encode(),
    }
    if name.endswith(".parquet"):
        path = zone.file(name, b"")
        pq.write_table(
            pa.table(dict(zip(("id", "said", "ranks"), map(list, zip(*rows, strict=True)), strict=True))), path
        )
    else:
        plain = content[name.removesuffix(".gz").rsplit(".")[-1]]
        zone.file(name, gzip.compress(plain) if name.endswith(".gz") else plain)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"])
def test_the_text_lands_as_it_is_with_its_json_beside_it(zone: Zone, ending: str) -> None:
    write(zone, f"events/a.{ending}")
    run = zone.land()
    assert run.code == 0, run.err
    rows = zone.rows()
    assert [row["said"] for row in rows] == TEXTS
    assert [row["said_json"] for row in rows] == IN_JSON
    assert {row["ranks_json"] for row in rows} == {'{"a": 1}'}
    assert [int(row["id"]) for row in rows] == list(range(len(TEXTS)))
    assert {row["_unmapped"] for row in rows} == {None}
    assert zone.only_file()["missing_columns"] == []
    names = pq.read_schema(next(zone.source.glob("delivery=2*/events/*.parquet"))).names
    assert names[:5] == ["id", "said_json", "said", "ranks", "ranks_json"]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_column_that_a_file_lacks_is_missed_and_not_what_would_be_made_of_it(zone: Zone, ending: str) -> None:
    zone.file(f"events/a.{ending}", {"csv": "id,said\n1,[]\n", "jsonl": '{"id": "1", "said": "[]"}\n'}[ending])
    assert zone.land().code == 0
    assert [(row["said_json"], row["ranks_json"]) for row in zone.rows()] == [("[]", None)]
    assert zone.only_file()["missing_columns"] == ["ranks"]


def test_a_column_of_the_file_with_the_name_of_what_is_made_is_unmapped(zone: Zone) -> None:
    zone.file("events/a.csv", 'id,said,said_json\n1,[1],"[2]"\n')
    zone.land()
    [row] = zone.rows()
    assert (row["said_json"], json.loads(row["_unmapped"])) == ("[1]", {"said_json": "[2]"})


def test_a_file_without_rows_has_the_columns(zone: Zone) -> None:
    zone.file("events/a.csv", "id,said,ranks\n")
    assert zone.land().code == 0
    assert pq.read_schema(next(zone.source.glob("delivery=2*/events/*.parquet"))).names[1] == "said_json"


def test_rows_keep_their_order_over_batches_and_row_groups(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(literals, "_ROWS", 7)
    monkeypatch.setattr(literals, "BATCH_ROWS", 20)
    monkeypatch.setattr("duckhouse.landed_rows.BATCH_ROWS", 11)
    zone.file("events/a.csv", csv_text([["id", "said"], *([str(n), f"[{n}]"] for n in range(100))]))
    zone.land()
    assert [(row["id"], row["said_json"]) for row in zone.rows()] == [(str(n), f"[{n}]") for n in range(100)]
    [landed] = zone.source.glob("delivery=2*/events/*.parquet")
    assert pq.ParquetFile(landed).num_row_groups < 100 / 7


def test_a_file_whose_literals_could_not_be_written_leaves_nothing(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    zone.file("events/a.csv", "id,said\n1,[]\n")
    zone.file("events/b.csv", "id,said\n2,{}\n")
    fails_once = iter([OSError("no space left")])

    def with_literals(*arguments):
        for error in fails_once:
            raise error
        return ours(*arguments)

    ours = literals._with_literals
    monkeypatch.setattr(literals, "_with_literals", with_literals)
    run = zone.land()
    assert run.code == 1
    assert zone.leftovers() == []
    assert not list(zone.root.rglob("*.literals"))


SPENT = """
import resource, sys
from duckhouse.landing.literals import LONGEST, literal_as_json
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for text in ("[" + "0," * (LONGEST // 2 - 2) + "]", "[" + "{}," * (LONGEST // 3 - 2) + "]",
             "{" + "():1," * (LONGEST // 5 - 2) + "}", "1" + "<1" * (LONGEST // 2 - 2)):
    assert len(text) <= LONGEST
    literal_as_json(text)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_the_longest_literals_take_little_memory() -> None:
    """A kibibyte for each of the 131,072 characters would be 128 MiB."""
    done = subprocess.run([sys.executable, "-c", SPENT], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 128


def test_only_short_texts_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(literals, "literal_as_json", lambda text: asked.append(text))
    read = literals._reader()
    short, long = "[1]", f"['{'a' * 1_000}']"
    for text in (short, short, long, long):
        read(text)
    assert asked == [short, long, long]
