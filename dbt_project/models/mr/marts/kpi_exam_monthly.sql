with

dates as (
    select * from {{ ref('dim_date') }}
    where is_closed_month
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
    device_key,
    month_start,
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
