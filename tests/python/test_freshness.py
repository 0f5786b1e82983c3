"""When a source was last looked at: which runs note it, and what dbt source freshness says of it on both engines."""

import datetime as dt
import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest

from duckhouse import builds
from duckhouse.cli import UserError
from duckhouse.dbt_plugin.code import fingerprint
from duckhouse.landing.zone import Session, prepare_missing
from duckhouse.pipeline import cycle
from duckhouse.settings import PROJECT
from duckhouse.sources import sources
from duckhouse.warehouse import push
from scripts import pipeline
from support.consent import deliver, event
from support.dbt import environment, invoke_dbt
from support.landing import Zone
from support.postgres import Extraction
from support.warehouse import Warehouse, warehouse

SPELLING = "%Y-%m-%dT%H:%M:%S.%fZ"
LONG_AGO = dt.datetime(2020, 2, 3, 4, 5, 6, 789)
HOUR = dt.timedelta(hours=1)
NEVER = dt.datetime(1, 1, 1)


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def look_of(zone: Path) -> dt.datetime | None:
    file = zone / "looked_at.txt"
    return dt.datetime.strptime(file.read_text(), SPELLING) if file.exists() else None


def set_look(zone: Path, at: dt.datetime) -> None:
    (zone / "looked_at.txt").write_text(at.strftime(SPELLING))


@contextmanager
def noted(zone: Path, is_noted: bool = True) -> Iterator[None]:
    """The block notes a look of its own time; or it leaves the one of long ago."""
    if zone.exists():
        set_look(zone, LONG_AGO)
    before, began = look_of(zone), utc_now()
    yield
    look = look_of(zone)
    assert (look is not None and began <= look <= utc_now()) if is_noted else look == before


# ---------------------------------------------------------------- which runs count


@pytest.fixture
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zone:
    made = Zone(tmp_path, monkeypatch)
    made.file("people.csv", "id,at\n1,x\n")
    return made


def test_a_run_that_lands_something_is_a_look_at_the_time_of_its_commit(zone: Zone) -> None:
    with noted(zone.source):
        assert zone.land(at="2020-01-01T06:00:00Z").code == 0
    assert zone.leftovers() == []


def test_a_run_that_finds_nothing_new_is_a_look(zone: Zone) -> None:
    zone.land()
    with noted(zone.source):
        assert "nothing new to land" in zone.land().out
    with noted(zone.source):
        assert "nothing new to land" in zone.land(at=None).out


def test_a_delivery_that_lost_something_is_a_look(zone: Zone) -> None:
    zone.file("people/2.csv", 'id,at\n"unclosed\n"again\n')
    with noted(zone.source):
        assert zone.land().code == 1
    assert len(zone.manifests()) == 1


def test_what_lands_beside_a_damaged_file_is_a_look(zone: Zone) -> None:
    zone.file("events/1.jsonl.gz", b"\x1f\x8b\x08 cut off")
    with noted(zone.source):
        assert "not landed: events/1.jsonl.gz" in zone.land().err
    assert len(zone.manifests()) == 1


@pytest.mark.parametrize("fault", ["no such folder", "no file of it", "damaged", "not recognised", "dry run", "held"])
def test_a_run_that_could_not_look_is_none(zone: Zone, tmp_path: Path, fault: str) -> None:
    zone.land()
    if fault == "damaged":
        zone.file("events/1.jsonl.gz", b"\x1f\x8b\x08 cut off")
    if fault == "not recognised":
        zone.file("persons.xlsx", "x")
    (tmp_path / "empty").mkdir()
    words = {"no such folder": [tmp_path / "nowhere"], "no file of it": [tmp_path / "empty"], "dry run": ["--dry-run"]}
    with noted(zone.source, is_noted=False):
        if fault == "held":
            with held(zone):
                assert zone.land().code == 1
        else:
            assert zone.land(*words.get(fault, [])).code == (0 if fault == "dry run" else 1)


