"""Apache Kafka on this machine: one node that is broker and controller (KRaft), without passwords, on 127.0.0.1."""

import socket
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from duckhouse.cli import UserError
from tools.brokers import HOST
from tools.brokers.jars import jars

SECONDS_TO_START = 60
SECONDS_TO_STOP = 60
SECONDS_TO_CHANGE = 30
SECONDS_BETWEEN_LOOKS = 0.02
ATTEMPTS = 3
HEAP = "-Xmx256m"
# a small machine: only the quick compiler, and a garbage collector without its own threads
JVM = (HEAP, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
LOGGING = Path(__file__).with_name("log4j2.properties")
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    # a node that was killed comes back when its session has ended
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "500",
    # messages stay, whatever their time; a topic with its own retention time loses old ones at once
    "log.retention.ms": "-1",
    "log.initial.task.delay.ms": "0",
    "log.retention.check.interval.ms": "200",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "num.network.threads": "1",
    "num.io.threads": "2",
}


class Apache:
    """A node and its folder: server.properties, data, log."""

    def __init__(self, folder: Path, port: int | None) -> None:
        self.folder = folder
        self.log = folder / "log"
        self._programs = jars()
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._admin: AdminClient | None = None

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self._port}"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Raises UserError, with the last line of its log, where the node does not start."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        chosen = self._port
        for attempt in range(1, ATTEMPTS + 1):
            self._port = chosen or _free_port()
            self._launch()
            if self._answers():
                return
            if chosen or attempt == ATTEMPTS:
                break
        port, self._port = self._port, chosen
        raise UserError(f"Apache Kafka does not start on port {port}: {_reason(self.log)} (see {self.log})")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._end()

    def kill(self) -> None:
        """Stops it as a loss of power does."""
        if self._process:
            self._process.kill()
            self._end()

    def make_topic(self, name: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        topic = NewTopic(name, partitions, 1, config=dict(config or {}))
        self._change(self._client().create_topics([topic])[name], f"topic {name}")
        self._wait(lambda: len(self._partitions(name)) == partitions, f"topic {name} with {partitions} partitions")

    def delete_topic(self, name: str) -> None:
        self._change(self._client().delete_topics([name])[name], f"topic {name}")
        self._wait(lambda: not self._partitions(name), f"topic {name} gone")

    def add_partitions(self, name: str, total: int) -> None:
        """Gives a topic this many partitions, which exist when this returns."""
        self._change(self._client().create_partitions([NewPartitions(name, total)])[name], f"topic {name}")
        self._wait(lambda: len(self._partitions(name)) == total, f"topic {name} with {total} partitions")

    def forget(self, name: str, partition: int, before: int) -> None:
        place = TopicPartition(name, partition, before)
        [answer] = self._client().delete_records([place]).values()
        self._change(answer, f"partition {partition} of {name}")

    def topic_id(self, name: str) -> str:
        [described] = self._client().describe_topics(TopicCollection([name])).values()
        return str(described.result(SECONDS_TO_CHANGE).topic_id)

    def _launch(self) -> None:
        properties = self._written_settings()
        if not (self.folder / "data" / "meta.properties").exists():
            cluster = urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
            self._format(cluster, properties)
        with self.log.open("wb") as log:
            command = self._command("kafka.Kafka", str(properties))
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _written_settings(self) -> Path:
        """server.properties; the controller's port is a free one each time, because nothing else needs it."""
        controller = f"{HOST}:{_free_port()}"
        settings = SETTINGS | {
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.quorum.voters": f"1@{controller}",
            "log.dirs": str(self.folder / "data"),
        }
        path = self.folder / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return path

    def _command(self, *words: str) -> list[str]:
        return ["java", *JVM, f"-Dlog4j2.configurationFile={LOGGING}", "-cp", f"{self._programs}/*", *words]

    def _format(self, cluster: str, properties: Path) -> None:
        words = ("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", f"--config={properties}")
        done = subprocess.run(self._command(*words), capture_output=True, text=True)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise UserError(f"Apache Kafka cannot use {self.folder}: {said[-1] if said else 'it says nothing'}")

    def _answers(self) -> bool:
        """Whether the node came up. One that did not has been stopped."""
        cluster, deadline = self._cluster_id(), monotonic() + SECONDS_TO_START
        while self.is_running and monotonic() < deadline:
            try:
                answered = self._client().list_topics(timeout=0.5)
            except KafkaException:
                continue
            if answered.cluster_id == cluster:
                return True
            sleep(SECONDS_BETWEEN_LOOKS)  # another process has the port: this one is about to end
        self.kill()
        self._admin = None
        return False

    def _cluster_id(self) -> str:
        lines = (self.folder / "data" / "meta.properties").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)["cluster.id"]

    def _end(self) -> None:
        process, self._process = self._process, None
        if process:
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _client(self) -> AdminClient:
        if self._admin is None:
            quiet = {"log_level": 0, "reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 200}
            self._admin = AdminClient({"bootstrap.servers": self.bootstrap, **quiet})
        return self._admin

    def _partitions(self, name: str) -> list[int]:
        """The partitions of a topic that have a leader."""
        topic = self._client().list_topics(timeout=SECONDS_TO_CHANGE).topics.get(name)
        return [number for number, state in topic.partitions.items() if state.leader >= 0] if topic else []

    def _change(self, answer, what: str) -> None:
        try:
            answer.result(SECONDS_TO_CHANGE)
        except KafkaException as error:
            raise UserError(f"{what}: {error.args[0].str()}") from None

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        deadline = monotonic() + SECONDS_TO_CHANGE
        while not holds():
            if monotonic() > deadline:
                raise UserError(f"{what}: not so after {SECONDS_TO_CHANGE} seconds (see {self.log})")
            sleep(SECONDS_BETWEEN_LOOKS)


@contextmanager
def apache(folder: Path, port: int | None = None) -> Iterator[Apache]:
    """A node that serves on `port` (a free one where it is None) while the block runs; its data stay in `folder`.

    Raises UserError where Apache Kafka is not available, or does not start.
    """
    node = Apache(folder.resolve(), port)
    node.start()
    try:
        yield node
    finally:
        node.stop()


def _reason(log: Path) -> str:
    """What the log says about the first error."""
    lines = log.read_text(errors="replace").strip().splitlines()
    errors = [line.partition(" ERROR ")[2] for line in lines if " ERROR " in line] or lines[-1:]
    return errors[0] if errors else "it says nothing"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
    return port
