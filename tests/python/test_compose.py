"""docker-compose.yml, as far as it can be checked without docker: its schema, and what each service may do."""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema.validators import validator_for

from duckhouse.settings import PROJECT
from support.containers import SECRET, faults_of_command, listed_settings

TEXT = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
IMAGE = "duckhouse:"
REQUIRED = re.compile(r"\$\{(\w+):\?set \1 in \.env\}")
VARIABLE = re.compile(r"\$\{(\w+)")
HOSTS = ("CLICKHOUSE_HOST", "POSTGRES_HOST", "TELEMETRY_HOST", "KAFKA_BOOTSTRAP", "AWS_ENDPOINT_URL")
OF_COMPOSE = {"DAGSTER_PORT", "DASHBOARD_PORT", "KAFKA_PORT", "DUCKHOUSE_INFLOWS"}
"""Variables that only this file reads; docs/deployment.md lists them."""
RUNS_ONCE = "pipeline"

Compose = dict[str, Any]
Service = dict[str, Any]


@pytest.fixture
def compose() -> Compose:
    document: Compose = yaml.safe_load(TEXT)
    return document


def ours(compose: Compose) -> dict[str, Service]:
    return {name: service for name, service in compose["services"].items() if service["image"].startswith(IMAGE)}


def schema(compose: Compose) -> Iterator[str]:
    """The file is as the compose specification says."""
    rules = get_builtin_schema("vendor.compose-spec")
    for error in validator_for(rules)(rules).iter_errors(compose):
        yield f"{error.json_path}: {error.message}"


def ports(compose: Compose) -> Iterator[str]:
    """Only this machine reaches a service."""
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                yield f"{name}: port {port} is open to other machines"


def secrets(compose: Compose) -> Iterator[str]:
    """No secret is in the file, and none is empty; the address of a webhook may be."""
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable) and not REQUIRED.fullmatch(str(value)) and "WEBHOOK" not in variable:
                yield f"{name}: {variable} is not required from .env"


def images(compose: Compose) -> Iterator[str]:
    """Every image has a tag."""
    for name, service in compose["services"].items():
        if not re.fullmatch(r"[\w./-]+:(?!latest$)[\w.-]+", service["image"]):
            yield f"{name}: image {service['image']} has no tag"


def health(compose: Compose) -> Iterator[str]:
    """What keeps running says whether it works, and comes back."""
    for name, service in compose["services"].items():
        if name != RUNS_ONCE and not service.get("healthcheck"):
            yield f"{name}: has no healthcheck"
        if name != RUNS_ONCE and service.get("restart") != "unless-stopped":
            yield f"{name}: does not start again"


def network(compose: Compose) -> Iterator[str]:
    """All are in one network."""
    for name, service in compose["services"].items():
        if service.get("networks") != list(compose["networks"]):
            yield f"{name}: is not in the network"


def confinement(compose: Compose) -> Iterator[str]:
    """Our containers change only their volumes, and have no rights of root."""
    for name, service in ours(compose).items():
        held = (service.get("read_only"), service.get("cap_drop"), service.get("security_opt"))
        if held != (True, ["ALL"], ["no-new-privileges:true"]) or "user" in service or "privileged" in service:
            yield f"{name}: is not confined"
        if "/tmp" not in service["volumes"]:  # noqa: S108 - of a container
            yield f"{name}: has no folder for temporary files"


def hosts(compose: Compose) -> Iterator[str]:
    """What a service of ours connects to is a service."""
    for name, service in ours(compose).items():
        for variable in HOSTS:
            address = service["environment"].get(variable, "")
            host = address.rpartition("//")[2].partition(":")[0]
            if host and host not in compose["services"]:
                yield f"{name}: {variable} names {host}, which is no service"


def commands(compose: Compose) -> Iterator[str]:
    for service in ours(compose).values():
        yield from faults_of_command(service["command"])


def dependencies(compose: Compose) -> Iterator[str]:
    """Who needs a service can start without the profile of another."""
    for name, service in compose["services"].items():
        for other in service.get("depends_on", {}):
            if "profiles" in compose["services"][other]:
                yield f"{name}: {other} is started by a profile only"


