with

source as (
    select * from {{ source('steward', 'findings') }}
)

select *
from source
