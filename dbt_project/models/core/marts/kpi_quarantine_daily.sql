with

quarantine as (
    select * from {{ ref('stg_quarantine') }}
)

select
    study_date,
    pacs,
    device_key,
    vendor,
    rule,
    is_left_out,
    count(*) as n_objects,
    count(distinct study_key) as studies,
    cast(coalesce(sum(n_instances), 0) as bigint) as instances
from quarantine
group by study_date, pacs, device_key, vendor, rule, is_left_out
