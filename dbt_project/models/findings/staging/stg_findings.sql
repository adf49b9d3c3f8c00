with

source as (
    select * from {{ source('governance', 'findings') }}
)

select *
from source
