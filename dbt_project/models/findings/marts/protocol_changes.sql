with

changes as (
    select * from {{ ref('stg_changes') }}
),

as_of as (
    select as_of from {{ ref('stg_as_of') }}
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
)

select
    as_of.as_of,
    scanners.scanner_label,
    scanners.site,
    protocols.protocol_label,
    changes.*,
    changes.change_number = max(changes.change_number) over (
        partition by changes.device_key, changes.protocol_key
    ) as is_latest
from changes
cross join as_of
left join scanners
    on changes.device_key = scanners.device_key
left join protocols
    on changes.protocol_key = protocols.protocol_key
