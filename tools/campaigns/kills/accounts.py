"""What must hold after a campaign over all commands: a line for each failed check.

Incoming files, objects, rows and messages are counted again, by code that is independent of the loader. Builds are
compared with builds from scratch, and the two engines with each other.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from pathlib import Path
from shutil import rmtree

import duckdb

from duckhouse import duck
from duckhouse.dbt_plugin.published import PUBLISHED_SCHEMAS
from duckhouse.landing.manifest import Delivery, expected_rows, iso, moment_of
from duckhouse.landing.zone import INCOMING, Zone
from duckhouse.settings import published_beside
from duckhouse.sources import load_source, sources
from duckhouse.warehouse import dumps, push
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.parity import compare_all, describe, published_models
from tools.campaigns.forks import Launch
from tools.campaigns.kills.arrivals import END, FIRST
from tools.campaigns.kills.kinds import BUILT, KINDS, SELECTED
from tools.campaigns.kills.rows_of_stores import of_database, of_lake_and_store
from tools.campaigns.kills.world import BESIDE, CampaignWorld

STAGED_AND_PUBLISHED = ("staging", *PUBLISHED_SCHEMAS)


def accounts(made: CampaignWorld, kinds: Collection[str]) -> Iterator[str]:
    """Everything that the campaign's commands touch. Raises Broken if a command that it runs fails."""
    made.run(Launch("land", ("--prepare",)))  # clears the remains of a stopped round
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        for name in sources():
            yield from _zone(connection, name)
        yield from _drops(made)
        yield from _objects(made)
        yield from _as_landed_clean(connection, made)
    if {"extract", "cdc"} & set(kinds):
        yield from of_database(made)
    if made.come("messages"):
        made.run(Launch("land_stream", ("telemetry",)))
        if "migrate" in kinds:
            made.run(Launch("migrate", ("telemetry", "--from", str(FIRST), "--to", str(END))))
        yield from of_lake_and_store(made, is_migrated="migrate" in kinds)
    if {"push", "publish", "build_prod"} & set(kinds):
        yield from _pushed(made)
    if {"build_dev", "build_prod", "publish"} & set(kinds):
        yield from _built(made, with_prod="build_prod" in kinds or "publish" in kinds)


def deliveries(source: str) -> list[Delivery]:
    return Zone(load_source(source)).deliveries()


# ---------------------------------------------------------------- landing


def _zone(connection: duckdb.DuckDBPyConnection, source: str) -> Iterator[str]:
    """Each file of a manifest has the stated number of rows, each row has its own position, and there is nothing
    else."""
    path = Zone(load_source(source)).path
    if (path / INCOMING).exists():
        yield f"{path / INCOMING}: left behind"
    landed, rejected = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for delivery in deliveries(source):
        for file in delivery.files:
            if file.records_read != file.records_landed + file.records_rejected + file.records_blank:
                yield f"{source} {delivery.id} {file.name}: its records do not add up"
            landed[file.entity, delivery.id, file.name] += file.records_landed
            rejected[delivery.id, file.name] += file.records_rejected
    for entity in load_source(source).entities:
        meant = {key[1:]: count for key, count in landed.items() if key[0] == entity.name and count}
        yield from _apart(f"{source}.{entity.name}", _counts(connection, path / "*" / entity.name), meant)
    found = _counts(connection, path / "*" / "_rejected")
    yield from _apart(f"{source}._rejected", found, {key: count for key, count in rejected.items() if count})


