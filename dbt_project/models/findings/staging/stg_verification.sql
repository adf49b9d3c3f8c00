with

source as (
    select * from {{ source('analysis', 'verification') }}
)

select *
from source
