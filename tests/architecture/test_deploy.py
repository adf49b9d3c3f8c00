"""The units, the image and the proxy name paths, commands and ports that exist in the project."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from protocol_assets.webserver.guard import MAX_BODY, ROLE_HEADER, USER_HEADER

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
INSTALLED = "/opt/protocol-assets/"
UNITS = sorted((DEPLOY / "systemd").glob("protocol-assets-*.*"))
SERVICES = [path for path in UNITS if path.suffix == ".service"]
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
WORKFLOW = ROOT / ".github" / "workflows" / "checks.yml"
NGINX = {path.name: path.read_text(encoding="utf-8") for path in (DEPLOY / "nginx").rglob("*.conf")}
NAME = "protocol-assets.example.org"
WEB_SERVER = "protocol_assets.webserver"
DASHBOARD = "protocol_assets.dashboard"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")


def directives(path: Path) -> list[tuple[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        (name, value)
        for line in lines
        if line and line[0] not in "#["
        for name, _, value in [line.partition("=")]
    ]


def values(path: Path, name: str) -> list[str]:
    return [value for found, value in directives(path) if found == name]


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every command that is run, by where it stands."""
    for path in SERVICES:
        for value in values(path, "ExecStart"):
            yield path.name, value.split()
    for name, service in COMPOSE["services"].items():
        if "command" in service:
            yield name, service["command"]
    for instruction in re.findall(r"^(?:CMD|\s+CMD) (\[.*\])$", CONTAINERFILE, re.MULTILINE):
        yield "Containerfile", json.loads(instruction)


def test_every_path_below_the_clone_is_in_the_project() -> None:
    for path in (*DEPLOY.rglob("*.service"), *DEPLOY.rglob("*.conf"), *DEPLOY.glob("*")):
        if path.is_dir():
            continue
        text = path.read_text(encoding="utf-8")
        for found in re.findall(rf"{INSTALLED}([\w./-]+)", text):
            if not found.startswith(".venv/"):
                assert (ROOT / found).exists(), (path.name, found)


def module_of(command: list[str]) -> str | None:
    """The module that ``python -m`` runs."""
    is_python = Path(command[0]).name == "python" and command[1] == "-m"
    return command[2] if is_python else None


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_every_program_is_installed_by_the_project() -> None:
    scripts = {one.name for one in entry_points(group="console_scripts")}
    found = list(commands())
    assert len(found) >= 12
    modules = {module for _, command in found if (module := module_of(command)) is not None}
    assert modules == {WEB_SERVER, DASHBOARD}
    for module in modules:
        assert (ROOT / module.replace(".", "/") / "__main__.py").exists()
    programs = {Path(command[0]).name for _, command in found if module_of(command) is None}
    assert programs <= scripts
    assert programs == {"dagster", "dagster-daemon", "protocol-assets"}


def test_the_code_server_loads_the_projects_definitions() -> None:
    settings = tomllib.loads((ROOT / "dg.toml").read_text(encoding="utf-8"))
    module = settings["project"]["code_location_target_module"]
    servers = [command for _, command in commands() if "code-server" in command]
    assert len(servers) == 2
    for command in servers:
        assert command[command.index("--module-name") + 1] == module


def test_all_speak_over_one_socket() -> None:
    workspace = yaml.safe_load((DEPLOY / "workspace.yaml").read_text(encoding="utf-8"))
    (location,) = workspace["load_from"]
    socket = location["grpc_server"]["socket"]
    for where, command in commands():
        if "--socket" in command and module_of(command) != WEB_SERVER:
            assert command[command.index("--socket") + 1] == socket, where
    assert Path(socket).parent.name in values(
        DEPLOY / "systemd" / "protocol-assets-code.service", "RuntimeDirectory"
    )


