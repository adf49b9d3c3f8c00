with

acquisitions as (
    select * from {{ ref('int_scanner_protocols') }}
),

as_of as (
    select * from {{ ref('stg_as_of') }}
),

known as (
    select
        acquisitions.*,
        as_of.current_from,
        as_of.volume_from,
        as_of.volume_before
    from acquisitions
    inner join as_of
        on acquisitions.study_date <= as_of.as_of
),

-- Months count from the scanner's first one on, so that a new scanner is not diluted.
scanners as (
    select
        device_key,
        {{ month_start('min(study_date)') }} as first_month
    from known
    group by device_key
),

counted as (
    select
        device_key,
        protocol_key,
        max(volume_from) as volume_from,
        max(volume_before) as volume_before,
        count(
            case when study_date >= volume_from and study_date < volume_before then 1 end
        ) as acquisitions_in_closed_months,
        count(distinct case when study_date >= current_from then patient_key end) as patients
    from known
    group by device_key, protocol_key
),

months as (
    select
        counted.*,
        {{ months_between(
            'greatest(counted.volume_from, scanners.first_month)', 'counted.volume_before'
        ) }} as months
    from counted
    inner join scanners
        on counted.device_key = scanners.device_key
)

select
    device_key,
    protocol_key,
    patients,
    cast(case when months > 0 then months else 0 end as bigint) as volume_months,
    case
        when months > 0 then cast(acquisitions_in_closed_months as double) / months
    end as volume_per_month
from months
