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
    select * from {{ ref('int_protocol_names') }}
),

people as (
    select
        changes.device_key,
        changes.protocol_key,
        changes.change_number,
        count(distinct acquisitions.patient_key) as patients_after
    from changes
    inner join {{ ref('int_scanner_protocols') }} as acquisitions
        on
            changes.device_key = acquisitions.device_key
            and changes.protocol_key = acquisitions.protocol_key
            and changes.changed_on <= acquisitions.study_date
            and changes.segment_to >= acquisitions.study_date
    group by changes.device_key, changes.protocol_key, changes.change_number
)

select
    as_of.as_of,
    scanners.scanner_label,
    scanners.site,
    protocols.protocol_label,
    coalesce(people.patients_after, 0) as patients_after,
    changes.*,
    changes.change_number = max(changes.change_number) over (
        partition by changes.device_key, changes.protocol_key
    ) as is_latest
from changes
cross join as_of
left join people
    on
        changes.device_key = people.device_key
        and changes.protocol_key = people.protocol_key
        and changes.change_number = people.change_number
left join scanners
    on changes.device_key = scanners.device_key
left join protocols
    on changes.protocol_key = protocols.protocol_key
