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

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
INSTALLED = "/opt/protocol-assets/"
UNITS = sorted((DEPLOY / "systemd").glob("protocol-assets-*.*"))
SERVICES = [path for path in UNITS if path.suffix == ".service"]
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
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


def test_every_program_is_installed_by_the_project() -> None:
    scripts = {one.name for one in entry_points(group="console_scripts")}
    found = [(where, Path(command[0]).name) for where, command in commands()]
    assert len(found) >= 8
    assert {name for _, name in found} <= scripts
    ran = {name for _, name in found}
    assert {"dagster", "dagster-daemon", "dagster-webserver", "protocol-assets"} <= ran


def test_the_code_server_loads_the_projects_definitions() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    module = settings["tool"]["dg"]["project"]["code_location_target_module"]
    servers = [command for _, command in commands() if "code-server" in command]
    assert len(servers) == 2
    for command in servers:
        assert command[command.index("--module-name") + 1] == module


def test_all_speak_over_one_socket() -> None:
    workspace = yaml.safe_load((DEPLOY / "workspace.yaml").read_text(encoding="utf-8"))
    (location,) = workspace["load_from"]
    socket = location["grpc_server"]["socket"]
    for where, command in commands():
        if "--socket" in command:
            assert command[command.index("--socket") + 1] == socket, where
    assert Path(socket).parent.name in values(
        DEPLOY / "systemd" / "protocol-assets-code.service", "RuntimeDirectory"
    )


def test_the_proxy_leads_to_the_web_server_and_nothing_else_does() -> None:
    for where, command in commands():
        if "dagster-webserver" in Path(command[0]).name:
            host = command[command.index("--host") + 1]
            port = command[command.index("--port") + 1]
            assert port == "3000"
            assert host == "127.0.0.1" or where == "webserver"
    proxy = (DEPLOY / "nginx" / "protocol-assets.conf").read_text(encoding="utf-8")
    assert "proxy_pass http://127.0.0.1:3000;" in proxy
    assert "EXPOSE 3000" in CONTAINERFILE
    published = [port for one in COMPOSE["services"].values() for port in one.get("ports", ())]
    assert published == ["127.0.0.1:3000:3000"]


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