def _counts(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[tuple[str, ...], int]:
    """Rows by delivery and file; a repeated position is subtracted."""
    if not any(Path(folder.anchor).glob(f"{folder.relative_to(folder.anchor)}/*.parquet")):
        return {}
    rows = connection.execute(
        "select _delivery_id, _source_file, 2 * count(distinct _source_row) - count(*) from "
        f"read_parquet({duck.literal(folder / '*.parquet')}, union_by_name = true) group by all"
    ).fetchall()
    return {tuple(key): count for *key, count in rows}


def _drops(made: CampaignWorld) -> Iterator[str]:
    """Each file of each drop is once in the delivery of its time, with all its records."""
    meant = Counter(
        (source, iso(moment), name, sha256, records)
        for source, _, at, files in made.come("drops")
        if (moment := moment_of(at))
        for name, (sha256, records) in files.items()
    )
    found = Counter(
        (source, iso(delivery.delivered_at), file.name, file.sha256, file.records_read - file.records_blank)
        for source in ("consent", "ad_serving")
        for delivery in deliveries(source)
        for file in delivery.files
    )
    yield from _apart("drops", found, meant)


def _objects(made: CampaignWorld) -> Iterator[str]:
    """Each state of an object is in one delivery."""
    meant = Counter((key, sha256, records) for key, sha256, records in made.come("objects"))
    found = Counter(
        (file.name, file.sha256, file.records_read - file.records_blank)
        for delivery in deliveries("reviews")
        for file in delivery.files
    )
    yield from _apart("objects", found, meant)


def _as_landed_clean(connection: duckdb.DuckDBPyConnection, made: CampaignWorld) -> Iterator[str]:
    """Landing has the same files and rows as without kills."""
    clean = made.path("clean-landing")
    rmtree(clean, ignore_errors=True)
    for source, folder, at, _ in made.come("drops"):
        start = Launch("land", (source, folder, "--delivered-at", at))
        made.run(start, DUCKHOUSE_LANDING=str(clean), DUCKHOUSE_FAILURES=str(clean / "failures.jsonl"))
    for source in ("consent", "ad_serving") if made.come("drops") else ():
        ours = Zone(load_source(source)).path
        theirs = clean / source
        kept, wanted = ({p.relative_to(zone): p.read_text() for p in zone.rglob("*.json")} for zone in (ours, theirs))
        yield from _apart(f"{source}: manifests", kept, wanted)
        for entity in (*(entity.name for entity in load_source(source).entities), "_rejected", "_files"):
            queries = [
                f"from read_parquet({duck.literal(zone / '*' / entity / '*.parquet')}, union_by_name = true)"
                for zone in (ours, theirs)
            ]
            if list(theirs.glob(f"*/{entity}/*.parquet")):
                more, less, rows = dumps.count_differences(connection, *queries)
                if more or less:
                    yield f"{source}.{entity}: of {rows:,} rows of a clean run {less:,} are missing, {more:,} too many"


# ---------------------------------------------------------------- both engines


def _pushed(made: CampaignWorld) -> Iterator[str]:
    """Raw tables have what manifests say, and nothing of killed pushes stays longer than promised."""
    names = ("ad_serving", *BUILT)
    made.run(Launch("push", names))
    client = connect()
    push.HOURS_KEPT = 0
    push.push(names)
    for source in names:
        tables = push.create_tables(client, source, f"raw_{source}")
        held = {key: rows for key, rows in push.rows_held(client, f"raw_{source}", tables).items() if rows}
        meant = {
            (table, delivery.id): rows
            for delivery in deliveries(source)
            for table, rows in expected_rows(delivery).items()
            if rows
        }
        yield from _apart(f"raw_{source}", held, meant)
    left = client.query("select database, name from system.tables where startsWith(name, '_pushed_')").result_rows
    yield from (f"{database}.{name}: left behind" for database, name in left)


def _built(made: CampaignWorld, *, with_prod: bool) -> Iterator[str]:
    """DuckDB is what a build from scratch makes, and ClickHouse equals DuckDB."""
    build = KINDS["build_dev"]
    words = ["dev", *SELECTED]
    database = Path(made.settings["DUCKHOUSE_DUCKDB"])
    made.run(build.start(words))
    with duckdb.connect(str(database), read_only=True) as connection:
        yield from (f"{name}: left behind on DuckDB" for name in _left_by_dbt(connection))
    for stage in ("mended", "clean"):
        rmtree(made.path(stage), ignore_errors=True)
        made.run(build.start(words))
        dumps.dump(made.path(stage), "dev", STAGED_AND_PUBLISHED)
        if stage == "mended":
            database.rename(made.path("mended.duckdb"))
    yield from dumps.compare(made.path("mended"), made.path("clean"), {})
    yield from _published(database)
    if with_prod:
        made.run(Launch("build_prod", ("prod", *SELECTED)), CLICKHOUSE_PREFIX=BESIDE)
        made.run(Launch("publish"))
        built = {path.stem for path in made.path("clean").glob("*.parquet")}
        results = compare_all([model for model in published_models() if model.name in built])
        yield from chain.from_iterable(describe(result) for result in results if not result["equal"])


def _published(database: Path) -> Iterator[str]:
    """Readers see what is built, and there are no other files next to it."""
    copy = published_beside(database)
    yield from (f"{path}: left behind" for path in copy.parent.iterdir() if path != copy)
    yield from (f"published copy: {line}" for line in dumps.compare_copy(database, copy))


def _left_by_dbt(connection: duckdb.DuckDBPyConnection) -> Iterable[str]:
    rows = connection.execute("select table_name from information_schema.tables where table_name like '%\\_\\_dbt\\_%'")
    return [name for (name,) in rows.fetchall()]


def _apart(what: str, found: object, meant: object) -> Iterator[str]:
    """A line where two counts differ."""
    if found == meant:
        return
    there, wanted = (set(dict(side).items()) for side in (found, meant))  # type: ignore[call-overload]
    more, less = sorted(there - wanted, key=str), sorted(wanted - there, key=str)
    yield f"{what}: {len(more)} too many or other (as {more[:2]}), {len(less)} missing or other (as {less[:2]})"
