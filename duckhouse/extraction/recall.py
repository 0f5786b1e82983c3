"""Which rows exist according to what landed, for a run that has lost the known state."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.extraction.tables import key_of
from duckhouse.landing.zone import Zone
from duckhouse.sources import Entity


def landed_keys(zone: Zone, entity: Entity) -> np.ndarray:
    """The keys of the rows that exist after all landed deliveries, sorted."""
    paths = [path for delivery in zone.deliveries() for path in (delivery.path / entity.name).glob("*.parquet")]
    if not paths:
        return np.empty(0, np.int64)
    newest_last = pa.concat_tables(pq.read_table(path, columns=[key_of(entity), "operation"]) for path in paths)
    newest_first = newest_last[key_of(entity)].to_numpy()[::-1]
    stands = newest_last["operation"].to_numpy()[::-1] == "upsert"
    keys, newest = np.unique(newest_first, return_index=True)
    standing: np.ndarray = keys[stands[newest]]
    return standing
