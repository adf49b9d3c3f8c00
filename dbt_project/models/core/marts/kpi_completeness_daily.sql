with

completeness as (
    select * from {{ ref('stg_completeness') }}
),

-- Whole is what the facts hold: what was refused, or is not yet stored, is not.
whole as (
    select
        *,
        case
            when facts_state <> 'stored' or studies_left_out > studies_landed then 0
            else studies_landed - studies_left_out
        end as studies_whole,
        case
            when facts_state <> 'stored' or instances_left_out > instances_landed then 0
            else instances_landed - instances_left_out
        end as instances_whole,
        facts_state = 'stored'
        and studies_landed >= studies_expected
        and studies_incomplete = 0
        and studies_failed = 0 as is_settled
    from completeness
)

select
    study_date,
    pacs,
    facts_state,
    studies_expected,
    studies_landed,
    studies_incomplete,
    studies_failed,
    studies_gone,
    studies_left_out,
    instances_expected,
    instances_landed,
    instances_left_out,
    studies_unreadable,
    studies_other_modality,
    instances_rejected,
    instances_duplicate,
    instances_miscounted,
    case
        when facts_state = 'refused' then 0
        else {{ ratio('studies_whole', 'studies_expected') }}
    end as studies_completeness,
    case
        when facts_state = 'refused' then 0
        else {{ ratio('instances_whole', 'instances_expected') }}
    end as instances_completeness,
    is_settled,
    is_settled and studies_left_out = 0 and instances_rejected = 0 as is_complete
from whole
