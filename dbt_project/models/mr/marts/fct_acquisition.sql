with

acquisitions as (
    select * from {{ ref('int_acquisitions') }}
    where is_counted
),

scanners as (
    select * from {{ ref('dim_scanner') }}
)

select
    {{ contracted_columns('acquisitions', added=['scanner_key']) }},
    scanners.scanner_key
from acquisitions
left join scanners
    on
        acquisitions.device_key = scanners.device_key
        and acquisitions.study_date >= scanners.valid_from
        and acquisitions.study_date <= coalesce(scanners.valid_to, acquisitions.study_date)
