with

source as (
    select * from {{ source('analysis', 'as_of') }}
)

select *
from source
