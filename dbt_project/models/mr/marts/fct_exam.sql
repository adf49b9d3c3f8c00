with

-- The time to the next start is an upper bound that swallows the gap, and no scan time of an exam.
scans as (
    select
        *,
        case when coalesce(scan_time_method, 'unknown') <> 'next_start' then scan_time_s end
            as own_scan_time_s
    from {{ ref('int_acquisitions') }}
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
                case when own_scan_time_s is null then 1 else 0 end asc,
                own_scan_time_s desc,
                acquisition_key asc
        ) as last_first,
        -- Pause before the next scan; only what both clocks and the scan time tell.
        lead(start_offset_s) over (
            partition by exam_key
            order by start_offset_s, acquisition_key
        ) - start_offset_s - own_scan_time_s as pause_s
    from scans
),

-- On the first series of the exam, which may differ from the one that represents its acquisition.
idle as (
    select
        exam_key,
        max(idle_before_s) as idle_before_s
    from {{ ref('int_series') }}
    group by exam_key
),

scanners as (
    select * from {{ ref('dim_scanner') }}
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
            when max(case when is_counted and anatomy = 'whole_spine' then 1 else 0 end) = 1
                then 'multi_region'
            else min(case when is_counted then anatomy end)
        end as anatomy,
        cast(sum(n_series) as bigint) as n_series,
        count(*) as n_scans,
        count(distinct study_key) as n_studies,
        count(case when is_counted then 1 end) as n_acquisitions,
        count(case when is_counted and plane = 'sag' then 1 end) as n_sagittal,
        count(case when is_counted and role is not null and start_offset_s is not null then 1 end)
            as n_repeat_assessable,
        count(case when is_counted and repeat_kind = 'rescan' then 1 end) as n_rescans,
        count(case when is_counted and repeat_kind = 'stack' then 1 end) as n_stacks,
        count(case when clock_flag is not null then 1 end) as n_clock_flagged,
        count(case when clock_flag = 'out_of_exam' then 1 end) as n_out_of_exam,
        count(case when clock_flag = 'shared_start' then 1 end) as n_shared_start,
        count(case when clock_flag = 'offset_unknown' then 1 end) as n_offset_unknown,
        count(case when clock_flag = 'clock_jump' then 1 end) as n_clock_jump,
        max(pause_s) as longest_pause_s,
        count(case when pause_s > {{ var('exam_break_s') }} then 1 end) as n_breaks,
        count(start_offset_s) as n_with_start,
        count(own_scan_time_s) as n_with_scan_time,
        count(case when scan_time_method = 'next_start' then 1 end) as n_scan_time_upper_bound,
        max(start_offset_s)
        - min(start_offset_s)
        + max(case when last_first = 1 then own_scan_time_s end) as span_s,
        round(sum(own_scan_time_s), 6) as known_scan_time_s
    from ordered
    group by exam_key
),

-- A scan without a start may be the last one, and a scan without a time is not a scan of 0 s:
-- what is not known of every scan is not known of the exam.
stated as (
    select
        *,
        case when n_with_start = n_scans then span_s end as stated_span_s,
        case when n_with_scan_time = n_scans then known_scan_time_s end as scan_time_sum_s,
        -- A start is that of the first image, and both starts and scan times are rounded.
        {{ var('exam_start_lag_s') }} + {{ var('scan_time_rounding_s') }} * n_scans
            as span_tolerance_s
    from exams
),

-- No exam is shorter than its scans. What preparation and rounding explain is given back; where
-- more is missing a start or a scan time is wrong, and nobody knows which.
measured as (
    select
        *,
        coalesce(stated_span_s < known_scan_time_s - span_tolerance_s, false)
            as is_span_below_scan_time,
        case
            when stated_span_s < known_scan_time_s - span_tolerance_s then null
            when stated_span_s < known_scan_time_s then known_scan_time_s
            else stated_span_s
        end as exam_span_s
    from stated
),

quarantined as (
    select
        *,
        case
            when n_out_of_exam > 0 then 'clock_out_of_exam'
            when n_offset_unknown > 0 then 'clock_offset_unknown'
            when n_shared_start > 0 then 'clock_shared_start'
            when n_clock_jump > 0 then 'clock_jump'
            when is_span_below_scan_time then 'span_below_scan_time'
            when exam_span_s <= 0 then 'span_not_positive'
            when exam_span_s > {{ var('exam_span_limit_s') }} then 'span_over_limit'
        end as quarantine_reason
    from measured
)

select
    quarantined.exam_key,
    quarantined.study_date,
    quarantined.device_key,
    scanners.scanner_key,
    quarantined.patient_key,
    quarantined.anatomy,
    coalesce(quarantined.anatomy = 'multi_region', false) as is_multi_region,
    -- A spine is examined with a sagittal scan at least; without it something is missing.
    quarantined.n_acquisitions < {{ var('exam_least_acquisitions') }}
    or (
        coalesce(quarantined.anatomy, '') in ('lumbar_spine', 'thoracic_spine', 'cervical_spine')
        and quarantined.n_sagittal = 0
    ) as is_partial,
    quarantined.n_studies,
    quarantined.n_series,
    quarantined.n_scans,
    quarantined.n_acquisitions,
    quarantined.n_repeat_assessable,
    quarantined.n_rescans,
    quarantined.n_stacks,
    quarantined.n_breaks,
    quarantined.longest_pause_s,
    idle.idle_before_s,
    quarantined.n_clock_flagged,
    quarantined.exam_span_s,
    quarantined.scan_time_sum_s,
    quarantined.exam_span_s - quarantined.scan_time_sum_s as gap_time_s,
    {{ ratio('quarantined.n_with_start', 'quarantined.n_scans') }} as start_coverage,
    {{ ratio('quarantined.n_with_scan_time', 'quarantined.n_scans') }} as scan_time_coverage,
    quarantined.n_scan_time_upper_bound,
    quarantined.quarantine_reason is not null as is_quarantined,
    quarantined.quarantine_reason
from quarantined
left join idle
    on quarantined.exam_key = idle.exam_key
left join scanners
    on
        quarantined.device_key = scanners.device_key
        and quarantined.study_date >= scanners.valid_from
        and quarantined.study_date <= coalesce(scanners.valid_to, quarantined.study_date)
