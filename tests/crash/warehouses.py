"""Two small warehouses: what was published of the first, the second corrects and adds to."""

from __future__ import annotations

from pathlib import Path

import duckdb

__all__ = ["make_warehouse"]

_OPPORTUNITY = (
    "scanner_label",
    "site",
    "protocol_label",
    "finding_state",
    "is_waived",
    "accepted_on",
    "promised_minutes_per_month",
    "minutes_rank",
)


def make_warehouse(path: Path, *, months: int, patients: int) -> None:
    """A warehouse with so many whole months of one scanner, and so many patients in each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        columns = ", ".join(f"'x' as {name}" for name in _OPPORTUNITY)
        connection.execute(
            f"""
            create schema marts; create schema published; create schema intermediate;
            create table months as
                select (date '2026-01-01' + to_months(n::int))::date as month_start
                from range({months}) as numbers(n);
            create table persons as select 'patient' || n as member_key from range({patients}) t(n);
            create table marts.dim_scanner as
                select 'd1' as device_key, 'MR 1' as scanner_label, 'North' as site;
            create table published.completeness_daily as
                select (date '2026-01-01' + to_days(n::int))::date as study_date, 'main' as pacs,
                       true as is_settled
                from range(31 * {months}) as days(n);
            create table published.fleet_daily as
                select month_start + 1 as study_date, false as is_suppressed,
                       {patients} as patients from months;
            create table published.nex_monthly as
                select month_start, 'MR 1' as scanner_label, 'North' as site, 'p' as protocol_key,
                       {patients} as patients from months;
            create table published.exam_monthly as
                select month_start, 'MR 1' as scanner_label, 'North' as site,
                       {patients} as patients, {patients} as exams from months;
            create table intermediate.int_publication_members as
                select name as publication,
                       (if(name = 'fleet_daily', month_start + 1, month_start))::date as period,
                       if(name = 'fleet_daily', null, 'd1') as device_key, row_key, member_key,
                       true as is_patient, 1 as units, 'x' as content
                from months, persons, (values
                    ('fleet_daily', 'acquisitions'), ('fleet_daily', 'exams'),
                    ('nex_monthly', 'p'), ('exam_monthly', 'exams')
                ) as tables(name, row_key);
            create table published.published_opportunities as
                select 'row' || month_start as row_key, {patients} as n, {columns} from months;
            create table intermediate.int_standing_members as
                select 'published_opportunities' as publication, 'row' || month_start as row_key,
                       member_key, true as is_patient, 1 as units, 'x' as content
                from months, persons;
            drop table persons; drop table months;
            """
        )
