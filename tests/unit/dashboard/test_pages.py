"""Every page on everything that may be published: it renders, links in, and never flatters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from protocol_assets.dashboard import session
from protocol_assets.plain_text import find_invisible, starts_formula
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE
from tests.unit.dashboard.homes import configured, publish
from tests.unit.dashboard.published import (
    HOMES,
    WHOLE,
    WILD_NAMES,
    Tables,
    drift,
    finding,
    unconfirmed,
    verification,
)

streamlit = pytest.importorskip("streamlit", reason="the extra 'dashboard' is not installed")
from streamlit.testing.v1 import AppTest  # noqa: E402

APP = Path(session.__file__).with_name("app.py")
PAGES = ("fleet", "scanner", "protocol", "opportunity", "verification", "decision")
Open = Callable[..., AppTest]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page of a home with an address."""

    def opened(
        tables: Tables | None, page: str = "fleet", language: str = "en", **address: str
    ) -> AppTest:
        monkeypatch.setenv(CONFIG_VARIABLE, str(configured(tmp_path, tables, language)))
        monkeypatch.delenv(HOME_VARIABLE, raising=False)
        session.deployment.clear()
        test = AppTest.from_file(str(APP), default_timeout=60)
        for name, value in address.items():
            test.query_params[name] = value
        if page != "fleet":
            test.run()
            for name, value in address.items():
                test.query_params[name] = value
            test.switch_page(f"views/{page}.py")
        return healthy(test.run())

    return opened


def healthy(test: AppTest) -> AppTest:
    assert not test.exception, [error.message for error in test.exception]
    return test


def words(test: AppTest) -> str:
    """All that a page says outside of its tables."""
    kinds = (
        test.title,
        test.header,
        test.caption,
        test.markdown,
        test.info,
        test.warning,
        test.success,
        test.error,
    )
    texts = [one.value for kind in kinds for one in kind]
    return "\n".join([*texts, *(f"{one.label}: {one.value}" for one in test.metric)]).replace(
        "\u00a0", " "
    )


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("home", HOMES)
def test_every_page_renders_whatever_is_published(opened: Open, home: str, page: str) -> None:
    test = opened(HOMES[home], page)
    assert len(test.title) == 1
    assert "nan" not in words(test).lower().split()
    assert "None" not in words(test)


@pytest.mark.parametrize(
    ("page", "title", "words_of_page"),
    [
        ("fleet", "Visão geral do parque", "Economia potencial por mês: 78 min"),
        ("scanner", "Aparelho", "Escolha um aparelho"),
        ("protocol", "Protocolo", "Todas as unidades"),
        ("opportunity", "Oportunidades", "quem decide é o radiologista"),
        ("verification", "Verificação", "Verificadas: 1"),
        ("decision", "Aguardando minha decisão", "Aguardando: 2"),
    ],
)
def test_every_page_speaks_the_language_of_the_configuration(
    opened: Open, page: str, title: str, words_of_page: str
) -> None:
    test = opened(WHOLE, page, language="pt")
    assert test.title[0].value == title
    placeholders = "\n".join(str(one.placeholder) for one in test.selectbox)
    assert words_of_page in words(test) + placeholders
    for table in test.dataframe:
        texts = {str(value) for column in table.value for value in table.value[column]}
        assert not {"yes", "no", "high", "opportunity", "same field", "not told"} & texts


@pytest.mark.parametrize("page", PAGES)
def test_before_anything_is_published_every_page_says_so(opened: Open, page: str) -> None:
    test = opened(None, page)
    assert "Nothing is published yet." in words(test)
    assert len(test.info)


@pytest.mark.parametrize("number", range(6))
def test_names_are_shown_letter_by_letter(opened: Open, number: int) -> None:
    label = WILD_NAMES[number]
    test = opened(HOMES["wild names"], "scanner", scanner=label)
    assert test.title[0].value.replace("\\", "") == label


@pytest.mark.parametrize("page", ["fleet", "protocol", "opportunity", "verification", "decision"])
def test_no_table_holds_a_formula_or_an_invisible_character(opened: Open, page: str) -> None:
    """Streamlit's own button above a table writes its values to CSV as they are."""
    test = opened(HOMES["wild names"], page)
    texts = [
        value
        for table in test.dataframe
        for column in table.value.columns
        for value in table.value[column]
        if isinstance(value, str)
    ]
    assert "'=HYPERLINK(1)" in texts or not any("HYPERLINK" in one for one in texts)
    assert not any(starts_formula(one) for one in texts if not one.startswith("'"))
    assert all(find_invisible(one) is None for one in texts)


def test_a_scanner_is_linked_to(opened: Open) -> None:
    test = opened(WHOLE, "scanner", scanner="MR 1")
    assert test.title[0].value == "MR 1"
    assert "Site North, GE HealthCare SIGNA Hero, 1.5 T" in words(test).replace("\\", "")
    assert "Potential saving per month: 39 min" in words(test)


def test_an_address_that_names_what_has_gone_says_so(opened: Open) -> None:
    test = opened(WHOLE, "scanner", scanner="MR 9")
    assert "MR 9" in test.warning[0].value
    assert test.title[0].value == "Scanner"


def test_the_site_narrows_scanners_and_rows(opened: Open) -> None:
    test = opened(WHOLE, "decision", site="South")
    assert "Nothing waits for a decision here." in words(test)
    assert test.selectbox(key="scanner").options == ["MR 3"]


