import re
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol_assets_simulator import Fleet
from protocol_assets_simulator.classic import encode_classic
from protocol_assets_simulator.dicom_json import DicomJson, attributes, single
from protocol_assets_simulator.encode import encode, serialise
from protocol_assets_simulator.enhanced import encode_enhanced
from protocol_assets_simulator.scan import Scan
from protocol_assets_simulator.siemens import time_text


@pytest.fixture(scope="module")
def scans() -> list[Scan]:
    fleet = Fleet(scanners=24)
    return [
        scan
        for study in fleet.studies(None, fleet.start, fleet.end)[:300]
        for scan in fleet.scans(study)
    ]


def of_vendor(scans: list[Scan], vendor: str, encoding: str = "classic") -> list[Scan]:
    return [
        scan
        for scan in scans
        if scan.purpose == "image"
        and scan.study.scanner.vendor == vendor
        and scan.study.scanner.encoding == encoding
    ]


def value(data_set: DicomJson, tag: str) -> Any:
    values = data_set.get(tag, {}).get("Value", [])
    return values[0] if len(values) == 1 else tuple(values) or None


def grouped(data_set: DicomJson, sequence: str, tag: str) -> Any:
    """A value of an enhanced object's first frame: per frame, else shared."""
    for groups in ("52009230", "52009229"):
        item = data_set[groups]["Value"][0].get(sequence)
        if item and tag in item["Value"][0]:
            return value(item["Value"][0], tag)
    return None


def test_every_scan_has_the_instances_it_promises(scans: list[Scan]) -> None:
    for scan in scans:
        instances = list(encode(scan))
        assert len(instances) == scan.instances
        for instance in instances:
            assert list(instance) == sorted(instance)
            assert value(instance, "0020000E") == scan.series_uid


def test_the_text_is_that_of_the_data_sets(scans: list[Scan]) -> None:
    for scan in (*scans[::7], *(scan for scan in scans if scan.has_raw_object)):
        texts = [orjson.loads(text) for text in serialise(scan, "http://pacs/dicom-web")]
        data_sets = [orjson.dumps(one) for one in encode(scan, "http://pacs/dicom-web")]
        assert texts == list(map(orjson.loads, data_sets))
        assert all(list(one) == sorted(one) for one in texts)


def test_instance_numbers_positions_and_uids_vary(scans: list[Scan]) -> None:
    scan = of_vendor(scans, "siemens")[0]
    instances = list(encode_classic(scan))
    for tag in ("00080018", "00200013", "00200032", "00080032", "00201041"):
        assert len({value(instance, tag) for instance in instances}) == len(instances)


def physical_classic(instances: list[DicomJson]) -> dict[str, Any]:
    first = instances[0]
    matrix = [steps for steps in value(first, "00181310") if steps]
    return {
        "tr": value(first, "00180080"),
        "te": value(first, "00180081"),
        "ti": value(first, "00180082"),
        "flip": value(first, "00181314"),
        "train": value(first, "00180091"),
        "nex": value(first, "00180083"),
        "steps": value(first, "00180089"),
        "frequency": matrix[0],
        "sampling": value(first, "00180093"),
        "bandwidth": value(first, "00180095"),
        "thickness": value(first, "00180050"),
        "spacing": value(first, "00180088"),
        "pixel": value(first, "00280030"),
        "field": value(first, "00180087"),
        "coil": value(first, "00181250"),
        "dimension": value(first, "00180023"),
        "positions": [value(i, "00200032") for i in instances],
        "orientations": [value(i, "00200037") for i in instances],
        "start": min(value(i, "00080022") + value(i, "00080032") for i in instances)[:20],
    }


