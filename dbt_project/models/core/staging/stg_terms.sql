with

source as (
    select * from {{ source('safe', 'terms') }}
)

select
    vocabulary,
    term,
    label
from source
