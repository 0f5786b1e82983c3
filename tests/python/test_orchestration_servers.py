"""make orchestrate for real: the page, the daemon and the processes of runs, asked by GraphQL as the page does."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest

from duckhouse.dbt_plugin.code import fingerprint
from duckhouse.settings import PROJECT, environment
from support.ticking import manifest

SECONDS = 300
PASSWORD = "of the tests"
SIGNED_IN = {"Authorization": f"Basic {base64.b64encode(f'anna:{PASSWORD}'.encode()).decode()}"}
EVENT = '{"event_id": "a", "event_type": "impression", "timestamp": "2026-01-09T00:00:00Z", "publisher_id": 1}\n'
PIPELINE = "inflows: [{name: drops, source: ad_serving, kind: folder, place: drop}]\n"


class Page:
    """The page of Dagster."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, query: str) -> Any:
        """The answer; None while nothing answers."""
        try:
            return json.loads(self.send(query, SIGNED_IN))["data"]
        except (urllib.error.URLError, OSError):
            return None

    def send(self, query: str, headers: dict[str, str]) -> bytes:
        body = json.dumps({"query": query}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"Content-Type": "application/json", **headers}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return bytes(answer.read())

    def refuses(self, headers: dict[str, str]) -> int:
        """The status with which it refuses what a page would ask for with these headers."""
        with pytest.raises(urllib.error.HTTPError) as refused:
            self.send("{ version }", headers)
        return refused.value.code

    def until(self, query: str, holds: Callable[[Any], Any]) -> Any:
        deadline, pause = monotonic() + SECONDS, Event()
        while True:
            answer = self.ask(query)
            if answer is not None and holds(answer):
                return answer
            assert monotonic() < deadline, answer
            pause.wait(0.5)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    (tmp_path / "drop" / "events").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "DUCKHOUSE_PIPELINE": str(tmp_path / "pipeline.yml"),
        "DUCKHOUSE_LANDING": str(tmp_path / "landing"),
        "DUCKHOUSE_DUCKDB": str(tmp_path / "house.duckdb"),
        "DUCKHOUSE_ORCHESTRATION": str(tmp_path / "dagster"),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
        "DUCKHOUSE_PAGE_PASSWORD": PASSWORD,
    }
    with environment(settings):
        kept = tmp_path / "target" / "orchestration" / f"manifest_{fingerprint(PROJECT)[:16]}.json"
        kept.parent.mkdir(parents=True)
        kept.write_text(json.dumps(manifest()))
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.orchestrate", "--port", str(port)],
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield Page(port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        finally:
            stop_session(process.pid)


def stop_session(leader: int) -> None:
    """Ends what runs have started, such as a build."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def test_the_daemon_lands_what_comes_and_the_page_shows_it(page: Page, tmp_path: Path) -> None:
    found = page.until("{ assetNodes { assetKey { path } groupName } }", lambda answer: answer["assetNodes"])
    groups = {"/".join(node["assetKey"]["path"]): node["groupName"] for node in found["assetNodes"]}
    assert page.refuses({}) == 401
    assert page.refuses(SIGNED_IN | {"Origin": "http://evil.example"}) == 403
    assert page.refuses(SIGNED_IN | {"Host": f"rebound.example:{page.port}"}) == 403
    assert groups["inflows/drops"] == groups["landing/ad_serving/events"] == groups["dev/marts/fct_ad_events"]
    (tmp_path / "drop" / "events" / "2026-01-09.jsonl").write_text(EVENT)
    query = '{ runsOrError(filter: {pipelineName: "bring_drops"}) { ... on Runs { results { status } } } }'
    page.until(query, lambda answer: [run["status"] for run in answer["runsOrError"]["results"]] == ["SUCCESS"])
    assert len(list((tmp_path / "landing" / "ad_serving").glob("delivery=2*"))) == 1
    query = '{ assetNodeOrError(assetKey: {path: ["landing", "ad_serving", "events"]}) { ... on AssetNode '
    page.until(
        query + "{ partitionKeys } } }", lambda answer: answer["assetNodeOrError"]["partitionKeys"] == ["2026-01-09"]
    )
