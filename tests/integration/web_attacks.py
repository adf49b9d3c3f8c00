"""What a foreign page, a rebound name or a forged request tries, and what must then have stayed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, urlencode

from tests.integration.web_site import Answer, Headers, Target

LAUNCH: Final = """mutation Harmless { launchRun(executionParams: {runConfigData: {}, selector: {
repositoryLocationName: "small", repositoryName: "__repository__", jobName: "scan",
assetSelection: [{path: ["scanned"]}]}}) { __typename } }"""
START: Final = """mutation { startSensor(sensorSelector: {repositoryLocationName: "small",
repositoryName: "__repository__", sensorName: "arrivals"}) { __typename } }"""
STATE: Final = """{ runsOrError { ... on Runs { count } }
assetNodes { assetMaterializations { timestamp } }
sensorsOrError(repositorySelector: {repositoryLocationName: "small",
repositoryName: "__repository__"}) { ... on Sensors { results { sensorState { status } } } } }"""

BODY: Final = json.dumps({"query": LAUNCH}).encode()
QUERY: Final = "query=" + quote(LAUNCH)
JSON: Final = "application/json"
EVIL: Final = "https://evil.example"

Attack = Callable[[Target], Answer]


def state(target: Target) -> str:
    """Runs, materialisations and sensors as the UI shows them."""
    answer = target.graphql(STATE)
    assert answer.status == 200, answer
    return answer.body.decode()


def _post(content_type: str | list[str] | None = JSON, **headers: str | list[str] | None) -> Attack:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent: Headers = {"Content-Type": content_type, **named}
    return lambda target: target.ask("POST", "/graphql", BODY, sent)


def _form(content_type: str, body: bytes) -> Attack:
    sent = {"Content-Type": content_type}
    return lambda target: target.ask("POST", f"/graphql?{QUERY}", body, sent)


def _raw(head: str, body: bytes = BODY) -> Attack:
    """A request written by hand: HOST, ORIGIN and PORT stand for the target's."""

    def send(target: Target) -> Answer:
        login = "".join(f"{name}: {value}\r\n" for name, value in target.login.items())
        text = head.replace("ORIGIN", target.origin).replace("HOST", target.host)
        lines = text.replace("\n", "\r\n")
        length = f"Content-Length: {len(body)}\r\nContent-Type: {JSON}\r\nConnection: close\r\n"
        return target.send(f"{lines}\r\n{login}{length}\r\n".encode() + body)

    return send


def _other_port(target: Target) -> Answer:
    origin = f"{target.origin.rpartition(':')[0]}:1"
    return _post(Origin=origin)(target)


def _other_scheme(target: Target) -> Answer:
    scheme, _, rest = target.origin.partition("://")
    other = {"http": "https", "https": "http"}[scheme]
    return _post(Origin=f"{other}://{rest}")(target)


def _two_origins(target: Target) -> Answer:
    return _post(Origin=[target.origin, EVIL])(target)


def _two_hosts(target: Target) -> Answer:
    return _post(Host=[target.host, "evil.example"])(target)


def _rebound(target: Target) -> Answer:
    """A name of the attacker's that leads to our address: Host and Origin agree."""
    scheme = target.origin.partition("://")[0]
    port = target.host.rpartition(":")[2]
    return _post(Host=f"evil.example:{port}", Origin=f"{scheme}://evil.example:{port}")(target)


