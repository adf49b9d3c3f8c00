"""``verify --repair`` on a home that a real run has filled: it heals all that can be made again."""

from __future__ import annotations

from pathlib import Path

from protocol_assets.lake.zones import Lake, Partition
from tests.integration.whole_home import DAYS, PACS, Process, WholeHome


def ask(*arguments: str) -> tuple[int, str]:
    """A command, its exit code, and what it says in one line."""
    process = Process("main", *arguments)
    code = process.end()
    return code, " ".join(process.text.split())


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.chmod(0o644)
    path.write_bytes(content)


def test_verify_names_every_place_and_repair_heals_them(whole_home: WholeHome) -> None:
    whole_home.put_back("alone")
    alone = whole_home.content()
    lake = Lake(whole_home.settings.home)
    version = lake.marts.resolve().name
    flip(lake.marts / "fleet_daily.parquet")
    manifest = lake.local_path(lake.manifest(Partition(DAYS[0], PACS)))
    manifest.write_bytes(manifest.read_bytes()[: manifest.stat().st_size // 2])
    lake.local_path(lake.series(Partition(DAYS[1], PACS))).unlink()
    lake.warehouse.write_bytes(b"no database at all" * 1000)

    code, text = ask("verify")
    assert code == 1
    for line in (
        f"manifest of {DAYS[0]}|{PACS} is not as it was written fetch it from the PACS again",
        f"series of {DAYS[1]}|{PACS} is missing rebuild it from stored data",
        "warehouse is not as it was written build and publish it again",
        f"published version of {version} is not as it was written build and publish it again",
    ):
        assert line in text
    assert ask("status")[0] == 1

    code, text = ask("verify", "--repair")
    assert text.endswith("All stored data match their checksums.")
    assert code == 0
    assert ask("verify") == (0, "All stored data match their checksums.")
    code, text = ask("status")
    assert code == 0, text
    assert "ok stored data everything stored is as it was written" in text
    assert whole_home.content() == alone
