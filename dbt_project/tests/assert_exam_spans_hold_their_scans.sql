-- No exam is shorter than its scans; where the header says so, neither span nor gap is shown.
select
    exam_key,
    exam_span_s,
    scan_time_sum_s,
    gap_time_s
from {{ ref('fct_exam') }}
where
    exam_span_s < scan_time_sum_s
    or gap_time_s < 0
    or (gap_time_s is not null and exam_span_s is null)
    or (quarantine_reason = 'span_below_scan_time' and exam_span_s is not null)
