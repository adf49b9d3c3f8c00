with

dates as (
    select * from {{ ref('dim_date') }}
    where is_closed_month
),

acquisitions as (
    select
        fct_acquisition.*,
        dates.month_start
    from {{ ref('fct_acquisition') }} as fct_acquisition
    inner join dates
        on fct_acquisition.study_date = dates.study_date
    where fct_acquisition.device_key is not null
),

kpis as (
    {{ nex_kpis('acquisitions', ['device_key', 'protocol_key', 'month_start']) }}
)

select
    device_key,
    protocol_key,
    month_start,
    acquisitions,
    acquisitions_nex_eligible,
    acquisitions_with_nex,
    patients,
    nex_mean,
    nex_median,
    nex_mode,
    nex_max,
    acquisitions_with_several_nex,
    share_above_1,
    nex_coverage,
    nex_time_weighted_mean,
    nex_time_weighted_coverage,
    effective_averages_mean,
    effective_averages_coverage,
    scan_time_sum_s,
    scan_time_coverage
from kpis
