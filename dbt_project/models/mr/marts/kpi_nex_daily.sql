with

-- Without a device key scanners cannot be distinguished; kpi_exclusion_daily counts these.
acquisitions as (
    select * from {{ ref('fct_acquisition') }}
    where device_key is not null
),

kpis as (
    {{ nex_kpis('acquisitions', ['device_key', 'protocol_key', 'study_date']) }}
)

select
    device_key,
    protocol_key,
    study_date,
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
