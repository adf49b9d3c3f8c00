with

source as (
    select * from {{ source('analysis', 'exam_shifts') }}
)

select *
from source
