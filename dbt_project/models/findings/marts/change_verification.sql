with

verification as (
    select
        * exclude (state),
        state as verification_state
    from {{ ref('stg_verification') }}
),

acquisitions as (
    select * from {{ ref('int_scanner_protocols') }}
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
        verification.device_key,
        verification.protocol_key,
        verification.changed_on,
        count(
            distinct case
                when acquisitions.study_date <= verification.before_to
                    then acquisitions.patient_key
            end
        ) as patients_before,
        count(
            distinct case
                when acquisitions.study_date >= verification.after_from
                    then acquisitions.patient_key
            end
        ) as patients_after
    from verification
    inner join acquisitions
        on
            verification.device_key = acquisitions.device_key
            and verification.protocol_key = acquisitions.protocol_key
            and verification.before_from <= acquisitions.study_date
            and verification.after_to >= acquisitions.study_date
    group by verification.device_key, verification.protocol_key, verification.changed_on
)

select
    scanners.scanner_label,
    scanners.site,
    protocols.protocol_label,
    coalesce(people.patients_before, 0) as patients_before,
    coalesce(people.patients_after, 0) as patients_after,
    verification.*
from verification
left join people
    on
        verification.device_key = people.device_key
        and verification.protocol_key = people.protocol_key
        and verification.changed_on = people.changed_on
left join scanners
    on verification.device_key = scanners.device_key
left join protocols
    on verification.protocol_key = protocols.protocol_key
