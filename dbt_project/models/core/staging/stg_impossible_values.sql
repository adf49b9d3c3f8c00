with

source as (
    select * from {{ source('safe', 'impossible_values') }}
),

rules as (
    select * from {{ ref('stg_scanner_rules') }}
)

select
    source.study_date,
    source.pacs,
    coalesce(rules.joined_device_key, source.device_key) as device_key,
    source.vendor,
    source.column_name,
    source.reason,
    source.n_values
from source
left join rules
    on source.device_key = rules.device_key