@pytest.mark.parametrize(
    ("state", "row", "kind"),
    [
        ("verified", verification(), "success"),
        ("unconfirmed", unconfirmed(), "warning"),
        ("relapsed", verification(verification_state="relapsed"), "error"),
        ("time lost", verification(verification_state="time lost", effect="time lost"), "error"),
        ("exploratory", verification(verification_state="exploratory"), "info"),
        ("no effect", verification(verification_state="no effect", effect="no effect"), "info"),
        (
            "insufficient",
            verification(verification_state="insufficient", effect="insufficient"),
            "info",
        ),
        ("unheard of", verification(verification_state="something new"), "info"),
    ],
)
def test_only_what_is_verified_looks_like_success(
    opened: Open, state: str, row: dict[str, object], kind: str
) -> None:
    chosen = f"{row['scanner_label']}: {row['protocol_label']}: {row['changed_on']}"
    test = opened({"published_verification": [row]}, "verification", change=chosen)
    boxes = {name: len(getattr(test, name)) for name in ("success", "warning", "error", "info")}
    assert boxes.pop(kind) == 1
    assert not any(boxes.values())
    verified = next(one for one in test.metric if one.label == "Verified")
    assert verified.value == ("1" if state == "verified" else "0")


def test_promised_stands_beside_realised(opened: Open) -> None:
    test = opened(WHOLE, "verification")
    assert "Expected from verified changes: 39 min/month" in words(test)
    assert "Saved by verified changes: 37 min/month" in words(test)


@pytest.mark.parametrize(
    ("scanner", "told"),
    [
        ("MR 1", "Changes on this scanner from Dec 1, 2025 to Dec 9, 2025: 3."),
        ("MR 2", "No times of entire exams with enough patients are published for this visit."),
    ],
)
def test_the_times_of_exams_are_those_of_the_visit(opened: Open, scanner: str, told: str) -> None:
    chosen = f"{scanner}: Lumbar spine, Sagittal T2, 1.5 T, 2D: 2025-12-01"
    text = words(opened(WHOLE, "verification", change=chosen)).replace("\\", "")
    assert told in text
    assert "Times of entire exams, by scanner and visit" in text


def test_an_opportunity_shows_minutes_beside_signal_and_caveat(opened: Open) -> None:
    chosen = "MR 1: Lumbar spine, Sagittal T2, 1.5 T, 2D"
    text = words(opened(WHOLE, "opportunity", opportunity=chosen))
    for told in (
        "Averages now: 2.00",
        "Averages of the reference: 1.00",
        "Potential saving per month: 39 min",
        "35 to 44 min",
        "SNR at 1.00 averages: -29%",
        "a radiologist decides",
        "Confidence: high",
        "known for 90% of acquisitions",
        "comparable scanners of the same field strength",
        "Finding: open",
    ):
        assert told in text.replace("\\", "")


def test_what_cannot_be_assessed_is_not_told_rather_than_nothing(opened: Open) -> None:
    chosen = "MR 3: Lumbar spine, Sagittal T2, 1.5 T, 2D"
    text = words(opened(WHOLE, "opportunity", opportunity=chosen, show="all"))
    assert "Potential saving per month: not reported" in text
    assert "too few comparable scanners" in text


def test_what_is_not_above_its_reference_has_no_minutes(opened: Open) -> None:
    chosen = "MR 2: Lumbar spine, Sagittal T2, 1.5 T, 2D"
    text = words(opened(WHOLE, "opportunity", opportunity=chosen, show="all"))
    assert "Potential saving per month: 0 min" in text


def test_a_decision_shows_the_commands_and_the_signal(opened: Open) -> None:
    key = finding()["finding_key"]
    test = opened(WHOLE, "decision", finding=key)
    assert [one.value for one in test.code] == [
        f'protocol-assets findings accept {key} --owner "NAME"',
        f'protocol-assets findings waive {key} --until YYYY-MM-DD --owner "NAME" --reason "WHY"',
    ]
    text = words(test)
    assert "Signal to noise at the reference: -29%" in text
    assert "Waiting: 2" in text
    assert str(test.query_params["finding"]).endswith(key[:8])


def test_a_drift_has_no_minutes_and_no_signal(opened: Open) -> None:
    text = words(opened(WHOLE, "decision", finding=drift()["finding_key"]))
    assert "Signal to noise" not in text
    assert "Potential saving per month:" not in text
    assert "Observed: 620" in text


def test_an_open_page_keeps_its_version_and_offers_the_newer_one(
    opened: Open, tmp_path: Path
) -> None:
    test = opened(WHOLE)
    publish(tmp_path / "home", HOMES["one day"], "fedcba9876543210")
    healthy(test.run())
    assert "version 0123456789abcdef" in words(test)
    healthy(test.button[0].click().run())
    assert "version fedcba9876543210" in words(test)
    assert not len(test.button)


def test_a_file_that_cannot_be_read_is_named(opened: Open, tmp_path: Path) -> None:
    broken = tmp_path / "home" / "publish" / "versions" / "0123456789abcdef"
    broken.mkdir(parents=True)
    (broken / "nex_monthly.parquet").write_bytes(b"no parquet")
    (tmp_path / "home" / "publish" / "marts").symlink_to(broken)
    test = opened(None)
    assert "publish/marts/nex_monthly.parquet" in test.error[0].value.replace("\\", "")


@pytest.mark.parametrize("page", PAGES)
def test_no_page_recommends(opened: Open, page: str) -> None:
    text = words(opened(WHOLE, page)).lower()
    assert not {"recommend", "recommended", "should", "must", "advise"} & set(text.split())
