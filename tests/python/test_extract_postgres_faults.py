"""`python -m scripts.extract_postgres` where the source is not as it should be: one line, and nothing is landed."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

from duckhouse.cli import UserError
from duckhouse.embedded.postgres import Embedded
from duckhouse.extraction.database import Database
from duckhouse.extraction.reader import SnapshotReader
from duckhouse.extraction.run import extract
from duckhouse.processes import script
from duckhouse.settings import PROJECT
from duckhouse.sources import load_source
from scripts import extract_postgres
from support.postgres import (
    PUBLICATION,
    SOURCE,
    Extraction,
    counts,
    dsn_of,
    new_database,
)
from support.waiting import wait_for

TABLES = "advertiser, campaign, impressions, clicks"
WAITING = "from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


def command(shop: Extraction, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        script("extract_postgres", *arguments, "--slot", shop.slot),
        cwd=PROJECT,
        env={**os.environ, **dsn_of(shop.database), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def deliveries(shop: Extraction) -> list[Path]:
    return sorted(shop.zone.glob("delivery=2*"))


def failures_of(shop: Extraction) -> list[tuple[str, str, str, str, int]]:
    """What the log of failures says: command, source, where, reason, count."""
    lines = (shop.zone.parent / "failures.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        tuple(json.loads(line)[name] for name in ("command", "source", "where", "reason", "count")) for line in lines
    ]


def check_refused(shop: Extraction, database: Database, mode: str, message: str) -> None:
    """One line that says so, and nothing landed."""
    before = deliveries(shop)
    with pytest.raises(UserError, match=message) as said:
        extract(load_source(SOURCE), database, mode, shop.slot)
    assert "\n" not in str(said.value)
    assert deliveries(shop) == before
    assert not (shop.zone / ".incoming").exists()


# ---------------------------------------------------------------- the command


def test_the_command_tells_what_it_found_for_people_and_for_machines(shop: Extraction) -> None:
    first = command(shop)
    assert (first.returncode, first.stderr) == (0, "")
    [head, names, *rows] = first.stdout.splitlines()
    [folder] = deliveries(shop)
    assert head.startswith(f"delivery {folder.name.removeprefix('delivery=')}, by compare, as of 2")
    assert names.split() == ["table", "source", "known", "new", "changed", "deleted"]
    assert [row.split() for row in rows] == [
        ["advertiser", "2", "2", "2", "0", "0"],
        ["campaign", "3", "3", "3", "0", "0"],
        ["impressions", "20", "20", "20", "0", "0"],
        ["clicks", "5", "5", "5", "0", "0"],
    ]
    shop.sql("update clicks set campaign_id = 3 where id = 1")
    second = command(shop, "--cdc", "--json")
    assert (second.returncode, second.stderr) == (0, "")
    document = json.loads(second.stdout)
    assert document["notes"] == []
    assert document["tables"][3] == {
        "table_name": "clicks", "mode": "cdc", "source_rows": 5, "known_rows": 5, "new_rows": 0, "changed_rows": 1,
        "deleted_rows": 0, "lag_bytes": 0, "is_reconciled": True,
    }  # fmt: skip
    assert deliveries(shop)[-1].name == f"delivery={document['delivery_id']}"
    third = command(shop, "--cdc")
    assert "0 bytes of log behind" in third.stdout
    assert {path.name for path in shop.zone.parent.iterdir()} >= {"ad_delivery", "ad_serving", "consent"}
    secret = conninfo.conninfo_to_dict(shop.database.conninfo)["password"]
    assert all(secret not in done.stdout + done.stderr for done in (first, second, third))


@pytest.mark.parametrize("arguments", [["--full", "--cdc"], ["--slot", "a-b"], ["--slot", ""], ["--slot", "x" * 64]])
def test_options_that_make_no_sense_are_refused(
    shop: Extraction, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in dsn_of(shop.database).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["extract_postgres", *arguments])
    with pytest.raises(SystemExit) as ended:
        extract_postgres.main()
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err
    assert not shop.zone.exists()


def test_source_and_deliveries_that_do_not_reconcile_are_an_error_after_the_delivery(shop: Extraction) -> None:
    assert command(shop, "--cdc").returncode == 0
    shop.sql("delete from clicks")
    [notes] = (shop.zone / ".known").glob("*.json")
    seen = {"snapshot": shop.value("select pg_current_snapshot()::text")}  # as if it had come before
    notes.write_text(json.dumps({**json.loads(notes.read_text()), **seen}))
    apart = command(shop, "--cdc", "--json")
    assert apart.returncode == 1
    assert apart.stderr == (
        "error: source and deliveries do not reconcile: clicks has 0 rows, 5 are known; run python -m "
        "scripts.extract_postgres ad_delivery --full\n"
    )
    document = json.loads(apart.stdout)
    assert [table["is_reconciled"] for table in document["tables"]] == [True, True, True, False]
    recorded = shop.landed("extractions", document["delivery_id"])
    assert [(row["source_rows"], row["known_rows"]) for row in recorded][-1] == (0, 5)
    assert failures_of(shop) == [("extract", SOURCE, "clicks", "has 0 rows, 5 are known", 5)]
    healed = command(shop, "--full", "--json")
    assert (healed.returncode, healed.stderr) == (0, "")
    assert shop.state("clicks") == []
    assert len(failures_of(shop)) == 1


def test_a_server_that_is_not_there_is_one_line(shop: Extraction) -> None:
    for arguments in ([], ["--cdc"], ["--full"]):
        done = command(shop, *arguments, POSTGRES_DSN="postgresql://somebody:secret@127.0.0.1:1/nothing")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("error: PostgreSQL at 127.0.0.1:1/nothing: ")
        assert "check POSTGRES_DSN" in done.stderr
        assert done.stderr.count("\n") == 1
        assert "secret" not in done.stderr
    assert deliveries(shop) == []
    noted = failures_of(shop)
    assert [(command, source, where) for command, source, where, _, _ in noted] == [("extract", SOURCE, SOURCE)] * 3
    assert all("PostgreSQL at 127.0.0.1:1/nothing: " in reason and "secret" not in reason for *_, reason, _ in noted)


def test_a_server_that_goes_away_in_the_middle_is_one_line(shop: Extraction) -> None:
    command(shop, "--cdc")
    shop.sql("delete from clicks where id = 1")
    for arguments in ([], ["--cdc"], ["--full"]):
        with shop.transaction() as other:
            other.execute("lock table clicks in access exclusive mode")
            running = subprocess.Popen(
                script("extract_postgres", *arguments, "--slot", shop.slot),
                cwd=PROJECT,
                env={**os.environ, **dsn_of(shop.database)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            wait_for(lambda: shop.value(f"select count(*) > 0 {WAITING}"), "it waits for the lock")
            shop.sql(f"select pg_terminate_backend(pid, 5000) {WAITING}")
        said, complaint = running.communicate(timeout=60)
        assert (running.returncode, said) == (1, "")
        assert complaint.startswith(f"error: PostgreSQL at {shop.database.address}: ")
        assert complaint.endswith("nothing is landed, run again once it is fixed\n")
        assert complaint.count("\n") == 1
    assert len(deliveries(shop)) == 1
    shop.check(shop.run("cdc"))


@pytest.mark.parametrize("mode", ["compare", "cdc"])
def test_sessions_that_end_at_any_statement_land_nothing(
    shop: Extraction, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    shop.run(mode)
    shop.sql("delete from clicks where id = 1")
    execute = psycopg.Cursor.execute
    for number in range(6, 40, 4):
        left = [number]

        def cut(
            cursor: psycopg.Cursor, *arguments: object, left: list[int] = left, **options: object
        ) -> psycopg.Cursor:
            left[0] -= 1
            if left[0] == 0:
                with psycopg.connect(shop.database.conninfo, autocommit=True) as killer:
                    execute(
                        killer.cursor(), "select pg_terminate_backend(%s, 5000)", [cursor.connection.info.backend_pid]
                    )
            return execute(cursor, *arguments, **options)

        before = deliveries(shop)
        with monkeypatch.context() as broken:
            broken.setattr(psycopg.Cursor, "execute", cut)
            try:
                extract(load_source(SOURCE), shop.database, mode, shop.slot)
            except psycopg.OperationalError as error:
                assert "terminat" in str(error)
        if left[0] > 0:
            break
        assert deliveries(shop) == before
        assert not (shop.zone / ".incoming").exists()
    assert number > 14
    shop.check(shop.run(mode))
    assert [row["operation"] for row in shop.landed("clicks") if row["id"] == 1] == ["upsert", "delete"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("alter table clicks rename campaign_id to campaign",
         "table clicks has no column campaign_id, it has id, campaign, created_at; nothing is landed"),
        ("alter table clicks drop column created_at", "table clicks has no column created_at, it has id, campaign_id;"),
        ("drop table clicks", "table clicks is missing; nothing is landed: restore it, or make the schema"),
        ("alter table clicks rename to click", "table clicks is missing; nothing is landed"),
        ("alter table clicks alter column created_at type timestamptz",
         "column clicks.created_at is timestamp with time zone, the declaration reads timestamp without time zone;"),
        ("alter table clicks drop constraint clicks_campaign_id_fkey, alter column campaign_id type text",
         "column clicks.campaign_id is text, the declaration reads integer or bigint or smallint;"),
        ("alter table clicks drop constraint clicks_pkey", "table clicks has no primary key id, rows cannot be told"),
        ("alter table clicks drop constraint clicks_pkey, add primary key (id, created_at)",
         "table clicks has no primary key id"),
    ],
)  # fmt: skip
def test_a_schema_that_is_not_the_contract_is_refused_before_anything_is_made(
    shop: Extraction, change: str, message: str
) -> None:
    shop.run()
    shop.sql(change)
    for mode in ("compare", "full", "cdc"):
        check_refused(shop, shop.database, mode, message)
    assert shop.sql("select from pg_replication_slots where slot_name = %s", shop.slot) == []
    assert shop.sql("select from pg_publication") == []


def test_a_schema_error_is_one_line_of_the_command(shop: Extraction) -> None:
    shop.sql("drop table impressions")
    done = command(shop)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {shop.database.address}: table impressions is missing; nothing is landed: restore it, or make the "
        "schema with python -m scripts.postgres --migrate ad_delivery\n"
    )


def test_deliveries_of_another_database_are_not_mixed_with_these(shop: Extraction, postgres: Embedded) -> None:
    shop.run("cdc")
    other = new_database(postgres)
    for mode in ("compare", "cdc"):
        check_refused(shop, other, mode, r"holds deliveries of another database than .*: set DUCKHOUSE_LANDING")
    with other.connect(autocommit=True) as connection:
        assert connection.execute("select from pg_publication").fetchall() == []
        connection.execute("insert into clicks (id) values (3)")
    moved = extract(load_source(SOURCE), other, "full", "unused")
    assert counts(moved) == {
        "advertiser": (0, 0, 2), "campaign": (0, 0, 3), "impressions": (0, 0, 20), "clicks": (0, 1, 4),
    }  # fmt: skip
    check_refused(shop, shop.database, "compare", "holds deliveries of another database")


def test_a_zone_that_cannot_be_written_is_one_line(shop: Extraction) -> None:
    shop.zone.parent.write_text("a file")
    done = command(shop)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {shop.zone}: Not a directory\n"


def test_two_runs_at_once_are_refused(shop: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = SnapshotReader._begin
    refused = []

    def begin_and_try(source: SnapshotReader) -> None:
        begin(source)
        with pytest.raises(UserError, match=r"another load is running on .*: wait for it to end") as said:
            shop.run()
        refused.append(said)

    monkeypatch.setattr(SnapshotReader, "_begin", begin_and_try)
    shop.run()
    assert len(refused) == 1


@pytest.mark.parametrize("change", ["truncate clicks", "alter table clicks add column note text"])
def test_somebody_who_waits_to_change_a_table_is_not_waited_for(
    shop: Extraction, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Else it were for ever: he waits for the session that holds the snapshot, that one for those that read."""
    shop.run()
    shop.sql("insert into clicks (campaign_id) values (1)")
    begin = SnapshotReader._begin
    changing = threading.Thread(target=shop.sql, args=[f"set lock_timeout = '20s'; {change}"])

    def begin_and_change(source: SnapshotReader) -> None:
        begin(source)
        changing.start()
        with psycopg.connect(shop.database.conninfo, autocommit=True) as other:
            while not other.execute("select count(*) from pg_locks where not granted").fetchone()[0]:
                assert changing.is_alive()

    with monkeypatch.context() as edited:
        edited.setattr(SnapshotReader, "_begin", begin_and_change)
        check_refused(shop, shop.database, "compare", "another session waits to change or truncate .*: run again")
    changing.join()
    shop.check(found := shop.run())
    assert len(shop.changes(found)["clicks"]) == (5 if "truncate" in change else 1)


