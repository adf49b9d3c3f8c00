"""Orthanc as the real PACS, and deployments of the platform that read it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings
from tests.integration.orthanc import CountingProxy, Orthanc, counting_proxy, program, run_orthanc
from tests.integration.real_data import FETCH, SOURCES, RealFile, edited, read_source
from tests.integration.whole_home import WholeHome, filled_home

KEY = bytes(range(32)).hex()

Deploy = Callable[..., Settings]
StartOrthanc = Callable[..., Orthanc]
MakeInstance = Callable[..., bytes]


def absent(reason: str) -> None:
    """Skip the test where something is not installed; on a build server that is a failure."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def orthanc_program() -> None:
    """Needed by everything that runs Orthanc."""
    if program() is None:
        absent("Orthanc is not installed; apt-get install orthanc orthanc-dicomweb")


@pytest.fixture(scope="session")
def real_files() -> Mapping[str, list[RealFile]]:
    """The files of the packages that are here, by package."""
    read = {source: read_source(source) for source in SOURCES}
    return {source: files for source, files in read.items() if files is not None}


@pytest.fixture
def source(request: pytest.FixtureRequest, real_files: Mapping[str, list[RealFile]]) -> str:
    """A package by indirect parameter."""
    name: str = request.param
    if name not in real_files:
        absent(f"the wheel of {name} was not fetched; run {FETCH}")
    return name


@pytest.fixture
def start_orthanc(orthanc_program: None, tmp_path: Path) -> Iterator[StartOrthanc]:
    """Starts an Orthanc; ``password`` and ``options`` as ``run_orthanc``."""
    with ExitStack() as stack:

        def start(**options: object) -> Orthanc:
            folder = tmp_path / "orthanc"
            folder.mkdir()
            return stack.enter_context(run_orthanc(folder, **options))  # type: ignore[arg-type]

        yield start


@pytest.fixture
def orthanc(start_orthanc: StartOrthanc) -> Orthanc:
    """An empty Orthanc without a password."""
    return start_orthanc()


@pytest.fixture
def proxy(orthanc: Orthanc) -> Iterator[CountingProxy]:
    """Counts the requests to ``orthanc``."""
    with counting_proxy(orthanc) as one:
        yield one


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Writes a configuration with one PACS and gives its settings."""

    def write(url: str, first: str, last: str, **pacs: object) -> Settings:
        return write_deployment(tmp_path, monkeypatch, url, first, last, **pacs)

    return write


def write_deployment(
    folder: Path, patch: pytest.MonkeyPatch, url: str, first: str, last: str, **pacs: object
) -> Settings:
    """A configuration file and the environment that goes with it."""
    lines = [
        'home = "home"',
        f"start_date = {first}",
        f"end_date = {last}",
        "[[pacs]]",
        'name = "orthanc"',
        f'url = "{url}"',
    ]
    lines += [
        f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
        for key, value in pacs.items()
    ]
    path = folder / "protocol_assets.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    patch.setenv(CONFIG_VARIABLE, str(path))
    patch.setenv(KEY_VARIABLE, KEY)
    patch.delenv(HOME_VARIABLE, raising=False)
    patch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
    return Settings.load()


@pytest.fixture(scope="session")
def new_instance() -> MakeInstance:
    """Makes an instance of a study of its own from a real MR file, by numbers."""
    real = Path(str(get_testdata_file("MR_small.dcm", download=False))).read_bytes()

    def make(study: int, *, series: int = 1, instance: int = 1, **changes: str | None) -> bytes:
        uid = f"2.25.{1000 + study}"
        values: dict[str, str | None] = {
            "PatientID": f"patient-{study}",
            "StudyInstanceUID": uid,
            "SeriesInstanceUID": f"{uid}.{series}",
            "SOPInstanceUID": f"{uid}.{series}.{instance}",
            "StudyDate": "20260302",
            "StudyTime": f"{8 + study // 60:02}{study % 60:02}00",
        }
        return edited(real, **(values | changes))

    return make


@pytest.fixture(scope="session")
def whole_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeHome]:
    """A home that one run has filled; whoever uses it puts it back as it was."""
    with filled_home(tmp_path_factory.mktemp("whole")) as one:
        yield one
