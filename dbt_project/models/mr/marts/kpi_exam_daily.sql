with

exams as (
    select * from {{ ref('fct_exam') }}
    where device_key is not null
),

kpis as (
    {{ exam_kpis('exams', ['device_key', 'study_date']) }}
)

select
    device_key,
    study_date,
    exams,
    exams_eligible,
    exams_quarantined,
    exams_multi_region,
    exams_partial,
    patients,
    repeat_rate,
    repeat_coverage,
    turnaround_median_s,
    turnaround_coverage,
    exam_span_mean_s,
    exam_span_median_s,
    exam_span_trimmed_mean_s,
    exam_span_coverage,
    scan_time_sum_mean_s,
    scan_time_sum_median_s,
    scan_time_sum_trimmed_mean_s,
    scan_time_sum_coverage,
    gap_time_mean_s,
    gap_time_median_s,
    gap_time_trimmed_mean_s,
    gap_time_coverage
from kpis
