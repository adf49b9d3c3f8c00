with

acquisitions as (
    select * from {{ ref('fct_acquisition') }}
    where is_nex_eligible
),

counted as (
    select
        study_date,
        device_key,
        vendor,
        coalesce(effective_averages_state, 'unknown') as effective_averages_state,
        count(*) as acquisitions
    from acquisitions
    group by study_date, device_key, vendor, coalesce(effective_averages_state, 'unknown')
),

totalled as (
    select
        *,
        sum(acquisitions) over (partition by study_date, device_key, vendor) as total
    from counted
)

select
    study_date,
    device_key,
    vendor,
    effective_averages_state,
    acquisitions,
    {{ ratio('acquisitions', 'total') }} as share_of_acquisitions
from totalled
