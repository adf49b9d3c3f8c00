"""Where the server listens."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from protocol_assets.faults import Fault
from protocol_assets.webserver.__main__ import main
from protocol_assets.webserver.server import Listener


def test_the_socket_is_for_owner_and_group(tmp_path: Path) -> None:
    path = tmp_path / "engineer.sock"
    mask = os.umask(0o022)
    try:
        with Listener(path).opened():
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            assert os.umask(0o022) == 0o022
    finally:
        os.umask(mask)
    assert not path.exists()


def test_a_socket_of_a_killed_server_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "engineer.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    assert path.is_socket()
    with Listener(path).opened() as bound:
        bound.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_socket_that_answers_is_left_to_its_server(tmp_path: Path) -> None:
    path = tmp_path / "engineer.sock"
    with Listener(path).opened() as bound:
        bound.listen()
        with pytest.raises(Fault, match="cannot listen on the socket"), Listener(path).opened():
            pass
        assert path.is_socket()


def test_a_file_in_the_way_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "engineer.sock"
    path.write_text("mine")
    with pytest.raises(Fault, match="cannot listen on the socket"), Listener(path).opened():
        pass
    assert path.read_text() == "mine"


def test_a_port_is_loopbacks_and_one_in_use_is_a_plain_line() -> None:
    with Listener(port=0).opened() as bound:
        name, port = bound.getsockname()
        bound.listen()
        assert name == "127.0.0.1"
        with (
            pytest.raises(Fault, match=rf"port {port} .*choose another"),
            Listener(port=port).opened(),
        ):
            pass


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--socket", "x.sock"], "no origin is allowed"),
        (["--port", "0", "--origin", "protocol-assets.example.org"], "is not an origin"),
        (["--socket", "nowhere/x.sock"], "cannot listen on the socket"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    Path("workspace.yaml").write_text("load_from: []\n")
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert said in line


def test_without_a_home_of_dagster_nothing_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    Path("workspace.yaml").write_text("load_from: []\n")
    result = CliRunner().invoke(main, [])
    assert result.exit_code == 2
    assert "DAGSTER_HOME" in result.stderr
