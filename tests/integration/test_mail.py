"""The asset ``report_mail`` over a real SMTP server and a webhook on loopback."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.defs.delivery.assets import report_mail
from protocol_assets.defs.resources import DeploymentResource, NotifyResource
from protocol_assets.delivery.errors import DeliveryError
from protocol_assets.lake.parquet import write_part
from protocol_assets.lake.zones import Lake
from protocol_assets.settings import CONFIG_VARIABLE, Settings
from tests.integration.certificates import Authority
from tests.integration.mail_server import LOGIN, MailBox, mail_server
from tests.unit.reports.marts import DAY, MONTHS, PACS, exams, monthly, opportunity, whole

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

CHIEFS = ("chief@hospital.example", "head@hospital.example")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("mail") / "right").make()


@dataclass
class Site:
    """A home with published marts, and the asset run on it."""

    folder: Path
    instance: dg.DagsterInstance

    def configure(self, mail: str = "", lists: str = "", more: str = "") -> Settings:
        pacs = "".join(
            f'[[pacs]]\nname = "{name}"\nurl = "https://{name}.example/rs"\n' for name in PACS
        )
        tables = "\n".join([mail, lists, more, pacs])
        path = self.folder / "protocol_assets.toml"
        path.write_text(f'home = "home"\nstart_date = 2026-01-01\n{tables}', encoding="utf-8")
        settings = Settings.load({CONFIG_VARIABLE: str(path)})
        Lake(settings.home).prepare()
        return settings

    def run(self, settings: Settings) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [report_mail],
            instance=self.instance,
            resources={"deployment": DeploymentResource.of(Deployment(settings))},
            raise_on_error=False,
        )


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Site]:
    with dg.DagsterInstance.ephemeral() as instance:
        deployment = Site(tmp_path, instance)
        publish(deployment.configure(), whole())
        yield deployment


def publish(settings: Settings, marts: dict[str, list[dict[str, Any]]]) -> None:
    for name, rows in marts.items():
        path = Lake(settings.home).marts / f"{name}.parquet"
        write_part(Lake(path.parent), path.name, pa.Table.from_pylist(rows), versions={})


@pytest.fixture
def serve(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Starts a server; gives it and the lines of ``[mail]`` that fit."""
    for variable, value in zip(("MAIL_USER", "MAIL_PASSWORD"), LOGIN, strict=True):
        monkeypatch.setenv(variable, value)
    with ExitStack() as stack:

        def start(
            *, host: str = "IP:127.0.0.1", tls: bool = True, ca_file: Path | None = None
        ) -> tuple[MailBox, str]:
            context = None
            if tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*authority.issue("mail", host=host))
            box = stack.enter_context(mail_server(context))
            return box, mail_table(box, ca_file or authority.certificate)

        yield start


def mail_table(box: MailBox, ca_file: Path) -> str:
    return (
        f'[mail]\nhost = "127.0.0.1"\nport = {box.port}\nca_file = "{ca_file}"\n'
        'sender = "MR protocols <mr@hospital.example>"\n'
        'username_env = "MAIL_USER"\npassword_env = "MAIL_PASSWORD"\n'
    )


def a_list(name: str, *to: str, more: str = "") -> str:
    return f'[[mail.lists]]\nname = "{name}"\nto = {json.dumps(to)}\n{more}\n'


def told(result: dg.ExecuteInProcessResult) -> tuple[bool, str]:
    """Whether the check passed, and all that Dagster was told, as text."""
    evaluation = result.get_asset_check_evaluations()[-1]
    assert evaluation.check_name == "delivered"
    words = [str(evaluation.description), *map(str, evaluation.metadata.values())]
    for event in result.all_events:
        words += [str(event.message), str(event.event_specific_data)]
    return evaluation.passed, "\n".join(words)


