with

dates as (
    select * from {{ ref('dim_date') }}
),

acquisitions as (
    select * from {{ ref('fct_acquisition') }}
),

exams as (
    select * from {{ ref('fct_exam') }}
),

nex as (
    {{ nex_kpis('acquisitions', ['study_date']) }}
),

times as (
    {{ exam_kpis('exams', ['study_date']) }}
)

select
    dates.study_date,
    coalesce(nex.patients, 0) < {{ var('min_patients') }} as is_suppressed,
    {{ publishable('nex.patients', 'nex.patients') }} as patients,
    {{ publishable('nex.scanners', 'nex.patients') }} as scanners,
    {{ publishable('times.exams', 'times.patients') }} as exams,
    {{ publishable('nex.acquisitions', 'nex.patients') }} as acquisitions,
    {{ publishable('nex.nex_mean', 'nex.patients_with_nex') }} as nex_mean,
    {{ publishable('nex.nex_median', 'nex.patients_with_nex') }} as nex_median,
    {{ publishable('nex.nex_mode', 'nex.patients_with_nex') }} as nex_mode,
    {{ publishable('nex.share_above_1', 'nex.patients_with_nex') }} as share_above_1,
    {{ publishable('nex.nex_coverage', 'nex.patients') }} as nex_coverage,
    {{ publishable('nex.nex_time_weighted_mean', 'nex.patients_with_nex_scan_time') }}
        as nex_time_weighted_mean,
    {{ publishable('nex.effective_averages_mean', 'nex.patients_with_effective_averages') }}
        as effective_averages_mean,
    {{ publishable('nex.effective_averages_coverage', 'nex.patients') }}
        as effective_averages_coverage,
    {{ publishable('nex.scan_time_sum_s', 'nex.patients_with_scan_time') }}
        as acquisition_time_sum_s,
    {{ publishable('nex.scan_time_coverage', 'nex.patients') }} as acquisition_time_coverage,
    {{ publishable('times.exam_span_median_s', 'times.patients_with_exam_span') }}
        as exam_span_median_s,
    {{ publishable('times.exam_span_coverage', 'times.patients') }} as exam_span_coverage,
    {{ publishable('times.scan_time_sum_median_s', 'times.patients_with_scan_time_sum') }}
        as scan_time_sum_median_s,
    {{ publishable('times.scan_time_sum_coverage', 'times.patients') }} as scan_time_sum_coverage,
    {{ publishable('times.gap_time_median_s', 'times.patients_with_gap_time') }}
        as gap_time_median_s,
    {{ publishable('times.gap_time_coverage', 'times.patients') }} as gap_time_coverage
from dates
left join nex
    on dates.study_date = nex.study_date
left join times
    on dates.study_date = times.study_date
