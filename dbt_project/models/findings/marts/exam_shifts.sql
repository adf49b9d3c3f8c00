with

shifts as (
    select * from {{ ref('stg_exam_shifts') }}
),

scanners as (
    select * from {{ ref('dim_scanner') }}
    where is_latest
)

select
    scanners.scanner_label,
    scanners.site,
    shifts.*
from shifts
left join scanners
    on shifts.device_key = scanners.device_key
