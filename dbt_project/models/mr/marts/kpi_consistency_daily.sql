with

acquisitions as (
    select * from {{ ref('fct_acquisition') }}
)

select
    study_date,
    device_key,
    vendor,
    count(*) as acquisitions,
    count(scan_time_agreement) as scan_times_compared,
    count(case when scan_time_agreement = 'disagrees' then 1 end) as scan_times_disagree,
    {{ ratio("count(case when scan_time_agreement = 'disagrees' then 1 end)",
        'count(scan_time_agreement)') }} as share_scan_times_disagree,
    count(case when scan_time_confidence = 'low' then 1 end) as scan_times_low_confidence,
    count(case when role_conflict then 1 end) as role_conflicts,
    count(case when role_confidence = 'low' then 1 end) as roles_low_confidence,
    count(effective_averages) as effective_averages_told,
    count(case when effective_averages_state = 'time_disagrees' then 1 end)
        as effective_averages_contradicted,
    count(case when nex_distinct > 1 then 1 end) as acquisitions_with_several_nex
from acquisitions
group by study_date, device_key, vendor
