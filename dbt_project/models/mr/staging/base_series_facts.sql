with

source as (
    select * from {{ source('safe', 'series_facts') }}
)

select * from source
