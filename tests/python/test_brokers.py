"""The brokers of our own: what they hold is there after they were away, and what cannot be is one line."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from duckhouse.cli import UserError
from duckhouse.settings import PROJECT
from support.broker import new_topic
from tools.brokers import LocalBroker, jars
from tools.brokers.apache import Apache, apache
from tools.brokers.mock import mock_cluster

SECONDS = 30
QUICK = {"log_level": 0, "reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 200}


@pytest.fixture(params=["mock", "apache"])
def broker(request: pytest.FixtureRequest) -> LocalBroker:
    return request.getfixturevalue(request.param)


def send(broker: LocalBroker, topic: str, *values: bytes, partition: int = 0) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap, **QUICK})
    for value in values:
        producer.produce(topic, value, partition=partition)
    assert producer.flush(SECONDS) == 0


def received(broker: LocalBroker, topic: str, count: int, partition: int = 0) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "test", **QUICK})
    consumer.assign([TopicPartition(topic, partition, 0)])
    try:
        return [message.value() for message in consumer.consume(count, SECONDS)]
    finally:
        consumer.close()


def partitions(broker: LocalBroker, topic: str) -> int:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "test", **QUICK})
    try:
        return len(consumer.list_topics(topic, SECONDS).topics[topic].partitions)
    finally:
        consumer.close()


def test_a_topic_has_the_partitions_that_were_asked_for(broker: LocalBroker) -> None:
    assert [partitions(broker, new_topic(broker, count)) for count in (1, 3)] == [1, 3]


def test_what_a_topic_holds_is_there_when_the_broker_comes_back(broker: LocalBroker) -> None:
    topic, address = new_topic(broker, 2), broker.bootstrap
    send(broker, topic, b"before", partition=1)
    broker.stop()
    away = Consumer({"bootstrap.servers": address, "group.id": "test", **QUICK})
    with pytest.raises(Exception, match=r"_TRANSPORT|_TIMED_OUT"):
        away.list_topics(timeout=0.5)
    away.close()
    broker.start()
    send(broker, topic, b"after", partition=1)
    assert broker.bootstrap == address
    assert received(broker, topic, 2, partition=1) == [b"before", b"after"]


def test_a_topic_made_anew_is_empty(broker: LocalBroker) -> None:
    topic = new_topic(broker)
    send(broker, topic, b"old")
    broker.delete_topic(topic)
    broker.make_topic(topic, 1)
    send(broker, topic, b"new")
    assert received(broker, topic, 1) == [b"new"]


def test_a_topic_that_is_there_cannot_be_made(broker: LocalBroker) -> None:
    topic = new_topic(broker)
    with pytest.raises(UserError, match=f"^topic {topic}: .*already exists"):
        broker.make_topic(topic, 1)


def test_a_topic_of_apache_has_an_id_of_its_own(apache: Apache) -> None:
    topic = new_topic(apache)
    first = apache.topic_id(topic)
    apache.delete_topic(topic)
    apache.make_topic(topic, 1)
    assert apache.topic_id(topic) != first


def test_partitions_are_added(apache: Apache) -> None:
    topic = new_topic(apache, 1)
    apache.add_partitions(topic, 3)
    send(apache, topic, b"there", partition=2)
    assert received(apache, topic, 1, partition=2) == [b"there"]


def test_a_broker_forgets_what_it_is_told_to(broker: LocalBroker) -> None:
    topic = new_topic(broker)
    send(broker, topic, b"0", b"1", b"2")
    broker.forget(topic, 0, 2)
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "test"})
    assert consumer.get_watermark_offsets(TopicPartition(topic, 0), SECONDS) == (2, 3)
    consumer.close()


def test_no_two_mock_clusters_of_a_process_have_the_same_id() -> None:
    ids = set()
    for _ in range(5):
        with mock_cluster() as cluster:
            ids.add(Producer({"bootstrap.servers": cluster.bootstrap}).list_topics(timeout=SECONDS).cluster_id)
    assert len(ids) == 5


def test_a_taken_port_is_named(apache: Apache, tmp_path: Path) -> None:
    port = int(apache.bootstrap.rpartition(":")[2])
    with pytest.raises(UserError, match=f"does not start on port {port}: .+ in use"), other(tmp_path, port):
        pass


other = apache


@pytest.mark.parametrize(
    ("told", "said"),
    [(None, "there is no java"), ("17.0.1", None), ("11.0.2", "java is 11"), ("none", "does not tell one")],
)
def test_a_machine_without_java_17_is_told(
    told: str | None, said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if told:
        java = tmp_path / "java"
        java.write_text(f"#!/bin/sh\necho 'openjdk version \"{told}\"' >&2\n")
        java.chmod(0o755)
    monkeypatch.setattr(jars, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(tmp_path) if told != "17.0.1" else f"{tmp_path}:{no_maven(tmp_path)}")
    assert (said or "there is no mvn") in str(jars.unavailable())


def no_maven(folder: Path) -> Path:
    """A folder with the shell, without Maven."""
    folder = folder / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to(shutil.which("sh") or "/bin/sh")
    return folder


def test_what_maven_says_is_told_and_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("java", "echo 'version \"21\"' >&2"), ("mvn", "echo '[ERROR] no such host'; exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(jars, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert jars.unavailable() == "Maven cannot get Apache Kafka: [ERROR] no such host"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


def test_the_command_serves_the_mock_cluster_until_it_is_stopped() -> None:
    command = [sys.executable, "-m", "tools.kafka", "--mock"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        greeting = process.stdout.readline()
        address = greeting.partition(" at ")[2].partition(",")[0]
        assert greeting == f"librdkafka's mock cluster at {address}, in memory (--mock)\n"
        producer = Producer({"bootstrap.servers": address})
        assert producer.list_topics(timeout=SECONDS).brokers
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0


def test_the_mock_cluster_takes_no_port() -> None:
    command = [sys.executable, "-m", "tools.kafka", "--mock", "--port", "19092"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: --port 19092: the mock cluster chooses its port (--mock)\n"
