"""What is listed from the YAML of models: each published model with its grain, what joins what, who reads the views."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from duckhouse.listings import first_sentence, listings


def model(description: str, grain: list[str], unique: list[list[str]], **kinds: str) -> dict[str, Any]:
    return {
        "description": description,
        "config": {"meta": {"grain": grain}},
        "data_tests": ["not_null", {"checks": {"arguments": {"unique": unique}}}],
        "columns": [{"name": name, "data_type": kind} for name, kind in kinds.items()],
    }


MODELS = {
    "marts/shop/dim_goods": model("One row per good_id: its price.\n", ["good_id"], [["good_id"]], good_id="text"),
    "marts/shop/dim_goods_history": model(
        "One row per version of a good. Late ones too.",
        ["good_id", "valid_from"],
        [["good_id", "valid_from"], ["good_version_id"]],
        good_version_id="text",
        good_id="text",
        valid_from="timestamp_nullable",
    ),
    "marts/shop/fct_sales": model(
        "One row per sale_id | line.", ["sale_id"], [["sale_id"]], sale_id="integer", good_version_id="text_nullable"
    ),
    "marts/shop/fct_sale_texts": model("One row per sale_id.", ["sale_id"], [], sale_id="integer"),
    "marts/shop/helpers/fct_step": model("A step.", [], []),
    "marts/zoo/agg_alone": model("One row per day.", ["event_date"], [], event_date="date", sale_id="text"),
    "reporting/shop/rpt_shop_days": model("One row per day.", ["event_date"], [], event_date="date", good_id="text"),
    "staging/shop/stg_shop__sales": model("Sales as delivered.", [], []),
}
OWNERS = {"shop": "sales"}


@pytest.fixture
def written(tmp_path: Path) -> dict[str, str]:
    for place in MODELS:
        path = tmp_path / "models" / f"{place}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    by_name = {place.rpartition("/")[2]: node for place, node in MODELS.items()}
    return {path.name: text for path, text in listings(by_name, OWNERS, tmp_path, "make lists").items()}


def test_every_published_model_is_listed_by_area_with_its_grain(written: dict[str, str]) -> None:
    assert "by `make lists`" in written["marts.md"]
    assert written["marts.md"].partition("## ")[2] == (
        "Shop\n\n"
        "| table or view | one row per |\n"
        "|---|---|\n"
        "| `marts.dim_goods` | good_id: its price |\n"
        "| `marts.dim_goods_history` | version of a good |\n"
        "| `marts.fct_sale_texts` | sale_id |\n"
        "| `marts.fct_sales` | sale_id \\| line |\n"
        "| `reporting.rpt_shop_days` | day |\n\n"
        "## Zoo\n\n"
        "| table or view | one row per |\n"
        "|---|---|\n"
        "| `marts.agg_alone` | day |\n"
    )


def test_a_column_joins_the_model_of_its_area_of_which_it_is_a_key(written: dict[str, str]) -> None:
    assert written["diagrams.md"].partition("## ")[2] == (
        "Shop\n\n"
        "```mermaid\n"
        "erDiagram\n"
        "    dim_goods {\n"
        "        text good_id PK\n"
        "    }\n"
        "    dim_goods_history {\n"
        "        text good_id PK, FK\n"
        "        timestamp valid_from PK\n"
        "    }\n"
        "    dim_goods ||--o{ dim_goods_history : good_id\n"
        "    fct_sale_texts {\n"
        "        integer sale_id PK, FK\n"
        "    }\n"
        "    fct_sales ||--o| fct_sale_texts : sale_id\n"
        "    fct_sales {\n"
        "        integer sale_id PK\n"
        "        text good_version_id FK\n"
        "    }\n"
        "    dim_goods_history ||--o{ fct_sales : good_version_id\n"
        "```\n"
    )


def test_the_views_of_an_area_are_read_by_an_exposure(written: dict[str, str]) -> None:
    [exposure] = yaml.safe_load(written["_exposures.yml"])["exposures"]
    assert exposure["name"] == "questions_shop"
    assert exposure["owner"] == {"name": "sales"}
    assert exposure["depends_on"] == ["ref('rpt_shop_days')"]


def test_without_views_there_is_no_exposure(tmp_path: Path) -> None:
    assert {path.name for path in listings({}, {}, tmp_path, "make lists")} == {"marts.md", "diagrams.md"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One row per day.\n\nLate ones too.", "One row per day"),
        ("No end", "No end"),
        ("At 9.5 %. So", "At 9.5 %"),
        ("Which lead? So", "Which lead?"),
    ],
)
def test_the_first_sentence_of_a_description_is_taken(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence
