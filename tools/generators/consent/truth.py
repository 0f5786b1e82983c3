"""What is true of a generated drop: the population, what of it is stored, and everything that was planted."""

from collections import Counter, defaultdict
from typing import Any

import numpy as np

from tools.generators.consent import catalogue as market
from tools.generators.consent.catalogue import ASKED, GIVEN, Catalogue, Company
from tools.generators.consent.formats import rate
from tools.generators.consent.population import Population
from tools.generators.consent.rows import Rows
from tools.generators.texts import DAY_MS

MAX_LISTED = 10_000
RULES = {
    "usable": "a record with an id, a readable EVENT_TIME and 0 < RATE <= 1; of an id the last delivery's counts",
    "stored": "COUNT where it is above the rounded 1 / RATE, else 1: stored events that a record is",
    "recovered": "the sum of stored / RATE by APIKEY and TYPE: the population of types of rate 1, else an estimate",
    "asked_to_given": "from each consent.asked of the population to the same user's next consent.given",
}


def population_facts(company: Company, population: Population) -> dict[str, Any]:
    types = np.bincount(population.kind, minlength=len(market.TYPES)).tolist()
    countries = {market.COUNTRIES[country] for country in np.unique(population.country).tolist()}
    return {
        "users": len(np.unique(population.user)),
        "events": len(population),
        "types": dict(zip(market.TYPES, types, strict=True)),
        "distinct_countries": len(countries),
        "countries": sorted(countries),
        "conversion_rate": round(types[GIVEN] / types[ASKED], 6) if types[ASKED] else None,
        "asked_to_given": _waits(population),
    }


def _waits(population: Population) -> dict[str, Any]:
    """How long after each asked the user's next given came, if any."""
    rows = np.arange(len(population))
    given = np.where(population.kind == GIVEN, rows, len(population) - 1)
    following = np.minimum.accumulate(given[::-1])[::-1]
    asked = np.flatnonzero(population.kind == ASKED)
    answer = following[asked]
    linked = (population.kind[answer] == GIVEN) & (population.user[answer] == population.user[asked])
    waits = np.sort((population.at[answer] - population.at[asked])[linked])
    count = len(waits)
    return {
        "asked": len(asked),
        "linked": count,
        "median_seconds": int(waits[(count - 1) // 2] + waits[count // 2]) / 2_000 if count else None,
        "mean_seconds": round(int(waits.sum()) / count / 1_000, 3) if count else None,
    }


class Totals:
    """Stored events by company, as a reader who keeps the last usable record of an id finds them."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, str], Counter] = defaultdict(Counter)

    def add(self, rows: Rows, sign: int = 1) -> None:
        """Adds (or with -1 subtracts) rows, each in its latest state."""
        columns = (rows.company, rows.kind, rows.percent, rows.status, rows.at // DAY_MS, rows.stored)
        for company, kind, percent, status, day, stored in zip(*(values.tolist() for values in columns), strict=True):
            if stored:
                self._counts[company, "ids"][kind] += sign
                self._counts[company, "rates"][kind, percent] += sign * stored
                self._counts[company, "statuses"][status] += sign * stored
                self._counts[company, "days"][day] += sign * stored

    def report(self, catalogue: Catalogue) -> dict[str, Any]:
        return {company.key: self._of(company.number) for company in catalogue.active}

    def _of(self, number: int) -> dict[str, Any]:
        ids, rates, statuses, days = (
            {key: count for key, count in sorted(self._counts[number, name].items()) if count}
            for name in ("ids", "rates", "statuses", "days")
        )
        by_rate = {
            kind: {repr(rate(percent)): count for (other, percent), count in rates.items() if other == kind}
            for kind in ids
        }
        return {
            "ids": sum(ids.values()),
            "stored": sum(rates.values()),
            "types": {
                market.TYPES[kind]: {
                    "ids": count,
                    "stored": sum(by_rate[kind].values()),
                    "stored_by_rate": by_rate[kind],
                }
                for kind, count in ids.items()
            },
            "stored_by_status": {market.STATUSES[status]: count for status, count in statuses.items()},
            "stored_by_date": {str(np.datetime64(day, "D")): count for day, count in days.items()},
        }


class Log:
    """Collects planted faults, or changes, by kind. For kinds with more than MAX_LISTED records only the first are
    listed.

    A row is the line on which the record starts in a CSV file (the header is line 1), in Parquet its number from 1.
    """

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, Any]] = {}

    def add(self, kind: str, rule: str, entity: str, file: str, row: int, **key: Any) -> None:
        entry = self._entry(kind, rule, entity)
        if len(entry["records"]) < MAX_LISTED:
            entry["records"].append({"file": file, "row": row, **key})

    def add_cell(self, kind: str, rule: str, **cell: Any) -> None:
        """Records a fault of a cell of events, not of single records."""
        self._entry(kind, rule, "events").setdefault("cells", []).append(cell)

    def _entry(self, kind: str, rule: str, entity: str) -> dict[str, Any]:
        entry = self._entries.setdefault(
            kind, {"kind": kind, "entity": entity, "rule": rule, "count": 0, "records": []}
        )
        entry["count"] += 1
        return entry

    def add_effect(self, kind: str, company: str, events: int) -> None:
        """Records usable records of complete types that are in no total."""
        effect = self._entries[kind].setdefault("effect", {})
        effect[company] = effect.get(company, 0) + events

    def report(self) -> list[dict[str, Any]]:
        return [entry for _, entry in sorted(self._entries.items())]
