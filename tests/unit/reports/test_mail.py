from __future__ import annotations

import re

import pytest

from protocol_assets.data import text_languages
from protocol_assets.reports.mail import render_mail
from tests.unit.reports.marts import FIGURES, fleet_of


@pytest.mark.parametrize("name", FIGURES)
def test_a_mail_asks_for_nothing_and_has_the_pictures_it_names(name: str) -> None:
    mail = render_mail(FIGURES[name], language="en", is_demo=False)
    assert set(re.findall(r'src="cid:([^"]+)"', mail.html)) == set(mail.images)
    assert "http" not in mail.html.replace("http-equiv", "")
    assert not re.search(r"<script|<style|<link|url\(|class=|<svg", mail.html)
    assert all(re.fullmatch(r"[a-z]+", cid) for cid in mail.images)
    assert all(image.startswith(b"\x89PNG") for image in mail.images.values())
    assert all(re.search(rf'"cid:{cid}"[^>]*\balt="[^"]+"', mail.html) for cid in mail.images)
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject


@pytest.mark.parametrize("language", text_languages())
def test_the_text_says_what_the_page_says(language: str) -> None:
    mail = render_mail(FIGURES["whole"], language=language, is_demo=False)
    for words in ("300", "Spine v2", "-18", "Scanner BDOD3X"):
        assert words in mail.html
        assert words in mail.text
    assert f'<html lang="{language}">' in mail.html
    assert "<" not in mail.text


def test_the_subject_tells_the_day_and_the_minutes() -> None:
    whole = render_mail(FIGURES["whole"], language="en", is_demo=False)
    saving = "potential saving of 300\u00a0min per month"
    assert whole.subject == f"MR protocol report, Mar 4, 2026: {saving}"
    empty = render_mail(FIGURES["empty"], language="en", is_demo=False)
    assert empty.subject == "MR protocol report, no day yet"
    demo = render_mail(FIGURES["whole"], language="en", is_demo=True)
    assert demo.subject.startswith("MR protocol report (simulated), ")


def test_names_are_text() -> None:
    mail = render_mail(FIGURES["wild names"], language="en", is_demo=False)
    assert "MR 1 &lt;b&gt;&amp;amp;&lt;/b&gt;" in mail.html
    assert "MR 1 <b>&amp;</b>" in mail.text


def test_a_large_fleet_makes_no_large_mail() -> None:
    mail = render_mail(fleet_of(500), language="en", is_demo=False)
    assert len(mail.html) < 60_000
    assert "The attached PDF has more." in mail.html
