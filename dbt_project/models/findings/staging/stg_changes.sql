with

source as (
    select * from {{ source('analysis', 'changes') }}
)

select *
from source
