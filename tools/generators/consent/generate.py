"""Writes a drop of the consent platform and its redelivery, one company at a time, so that memory does not grow."""

from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from duckhouse.cli import progress
from tools.generators.columns import concat, take
from tools.generators.consent import catalogue as market
from tools.generators.consent import companies, faults
from tools.generators.consent.catalogue import Catalogue, Company
from tools.generators.consent.draw import stream
from tools.generators.consent.faults import KINDS, NUMBERS
from tools.generators.consent.formats import write_events
from tools.generators.consent.population import Population, draw_population, percents
from tools.generators.consent.redelivery import (
    CHANGES,
    TAGS,
    UNUSABLE_CORRECTION,
    UNUSABLE_RULE,
    draw_redelivery,
    split_late,
)
from tools.generators.consent.rows import BLANK, LONG, SHORT, Rows, sample
from tools.generators.consent.truth import RULES, Log, Totals, population_facts
from tools.generators.texts import uuid_text
from tools.generators.write import Records, claimed, write_truth

PILOT_USERS = 400
_BY_USER_RULE = "RATE is the share of users, of whom all pageviews are stored; their repeats widen the interval"
_KINDS = {number: kind for kind, number in (*NUMBERS.items(), *TAGS.items())}
_RULES = {name: kind.rule for name, kind in KINDS.items()} | CHANGES | {UNUSABLE_CORRECTION: UNUSABLE_RULE}
_ADDING_USABLE = {name for name, kind in KINDS.items() if kind.adds_usable}


@dataclass
class Run:
    """One run: its parameters and what it collects while writing."""

    out: Path
    seed: int
    events_per_company: int
    clean: bool
    catalogue: Catalogue
    populations: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, Records] = field(default_factory=dict)
    faults: Log = field(default_factory=Log)
    changes: Log = field(default_factory=Log)
    first: Totals = field(default_factory=Totals)
    final: Totals = field(default_factory=Totals)


def generate(
    out: Path, *, companies_listed: int, active: int, events_per_company: int, seed: int, start: date, clean: bool
) -> dict[str, Any]:
    """Writes the drop into the folder `out`, which must be new or empty, and returns truth.json's content.

    Raises UserError when the folder holds something or cannot be written.
    """
    with claimed(out):
        run = Run(out, seed, events_per_company, clean, market.build(start, companies_listed, active, seed))
        held: list[Rows] = []
        for company in progress(run.catalogue.active, label="companies", unit="company"):
            held = [_write_company(run, company, held)]
        issues = companies.write(run.catalogue, out, None if clean else run.faults, run.changes)
        run.records |= issues.records
        truth = {
            "source": "consent",
            "seed": seed,
            "parameters": {
                "companies": companies_listed,
                "active": active,
                "events_per_company": events_per_company,
                "start": str(start),
            },
            "clean": clean,
            "rules": RULES,
            "companies": run.populations,
            "inactive_companies": [company.key for company in run.catalogue.companies if not company.number],
            "totals": {
                "records": {name: asdict(records) for name, records in sorted(run.records.items())},
                "after_first_delivery": {
                    "companies": run.first.report(run.catalogue),
                    "without_hq_country": issues.without_hq[0],
                },
                "after_redelivery": {
                    "companies": run.final.report(run.catalogue),
                    "without_hq_country": issues.without_hq[1],
                },
            },
            "faults": run.faults.report(),
            "changes": run.changes.report(),
        }
        write_truth(out, truth)
    return truth


def _write_company(run: Run, company: Company, held: list[Rows]) -> Rows:
    """Writes the files of a company, with the records `held` back for its file; returns those for the next one's."""
    number = company.number
    population = _population(run, company)
    run.populations[company.key] = _facts(run.catalogue, company, population)
    by_user = company.role == market.SAMPLED_BY_USER and not run.clean
    stored = sample(company, population, stream(run.seed, "sample", number), by_user=by_user)
    if by_user:
        run.faults.add_cell(market.SAMPLED_BY_USER, _BY_USER_RULE, company_id=company.key, event_type="pageview")

    rng = stream(run.seed, "redelivery", number)
    is_redelivered = number in run.catalogue.redelivered
    first, late = split_late(stored, rng) if is_redelivered else (stored, None)
    planted = faults.nothing(first)
    if not run.clean:
        planted = faults.plant(
            first,
            stream(run.seed, "faults", number),
            is_csv=number <= run.catalogue.csv_files,
            is_last=number == len(run.catalogue.active),
        )
    files = stream(run.seed, "files", number)
    name = run.catalogue.file(number)
    _write_file(run, name, concat([planted.here, *held]), files)
    for totals in (run.first, run.final):
        totals.add(planted.here)
        totals.add(planted.elsewhere)
    if late is not None:
        again = draw_redelivery(planted.here, late, rng, clean=run.clean)
        _write_file(run, f"redelivery/{name}", again.rows, files)
        run.final.add(again.before, sign=-1)
        run.final.add(again.rows)
    return planted.elsewhere


def _population(run: Run, company: Company) -> Population:
    """A population of which about as many events are stored as the run wants from the company."""
    pilot = draw_population(company, stream(run.seed, "pilot", company.number), PILOT_USERS)
    wanted = run.events_per_company
    if company.role == "few_events":
        wanted = max(1, wanted // market.FEW_EVENTS_SHARE)
    users = -(-wanted * 100 * PILOT_USERS // int(percents(company, pilot).sum()))
    return draw_population(company, stream(run.seed, "population", company.number), users)


def _facts(catalogue: Catalogue, company: Company, population: Population) -> dict[str, Any]:
    return {
        "file": catalogue.file(company.number),
        "role": company.role,
        "first_time": str(np.datetime64(company.first_ms, "ms")),
        "end_time": str(np.datetime64(company.end_ms, "ms")),
        "population": population_facts(company, population),
    }


def _write_file(run: Run, name: str, rows: Rows, rng: np.random.Generator) -> None:
    """Writes a file in random order and records what is planted in it."""
    rows = take(rows, rng.permutation(len(rows)))
    places = write_events(run.out / name, rows, run.catalogue)
    malformed = int(np.isin(rows.damage, (SHORT, LONG)).sum())
    run.records[name] = Records(len(rows), malformed, int((rows.damage == BLANK).sum()))

    keys = {company.number: company.key for company in run.catalogue.active}
    ids = uuid_text(rows.id)
    for row in np.flatnonzero(rows.tag).tolist():
        kind = _KINDS[int(rows.tag[row])]
        key = {"event_id": rows.text.get("EVENT_ID", {}).get(row, ids[row])} if rows.damage[row] != BLANK else {}
        log = run.changes if kind in CHANGES else run.faults
        log.add(kind, _RULES[kind], "events", name, places[row], **key)
        if kind in _ADDING_USABLE:
            owner = keys[int(rows.company[row])]
            run.faults.add_effect(kind, rows.text.get("APIKEY", {}).get(row, owner), 1)