def test_a_truncate_during_a_run_by_the_log_waits_for_its_end(
    shop: Extraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run("cdc")
    truncating = threading.Thread(target=shop.sql, args=["truncate clicks"])
    begin = SnapshotReader._begin
    begun = [True, False]

    def begin_and_truncate(source: SnapshotReader) -> None:
        begin(source)
        if begun.pop():
            truncating.start()

    with monkeypatch.context() as edited:
        edited.setattr(SnapshotReader, "_begin", begin_and_truncate)
        during = shop.run("cdc")
    assert shop.changes(during) == {}
    assert all(table.is_reconciled for table in during.tables)
    truncating.join()
    shop.check(found := shop.run("cdc"))
    assert counts(found) == {"clicks": (0, 0, 5)}


# ---------------------------------------------------------------- least privilege


@pytest.fixture
def reader(shop: Extraction) -> Iterator[Database]:
    """A user who may do nothing yet, as PUBLIC may."""
    shop.sql(f"create role {shop.slot}_reader login password 'reads'")
    yield shop.as_user(f"{shop.slot}_reader", "reads")
    shop.sql(f"drop owned by {shop.slot}_reader")
    shop.sql(f"drop role {shop.slot}_reader")


def test_comparing_needs_to_read_four_tables_and_no_more(shop: Extraction, reader: Database) -> None:
    for table in TABLES.split(", "):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match=f"permission denied for table {table}"):
            extract(load_source(SOURCE), reader, "compare", shop.slot)
        shop.sql(f"grant select on {table} to {shop.slot}_reader")
    shop.check(extract(load_source(SOURCE), reader, "compare", shop.slot))
    shop.sql("delete from clicks where id = 1")
    shop.check(extract(load_source(SOURCE), reader, "full", shop.slot))


