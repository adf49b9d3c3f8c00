with

dates as (
    select * from {{ ref('dim_date') }}
    where is_closed_month
),

cells as (
    select * from {{ ref('int_nex_publication_cells') }}
    where published_protocol_key is not null
),

scanners as (
    select * from {{ ref('dim_scanner') }}
    where is_latest
),

protocols as (
    select distinct
        protocol_key,
        protocol_label
    from {{ ref('dim_protocol') }}
),

acquisitions as (
    select
        fct_acquisition.*,
        cells.month_start,
        cells.published_protocol_key
    from {{ ref('fct_acquisition') }} as fct_acquisition
    inner join dates
        on fct_acquisition.study_date = dates.study_date
    inner join cells
        on
            fct_acquisition.device_key = cells.device_key
            and fct_acquisition.protocol_key = cells.protocol_key
            and dates.month_start = cells.month_start
),

kpis as (
    {{ nex_kpis('acquisitions', ['device_key', 'published_protocol_key', 'month_start']) }}
)

select
    kpis.month_start,
    scanners.scanner_label,
    scanners.site,
    scanners.vendor,
    scanners.model,
    scanners.field_strength_t,
    kpis.published_protocol_key as protocol_key,
    case
        when kpis.published_protocol_key = 'other' then 'Other protocols'
        else protocols.protocol_label
    end as protocol_label,
    kpis.patients,
    kpis.acquisitions,
    kpis.acquisitions_nex_eligible,
    {{ publishable('kpis.acquisitions_with_nex', 'kpis.patients_with_nex') }}
        as acquisitions_with_nex,
    {{ publishable('kpis.nex_mean', 'kpis.patients_with_nex') }} as nex_mean,
    {{ publishable('kpis.nex_median', 'kpis.patients_with_nex') }} as nex_median,
    {{ publishable('kpis.nex_mode', 'kpis.patients_with_nex') }} as nex_mode,
    {{ publishable('kpis.share_above_1', 'kpis.patients_with_nex') }} as share_above_1,
    kpis.nex_coverage,
    {{ publishable('kpis.nex_time_weighted_mean', 'kpis.patients_with_nex_scan_time') }}
        as nex_time_weighted_mean,
    {{ publishable('kpis.effective_averages_mean', 'kpis.patients_with_effective_averages') }}
        as effective_averages_mean,
    kpis.effective_averages_coverage,
    {{ publishable('kpis.scan_time_sum_s', 'kpis.patients_with_scan_time') }} as scan_time_sum_s,
    kpis.scan_time_coverage
from kpis
inner join scanners
    on kpis.device_key = scanners.device_key
left join protocols
    on kpis.published_protocol_key = protocols.protocol_key
where kpis.patients >= {{ var('min_patients') }}
