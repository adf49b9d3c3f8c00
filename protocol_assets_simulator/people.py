"""Invented patients and staff: the identifying surroundings of every header."""

from __future__ import annotations

from datetime import date, timedelta

from protocol_assets_simulator import catalogue
from protocol_assets_simulator.catalogue import Site
from protocol_assets_simulator.randomness import seeded
from protocol_assets_simulator.scan import Patient

_STREETS = ("Lindenweg", "Rua da Fonte", "Calle Mayor", "Rue du Moulin", "Mill Lane", "Via Roma")


def patient(seed: int, number: int, site: Site, today: date) -> Patient:
    """Patient `number` of a fleet; the same arguments always give the same person.

    Args:
        seed: The fleet's seed.
        number: The patient's number in the fleet.
        site: The hospital whose ID format and language apply.
        today: A day in the fleet's period, from which the age counts.
    """
    rng = seeded(seed, "patient", number)
    # every other patient has a name from the hospital's own language
    language = rng.choice((site.staff_language, rng.choice(catalogue.name_languages())))
    sex = rng.choice("FM")
    family = rng.choice(catalogue.names("family", language))
    given = rng.choice(catalogue.names("female" if sex == "F" else "male", language))
    if rng.random() < 0.15:
        family = f"{family}-{rng.choice(catalogue.names('family', language))}"
    age_days = int(min(max(rng.gauss(56, 17), 14), 96) * 365.25)
    return Patient(
        number=number,
        patient_id=site.patient_id_format.format(number=10_000 + number * 37 + rng.randrange(37)),
        name=f"{family}^{given}",
        family_name=family,
        sex=sex,
        birth_date=today - timedelta(days=age_days),
        weight_kg=round(min(max(rng.gauss(76, 14), 42), 140)),
        height_m=round(rng.gauss(1.64 if sex == "F" else 1.76, 0.07), 2),
        address=f"{rng.choice(_STREETS)} {rng.randrange(1, 199)}",
        phone=f"+{rng.randrange(30, 60)} {rng.randrange(100, 999)} {rng.randrange(10**6, 10**7)}",
    )


def staff(seed: int, site: Site, role: str, count: int) -> tuple[str, ...]:
    """The person names of a site's `count` staff members in a role."""
    rng = seeded(seed, "staff", site.name, role)
    families = catalogue.names("family", site.staff_language)
    suffix = "^^Dr." if role == "physician" else ""
    people = []
    for _ in range(count):
        given = catalogue.names(rng.choice(("female", "male")), site.staff_language)
        people.append(f"{rng.choice(families)}^{rng.choice(given)}{suffix}")
    return tuple(people)
