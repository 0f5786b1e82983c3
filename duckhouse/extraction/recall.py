"""Which rows stand by what landed, for a run that has lost what was known."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.landing.zone import Zone
from duckhouse.sources import Entity


def landed_keys(zone: Zone, entity: Entity) -> np.ndarray:
    """The keys of the rows that stand after all landed deliveries, sorted."""
    paths = [path for delivery in zone.deliveries() for path in (delivery.path / entity.name).glob("*.parquet")]
    if not paths:
        return np.empty(0, np.int64)
    newest_last = pa.concat_tables(pq.read_table(path, columns=[entity.key, "operation"]) for path in paths)
    newest_first = newest_last[entity.key].to_numpy()[::-1]
    stands = newest_last["operation"].to_numpy()[::-1] == "upsert"
    keys, newest = np.unique(newest_first, return_index=True)
    return keys[stands[newest]]