def test_the_log_needs_replication_too_and_a_publication_of_the_owner(shop: Extraction, reader: Database) -> None:
    shop.sql(f"grant select on {TABLES} to {shop.slot}_reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for database"):
        extract(load_source(SOURCE), reader, "cdc", shop.slot)
    shop.sql(f"create publication {PUBLICATION} for table {TABLES}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied to use replication slots"):
        extract(load_source(SOURCE), reader, "cdc", shop.slot)
    shop.sql(f"alter role {shop.slot}_reader replication")
    shop.check(extract(load_source(SOURCE), reader, "cdc", shop.slot))
    shop.sql("update clicks set campaign_id = 3 where id = 1; delete from clicks where id = 2")
    shop.check(found := extract(load_source(SOURCE), reader, "cdc", shop.slot))
    assert (shop.changes(found), found.notes) == ({"clicks": [("upsert", 1), ("delete", 2)]}, [])


def test_a_missing_privilege_is_one_line_of_the_command(shop: Extraction, reader: Database) -> None:
    for arguments in ([], ["--cdc"]):
        done = command(shop, *arguments, **dsn_of(reader))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"error: PostgreSQL at {shop.database.address}: permission denied for table advertiser; nothing is landed, "
            "run again once it is fixed\n"
        )
    assert deliveries(shop) == []
