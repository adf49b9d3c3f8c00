with

lines as (
    select * from {{ ref('stg_findings') }}
),

devices as (
    select * from {{ ref('stg_devices') }}
),

as_of as (
    select max(as_of) as as_of from {{ ref('stg_as_of') }}
),

known as (
    select
        lines.kind,
        coalesce(devices.analysed_as, lines.device_key) as device_key,
        lines.protocol_key,
        lines.parameter,
        lines.opened_on,
        lines.state as finding_state,
        lines.owner,
        lines.accepted_on,
        lines.volume_per_month,
        lines.promised_minutes_per_month,
        lines.changed_on,
        lines.verified_on,
        lines.quality_signed_by,
        lines.quality_signed_on,
        lines.waived_until,
        lines.reason,
        coalesce(
            case lines.state
                when 'verified' then lines.verified_on < as_of.as_of
                when 'waived' then lines.waived_until < as_of.as_of
            end,
            false
        ) as is_ended
    from lines
    cross join as_of
    left join devices
        on lines.device_key = devices.device_key
),

keyed as (
    select
        *,
        {{ finding_key('kind', 'device_key', 'protocol_key', 'parameter') }} as finding_key
    from known
),

-- The file holds the lives of a thing one after another: the last one counts.
numbered as (
    select
        *,
        row_number() over (
            partition by finding_key
            order by opened_on desc, finding_state asc
        ) as recency
    from keyed
)

select
    finding_key,
    kind,
    device_key,
    protocol_key,
    parameter,
    opened_on,
    finding_state,
    owner,
    accepted_on,
    volume_per_month,
    promised_minutes_per_month,
    changed_on,
    verified_on,
    quality_signed_by,
    quality_signed_on,
    waived_until,
    reason,
    is_ended,
    finding_state = 'waived' and not is_ended as is_waived
from numbered
where recency = 1
