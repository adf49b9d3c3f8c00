with

source as (
    select * from {{ source('analysis', 'watched') }}
)

select *
from source
