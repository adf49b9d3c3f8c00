with

source as (
    select * from {{ source('safe', 'scanner_names') }}
)

select
    device_key,
    scanner_label,
    site
from source
