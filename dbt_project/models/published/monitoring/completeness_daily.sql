with

completeness as (
    select * from {{ ref('kpi_completeness_daily') }}
)

select
    study_date,
    pacs,
    100 * studies_completeness as studies_landed_percent,
    100 * instances_completeness as instances_landed_percent,
    is_settled,
    is_complete
from completeness
