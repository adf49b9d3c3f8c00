with

scans as (
    select * from {{ ref('int_acquisitions') }}
    where exam_key is not null
),

ordered as (
    select
        *,
        row_number() over (
            partition by exam_key
            order by
                case when start_offset_s is null then 1 else 0 end asc,
                start_offset_s desc,
                case when scan_time_s is null then 1 else 0 end asc,
                scan_time_s desc,
                acquisition_key asc
        ) as last_first
    from scans
),

exams as (
    select
        exam_key,
        min(study_date) as study_date,
        -- An exam is on one device; where its scans disagree the scanner is not known.
        case when min(device_key) = max(device_key) then min(device_key) end as device_key,
        case when min(patient_key) = max(patient_key) then min(patient_key) end as patient_key,
        case
            when count(distinct case when is_counted then anatomy end) > 1 then 'multi_region'
            else min(case when is_counted then anatomy end)
        end as anatomy,
        cast(sum(n_series) as bigint) as n_series,
        count(*) as n_scans,
        count(case when is_counted then 1 end) as n_acquisitions,
        count(start_offset_s) as n_with_start,
        count(scan_time_s) as n_with_scan_time,
        count(case when scan_time_method = 'next_start' then 1 end) as n_scan_time_upper_bound,
        max(start_offset_s)
        - min(start_offset_s)
        + max(case when last_first = 1 then scan_time_s end) as span_s,
        round(sum(scan_time_s), 6) as known_scan_time_s
    from ordered
    group by exam_key
),

-- A scan without a start may be the last one, and a scan without a time is not a scan of 0 s:
-- what is not known of every scan is not known of the exam.
measured as (
    select
        *,
        case when n_with_start = n_scans then span_s end as exam_span_s,
        case when n_with_scan_time = n_scans then known_scan_time_s end as scan_time_sum_s
    from exams
),

quarantined as (
    select
        *,
        case
            when exam_span_s <= 0 then 'span_not_positive'
            when exam_span_s > {{ var('exam_span_limit_s') }} then 'span_over_limit'
        end as quarantine_reason
    from measured
)

select
    exam_key,
    study_date,
    device_key,
    patient_key,
    anatomy,
    coalesce(anatomy = 'multi_region', false) as is_multi_region,
    n_series,
    n_scans,
    n_acquisitions,
    exam_span_s,
    scan_time_sum_s,
    -- Where a scan time is only an upper bound (the time to the next start) it swallows the gap.
    case
        when n_scan_time_upper_bound = 0 and exam_span_s >= scan_time_sum_s
            then exam_span_s - scan_time_sum_s
    end as gap_time_s,
    {{ ratio('n_with_start', 'n_scans') }} as start_coverage,
    {{ ratio('n_with_scan_time', 'n_scans') }} as scan_time_coverage,
    n_scan_time_upper_bound,
    quarantine_reason is not null as is_quarantined,
    quarantine_reason
from quarantined
