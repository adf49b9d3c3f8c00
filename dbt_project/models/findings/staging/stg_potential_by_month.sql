with

source as (
    select * from {{ source('analysis', 'potential_by_month') }}
)

select *
from source
