with

source as (
    select * from {{ source('analysis', 'potential') }}
)

select *
from source
