with

impossible as (
    select * from {{ ref('stg_impossible_values') }}
)

select
    study_date,
    pacs,
    device_key,
    vendor,
    column_name,
    reason,
    cast(sum(n_values) as bigint) as n_values
from impossible
group by study_date, pacs, device_key, vendor, column_name, reason
