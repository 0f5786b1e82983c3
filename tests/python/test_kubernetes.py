"""The manifests of k8s/, as far as they can be checked without a cluster: their schemas, and what each pod may do."""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml
from kubernetes_validate import ValidationError, validate

from duckhouse.pipeline.config import inflows
from duckhouse.settings import PROJECT, environment
from scripts.pipeline import IS_RUNNING
from support.containers import SECRET, faults_of_command, listed_settings

FOLDER = PROJECT / "k8s"
VERSIONS = ("1.31", "1.37")
"""Of Kubernetes: the first one whose jobs all know rules about exit codes, and the last one whose schemas are known."""
USER = re.compile(r"^USER (\d+):(\d+)$", re.MULTILINE)
GENERATORS = "configMapGenerator"

Manifest = dict[str, Any]


def kustomization() -> Manifest:
    document: Manifest = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    return document


@pytest.fixture
def manifests() -> dict[str, Manifest]:
    """The manifests that kustomize takes, by kind and name."""
    texts = ((FOLDER / name).read_text(encoding="utf-8") for name in kustomization()["resources"])
    documents = [document for text in texts for document in yaml.safe_load_all(text)]
    return {f"{document['kind']} {document['metadata']['name']}": document for document in documents}


def pods(manifests: dict[str, Manifest]) -> Iterator[tuple[str, Manifest]]:
    """The template of each pod, by the name of its owner."""
    for name, manifest in manifests.items():
        if manifest["kind"] == "Deployment":
            yield name, manifest["spec"]["template"]
        elif manifest["kind"] == "CronJob":
            yield name, manifest["spec"]["jobTemplate"]["spec"]["template"]


def containers(manifests: dict[str, Manifest]) -> Iterator[tuple[str, Manifest]]:
    for name, pod in pods(manifests):
        for container in pod["spec"]["containers"]:
            yield name, container


def schemas(manifests: dict[str, Manifest]) -> Iterator[str]:
    """Kubernetes knows every field, and the type of each."""
    for name, manifest in manifests.items():
        for version in VERSIONS:
            try:
                validate(manifest, version, strict=True)
            except ValidationError as error:
                yield f"{name}: {error.json_path}: {error.message} ({version})"


def users(manifests: dict[str, Manifest]) -> Iterator[str]:
    """Pods run as the user of the image, without a token of the cluster."""
    [(user, group)] = USER.findall((PROJECT / "Dockerfile").read_text(encoding="utf-8"))
    for name, pod in pods(manifests):
        context = pod["spec"].get("securityContext", {})
        if not context.get("runAsNonRoot") or (context["runAsUser"], context["runAsGroup"]) != (int(user), int(group)):
            yield f"{name}: does not run as {user}:{group}"
        if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{name}: may make every call of the system"
        if pod["spec"].get("automountServiceAccountToken") is not False:
            yield f"{name}: gets a token of the cluster"


def confinement(manifests: dict[str, Manifest]) -> Iterator[str]:
    """Containers change only their volumes, have no rights of root, and no more memory than they are given."""
    wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    for name, container in containers(manifests):
        if container.get("securityContext") != wanted:
            yield f"{name}: is not confined"
        if "memory" not in container.get("resources", {}).get("limits", {}):
            yield f"{name}: has no limit of memory"
        if "/tmp" not in {mount["mountPath"] for mount in container["volumeMounts"]}:  # noqa: S108 - of a container
            yield f"{name}: has no folder for temporary files"


def secrets(manifests: dict[str, Manifest]) -> Iterator[str]:
    """Secrets and names of users come by reference."""
    for name, manifest in manifests.items():
        if manifest["kind"] == "Secret":
            yield f"{name}: is a secret in a file"
    for name, container in containers(manifests):
        for variable in container["env"]:
            if "secretKeyRef" not in variable.get("valueFrom", {}):
                yield f"{name}: {variable['name']} does not come from a secret"
    for variable in listed_settings(FOLDER / "settings.env"):
        if SECRET.search(variable):
            yield f"settings.env: {variable} is a secret"


def probes(manifests: dict[str, Manifest]) -> Iterator[str]:
    """What keeps running says whether it works, at a port that it has; whom a service reaches, when it is ready."""
    reached = [manifest["spec"]["selector"] for manifest in manifests.values() if manifest["kind"] == "Service"]
    for name, pod in pods({name: one for name, one in manifests.items() if one["kind"] == "Deployment"}):
        [container] = pod["spec"]["containers"]
        ready = {"readinessProbe"} if pod["metadata"]["labels"] in reached else set()
        needed = {"startupProbe", "livenessProbe", *ready}
        yield from (f"{name}: has no {probe}" for probe in sorted(needed - container.keys()))
        opened = {port["name"] for port in container["ports"]}
        for probe in needed & container.keys():
            if (port := container[probe]["httpGet"]["port"]) not in opened:
                yield f"{name}: {probe} asks port {port}"


