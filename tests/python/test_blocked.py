"""What blocks builds is kept for readers until it has passed, and told in a few lines."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from duckhouse import wording
from duckhouse.dbt_plugin.block_lines import blocked_by
from duckhouse.dbt_plugin.blocking import MOST_KEPT, block_after, failures
from duckhouse.dbt_plugin.blocks import BesideCopy, Block, Failure, Finding
from duckhouse.dbt_plugin.messages import MOST_RULES, rules_in
from duckhouse.settings import PROJECT, published_beside
from duckhouse.warehouse.blocked import Blocked, blocked, lines
from support.dbt import environment

NOON = datetime(2026, 3, 25, 12)
DELIVERY = "20260325T060000000000Z-d6078e33"
UNUSABLE = "shop__file_unusable"
ASK = "Ask the sender for the file again."
KILLED = """
import os, signal, sys
from pathlib import Path
from duckhouse.dbt_plugin.blocks import BesideCopy, Block
from tools.campaigns.moments import watch
moment, copy, text = sys.argv[1:]
watch(["os:rename", "os:replace"], lambda _, at: at == moment and os.kill(os.getpid(), signal.SIGKILL))
BesideCopy(Path(copy)).write(Block.of(text))
"""
LOADED = """
import sys
from duckhouse.warehouse.blocked import blocked
assert blocked("dev") is None
print({"dbt", "duckdb", "clickhouse_connect", "altair"} & set(sys.modules))
"""


def finding(file: str = "a.csv", rule: str = UNUSABLE, evidence: str = "20 of 30 unusable") -> Finding:
    return Finding(rule, "Less than half of a file is usable", f"{file}, of delivery d1", evidence, ASK, 20)


def record(*nodes: str, at: datetime = NOON) -> Block:
    return Block(at, {node: Failure([finding(f"{node}.csv")]) for node in nodes})


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy that was published at eleven."""
    path = published_beside(tmp_path / "shop.duckdb")
    path.parent.mkdir()
    published_at(path, NOON - timedelta(hours=1))
    return path


def published_at(copy: Path, when: datetime) -> None:
    copy.touch()
    moment = when.replace(tzinfo=UTC).timestamp()
    os.utime(copy, (moment, moment))


def test_a_record_is_read_as_it_was_written_and_is_for_its_owner(copy: Path, tmp_path: Path) -> None:
    place, written = BesideCopy(copy), Block(NOON, {"test.shop.gate": Failure([finding()], 7)})
    with environment({"DUCKHOUSE_DUCKDB": str(tmp_path / "shop.duckdb")}):
        assert blocked("dev") is None
        place.write(written)
        assert place.read() == written
        assert blocked("dev") == Blocked(NOON, [finding()], 7)
        place.remove()
        assert blocked("dev") is None
    place.write(written)
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o600


def test_a_record_that_is_older_than_the_copy_is_out_of_date(copy: Path) -> None:
    """The build that published was killed before it removed the record."""
    place = BesideCopy(copy)
    place.write(record("gate"))
    published_at(copy, NOON + timedelta(seconds=1))
    assert place.read() is None
    copy.unlink()
    assert place.read() == record("gate")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"at": "soon", "failures": {}}', '{"at": "2026-03-25", "failures": 1}']
)
def test_what_another_version_has_written_is_no_record(copy: Path, text: str) -> None:
    place = BesideCopy(copy)
    place.path.write_text(text)
    assert place.read() is None


@pytest.mark.parametrize(("moment", "left"), [("before os.replace", "old"), ("after os.replace", "new")])
def test_a_record_is_the_old_or_the_new_one_whenever_writing_is_killed(copy: Path, moment: str, left: str) -> None:
    place = BesideCopy(copy)
    place.write(record("old"))
    command = [sys.executable, "-c", KILLED, moment, str(copy), record("new").text()]
    assert subprocess.run(command, cwd=PROJECT).returncode == -signal.SIGKILL
    assert place.read() == record(left)
    place.write(record("next"))
    assert set(copy.parent.iterdir()) == {copy, place.path}


