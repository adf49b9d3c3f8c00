with

scans as (
    select * from {{ ref('int_acquisitions') }}
    where device_key is not null
),

totals as (
    select
        study_date,
        device_key,
        count(*) as scans
    from scans
    group by study_date, device_key
),

flagged as (
    select
        study_date,
        device_key,
        clock_flag,
        count(*) as scans_flagged
    from scans
    where clock_flag is not null
    group by study_date, device_key, clock_flag
)

select
    flagged.study_date,
    flagged.device_key,
    flagged.clock_flag,
    flagged.scans_flagged,
    totals.scans,
    {{ ratio('flagged.scans_flagged', 'totals.scans') }} as share_of_scans
from flagged
inner join totals
    on flagged.study_date = totals.study_date and flagged.device_key = totals.device_key
