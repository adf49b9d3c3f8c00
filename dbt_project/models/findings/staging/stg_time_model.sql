with

source as (
    select * from {{ source('analysis', 'time_model') }}
)

select *
from source