def services(manifests: dict[str, Manifest]) -> Iterator[str]:
    """A service is reached from the cluster only, and leads to a port of pods that are there."""
    labels = {tuple(pod["metadata"]["labels"].items()): pod for _, pod in pods(manifests) if "metadata" in pod}
    for name, manifest in manifests.items():
        if manifest["kind"] != "Service":
            continue
        if manifest["spec"].get("type") != "ClusterIP":
            yield f"{name}: is open to others than the cluster"
        pod = labels.get(tuple(manifest["spec"]["selector"].items()))
        opened = {port["name"] for port in pod["spec"]["containers"][0]["ports"]} if pod else set()
        yield from (f"{name}: leads nowhere" for port in manifest["spec"]["ports"] if port["targetPort"] not in opened)


def volumes(manifests: dict[str, Manifest]) -> Iterator[str]:
    """What a pod mounts is a volume of it, and what that names is there."""
    claims = {one["metadata"]["name"] for one in manifests.values() if one["kind"] == "PersistentVolumeClaim"}
    generated = {generator["name"] for generator in kustomization()[GENERATORS]}
    for name, pod in pods(manifests):
        named = {volume["name"] for volume in pod["spec"]["volumes"]}
        for container in pod["spec"]["containers"]:
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            yield from (f"{name}: volume {volume}" for volume in sorted(named ^ mounted))
            taken = {source["configMapRef"]["name"] for source in container["envFrom"]}
            yield from (f"{name}: there is no {one}" for one in sorted(taken - generated))
        for volume in pod["spec"]["volumes"]:
            claim, settings = volume.get("persistentVolumeClaim"), volume.get("configMap")
            if claim and claim["claimName"] not in claims:
                yield f"{name}: there is no {claim['claimName']}"
            if settings and settings["name"] not in generated:
                yield f"{name}: there is no {settings['name']}"


def commands(manifests: dict[str, Manifest]) -> Iterator[str]:
    """Containers run commands that are there, in the image whose tag kustomize sets."""
    images = {image["name"] for image in kustomization()["images"]}
    for name, container in containers(manifests):
        yield from faults_of_command(container["args"])
        if container["image"] not in images:
            yield f"{name}: image {container['image']}"


CHECKS = (schemas, users, confinement, secrets, probes, services, volumes, commands)
PIPELINE, CONSUMER = "CronJob duckhouse-pipeline", "Deployment duckhouse-consumer"
DASHBOARD, SERVICE = "Deployment duckhouse-dashboard", "Service duckhouse-dashboard"
POD = "spec.template.spec"
OF_PIPELINE = "spec.jobTemplate.spec.template.spec"


@pytest.mark.parametrize("check", CHECKS)
def test_the_manifests_are_in_order(
    check: Callable[[dict[str, Manifest]], Iterator[str]], manifests: dict[str, Manifest]
) -> None:
    assert list(check(manifests)) == []