@contextmanager
def held(zone: Zone) -> Iterator[None]:
    with (zone.source / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_zones_that_are_only_made_were_not_looked_at(zone: Zone) -> None:
    with noted(zone.source, is_noted=False):
        prepare_missing()
    assert zone.source.exists()


def test_a_run_that_is_killed_after_its_commit_leaves_the_look_before(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(session: Session) -> None:
        raise SystemExit

    with monkeypatch.context() as patched, noted(zone.source, is_noted=False):
        patched.setattr(Session, "note_look", killed)
        with pytest.raises(SystemExit):
            zone.land()
    assert len(zone.manifests()) == 1
    with noted(zone.source):
        assert "nothing new to land" in zone.land().out


def test_every_run_of_the_extraction_is_a_look(shop: Extraction) -> None:
    for mode in ("compare", "compare", "full", "cdc", "cdc"):
        with noted(shop.zone):
            shop.run(mode)


@pytest.mark.parametrize("mode", ["compare", "cdc"])
def test_an_extraction_that_is_refused_is_none(shop: Extraction, mode: str) -> None:
    shop.run(mode)
    shop.sql("alter table clicks rename to gone")
    with noted(shop.zone, is_noted=False), pytest.raises(UserError):
        shop.run(mode)


# ---------------------------------------------------------------- what dbt says


@pytest.fixture(scope="module")
def consent() -> Iterator[Warehouse]:
    """One delivery of consent, months old, that landed and was pushed now; nothing of the other sources."""
    with warehouse("consent") as house:
        deliver(house, 1, [event("e1", "c1")])
        house.run("push")
        yield house


def freshness(house: Warehouse, target: str, *selected: str) -> dict[str, list[tuple[str, dt.datetime]]]:
    """By source, what dbt source freshness says of its tables, each thing once: status and time of the last look."""
    select = ("--select", *selected) if selected else ()
    with suppress(builds.BuildError):
        invoke_dbt("source", "freshness", "--write-json", *select, target=target, env=house.env)
    said: dict[str, set[tuple[str, dt.datetime]]] = {}
    for result in json.loads((house.folder / "target" / "sources.json").read_text())["results"]:
        at = dt.datetime.fromisoformat(result["max_loaded_at"]).astimezone(dt.UTC).replace(tzinfo=None)
        said.setdefault(result["unique_id"].split(".")[2], set()).add((result["status"], at))
    return {source: sorted(results) for source, results in said.items()}


@pytest.fixture(params=["dev", "prod"])
def target(request: pytest.FixtureRequest) -> str:
    return request.param


def test_what_has_just_landed_is_fresh_and_what_never_landed_is_an_error(consent: Warehouse, target: str) -> None:
    consent.land(newest_drop(consent))
    consent.run("push")
    look = look_of(consent.folder / "landing" / "consent")
    expected: dict[str, Any] = {source: [("error", NEVER)] for source in sources()}
    assert freshness(consent, target) == expected | {"consent": [("pass", look)]}


@pytest.mark.parametrize(("hours", "status"), [(23, "pass"), (25, "warn"), (71, "warn"), (73, "error")])
def test_a_source_is_stale_after_a_day_and_an_error_after_three(
    consent: Warehouse, target: str, hours: int, status: str
) -> None:
    look = utc_now() - hours * HOUR
    set_look(consent.folder / "landing" / "consent", look)
    consent.run("push", "consent")
    assert freshness(consent, target, "source:consent") == {"consent": [(status, look)]}


def test_a_run_that_finds_nothing_new_makes_a_source_fresh_again(consent: Warehouse, target: str) -> None:
    set_look(consent.folder / "landing" / "consent", LONG_AGO)
    consent.run("push")
    assert freshness(consent, target, "source:consent") == {"consent": [("error", LONG_AGO)]}
    landed = consent.land(newest_drop(consent))
    assert "nothing new to land" in landed.stdout
    consent.run("push")
    look = look_of(consent.folder / "landing" / "consent")
    assert freshness(consent, target, "source:consent") == {"consent": [("pass", look)]}


def test_a_clock_that_went_wrong_and_was_set_back_leaves_nothing(consent: Warehouse, target: str) -> None:
    """The last look counts, not the latest time."""
    ahead = utc_now() + 1000 * HOUR
    for look in (ahead, LONG_AGO):
        set_look(consent.folder / "landing" / "consent", look)
        consent.run("push")
    assert freshness(consent, target, "source:consent") == {"consent": [("error", LONG_AGO)]}


@pytest.mark.parametrize("text", ["", "soon"])
def test_a_look_that_cannot_be_read_is_none_and_the_next_run_writes_it(
    consent: Warehouse, tmp_path: Path, text: str
) -> None:
    file = consent.folder / "landing" / "consent" / "looked_at.txt"
    file.write_text(text)
    assert freshness(consent, "dev", "source:consent") == {"consent": [("error", NEVER)]}
    consent.run("push")
    with noted(file.parent):
        consent.land(newest_drop(consent))


def test_what_lands_while_a_push_runs_is_no_look_that_was_pushed(
    consent: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = consent.folder / "landing" / "consent"
    plain = push.push_source
    set_look(zone, utc_now() - HOUR)
    looks = [look_of(zone)]

    def meanwhile(*arguments: Any) -> dict[str, Any]:
        result = plain(*arguments)
        if len(looks) == 1:
            deliver(consent, 20, [event("e2", "c1")])
            looks.append(look_of(zone))
        return result

    with monkeypatch.context() as patched:
        patched.setattr(push, "push_source", meanwhile)
        consent.run("push", "consent")
    assert freshness(consent, "prod", "source:consent") == {"consent": [("pass", looks[0])]}
    consent.run("push", "consent")
    assert freshness(consent, "prod", "source:consent") == {"consent": [("pass", looks[1])]}


def test_the_pipeline_brings_the_look_where_nothing_else_is_new(
    consent: Warehouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    look = utc_now() - 2 * HOUR
    set_look(consent.folder / "landing" / "consent", look)
    monkeypatch.setattr(cycle, "is_new", lambda target: False)
    with environment(consent.env):
        assert pipeline.main(["--target", "prod", "--if-new"]) == 0
    assert capsys.readouterr().out == "prod is up to date\n"
    assert freshness(consent, "prod", "source:consent") == {"consent": [("pass", look)]}


def test_freshness_makes_nothing_up_to_date(consent: Warehouse) -> None:
    """It runs through the methods of dbt's tasks that note what a build has made."""
    freshness(consent, "prod", "source:consent")
    with clickhouse_connect.get_client(host="127.0.0.1", port=consent.clickhouse_port) as client:
        databases = {name for (name,) in client.query("show databases").result_rows}
    assert "raw_consent" in databases
    assert "duckhouse_builds" not in databases


# ---------------------------------------------------------------- settings


THRESHOLDS = {"DUCKHOUSE_STALE_WARN_HOURS": "2", "DUCKHOUSE_STALE_ERROR_HOURS": "5"}


def test_thresholds_are_settings(tmp_path: Path) -> None:
    with environment({**THRESHOLDS, "DBT_TARGET_PATH": str(tmp_path), "DBT_LOG_PATH": str(tmp_path)}):
        parsed = builds.parse(target="dev")
    found = {
        (source.freshness.warn_after.count, source.freshness.error_after.count) for source in parsed.sources.values()
    }
    assert found == {(2, 5)}


def test_other_thresholds_build_nothing_again() -> None:
    before = fingerprint(PROJECT)
    with environment(THRESHOLDS):
        assert fingerprint(PROJECT) == before
    with environment({"DUCKHOUSE_LANDING": "elsewhere"}):
        assert fingerprint(PROJECT) != before


def newest_drop(house: Warehouse) -> Path:
    return max(house.folder.glob("drop-*"), key=lambda folder: int(folder.name.split("-")[1]))