def volumes(compose: Compose) -> Iterator[str]:
    """Each volume is declared, and mounted somewhere."""
    named = {
        volume.partition(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if volume[0] not in "/.$"
    }
    yield from (f"volume {name}" for name in sorted(named ^ compose["volumes"].keys()))


CHECKS = (
    schema, ports, secrets, images, health, network, confinement, hosts, commands, dependencies, volumes,
)  # fmt: skip


@pytest.mark.parametrize("check", CHECKS)
def test_the_services_are_in_order(check: Callable[[Compose], Iterator[str]], compose: Compose) -> None:
    assert list(check(compose)) == []


@pytest.mark.parametrize(
    ("check", "service", "changed", "fault"),
    [
        (schema, "clickhouse", {"portz": ["8123"]}, "'portz' was unexpected"),
        (schema, "dashboard", {"healthcheck": {"test": 1}}, "$.services.dashboard.healthcheck"),
        (ports, "dagster", {"ports": ["3000:3000"]}, "dagster: port 3000:3000 is open to other machines"),
        (secrets, "s3", {"environment": {"AWS_SECRET_ACCESS_KEY": "x"}}, "s3: AWS_SECRET_ACCESS_KEY is not required"),
        (secrets, "postgres", {"environment": {"POSTGRES_PASSWORD": "${POSTGRES_PASSWORD:-}"}}, "is not required"),
        (images, "kafka", {"image": "apache/kafka"}, "kafka: image apache/kafka has no tag"),
        (images, "kafka", {"image": "apache/kafka:latest"}, "has no tag"),
        (health, "consumer", {"restart": "no"}, "consumer: does not start again"),
        (health, "s3", {"healthcheck": {}}, "s3: has no healthcheck"),
        (network, "s3", {"networks": ["default"]}, "s3: is not in the network"),
        (confinement, "dashboard", {"read_only": False}, "dashboard: is not confined"),
        (confinement, "dashboard", {"user": "0"}, "dashboard: is not confined"),
        (confinement, "consumer", {"volumes": ["data:/data"]}, "consumer: has no folder for temporary files"),
        (hosts, "consumer", {"environment": {"KAFKA_BOOTSTRAP": "broker:9092"}}, "names broker, which is no service"),
        (hosts, "consumer", {"environment": {"AWS_ENDPOINT_URL": "http://minio:9000"}}, "names minio"),
        (commands, "pipeline", {"command": ["python", "-m", "scripts.pipeline", "--traget", "prod"]}, "--traget"),
        (commands, "pipeline", {"command": ["python", "-m", "scripts.pipeline", "--target", "x"]}, "invalid choice"),
        (dependencies, "clickhouse", {"depends_on": {"kafka": {}}}, "clickhouse: kafka is started by a profile only"),
        (volumes, "s3", {"volumes": ["objects:/data"]}, "volume objects"),
    ],
)
def test_services_out_of_order_are_told(
    check: Callable[[Compose], Iterator[str]], service: str, changed: Service, fault: str, compose: Compose
) -> None:
    broken = deepcopy(compose)
    broken["services"][service] |= changed
    assert fault in "\n".join(check(broken))


def test_every_variable_is_documented(compose: Compose) -> None:
    named = set(VARIABLE.findall(yaml.safe_dump(compose)))
    assert named - listed_settings().keys() == OF_COMPOSE
    documented = (PROJECT / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert [name for name in sorted(OF_COMPOSE) if f"`{name}`" not in documented] == []
    of_ours = {name for service in ours(compose).values() for name in service["environment"]}
    assert of_ours <= listed_settings().keys()


def test_the_dashboard_and_the_consumer_get_only_what_they_need(compose: Compose) -> None:
    of = {name: set(service["environment"]) for name, service in ours(compose).items()}
    clickhouse = {"CLICKHOUSE_HOST", "CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD"}
    assert of["dashboard"] == clickhouse | {"DUCKHOUSE_PAGE_PASSWORD", "DUCKHOUSE_PAGE_NAMES"}
    assert {name.partition("_")[0] for name in of["consumer"]} == {"KAFKA", "TELEMETRY"}
    assert "data:/data" not in compose["services"]["dashboard"]["volumes"]
