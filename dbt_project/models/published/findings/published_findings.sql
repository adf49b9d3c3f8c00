with

findings as (
    select * from {{ ref('findings') }}
),

volumes as (
    select * from {{ ref('int_protocol_volume') }}
),

-- If the patients of the departing exams are not counted, the patients of the protocol are used.
counted as (
    select
        findings.*,
        coalesce(findings.patients_affected, volumes.patients, 0) as patients
    from findings
    left join volumes
        on
            findings.device_key = volumes.device_key
            and findings.protocol_key = volumes.protocol_key
)

select
    counted.finding_key as row_key,
    counted.finding_key,
    counted.as_of,
    counted.kind,
    counted.scanner_label,
    counted.site,
    counted.protocol_key,
    counted.protocol_label,
    counted.parameter,
    counted.finding_state,
    counted.is_waived,
    counted.is_seen,
    counted.opened_on,
    counted.accepted_on,
    counted.changed_on,
    counted.waived_until,
    counted.expected,
    counted.observed,
    counted.expected_term,
    counted.observed_term,
    round(counted.share_affected, 1) as share_affected,
    counted.first_day,
    counted.last_day,
    round(counted.minutes_per_month, 0) as minutes_per_month,
    round(counted.minutes_per_month_low, 0) as minutes_per_month_low,
    round(counted.minutes_per_month_high, 0) as minutes_per_month_high
from counted
where counted.patients >= {{ var('min_patients') }}
