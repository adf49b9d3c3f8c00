with

source as (
    select * from {{ source('safe', 'completeness') }}
)

select
    study_date,
    pacs,
    studies_expected,
    studies_landed,
    studies_incomplete,
    studies_failed,
    studies_gone,
    instances_expected,
    instances_landed
from source
