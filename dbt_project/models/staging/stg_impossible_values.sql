with

source as (
    select * from {{ source('safe', 'impossible_values') }}
)

select
    study_date,
    pacs,
    device_key,
    vendor,
    column_name,
    reason,
    n_values
from source