def physical_enhanced(instances: list[DicomJson]) -> dict[str, Any]:
    (one,) = instances
    frames = one["52009230"]["Value"]

    def of_frames(sequence: str, tag: str) -> list[Any]:
        return [value(frame[sequence]["Value"][0], tag) for frame in frames]

    return {
        "tr": grouped(one, "00189112", "00180080"),
        "te": grouped(one, "00189114", "00189082"),
        "ti": grouped(one, "00189115", "00189079"),
        "flip": grouped(one, "00189112", "00181314"),
        "train": grouped(one, "00189112", "00189240"),
        "nex": grouped(one, "00189119", "00180083"),
        "steps": grouped(one, "00189125", "00189231"),
        "frequency": grouped(one, "00189125", "00189058"),
        "sampling": grouped(one, "00189125", "00180093"),
        "bandwidth": grouped(one, "00189006", "00180095"),
        "thickness": grouped(one, "00289110", "00180050"),
        "spacing": grouped(one, "00289110", "00180088"),
        "pixel": grouped(one, "00289110", "00280030"),
        "field": value(one, "00180087"),
        "coil": grouped(one, "00189042", "00181250"),
        "dimension": value(one, "00180023"),
        "positions": of_frames("00209113", "00200032"),
        "orientations": of_frames("00209116", "00200037"),
        "start": value(one, "0008002A")[:20],
    }


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pick=st.integers(0, 10_000),
    nex=st.sampled_from([1.0, 1.5, 2.0, 3.0, 6.0]),
    oversampling=st.sampled_from([0.0, 0.5, 1.0]),
    acceleration=st.integers(1, 4),
    slices=st.integers(1, 40),
    omits_nex=st.booleans(),
)
def test_a_scan_has_the_same_physics_in_both_encodings(
    scans: list[Scan],
    pick: int,
    nex: float,
    oversampling: float,
    acceleration: int,
    slices: int,
    omits_nex: bool,
) -> None:
    candidates = [
        scan
        for vendor in ("siemens", "philips")
        for scan in of_vendor(scans, vendor)
        if scan.is_spin_echo_train
    ]
    scan = replace(
        candidates[pick % len(candidates)],
        nex=nex,
        phase_oversampling=oversampling,
        partial_fourier=1.0,
        acceleration=acceleration,
        slices=slices,
        omits_nex=omits_nex,
        has_raw_object=False,
        defect="",
    )
    classic = physical_classic(list(encode_classic(scan)))
    enhanced = physical_enhanced(list(encode_enhanced(scan)))
    digits = len(classic["start"].split(".")[-1])
    enhanced["start"] = enhanced["start"][: 15 + digits]
    classic["start"] = classic["start"][: 15 + digits]
    assert classic == enhanced
    assert classic["nex"] == (None if omits_nex else nex)


