"""The bill of materials, made by its tool in an environment of its own."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINNED = set(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", LOCK, re.MULTILINE))


def test_the_bill_of_materials_is_the_lock() -> None:
    subprocess.run(["make", "sbom"], cwd=ROOT, check=True, capture_output=True)
    bill = json.loads((ROOT / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "protocol-assets"
    assert len(PINNED) > 150
    assert {(one["name"], one["version"]) for one in bill["components"]} == PINNED
    for one in bill["components"]:
        hashes = [found for link in one["externalReferences"] for found in link["hashes"]]
        assert {found["alg"] for found in hashes} == {"SHA-256"}, one["name"]
        assert one["purl"].startswith("pkg:pypi/")
