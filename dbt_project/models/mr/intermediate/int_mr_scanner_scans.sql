with

acquisitions as (
    select * from {{ ref('int_acquisitions') }}
    where device_key is not null
),

-- An excluded scanner has no acquisitions, but the dimension still shows it.
excluded as (
    select * from {{ ref('int_series') }}
    where exclusion_reason = 'scanner_excluded'
)

select
    device_key,
    study_date,
    pacs,
    vendor,
    model,
    field_strength_class_t,
    software_code,
    station_code,
    false as is_excluded
from acquisitions
union all
select
    device_key,
    study_date,
    pacs,
    vendor,
    model,
    field_strength_class_t,
    software_code,
    station_code,
    true as is_excluded
from excluded
