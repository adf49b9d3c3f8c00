"""Elements of the DICOM JSON model and the value representations that are in use here."""

from __future__ import annotations

from typing import Any

__all__ = ["Dataset", "Private", "element", "orientation", "position", "put"]

Dataset = dict[str, Any]

_VRS = {
    "CS": "00080005 00080008 00080060 00180015 00180020 00180021 00180022 00180023 00180025 "
    "00181312 00185100 00280004 00400252 00189008 00189012 00189014 00189017 00189018 00189020 "
    "00189021 00189024 00189025 00189027 00189029 00189032 00189036 00189043 00189077 00189078 "
    "00189081 00189100 00189174 00089205 00089206 00089207 00089208 00089209 00280301 00282110 "
    "00189009 00189010 00189016 00189026 00089007 00100040 00189004 00189033 00189034 00209072",
    "UI": "00080016 00080018 0020000D 0020000E 00200052 00081150 00081155",
    "DA": "00080012 00080020 00080021 00080022 00080023 00100030 00400244",
    "TM": "00080013 00080030 00080031 00080032 00080033 00400245",
    "DT": "0008002A 00189074 00189151",
    "SH": "00080050 00081010 00180024 00181250 00181251 00200010 00400253 00189005 00209056 "
    "00180085",
    "LO": "00080070 00080080 0008103E 00081030 00081040 00081090 00100020 00180010 00181000 "
    "00181020 00181030 00400254 00189041",
    "DS": "00101030 00180050 00180080 00180081 00180082 00180083 00180084 00180087 00180088 "
    "00180093 00180094 00180095 00181100 00181314 00181316 00200032 00200037 00201041 00280030 "
    "00281050 00281051 00281052 00281053",
    "IS": "00180086 00180089 00180091 00200011 00200012 00200013 00280008 00200105 00201002",
    "US": "00181310 00280002 00280010 00280011 00280100 00280101 00280102 00280103 00280106 "
    "00280107 00189058 00189231 00189232 00189240 00189241 00189093 00209156",
    "FD": "00189073 00189082 00189069 00189155 00189087 00189098 00189079 00189220",
    "UL": "00209057 00209128 00209157",
    "AS": "00101010",
    "PN": "00100010 00080090",
    "ST": "00080081",
}
_VR = {tag: vr for vr, tags in _VRS.items() for tag in tags.split()}
_TEXT_VRS = frozenset({"PN"})


def element(vr: str, *values: Any) -> Dataset:
    """Return an element; without values it is present and empty."""
    if not values or values == ("",):
        return {"vr": vr}
    if vr in _TEXT_VRS:
        return {"vr": vr, "Value": [{"Alphabetic": v} for v in values]}
    return {"vr": vr, "Value": list(values)}


def put(dataset: Dataset, tag: str, *values: Any) -> None:
    """Set a standard element."""
    dataset[tag] = element(_VR[tag], *values)


class Private:
    """A block of private elements at a block number of one's choice.

    Args:
        dataset: What is written to.
        group: Group number in hexadecimal, as ``0051``.
        block: Block number, 16 and above.
        creator: Private creator, as ``SIEMENS MR HEADER``.
    """

    def __init__(self, dataset: Dataset, group: str, block: int, creator: str) -> None:
        self.dataset, self.prefix = dataset, f"{group}{block:02X}"
        dataset[f"{group}00{block:02X}"] = element("LO", creator)

    def put(self, number: str, vr: str, *values: Any) -> None:
        """Set an element by the last two digits of its number."""
        self.dataset[self.prefix + number] = element(vr, *values)


_ORIENTATIONS = {
    "sag": [0.0, 1.0, 0.0, 0.0, 0.0, -1.0],
    "ax": [1.0, 0.0, 0.0, 0.0, 0.9925, -0.1219],
    "cor": [1.0, 0.0, 0.0, 0.0, 0.0, -1.0],
}


def orientation(plane: str) -> list[float]:
    """Return ImageOrientationPatient of a plane."""
    return _ORIENTATIONS[plane]


def position(plane: str, offset: float, half: float) -> list[float]:
    """Return ImagePositionPatient of a slice that lies ``offset`` mm off the centre."""
    if plane == "sag":
        return [round(offset, 3), -half, half]
    if plane == "ax":
        return [-half, round(-half + 0.1219 * offset, 3), round(0.9925 * offset, 3)]
    return [-half, round(offset, 3), half]
