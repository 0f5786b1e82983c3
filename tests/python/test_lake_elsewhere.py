"""The lake in a bucket, and its catalog in PostgreSQL."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL

from duckhouse.cli import UserError
from duckhouse.embedded.postgres import Embedded
from duckhouse.streaming.lake.maintenance import maintain
from duckhouse.streaming.sink import Overtaken
from support.bucket import BUCKET, SECRET, Bucket
from support.lake import NOON, ONE, ZERO, lake, places, rows
from tools.campaigns.kills.buckets import endpoint


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with endpoint() as url:
        yield url


@pytest.fixture
def bucket(url: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    known = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "AKIDOFTHELAKE0000001", "AWS_SECRET_ACCESS_KEY": SECRET}
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    return Bucket(url)


@pytest.fixture
def catalog(postgres: Embedded) -> str:
    known = postgres.parameters("postgres")
    address = URL.create("postgresql", known["user"], known["password"], known["host"], int(known["port"]), "postgres")
    return address.render_as_string(hide_password=False)


def test_a_bucket_and_postgres_hold_a_lake(bucket: Bucket, catalog: str, postgres: Embedded, tmp_path: Path) -> None:
    where = {"DUCKHOUSE_LAKE": f"s3://{BUCKET}/lake", "DUCKHOUSE_LAKE_CATALOG": catalog}
    with lake(tmp_path, **where) as first, lake(tmp_path, **where) as second:
        first.write(rows([0, 1], invalid=[1]), {}, {ZERO: 2})
        second.write(rows([5], ONE), {}, {ONE: 6})
        with pytest.raises(Overtaken):
            second.write(rows([0]), {}, {ZERO: 1})
        assert first.repair(rows([1])) == 1
        bucket.put("lake/telemetry/readings/data/stray.parquet", b"")
        for days in (2, 3, 4):
            done = maintain(first.table, NOON + timedelta(days=days))
        assert done.rewritten == 0
        assert (places(second), second.offsets()) == ([(0, 0), (0, 1), (1, 5)], {ZERO: 2, ONE: 6})
    listed = bucket.client.list_objects_v2(Bucket=BUCKET)["Contents"]
    keys = [each["Key"] for each in listed]
    assert not [key for key in keys if "stray" in key]
    secrets = [SECRET.encode(), postgres.password.encode()]
    for key in keys:
        body = bucket.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert not [secret for secret in secrets if secret in body], key


def test_a_bucket_that_is_not_there_is_told_in_one_line(bucket: Bucket, tmp_path: Path) -> None:
    where = {"DUCKHOUSE_LAKE": "s3://no-such-bucket/lake", "DUCKHOUSE_LAKE_CATALOG": f"sqlite:///{tmp_path}/catalog.db"}
    with pytest.raises(UserError, match="no-such-bucket") as told, lake(tmp_path, **where):
        pass
    assert "\n" not in str(told.value)
    assert SECRET not in str(told.value)
