with

opportunities as (
    select * from {{ ref('opportunities') }}
    where has_potential
),

changes as (
    select * from {{ ref('protocol_changes') }}
),

departures as (
    select * from {{ ref('stg_compliance') }}
),

register as (
    select * from {{ ref('int_findings_register') }}
),

as_of as (
    select max(as_of) as as_of from {{ ref('stg_as_of') }}
),

scanners as (
    select * from {{ ref('dim_scanner') }}
    where is_latest
),

protocols as (
    select * from {{ ref('int_protocol_names') }}
),

-- A note on single exams is not a finding. Averages above a target or above peers are the
-- opportunity itself, where there is one.
other_departures as (
    select departures.*
    from departures
    left join opportunities
        on
            departures.device_key = opportunities.device_key
            and departures.protocol_key = opportunities.protocol_key
    where
        departures.is_confirmed
        and (
            opportunities.finding_key is null
            or departures.kind not in ('above comparable', 'off target')
            or departures.parameter
            not in ('averaging', 'least_averaging', 'effective_averages', 'nex')
        )
),

found as (
    select
        'opportunity' as kind,
        device_key,
        protocol_key,
        measure as parameter,
        what_if_averages as expected,
        averages as observed,
        cast(null as string) as expected_term,
        cast(null as string) as observed_term,
        n as n_exams,
        cast(round(n * share_at_averages, 0) as bigint) as n_affected,
        patients as patients_affected,
        share_at_averages as share_affected,
        cast(null as date) as first_day,
        cast(null as date) as last_day,
        cast(null as string) as exam_key,
        minutes_per_month,
        minutes_per_month_low,
        minutes_per_month_high,
        snr_ratio,
        confidence
    from opportunities
    union all
    select
        kind,
        device_key,
        protocol_key,
        parameter,
        expected,
        observed,
        expected_term,
        observed_term,
        n_exams,
        n_affected,
        patients_affected,
        share as share_affected,
        first_day,
        last_day,
        exam_key,
        null as minutes_per_month,
        null as minutes_per_month_low,
        null as minutes_per_month_high,
        null as snr_ratio,
        null as confidence
    from other_departures
    union all
    select
        'relapse' as kind,
        device_key,
        protocol_key,
        measure as parameter,
        before as expected,
        after as observed,
        null as expected_term,
        null as observed_term,
        n_after as n_exams,
        n_after as n_affected,
        patients_after as patients_affected,
        null as share_affected,
        changed_on as first_day,
        segment_to as last_day,
        null as exam_key,
        null as minutes_per_month,
        null as minutes_per_month_low,
        null as minutes_per_month_high,
        null as snr_ratio,
        null as confidence
    from changes
    where kind = 'relapse' and is_latest
),

keyed as (
    select
        *,
        {{ finding_key('kind', 'device_key', 'protocol_key', 'parameter') }} as finding_key
    from found
),

-- Each finding is shown once; if several groups of exams have it, the largest group is used.
numbered as (
    select
        *,
        row_number() over (
            partition by finding_key
            order by n_affected desc, share_affected desc, expected_term asc, last_day desc
        ) as size_rank
    from keyed
),

seen as (
    select * from numbered
    where size_rank = 1
),

-- A life that has ended is history where the thing is seen again: that is a new finding.
lives as (
    select register.*
    from register
    left join seen
        on register.finding_key = seen.finding_key
    where
        not (register.is_ended and seen.finding_key is not null)
        and not (register.is_ended and register.finding_state = 'waived')
),

joined as (
    select
        coalesce(seen.finding_key, lives.finding_key) as finding_key,
        coalesce(seen.kind, lives.kind) as kind,
        coalesce(seen.device_key, lives.device_key) as device_key,
        coalesce(seen.protocol_key, lives.protocol_key) as protocol_key,
        coalesce(seen.parameter, lives.parameter) as parameter,
        coalesce(lives.finding_state, 'open') as finding_state,
        coalesce(lives.is_waived, false) as is_waived,
        seen.finding_key is not null as is_seen,
        lives.finding_key is not null as is_registered,
        lives.opened_on,
        lives.owner,
        lives.accepted_on,
        lives.volume_per_month,
        lives.promised_minutes_per_month,
        lives.changed_on,
        lives.verified_on,
        lives.quality_signed_on,
        lives.waived_until,
        lives.reason,
        seen.expected,
        seen.observed,
        seen.expected_term,
        seen.observed_term,
        seen.n_exams,
        seen.n_affected,
        seen.patients_affected,
        seen.share_affected,
        seen.first_day,
        seen.last_day,
        seen.exam_key,
        seen.minutes_per_month,
        seen.minutes_per_month_low,
        seen.minutes_per_month_high,
        seen.snr_ratio,
        seen.confidence
    from seen
    full outer join lives
        on seen.finding_key = lives.finding_key
)

select
    as_of.as_of,
    joined.finding_key,
    joined.kind,
    joined.device_key,
    scanners.scanner_label,
    scanners.site,
    joined.protocol_key,
    protocols.protocol_label,
    joined.parameter,
    joined.finding_state,
    joined.is_waived,
    joined.is_seen,
    joined.is_registered,
    joined.opened_on,
    joined.owner,
    joined.accepted_on,
    joined.volume_per_month,
    joined.promised_minutes_per_month,
    joined.changed_on,
    joined.verified_on,
    joined.quality_signed_on,
    joined.waived_until,
    joined.reason,
    joined.expected,
    joined.observed,
    joined.expected_term,
    joined.observed_term,
    joined.n_exams,
    joined.n_affected,
    joined.patients_affected,
    joined.share_affected,
    joined.first_day,
    joined.last_day,
    joined.exam_key,
    joined.minutes_per_month,
    joined.minutes_per_month_low,
    joined.minutes_per_month_high,
    joined.snr_ratio,
    joined.confidence
from joined
cross join as_of
left join scanners
    on joined.device_key = scanners.device_key
left join protocols
    on joined.protocol_key = protocols.protocol_key
