import sys
from pathlib import Path

import pytest

from protocol_assets.cli import main
from protocol_assets_simulator import SimulatedPacs


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["protocol-assets", "simulate", "--port", "0", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_the_verb_writes_the_truth_and_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served: list[SimulatedPacs] = []

    def serve(pacs: SimulatedPacs) -> None:
        served.append(pacs)
        pacs._server.close()

    monkeypatch.setattr(SimulatedPacs, "serve_forever", serve)
    period = ["--from", "2025-03-01", "--to", "2025-03-20", "--as-of", "2025-03-10"]
    size = ["--seed", "4", "--scanners", "3", "--studies", "40"]
    assert run(monkeypatch, *size, *period, "--truth", str(tmp_path)) == 0
    (pacs,) = served
    assert (pacs.fleet.case_mix, pacs.fleet.number_of_studies) == ("lumbar", 40)
    assert pacs.as_of is not None
    assert {path.name for path in tmp_path.iterdir()} == {
        "scanners.csv", "protocols.csv", "studies.csv", "series.csv", "targets.csv"
    }  # fmt: skip
    assert "north: http://127.0.0.1:" in capsys.readouterr().out


def test_an_impossible_fleet_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--scanners", "1", "--studies", "4000") == 2
    said = capsys.readouterr().err
    assert "more scanners or a longer period" in said
    assert len(said.strip().splitlines()) == 1
