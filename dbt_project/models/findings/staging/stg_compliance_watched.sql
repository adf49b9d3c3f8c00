with

source as (
    select * from {{ source('analysis', 'compliance_watched') }}
)

select *
from source
