"""The figures of a run as Prometheus metrics, on a port while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from duckhouse.cli import UserError
from duckhouse.streaming.summary import Summary

LABELS = ("source", "entity")


class _Figures(Collector):
    """Reads the summary, which another thread writes, at each request."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary

    def collect(self) -> Iterator[Metric]:
        summary = self._summary
        outcomes = {"valid": summary.valid, **dict(summary.invalid)}
        yield self._counter("messages", "Messages that both stores have, by outcome.", outcomes, "outcome")
        yield self._counter("rows_written", "Rows that were written, by store.", dict(summary.written), "store")
        yield self._counter("batches", "Batches that both stores have.", {"": summary.batches})
        yield self._counter("late", "Readings that came late.", {"": summary.late})
        yield self._counter("early", "Readings whose time was ahead of their message.", {"": summary.early})
        yield self._counter("duplicates", "Readings that the store had already.", {"": summary.duplicates})
        yield self._counter("conflicts", "Readings that the store had with other values.", {"": summary.conflicts})
        yield self._counter("lost", "Messages that Kafka deleted before they were read.", {"": summary.lost_messages})
        lag = {str(number): messages for number, messages in dict(summary.lag).items()}
        yield self._filled(GaugeMetricFamily, "lag", "Messages that are yet to be read.", lag, "partition")
        at = {"": summary.written_at}
        yield self._filled(GaugeMetricFamily, "last_batch_seconds", "When the last batch was written, since 1970.", at)

    def _counter(self, name: str, text: str, values: dict[str, int], label: str | None = None) -> Metric:
        return self._filled(CounterMetricFamily, name, text, values, label)

    def _filled(
        self,
        family: type[CounterMetricFamily] | type[GaugeMetricFamily],
        name: str,
        text: str,
        values: dict[str, int] | dict[str, float],
        label: str | None = None,
    ) -> Metric:
        filled = family(f"duckhouse_stream_{name}", text, labels=[*LABELS, *([label] if label else [])])
        of = [self._summary.source, self._summary.entity.name]
        for value, number in values.items():
            filled.add_metric([*of, value] if label else of, number)
        return filled


@contextmanager
def served(summary: Summary, host: str, port: int) -> Iterator[str]:
    """Serves the metrics during the block; gives their address. Port 0 picks a free port."""
    registry = CollectorRegistry()
    registry.register(_Figures(summary))
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "ports go from 0 to 65535"
        where = f"--metrics-host {host} --metrics-port {port}"
        raise UserError(f"{where}: {reason}: name another address or port, or leave them out") from None
    try:
        yield f"http://{host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