@pytest.mark.parametrize(
    ("check", "manifest", "place", "value", "fault"),
    [
        (schemas, PIPELINE, "spec.concurencyPolicy", "Forbid", "'concurencyPolicy' was unexpected"),
        (schemas, CONSUMER, "spec.replicas", "one", "'one' is not of type 'integer'"),
        (schemas, DASHBOARD, f"{POD}.containers.0.livenessProbe.httpGet.url", "/", "'url' was unexpected"),
        (schemas, SERVICE, "spec.ports.0.port", None, "None is not of type 'integer'"),
        (users, CONSUMER, f"{POD}.securityContext.runAsUser", 0, "does not run as 10001:10001"),
        (users, CONSUMER, f"{POD}.securityContext", {}, "does not run as 10001:10001"),
        (users, PIPELINE, f"{OF_PIPELINE}.automountServiceAccountToken", True, "gets a token of the cluster"),
        (users, DASHBOARD, f"{POD}.securityContext.seccompProfile", None, "may make every call of the system"),
        (confinement, DASHBOARD, f"{POD}.containers.0.securityContext.readOnlyRootFilesystem", False, "not confined"),
        (confinement, CONSUMER, f"{POD}.containers.0.resources", {}, "has no limit of memory"),
        (confinement, CONSUMER, f"{POD}.containers.0.volumeMounts", [], "has no folder for temporary files"),
        (secrets, SERVICE, "kind", "Secret", "is a secret in a file"),
        (
            secrets,
            CONSUMER,
            f"{POD}.containers.0.env.0.valueFrom",
            {},
            "KAFKA_SASL_USERNAME does not come from a secret",
        ),
        (probes, DASHBOARD, f"{POD}.containers.0.livenessProbe.httpGet.port", "web", "livenessProbe asks port web"),
        (probes, CONSUMER, f"{POD}.containers.0.ports", [], "livenessProbe asks port metrics"),
        (services, SERVICE, "spec.type", "LoadBalancer", "is open to others than the cluster"),
        (services, SERVICE, "spec.selector", {"app": "dashboard"}, "leads nowhere"),
        (services, SERVICE, "spec.ports.0.targetPort", "web", "leads nowhere"),
        (volumes, CONSUMER, f"{POD}.volumes.0.name", "date", "volume date"),
        (volumes, PIPELINE, f"{OF_PIPELINE}.volumes.0.persistentVolumeClaim.claimName", "gone", "there is no gone"),
        (volumes, PIPELINE, f"{OF_PIPELINE}.volumes.2.configMap.name", "gone", "there is no gone"),
        (volumes, PIPELINE, f"{OF_PIPELINE}.containers.0.envFrom.0.configMapRef.name", "gone", "there is no gone"),
        (commands, DASHBOARD, f"{POD}.containers.0.args.3", "--traget", "unrecognized arguments: --traget"),
        (commands, DASHBOARD, f"{POD}.containers.0.image", "dockhouse", "image dockhouse"),
    ],
)
def test_manifests_out_of_order_are_told(
    check: Callable[[dict[str, Manifest]], Iterator[str]],
    manifest: str,
    place: str,
    value: object,
    fault: str,
    manifests: dict[str, Manifest],
) -> None:
    broken = deepcopy(manifests)
    at: Any = broken[manifest]
    *parents, last = (int(part) if part.isdigit() else part for part in place.split("."))
    for part in parents:
        at = at[part]
    at[last] = value
    assert fault in "\n".join(check(broken))


def test_a_dashboard_that_is_not_ready_yet_is_not_reached(manifests: dict[str, Manifest]) -> None:
    del manifests[DASHBOARD]["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]
    assert list(probes(manifests)) == [f"{DASHBOARD}: has no readinessProbe"]


def test_runs_of_the_pipeline_do_not_overlap_and_the_second_one_is_told_apart(manifests: dict[str, Manifest]) -> None:
    spec = manifests[PIPELINE]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    job = spec["jobTemplate"]["spec"]
    rules = [rule for rule in job["podFailurePolicy"]["rules"] if "onExitCodes" in rule]
    [container] = job["template"]["spec"]["containers"]
    codes = {"containerName": container["name"], "operator": "In", "values": [IS_RUNNING]}
    assert rules == [{"action": "FailJob", "onExitCodes": codes}]
    assert (job["backoffLimit"], job["template"]["spec"]["restartPolicy"]) == (0, "Never")


def test_kustomize_takes_every_manifest_and_every_file_that_is_there() -> None:
    taken = kustomization()
    generated = [file for one in taken[GENERATORS] for file in (*one.get("envs", []), *one.get("files", []))]
    files = [file.rpartition("=")[2] for file in generated]
    there = {path.name for path in FOLDER.iterdir()}
    assert sorted([*taken["resources"], *files, "kustomization.yaml"]) == sorted(there)
    assert taken.keys() == {
        "apiVersion", "kind", "namespace", "resources", "labels", "images", GENERATORS,
    }  # fmt: skip


def test_settings_and_inflows_are_those_that_the_commands_read(manifests: dict[str, Manifest]) -> None:
    known = {*listed_settings(), "PGPASSWORD"}
    assert listed_settings(FOLDER / "settings.env").keys() <= known
    assert {variable["name"] for _, container in containers(manifests) for variable in container["env"]} <= known
    with environment({"DUCKHOUSE_PIPELINE": str(FOLDER / "inflows.yml")}):
        assert {inflow.kind for inflow in inflows()} == {"bucket", "database", "topic"}


def test_every_secret_is_documented(manifests: dict[str, Manifest]) -> None:
    named: dict[str, set[str]] = {}
    for _, container in containers(manifests):
        for variable in container["env"]:
            reference = variable["valueFrom"]["secretKeyRef"]
            named.setdefault(reference["name"], set()).add(reference["key"])
    text = (PROJECT / "docs" / "deployment.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(duckhouse-[\w-]+)` \| ([^|]+) \|", text, re.MULTILINE))
    assert {name: set(re.findall(r"`([\w-]+)`", keys)) for name, keys in rows.items()} == named