def test_it_is_read_without_dbt_and_without_an_engine(tmp_path: Path) -> None:
    env = {**os.environ, "DUCKHOUSE_DUCKDB": str(tmp_path / "shop.duckdb"), "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, "-c", LOADED], env=env, cwd=PROJECT, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


# ---------- what a build records


def result(name: str, status: str, **node: Any) -> Any:
    described = {"unique_id": name, "name": name, "tags": [], "resource_type": "test", "original_file_path": "x.yml"}
    return SimpleNamespace(node=SimpleNamespace(**described | node), status=status, message="Got 3 results", failures=3)


@pytest.mark.parametrize(
    ("before", "failed", "ended", "undone", "left"),
    [
        ((), ("a",), {"a": "fail"}, {"a"}, ("a",)),
        (("a",), ("a",), {"a": "fail"}, {"a"}, ("a",)),
        (("a",), (), {"a": "pass"}, {"a"}, ()),
        (("a",), (), {}, {"a"}, ("a",)),
        (("a",), (), {"a": "skipped"}, {"a"}, ("a",)),
        (("a",), (), {}, set(), ()),
        (("a", "b"), ("c",), {"a": "warn", "c": "error"}, {"a", "b", "c"}, ("b", "c")),
        ((), (), {"a": "pass"}, set(), ()),
    ],
    ids=["fails", "fails again", "passes", "not run", "skipped", "up to date, or gone", "one of three", "nothing"],
)
def test_what_failed_is_recorded_until_it_passes(
    before: Sequence[str], failed: Sequence[str], ended: dict[str, str], undone: set[str], left: Sequence[str]
) -> None:
    results = [result(name, status) for name, status in ended.items()]
    then = block_after(record(*before) if before else None, record(*failed).failures, results, undone)
    if not left:
        assert then is None
        return
    assert then.failures == record(*left).failures
    assert (then.at == NOON) == bool(before)


class Adapter:
    """Answers with these rows."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = rows

    def execute(self, sql: str, fetch: bool) -> tuple[None, Any]:
        names = list(self.rows[0])
        return None, SimpleNamespace(column_names=names, rows=[tuple(row.values()) for row in self.rows])


def row(file: str) -> dict[str, Any]:
    return {
        "source": "ad_serving",
        "is_of_files": True,
        "rule_id": UNUSABLE,
        "finding_key": f"{DELIVERY}/{file}",
        "observed": "20 of 30 unusable",
        "expected": None,
        "evidence": '{"records": 30, "source_file": "a.csv", "share": 0.10}',
        "record_count": 20,
        "title": "Less than half of a file is usable",
        "fix": ASK,
    }


def test_findings_that_block_have_their_place_evidence_and_what_to_do() -> None:
    [gate] = failures(
        Adapter(row("b.csv"), row("a.csv")), [result("gate", "fail", tags=["every_build"], compiled_code="select")]
    ).values()
    assert [found.place for found in gate.findings] == [
        f"a.csv, of delivery {DELIVERY}",
        f"b.csv, of delivery {DELIVERY}",
    ]
    first = gate.findings[0]
    assert first.evidence == "20 of 30 unusable, expected: none; records: 30; source file: a.csv; share: 0.10"
    assert (first.rule_id, first.fix, first.record_count, gate.others) == (UNUSABLE, ASK, 20, 0)
    assert first.take_back == f'python -m scripts.land ad_serving --retract {DELIVERY} --reason "REASON"'
    assert first.acknowledgement == f"{UNUSABLE},{DELIVERY}/a.csv,REASON,NAME,YYYY-MM-DD"


def test_a_line_to_acknowledge_is_quoted_and_only_a_delivery_of_files_is_taken_back() -> None:
    stream = row("topic/0") | {"source": "telemetry", "is_of_files": False}
    group = row("") | {"finding_key": 'a,"b"|2026-03-02'}
    [gate] = failures(
        Adapter(stream, group), [result("gate", "fail", tags=["every_build"], compiled_code="select")]
    ).values()
    assert [found.take_back for found in gate.findings] == ["", ""]
    assert gate.findings[1].acknowledgement == f'{UNUSABLE},"a,""b""|2026-03-02",REASON,NAME,YYYY-MM-DD'


def test_findings_beyond_the_most_are_counted() -> None:
    rows = [row(f"{number:03}.csv") for number in range(MOST_KEPT + 7)]
    [gate] = failures(Adapter(*rows), [result("gate", "fail", tags=["every_build"], compiled_code="select")]).values()
    assert (len(gate.findings), gate.others) == (MOST_KEPT, 7)


@pytest.mark.parametrize(
    ("status", "kind", "title", "fix"),
    [
        ("fail", "test", "The test failed", "dbt show --select keys lists the rows at fault"),
        ("error", "test", "The test failed", "Correct what dbt names"),
        ("fail", "unit_test", "The unit test failed", "Correct what dbt names"),
        ("error", "model", "The model could not be built", "Correct what dbt names"),
    ],
)
def test_a_node_that_failed_is_a_finding_too(status: str, kind: str, title: str, fix: str) -> None:
    [failure] = failures(None, [result("keys", status, resource_type=kind), result("x", "pass")]).values()
    [found] = failure.findings
    assert (found.rule_id, found.title, found.place, found.evidence) == ("keys", title, "x.yml", "Got 3 results")
    assert found.fix.startswith(fix)


# ---------- words


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (f"{DELIVERY}/events/2026-03-21.jsonl", f"events/2026-03-21.jsonl, of delivery {DELIVERY}"),
        (f"{DELIVERY}/a.csv#12", f"a.csv, record 12, of delivery {DELIVERY}"),
        ("107|2026-03-02", "107|2026-03-02"),
        ("a/b#1", "a/b#1"),
        ("x" * 200, "x" * 160 + "…"),
    ],
)
def test_a_key_says_where_a_finding_is(key: str, place: str) -> None:
    assert wording.place(key) == place


def test_a_few_lines_say_what_blocks_where_why_and_what_to_do() -> None:
    told = Blocked(NOON, [finding("a\x1b[2J.csv"), finding("b.csv"), finding("c.csv", "shop__dates")], 2)
    assert lines(told, NOON - timedelta(hours=1)) == [
        "Blocked since 2026-03-25 12:00 UTC by 5 findings: nothing new is published.",
        "The published figures are those of the last good build, of 2026-03-25 11:00 UTC.",
        "Less than half of a file is usable (shop__file_unusable)",
        "  a\\x1b[2J.csv, of delivery d1: 20 of 30 unusable",
        "  b.csv, of delivery d1: 20 of 30 unusable",
        f"  {ASK}",
        "Less than half of a file is usable (shop__dates)",
        "  c.csv, of delivery d1: 20 of 30 unusable",
        f"  {ASK}",
        "and 2 more findings",
    ]


def test_the_lines_have_what_else_can_be_done_to_copy() -> None:
    both = [replace(finding(file), take_back="land --retract d1", acknowledgement=f"rule,{file}") for file in "ab"]
    assert lines(Blocked(NOON, both))[-6:] == [
        f"  {ASK}",
        "  Or take the whole delivery back:",
        "    land --retract d1",
        "  Or accept it up to a day: add a line to seeds/acknowledged_findings.csv, and build:",
        "    rule,a",
        "    rule,b",
    ]


def test_ten_findings_are_told_and_the_others_counted() -> None:
    told = lines(Blocked(NOON, [finding(f"{number}.csv") for number in range(11)]))
    assert len([line for line in told if line.endswith(" unusable")]) == 10
    assert told[0] == "Blocked since 2026-03-25 12:00 UTC by 11 findings: nothing new is published."
    assert told[-1] == "and 1 more finding"


def test_what_was_built_in_place_is_what_people_read() -> None:
    found = blocked_by(record("gate"), is_in_place=True)
    assert found is not None
    assert lines(found)[:2] == [
        "Blocked since 2026-03-25 12:00 UTC by 1 finding.",
        "It was built in place, so the figures that people read include what is wrong.",
    ]


def test_a_warning_names_its_rules_those_with_the_most_findings_first() -> None:
    counts = [{"rule_id": "shop__b", "open_findings": 2}, {"rule_id": "shop__a", "open_findings": 1200}]
    assert rules_in(counts) == "1,202 open findings: shop__a (1,200), shop__b (2)"
    assert rules_in([{"rule_id": "shop__a"}]) == "1 open finding: shop__a (1)"
    many = [{"rule_id": f"shop__{number:02}"} for number in range(MOST_RULES + 2)]
    assert rules_in(many).endswith("shop__09 (1) and 2 more rules")
