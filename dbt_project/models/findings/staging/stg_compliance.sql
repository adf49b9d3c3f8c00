with

source as (
    select * from {{ source('analysis', 'compliance') }}
)

select *
from source
