"""librdkafka's mock cluster: it speaks Kafka's protocol on a port of 127.0.0.1 from within this process, in memory.

It keeps about 5 MB per partition. It has no topic ids and no look-up by time, and shows aborted transactions to all
readers.
"""

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import confluent_kafka

from duckhouse.cli import UserError

BROKER = 1
_addresses: set[int] = set()
_PRODUCER = 0  # RD_KAFKA_PRODUCER of rdkafka.h


class MockCluster:
    """One broker. `bootstrap` is where it serves."""

    def __init__(self) -> None:
        self._library = _librdkafka()
        error = ctypes.create_string_buffer(512)
        settings = self._library.rd_kafka_conf_new()
        # its client has no brokers except those of the cluster, and would warn about that
        self._library.rd_kafka_conf_set(settings, b"log_level", b"0", error, len(error))
        self._client = self._library.rd_kafka_new(_PRODUCER, settings, error, len(error))
        if not self._client:
            raise UserError(f"librdkafka does not start: {error.value.decode()}")
        self._cluster = self._new_cluster()
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        self.bootstrap: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def make_topic(self, name: str, partitions: int) -> None:
        self._do("topic_create", name.encode(), partitions, 1, what=f"topic {name}")

    def delete_topic(self, name: str) -> None:
        self._do("topic_delete", name.encode(), what=f"topic {name}")

    def forget(self, name: str, partition: int, before: int) -> None:
        self._do("partition_delete_records", name.encode(), partition, before, what=f"partition {partition} of {name}")

    def stop(self) -> None:
        self._do("broker_set_down", BROKER, what="the mock cluster")

    def start(self) -> None:
        self._do("broker_set_up", BROKER, what="the mock cluster")

    def close(self) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)

    def _new_cluster(self) -> int:
        """A cluster with an id that is new in this process: librdkafka derives the id from the cluster's address."""
        refused = []
        while (cluster := self._library.rd_kafka_mock_cluster_new(self._client, 1)) in _addresses:
            refused.append(cluster)
        for other in refused:
            self._library.rd_kafka_mock_cluster_destroy(other)
        _addresses.add(cluster)
        return cluster

    def _do(self, name: str, *arguments: bytes | int, what: str) -> None:
        code = getattr(self._library, f"rd_kafka_mock_{name}")(self._cluster, *arguments)
        if code:
            raise UserError(f"{what}: {confluent_kafka.KafkaError(code).str()}")


@contextmanager
def mock_cluster() -> Iterator[MockCluster]:
    """A cluster that serves while the block runs. Its messages are lost with it."""
    cluster = MockCluster()
    try:
        yield cluster
    finally:
        cluster.close()


def _librdkafka() -> ctypes.CDLL:
    """The library that confluent-kafka brings along, as https://github.com/confluentinc/librdkafka declares it in
    rdkafka.h and rdkafka_mock.h.
    """
    home = Path(confluent_kafka.__file__).parent
    found = [*home.with_name("confluent_kafka.libs").glob("librdkafka*"), *home.glob(".dylibs/librdkafka*")]
    path = str(found[0]) if found else ctypes.util.find_library("rdkafka")
    if not path:
        raise UserError("confluent-kafka is there without librdkafka, which has the mock cluster: install the wheel")
    library = ctypes.CDLL(path)
    pointer, text, number, offset = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int64
    size = ctypes.c_size_t
    for name, returned, taken in (
        ("conf_new", pointer, []),
        ("conf_set", number, [pointer, text, text, text, size]),
        ("new", pointer, [number, pointer, text, size]),
        ("destroy", None, [pointer]),
        ("mock_cluster_new", pointer, [pointer, number]),
        ("mock_cluster_destroy", None, [pointer]),
        ("mock_cluster_bootstraps", text, [pointer]),
        ("mock_group_initial_rebalance_delay_ms", None, [pointer, ctypes.c_int32]),
        ("mock_topic_create", number, [pointer, text, number, number]),
        ("mock_topic_delete", number, [pointer, text]),
        ("mock_partition_delete_records", number, [pointer, text, ctypes.c_int32, offset]),
        ("mock_broker_set_down", number, [pointer, ctypes.c_int32]),
        ("mock_broker_set_up", number, [pointer, ctypes.c_int32]),
    ):
        function = getattr(library, f"rd_kafka_{name}")
        function.restype, function.argtypes = returned, taken
    return library
