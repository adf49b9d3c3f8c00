with

completeness as (
    select * from {{ ref('stg_completeness') }}
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
    instances_landed,
    studies_unreadable,
    studies_other_modality,
    instances_rejected,
    instances_duplicate,
    instances_miscounted,
    {{ ratio('studies_landed', 'studies_expected') }} as studies_completeness,
    {{ ratio('instances_landed', 'instances_expected') }} as instances_completeness,
    studies_landed >= studies_expected
    and studies_incomplete = 0
    and studies_failed = 0
    and instances_rejected = 0 as is_complete
from completeness
