from collections.abc import Iterator

import pytest
import requests

from protocol_assets_simulator import Fleet, SimulatedPacs


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    return Fleet()


@pytest.fixture(scope="session")
def pacs(fleet: Fleet) -> Iterator[SimulatedPacs]:
    with SimulatedPacs(fleet) as running:
        yield running


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as client:
        client.trust_env = False
        client.headers["Accept"] = "application/dicom+json"
        yield client
