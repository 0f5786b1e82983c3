"""The metrics of models/metrics, which are declared in dbt's YAML, as SQL that both engines understand."""

from duckhouse.metrics.definitions import Metric, metrics

__all__ = ["Metric", "metrics"]