def html_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def test_it_is_received_once_also_after_three_more_runs(
    deployment: Site, serve: Callable[..., Any]
) -> None:
    box, mail = serve()
    settings = deployment.configure(mail, a_list("chiefs", *CHIEFS))
    states = []
    for _ in range(4):
        result = deployment.run(settings)
        assert result.success
        passed, words = told(result)
        assert passed
        assert not [one for one in (*CHIEFS, "127.0.0.1", LOGIN[1]) if one in words]
        states.append("| chiefs | sent | 2 |" in words)
    assert states == [True, False, False, False]
    ((to, received),) = box.mails
    assert to == list(CHIEFS)
    assert [line.upper() for line in box.plain_lines] == ["EHLO [127.0.0.1]", "STARTTLS"]

    assert received["Auto-Submitted"] == "auto-generated"
    assert received["List-Id"] == "<chiefs.protocol-assets.hospital.example>"
    parts = [part.get_content_type() for part in received.walk()]
    assert [part.rpartition("/")[2] for part in parts[:5]] == (
        ["mixed", "related", "alternative", "plain", "html"]
    )
    assert parts[-1] == "application/pdf"
    named = {f"cid:{part['Content-ID'][1:-1]}" for part in received.walk() if part["Content-ID"]}
    html = html_of(received)
    shown = {piece.partition('"')[0] for piece in html.split('src="')[1:]}
    assert shown
    assert shown == named, "all pictures come with the mail, and nothing is fetched"
    for part in received.walk():
        if part["Content-ID"]:
            assert part.get_content().startswith(b"\x89PNG\r\n\x1a\n")
    text = received.get_body(("plain",))
    assert text is not None
    assert "MR 2" in text.get_content()
    (pdf,) = received.iter_attachments()
    assert pdf.get_filename() == f"mr-protocols_chiefs_{DAY}.pdf"
    assert pdf.get_content().startswith(b"%PDF-")


@pytest.mark.parametrize("case", ["certificate", "host", "no STARTTLS", "login"])
def test_what_cannot_be_trusted_is_refused_and_the_next_run_delivers(
    deployment: Site,
    serve: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    lists = a_list("chiefs", *CHIEFS)
    right, right_mail = serve()
    wrong, mail = right, right_mail
    if case == "certificate":
        mail = mail_table(right, Authority(tmp_path / "other").make().certificate)
    elif case == "host":
        wrong, mail = serve(host="DNS:elsewhere.example")
    elif case == "no STARTTLS":
        wrong, mail = serve(tls=False)
    else:
        monkeypatch.setenv("MAIL_PASSWORD", "wrong")
    result = deployment.run(deployment.configure(mail, lists))
    assert not result.success
    passed, words = told(result)
    assert not passed
    line = {
        "certificate": "certificate is not trusted; name its authority in ca_file",
        "host": "certificate is for another name; set host to the name it is for",
        "no STARTTLS": "offers no STARTTLS, and nothing is sent unencrypted",
        "login": "refused the login (535)",
    }[case]
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    user_failure = failure.step_failure_data.user_failure_data
    assert user_failure is not None
    assert str(user_failure.description).startswith("chiefs: the mail server")
    assert line in str(user_failure.description)
    assert not [one for one in (*CHIEFS, "wrong", "127.0.0.1", "elsewhere") if one in words]
    assert wrong.mails == []
    assert not [one for one in wrong.plain_lines if one.upper().startswith(("AUTH", "MAIL"))]

    monkeypatch.setenv("MAIL_PASSWORD", LOGIN[1])
    settings = deployment.configure(right_mail, lists)
    assert deployment.run(settings).success
    assert deployment.run(settings).success
    assert len(right.mails) == 1


def test_a_busy_server_is_tried_again_within_the_run(
    deployment: Site, serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, mail = serve()
    box.end = "451 try again later"
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        clock[0] += seconds
        if seconds > 1:
            box.end = None

    clock = [0.0]
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + clock[0])
    monkeypatch.setattr(time, "sleep", wait)
    # Dagster spreads the first wait evenly over 0 to 40 s: the middle is taken, never a moment.
    monkeypatch.setattr("dagster._core.definitions.policy.random", lambda: 0.5)
    result = deployment.run(deployment.configure(mail, a_list("chiefs", *CHIEFS)))
    assert result.success
    assert len(box.mails) == 1
    assert max(waited) > 1
    assert [one.passed for one in result.get_asset_check_evaluations()] == [False, True]


def test_what_nobody_knows_is_not_sent_again_and_is_seen(
    deployment: Site, serve: Callable[..., Any]
) -> None:
    box, mail = serve()
    box.end = ""
    settings = deployment.configure(mail, a_list("chiefs", *CHIEFS))
    for _ in range(2):
        result = deployment.run(settings)
        assert result.success
        passed, words = told(result)
        assert not passed
        assert "| chiefs | unknown |" in words
        box.end = None
    assert box.mails == []


def test_two_lists_get_the_numbers_of_their_sites(
    deployment: Site, serve: Callable[..., Any]
) -> None:
    box, mail = serve()
    marts = whole() | {
        "published_opportunities": [
            opportunity("MR N1", 111, site="North"),
            opportunity("MR S1", 222, site="South"),
        ],
        "nex_monthly": [
            monthly("MR N1", "T2", 2.0, site="North"),
            monthly("MR S1", "T2", 3.0, site="South"),
        ],
        "exam_monthly": [
            exams("MR N1", MONTHS[-1], 12, site="North"),
            exams("MR S1", MONTHS[-1], 12, site="South"),
        ],
    }
    lists = (
        a_list("north", "n@hospital.example", more='sites = ["North"]')
        + a_list("south", "s@hospital.example", more='scanners = ["MR S*"]\nlanguage = "pt"')
        + a_list("ct", "ct@hospital.example", more='modalities = ["CT"]')
        + a_list("nowhere", "x@hospital.example", more='sites = ["Nrth"]')
    )
    settings = deployment.configure(mail, lists)
    publish(settings, marts)
    result = deployment.run(settings)
    assert result.success
    _, words = told(result)
    assert "| ct | not for it |" in words
    assert "| nowhere | not for it |" in words
    mails = {to[0]: received for to, received in box.mails}
    assert set(mails) == {"n@hospital.example", "s@hospital.example"}
    north, south = (html_of(mails[f"{one}@hospital.example"]) for one in "ns")
    assert "MR N1" in north
    assert "111" in north
    assert "MR S1" not in north
    assert "222" not in north
    assert "MR S1" in south
    assert "222" in south
    assert "MR N1" not in south
    assert 'lang="en"' in north
    assert 'lang="pt"' in south
    ids = {received["Message-ID"] for received in mails.values()}
    assert len(ids) == 2


def test_of_two_runs_at_once_one_sends(deployment: Site, serve: Callable[..., Any]) -> None:
    box, mail = serve()
    settings = deployment.configure(mail, a_list("chiefs", *CHIEFS))
    results: list[dg.ExecuteInProcessResult] = []

    def run() -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            results.append(Site(deployment.folder, instance).run(settings))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.success for one in results] == [True, True]
    assert len(box.mails) == 1


