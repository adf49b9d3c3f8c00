"""A series of which the PACS holds a few images only."""

from dataclasses import replace

import orjson
import pytest

from protocol_assets_simulator import Fleet
from protocol_assets_simulator.encode import encode, serialise
from protocol_assets_simulator.scan import Scan


@pytest.fixture(scope="module")
def scans() -> list[Scan]:
    fleet = Fleet(scanners=24)
    return [
        scan
        for study in fleet.studies(None, fleet.start, fleet.end)[:60]
        for scan in fleet.scans(study)
    ]


@pytest.mark.parametrize("most", [2, 4, 1000])
def test_a_thinned_series_keeps_images_of_the_whole_one(scans: list[Scan], most: int) -> None:
    for scan in scans:
        whole = list(encode(scan))
        thin = replace(scan, most_images=most)
        kept = list(encode(thin))
        assert len(kept) == thin.instances
        assert [image for image in whole if image in kept] == kept
        assert list(map(orjson.loads, serialise(thin))) == kept
        if not scan.is_enhanced and scan.purpose in ("image", "localizer", "derived"):
            assert min(most, scan.images) <= len(kept) <= most + 1 + scan.has_raw_object
            assert kept[0] == whole[0]


def test_a_thinned_series_keeps_the_image_that_differs(scans: list[Scan]) -> None:
    (scan, *_) = (one for one in scans if not one.is_enhanced and one.purpose == "image")
    odd = replace(scan, defect="nex_in_one_image", omits_nex=False, most_images=2)
    assert len({odd.image_nex(image) for image in odd.kept_images}) == 2
