with

source as (
    select * from {{ source('analysis', 'devices') }}
)

select *
from source
