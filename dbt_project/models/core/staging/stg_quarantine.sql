with

source as (
    select * from {{ source('safe', 'quarantine') }}
)

select
    study_date,
    pacs,
    patient_key,
    study_key,
    series_key,
    device_key,
    vendor,
    rule,
    detail,
    is_left_out,
    n_instances
from source