def test_nothing_configured_is_green_and_says_so(deployment: Site) -> None:
    result = deployment.run(deployment.configure())
    assert result.success
    passed, words = told(result)
    assert passed
    assert "The report has no recipients. Configure [[mail.lists]] or [webhook]" in words
    assert not (deployment.configure().home / "safe" / "deliveries").exists()


@contextmanager
def chat() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A webhook on loopback: its URL, and what was posted."""
    posted: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hooks/T0KEN", posted
        server.shutdown()
        thread.join()


def test_the_webhook_is_told_once_that_the_report_is_there(
    deployment: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat() as (url, posted):
        monkeypatch.setenv("CHAT", url)
        settings = deployment.configure(more='[webhook]\nurl_env = "CHAT"')
        for _ in range(3):
            result = deployment.run(settings)
            assert result.success
            assert "T0KEN" not in told(result)[1]
    (one,) = posted
    assert set(one) == {"text"}
    assert "\n" not in one["text"]
    assert one["text"]


def test_alerts_go_to_their_audience_and_all_of_them_to_the_webhook(
    deployment: Site, serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, mail = serve()
    with chat() as (url, posted):
        monkeypatch.setenv("CHAT", url)
        settings = deployment.configure(
            mail,
            more='[webhook]\nurl_env = "CHAT"\n'
            '[alerts]\nengineers = ["e@hospital.example"]\nphysicists = ["p@hospital.example"]',
        )
        channels = NotifyResource.of(Deployment(settings))
        for send in channels("engineers").values():
            send(["run 1 failed", "day 2 is incomplete"])
        for send in channels("physicists").values():
            send(["Drift: МРТ № 2: TR"])
        box.replies["p@hospital.example"] = "550 no such user"
        with pytest.raises(DeliveryError, match="none of the addresses"):
            channels("physicists")["mail"](["Drift: MR 3"])
    assert [(to, str(one["Subject"]).strip()) for to, one in box.mails] == [
        (["e@hospital.example"], "(2) run 1 failed"),
        (["p@hospital.example"], "Drift: МРТ № 2: TR"),
    ]
    assert box.mails[0][1].get_content().splitlines() == ["run 1 failed", "day 2 is incomplete"]
    said = [one["text"] for one in posted]
    assert said == ["run 1 failed\nday 2 is incomplete", "Drift: МРТ № 2: TR"]
    assert set(channels("engineers")) == {"mail", "webhook"}
    assert set(NotifyResource.of(Deployment(deployment.configure(mail)))("engineers")) == set()
