with

source as (
    select * from {{ source('safe', 'completeness') }}
)

select
    study_date,
    pacs,
    -- Parts that are older than the column were written when the facts were stored.
    coalesce(facts_state, 'stored') as facts_state,
    studies_expected,
    studies_landed,
    studies_incomplete,
    studies_failed,
    studies_gone,
    coalesce(studies_left_out, 0) as studies_left_out,
    instances_expected,
    instances_landed,
    coalesce(instances_left_out, 0) as instances_left_out,
    coalesce(studies_unreadable, 0) as studies_unreadable,
    coalesce(studies_other_modality, 0) as studies_other_modality,
    coalesce(instances_rejected, 0) as instances_rejected,
    coalesce(instances_duplicate, 0) as instances_duplicate,
    coalesce(instances_miscounted, 0) as instances_miscounted
from source