def test_a_web_server_of_each_role_is_reached_through_its_socket_alone() -> None:
    servers = [(where, one) for where, one in commands() if module_of(one) == WEB_SERVER]
    assert {(where, option(one, "--role")) for where, one in servers} == {
        ("protocol-assets-webserver.service", "engineer"),
        ("protocol-assets-viewer.service", "viewer"),
        ("webserver", "engineer"),
        ("viewer", "viewer"),
    }
    (folder,) = re.findall(
        r"^d (\S+) 2750 protocol-assets www-data -$",
        (DEPLOY / "tmpfiles" / "protocol-assets.conf").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    for where, command in servers:
        role = option(command, "--role")
        assert option(command, "--socket") == f"{folder}/{role}.sock", where
        assert f"location @{role} {{" in NGINX["protocol-assets.conf"]
        assert f"proxy_pass http://unix:{folder}/{role}.sock;" in NGINX["protocol-assets.conf"]
        assert option(command, "--origin") in {f"https://{NAME}", "https://${PUBLIC_HOST:?}"}
    for name in ("webserver", "viewer"):
        assert COMPOSE["services"][name]["network_mode"] == "none"
        assert f"{folder}:{folder}" in COMPOSE["services"][name]["volumes"]
        unit = DEPLOY / "systemd" / f"protocol-assets-{name}.service"
        assert folder in values(unit, "ReadWritePaths")
        assert values(unit, "IPAddressDeny") == ["any"]
        assert not values(unit, "IPAddressAllow")


def test_the_dashboard_is_where_the_proxy_leads_and_knows_the_proxys_name() -> None:
    served = [(where, one) for where, one in commands() if module_of(one) == DASHBOARD]
    assert {where for where, _ in served} == {"protocol-assets-dashboard.service", "dashboard"}
    for _, command in served:
        assert option(command, "--server.baseUrlPath") == "dashboard"
        assert option(command, "--server.allowedHosts") in {NAME, "${PUBLIC_HOST:?}"}
    assert "proxy_pass http://127.0.0.1:8501;" in NGINX["protocol-assets.conf"]
    published = [port for one in COMPOSE["services"].values() for port in one.get("ports", ())]
    assert published == ["127.0.0.1:8501:8501"]


def test_the_bound_on_a_request_is_one_number() -> None:
    assert f"client_max_body_size {MAX_BODY // 1024**2}m;" in NGINX["protocol-assets.conf"]


def test_no_location_of_the_proxy_drops_the_headers_that_a_client_may_not_set() -> None:
    """nginx inherits these directives only where a location has none of its own."""
    site = NGINX["protocol-assets.conf"]
    for directive in ("proxy_set_header", "proxy_hide_header", "add_header"):
        assert re.findall(rf"^    {directive} ", site, re.MULTILINE)
        assert not re.findall(rf"^     +{directive} ", site, re.MULTILINE), directive
    for header in (USER_HEADER, ROLE_HEADER):
        assert re.search(rf"proxy_set_header {header} +\$protocol_assets_", site, re.IGNORECASE)


def test_what_is_not_ours_is_pinned_by_its_digest() -> None:
    bases = re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    # Without a default there is no build that is not pinned.
    assert bases[0].endswith("@${BASE_DIGEST}")
    assert re.findall(r"^ARG BASE_DIGEST(.*)$", CONTAINERFILE, re.MULTILINE) == [""]
    assert COMPOSE["services"]["code"]["build"]["args"] == {"BASE_DIGEST": "${BASE_DIGEST:?}"}
    actions = re.findall(r"uses: *(\S+) *(.*)", WORKFLOW.read_text(encoding="utf-8"))
    assert len(actions) == 2
    for action, comment in actions:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r"# v\d+\.\d+\.\d+", comment)


def test_secrets_are_the_code_servers() -> None:
    with_secrets = {path.name for path in SERVICES if values(path, "EnvironmentFile")}
    assert with_secrets == {"protocol-assets-code.service", "protocol-assets-status.service"}
    assert [name for name, one in COMPOSE["services"].items() if "env_file" in one] == ["code"]
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            assert "PROTOCOL_ASSETS_KEY" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_every_unit_is_hardened(path: Path) -> None:
    (shared,) = (DEPLOY / "systemd" / "protocol-assets-.service.d").glob("*.conf")
    held = dict(directives(shared)) | dict(directives(path))
    assert held["User"] != "root"
    assert held["NoNewPrivileges"] == "yes"
    assert held["ProtectSystem"] == "strict"
    assert held["CapabilityBoundingSet"] == ""
    if path.name != "protocol-assets-status.service":
        assert held["Restart"] == "always"


def test_the_image_is_built_from_the_lock_and_runs_as_nobody_much() -> None:
    assert "--require-hashes --requirement requirements.lock" in CONTAINERFILE
    assert len(re.findall(r"^FROM ", CONTAINERFILE, re.MULTILINE)) == 2
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", CONTAINERFILE, re.MULTILINE)
    assert "HEALTHCHECK" in CONTAINERFILE
    for line in re.findall(r"^COPY (?!--from)(.+)$", CONTAINERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
    for name, service in COMPOSE["services"].items():
        assert name == "code" or "healthcheck" in service
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