REFUSED: Final[Mapping[str, Attack]] = {
    "GET mutation": lambda one: one.ask("GET", f"/graphql?{QUERY}"),
    "GET mutation with JSON accepted": lambda one: one.ask(
        "GET", f"/graphql?{QUERY}", headers={"Accept": JSON}
    ),
    "GET mutation from a foreign page": lambda one: one.ask(
        "GET", f"/graphql?{QUERY}", headers={"Origin": EVIL}
    ),
    "GraphiQL": lambda one: one.ask("GET", "/graphql", headers={"Accept": "text/html"}),
    "HEAD mutation": lambda one: one.ask("HEAD", f"/graphql?{QUERY}"),
    "form": _form("application/x-www-form-urlencoded", urlencode({"query": LAUNCH}).encode()),
    "multipart form": _form("multipart/form-data; boundary=x", b"--x--\r\n"),
    "text with JSON": _form("text/plain", BODY),
    "text that names JSON": _post("text/plain; charset=application/json"),
    "form that names JSON": _post("application/x-www-form-urlencoded; x=application/json"),
    "multipart that names JSON": _post("multipart/form-data; boundary=application/json"),
    "almost JSON": _post("application/json-patch"),
    "JSON with more": _post("application/json, text/plain"),
    "GraphQL text": _form("application/graphql", LAUNCH.encode()),
    "no content type": lambda one: one.ask("POST", f"/graphql?{QUERY}"),
    "JSON without its content type": _post(None),
    "two content types": _post([JSON, "text/plain"]),
    "compressed": _post(Content_Encoding="gzip"),
    "foreign Origin": _post(Origin=EVIL),
    "null Origin": _post(Origin="null"),
    "no Origin": _post(Origin=None),
    "empty Origin": _post(Origin=""),
    "two Origins": _two_origins,
    "Origin of another port": _other_port,
    "Origin of another scheme": _other_scheme,
    "Origin that begins alike": lambda one: _post(Origin=f"{one.origin}.evil.example")(one),
    "Origin with a user": lambda one: _post(Origin=one.origin.replace("://", "://x@"))(one),
    "foreign Host": _post(Host="evil.example"),
    "rebound name": _rebound,
    "two Hosts": _two_hosts,
    "Host with a dot": lambda one: _post(Host=one.host.replace(":", ".:"))(one),
    "Host without its port": lambda one: _post(Host=one.host.rpartition(":")[0] + ":1")(one),
    "no Host": _raw("POST /graphql HTTP/1.1\nOrigin: ORIGIN"),
    "HTTP/1.0 without Host": _raw("POST /graphql HTTP/1.0\nOrigin: ORIGIN"),
    "absolute form, foreign": _raw(
        "POST http://evil.example/graphql HTTP/1.1\nHost: HOST\nOrigin: https://evil.example"
    ),
    "absolute form, foreign Host": _raw(
        "POST http://HOST/graphql HTTP/1.1\nHost: evil.example\nOrigin: ORIGIN"
    ),
    "method override": lambda one: one.ask(
        "PUT", "/graphql", BODY, {"Content-Type": JSON, "X-HTTP-Method-Override": "POST"}
    ),
    "preflight": lambda one: one.ask(
        "OPTIONS",
        "/graphql",
        headers={"Origin": EVIL, "Access-Control-Request-Method": "POST"},
    ),
    "asset event": lambda one: one.ask(
        "POST", "/report_asset_materialization/scanned", b"{}", {"Content-Type": JSON}
    ),
    "asset event without a body": lambda one: one.ask(
        "POST", "/report_asset_materialization/scanned"
    ),
    "asset event by a doubled slash": lambda one: one.ask(
        "POST", "//report_asset_materialization/scanned", b"{}", {"Content-Type": JSON}
    ),
    "mutation at a line feed": lambda one: one.ask(
        "POST", f"/graphql%0a?{QUERY}", BODY, {"Content-Type": "text/plain"}
    ),
    "not an object": lambda one: one.ask("POST", "/graphql", b"[]", {"Content-Type": JSON}),
    "UTF-16": lambda one: one.ask(
        "POST", "/graphql", BODY.decode().encode("utf-16"), {"Content-Type": JSON}
    ),
    "deep JSON": lambda one: one.ask("POST", "/graphql", b"[" * 100_000, {"Content-Type": JSON}),
    "deep query": lambda one: one.graphql("{a" * 20_000),
    "large": lambda one: one.graphql(f"# {'x' * 5_000_000}\n{LAUNCH}"),
}
"""Each is answered by 4xx, or by nothing at all."""

PATHS: Final = (
    "//graphql",
    "/./graphql",
    "/x/../graphql",
    "/%67raphql",
    "/graphql/",
    "/graphql%0a",
    "/graphql%2f",
    "/graphql%00",
    "/%2e/graphql",
    "/x/%2e%2e/graphql",
    "/GRAPHQL",
    "/graphql;x",
    "/dagit/../graphql",
    "\\graphql",
)
"""Ways to write the path, each with a mutation in the query: none may be GraphQL's."""

HANDED_OUT: Final = (
    "/notebook?repoLocName=small&path=/x.ipynb",
    "/dagit/notebook?repoLocName=small&path=/x.ipynb",
    "/logs/x/compute_logs/y.out",
    "/download_debug/RUN",
    "/dagit_info",
)
"""Endpoints of Dagster's that nobody needs here: only the UI's own page answers."""

WEBSOCKETS: Final[Mapping[str, Callable[[Target], Headers]]] = {
    "foreign Origin": lambda one: {"Origin": EVIL},
    "null Origin": lambda one: {"Origin": "null"},
    "no Origin": lambda one: {"Origin": None},
    "foreign Host": lambda one: {"Host": "evil.example"},
    "rebound name": lambda one: {
        "Host": "evil.example",
        "Origin": one.origin.partition("://")[0] + "://evil.example",
    },
    "Origin of another port": lambda one: {"Origin": one.origin.rpartition(":")[0] + ":1"},
}