def test_siemens_writes_the_time_as_text_and_steps_with_oversampling(scans: list[Scan]) -> None:
    scan = replace(of_vendor(scans, "siemens")[0], phase_oversampling=0.5, acceleration=2, nex=2.0)
    header = next(encode_classic(scan))
    assert value(header, "00510010") == "SIEMENS MR HEADER"
    assert value(header, "0051100A") == time_text(scan.duration_s)
    assert value(header, "00511011") == "p2"
    assert value(header, "00180089") == round(1.5 * scan.protocol.matrix_phase)
    assert "00189073" not in header
    assert "00511011" not in next(encode_classic(replace(scan, acceleration=1)))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(222.4, "TA 03:42"), (33, "TA 33.00"), (3.82, "TA 03.82"), (59.999, "TA 01:00"),
     (359.7, "TA 06:00"), (119.6, "TA 02:00")],
)  # fmt: skip
def test_ta_text(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


def test_ge_writes_noisy_microseconds_and_no_steps(scans: list[Scan]) -> None:
    for scan in of_vendor(scans, "ge"):
        header = next(encode_classic(scan))
        assert value(header, "00190010") == "GEMS_ACQU_01"
        microseconds = value(header, "0019105A")
        assert microseconds == pytest.approx(scan.duration_s * 1e6, abs=60)
        assert single(microseconds) == microseconds
        assert "00180089" not in header
        assert sorted(value(header, "00181310"))[2:] == sorted(
            (scan.protocol.matrix_phase, scan.protocol.matrix_frequency)
        )
        assert value(header, "00431083")[0] == pytest.approx(1 / scan.acceleration)


def test_philips_writes_seconds_and_averages_in_private_groups(scans: list[Scan]) -> None:
    omitted = 0
    for scan in of_vendor(scans, "philips"):
        header = next(encode_classic(scan))
        assert value(header, "20050010") == "Philips MR Imaging DD 001"
        assert value(header, "20051033") == pytest.approx(scan.duration_s)
        assert value(header, "20010010") == "Philips Imaging DD 001"
        assert value(header, "20011088") == (None if scan.omits_private_nex else scan.nex)
        assert value(header, "00180083") == (None if scan.omits_nex else scan.nex)
        omitted += scan.omits_nex
    assert omitted


def test_philips_enhanced_nests_its_private_groups_in_each_frame(scans: list[Scan]) -> None:
    scan = of_vendor(scans, "philips", "enhanced")[0]
    (one,) = encode(scan)
    for frame in one["52009230"]["Value"]:
        assert value(frame, "20050014") == "Philips MR Imaging DD 005"
        assert value(frame["2005140F"]["Value"][0], "20051033") == pytest.approx(scan.duration_s)


def test_united_imaging_writes_milliseconds_for_volumes_and_on_one_system(
    scans: list[Scan],
) -> None:
    for scan in of_vendor(scans, "uih"):
        header = next(encode_classic(scan))
        in_ms = scan.study.scanner.writes == "ms" or value(header, "00180023") == "3D"
        stated = value(header, "00189073")
        assert stated == pytest.approx(scan.duration_s * (1000 if in_ms else 1), abs=1)
    assert {scan.study.scanner.writes for scan in of_vendor(scans, "uih")} == {"", "ms"}


def test_hitachi_writes_standard_attributes_alone(scans: list[Scan]) -> None:
    scan = replace(of_vendor(scans, "hitachi")[0], phase_oversampling=1.0)
    header = next(encode_classic(scan))
    assert value(header, "00189073") == pytest.approx(scan.duration_s, abs=0.06)
    assert value(header, "00180089") == 2 * scan.protocol.matrix_phase
    assert not [tag for tag in header if int(tag[:4], 16) % 2]


def test_the_text_of_the_time_may_be_too_short_or_a_product(scans: list[Scan]) -> None:
    scan = of_vendor(scans, "siemens")[0]
    assert value(next(encode_classic(replace(scan, time_text="too_short"))), "0051100A") == (
        "TA 00.01"
    )
    text = value(next(encode_classic(replace(scan, time_text="multiplied"))), "0051100A")
    one, times = re.fullmatch(r"TA ([0-9:.]+)\*([234])", text).groups()  # type: ignore[union-attr]
    seconds = sum(60**place * float(part) for place, part in enumerate(reversed(one.split(":"))))
    assert seconds * int(times) == pytest.approx(scan.duration_s, abs=2.1)
    images = list(encode_classic(replace(scan, time_text="multiplied")))
    # Several measurements, not packages of slices: each has its Acquisition Number.
    assert {value(image, "00200012") for image in images} == set(range(1, int(times) + 1))


def test_twins_share_their_scan_and_say_what_they_show(scans: list[Scan]) -> None:
    second = [scan for scan in scans if scan.is_second]
    assert {scan.sibling for scan in second} == {"unfiltered", "out_phase", "water", "fat"}
    for scan in second:
        header = next(encode(scan))
        (first,) = (
            one
            for one in scans
            if one.study is scan.study and one.number == scan.acquisition and not one.is_second
        )
        assert (first.start_s, first.duration_s) == (scan.start_s, scan.duration_s)
        assert value(header, "0020000E") != first.series_uid
        assert value(header, "00080008") != value(next(encode(first)), "00080008")


def test_oversampling_shows_in_the_steps_but_at_ge_as_no_phase_wrap(scans: list[Scan]) -> None:
    for scan in of_vendor(scans, "philips") + of_vendor(scans, "siemens"):
        header = next(encode_classic(replace(scan, phase_oversampling=1.0)))
        partial = scan.partial_fourier if scan.study.scanner.vendor == "siemens" else 1
        assert value(header, "00180089") == round(2 * scan.protocol.matrix_phase * partial)
        assert "OSP" in value(header, "00180021")
    scan = of_vendor(scans, "ge")[0]
    wrapped = next(encode_classic(replace(scan, has_no_phase_wrap=True)))
    assert "NPW" in value(wrapped, "00180022")


def test_ge_halves_the_averages_under_no_phase_wrap_and_keeps_those_of_the_console(
    scans: list[Scan],
) -> None:
    scan = replace(of_vendor(scans, "ge")[0], nex=2.0, omits_nex=False)
    for has_no_phase_wrap, standard in ((True, 1.0), (False, 2.0)):
        header = next(encode_classic(replace(scan, has_no_phase_wrap=has_no_phase_wrap)))
        assert value(header, "00270010") == "GEMS_IMAG_01"
        assert (value(header, "00180083"), value(header, "00271062")) == (standard, 2.0)
    without = next(encode_classic(replace(scan, omits_nex=True)))
    assert not {"00180083", "00271062"} & set(without)


def test_canon_counts_the_lines_after_parallel_imaging(scans: list[Scan]) -> None:
    scan = replace(of_vendor(scans, "canon")[0], phase_oversampling=1.0, partial_fourier=1.0)
    header = next(encode_classic(replace(scan, acceleration=2)))
    assert value(header, "00180089") == scan.protocol.matrix_phase
    assert value(header, "00189069") == 2


def test_united_imaging_writes_no_steps(scans: list[Scan]) -> None:
    assert all("00180089" not in next(encode_classic(s)) for s in of_vendor(scans, "uih"))


def test_canon_and_enhanced_write_the_acquisition_duration(scans: list[Scan]) -> None:
    for scan in of_vendor(scans, "canon") + of_vendor(scans, "siemens", "enhanced"):
        assert value(next(encode(scan)), "00189073") == pytest.approx(scan.duration_s)


def test_an_enhanced_object_has_no_classic_averages(scans: list[Scan]) -> None:
    scan = of_vendor(scans, "siemens", "enhanced")[0]
    (one,) = encode(replace(scan, acceleration=2))
    assert value(one, "00080016") == "1.2.840.10008.5.1.4.1.1.4.1"
    assert value(one, "00280008") == len(one["52009230"]["Value"]) == scan.images
    assert not {"00180080", "00180081", "00180083", "00180089", "00181310"} & set(one)
    shared = one["52009229"]["Value"][0]
    assert value(shared["002110FE"]["Value"][0], "00211009") == "p2"


def test_derived_images_say_so(scans: list[Scan]) -> None:
    derived = [scan for scan in scans if scan.purpose == "derived"]
    assert derived
    for scan in derived:
        header = next(encode(scan))
        assert value(header, "00080008")[0] == "DERIVED"
        assert not {"00189073", "0051100A", "0019105A", "20051033"} & set(header)


def test_the_header_is_full_of_identifiers(scans: list[Scan]) -> None:
    scan = scans[0]
    patient = scan.study.patient
    header = next(encode(scan))
    assert value(header, "00100010") == {"Alphabetic": patient.name}
    assert value(header, "00100020") == patient.patient_id
    assert value(header, "00100030") == f"{patient.birth_date:%Y%m%d}"
    for tag in ("00080080", "00080081", "00080090", "00081010", "00081070", "00181000"):
        assert value(header, tag)


def test_some_texts_name_the_patient(fleet: Fleet) -> None:
    named = [
        scan
        for study in fleet.studies(None, fleet.start, fleet.end)
        for scan in fleet.scans(study)
        if study.patient.family_name in scan.series_description
    ]
    assert named


def test_dirty_values(scans: list[Scan]) -> None:
    scan = of_vendor(scans, "ge")[0]
    text = next(encode_classic(replace(scan, defect="text_number")))
    empty = next(encode_classic(replace(scan, defect="empty_element")))
    assert value(text, "00180095") == "abc"
    assert empty["00181314"] == {"vr": "DS"}


def test_philips_files_a_raw_object_among_the_images(scans: list[Scan]) -> None:
    scan = replace(of_vendor(scans, "philips")[0], has_raw_object=True)
    *images, raw = encode(scan)
    assert len(images) == scan.images
    assert value(raw, "00080016") == "1.2.840.10008.5.1.4.1.1.66"
    assert "00180080" not in raw


def test_diffusion_holds_two_b_values(scans: list[Scan]) -> None:
    scan = next(s for s in scans if s.protocol.b_value and s.study.scanner.vendor == "ge")
    b_values = [value(instance, "00189087") for instance in encode(scan)]
    assert sorted(set(b_values)) == [0, 1000]


def test_reports_are_no_images(scans: list[Scan]) -> None:
    for scan in scans:
        if scan.purpose in ("report", "phoenix"):
            (report,) = encode(scan)
            assert value(report, "00080060") == "SR"
            assert "00280010" not in report


def test_an_unknown_keyword_is_an_error() -> None:
    with pytest.raises(KeyError, match="no DICOM keyword"):
        attributes({"NumberOfAverage": 1})
