with

source as (
    select * from {{ source('safe', 'scanner_rules') }}
)

select
    device_key,
    joined_device_key,
    is_excluded
from source
