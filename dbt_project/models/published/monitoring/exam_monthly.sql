with

dates as (
    select * from {{ ref('dim_date') }}
    where is_closed_month
),

scanners as (
    select * from {{ ref('dim_scanner') }}
    where is_latest
),

exams as (
    select
        fct_exam.*,
        dates.month_start
    from {{ ref('fct_exam') }} as fct_exam
    inner join dates
        on fct_exam.study_date = dates.study_date
    where fct_exam.device_key is not null
),

kpis as (
    {{ exam_kpis('exams', ['device_key', 'month_start']) }}
)

select
    kpis.month_start,
    scanners.scanner_label,
    scanners.site,
    scanners.vendor,
    scanners.model,
    scanners.field_strength_t,
    kpis.patients,
    kpis.exams,
    {{ publishable('kpis.exam_span_mean_s', 'kpis.patients_with_exam_span') }}
        as exam_span_mean_s,
    {{ publishable('kpis.exam_span_median_s', 'kpis.patients_with_exam_span') }}
        as exam_span_median_s,
    {{ publishable('kpis.exam_span_trimmed_mean_s', 'kpis.patients_with_exam_span') }}
        as exam_span_trimmed_mean_s,
    kpis.exam_span_coverage,
    {{ publishable('kpis.scan_time_sum_mean_s', 'kpis.patients_with_scan_time_sum') }}
        as scan_time_sum_mean_s,
    {{ publishable('kpis.scan_time_sum_median_s', 'kpis.patients_with_scan_time_sum') }}
        as scan_time_sum_median_s,
    {{ publishable('kpis.scan_time_sum_trimmed_mean_s', 'kpis.patients_with_scan_time_sum') }}
        as scan_time_sum_trimmed_mean_s,
    kpis.scan_time_sum_coverage,
    {{ publishable('kpis.gap_time_mean_s', 'kpis.patients_with_gap_time') }}
        as gap_time_mean_s,
    {{ publishable('kpis.gap_time_median_s', 'kpis.patients_with_gap_time') }}
        as gap_time_median_s,
    {{ publishable('kpis.gap_time_trimmed_mean_s', 'kpis.patients_with_gap_time') }}
        as gap_time_trimmed_mean_s,
    kpis.gap_time_coverage
from kpis
inner join scanners
    on kpis.device_key = scanners.device_key
where kpis.patients >= {{ var('min_patients') }}
