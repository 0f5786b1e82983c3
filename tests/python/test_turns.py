"""Of the runs on one prefix, from whatever machines, one goes on at a time."""

import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from queue import Queue

import pytest
from clickhouse_connect.driver.client import Client

from duckhouse import cli, turns
from duckhouse.turns import Ask, Turn
from duckhouse.warehouse.connection import asking, connect
from support.warehouse import Warehouse

NO_PROCESS = 2**22 + 1


@pytest.fixture
def client(shared_house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    for name, value in {**shared_house.env, "CLICKHOUSE_PREFIX": "shop"}.items():
        monkeypatch.setenv(name, value)
    with connect() as connected:
        yield connected
        connected.command("drop database if exists shop_runs sync")


def turn() -> AbstractContextManager[Turn]:
    return turns.turn("shop", asking)


def make_run(client: Client, number: int, holder: str) -> None:
    client.command("create database if not exists shop_runs")
    client.command(f"create table shop_runs.run_{number} (x Bool) engine = MergeTree order by () comment '{holder}'")


def test_one_run_at_a_time(client: Client) -> None:
    with turn(), pytest.raises(cli.UserError, match=rf"another run is working \(process {os.getpid()} on "):
        turn().__enter__()
    with turn() as second:
        assert second.number == 2
    [(left,)] = client.query("select name from system.tables where database = 'shop_runs'").result_rows
    assert left == "run_2"


@pytest.mark.parametrize(
    ("holder", "is_over"),
    [
        (f"process {NO_PROCESS} on {socket.gethostname()}", True),  # no process has such a number
        (f"process {os.getpid()} on {socket.gethostname()}", False),
        (f"process {NO_PROCESS} on elsewhere", False),
    ],
    ids=["dead", "alive", "elsewhere"],
)
def test_a_run_that_was_killed_is_over_at_once_where_that_can_be_seen(
    client: Client, holder: str, is_over: bool
) -> None:
    make_run(client, 7, holder)
    if is_over:
        with turn() as own:
            assert own.number == 8
    else:
        with pytest.raises(cli.UserError, match="another run is working"):
            turn().__enter__()


def test_a_run_without_a_sign_for_long_is_over(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(client, 7, "process 1 on elsewhere")
    monkeypatch.setattr(turns, "SECONDS_OF_SILENCE", 0)
    with turn() as own:
        assert own.number == 8


def test_a_run_gives_signs(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SECONDS_BETWEEN_SIGNS", 0.01)
    signs: Queue[str] = Queue()

    @contextmanager
    def listened() -> Iterator[Ask]:
        with asking() as ask:
            yield lambda sql: (ask(sql), signs.put(sql))[0]

    with turns.turn("shop", listened) as own:
        statement = ""
        while not statement.startswith(f"alter table {own.table} modify comment 'process "):
            statement = signs.get(timeout=60)


def test_a_run_that_slept_publishes_nothing(client: Client) -> None:
    with turn() as own:
        make_run(client, own.number + 1, "process 1 on elsewhere")
        with pytest.raises(cli.UserError, match="another run began while this one gave no sign"):
            own.check()


def test_of_two_that_begin_at_once_one_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both saw that no run goes on, and the other one made its table first."""
    plain = turns.last_run
    seen = [None]
    monkeypatch.setattr(turns, "last_run", lambda *of: seen.pop() if seen else plain(*of))
    make_run(client, 1, "process 1 on elsewhere")
    with pytest.raises(cli.UserError, match=r"another run is working \(process 1 on elsewhere\)"):
        turn().__enter__()
