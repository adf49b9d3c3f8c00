with

groups as (
    select * from {{ ref('stg_time_model') }}
),

as_of as (
    select as_of from {{ ref('stg_as_of') }}
)

select
    as_of.as_of,
    groups.*
from groups
cross join as_of
