with

potential as (
    select * from {{ ref('stg_potential') }}
),

volumes as (
    select * from {{ ref('int_protocol_volume') }}
),

register as (
    select * from {{ ref('int_findings_register') }}
    where kind = 'opportunity'
),

scanners as (
    select * from {{ ref('dim_scanner') }}
    where is_latest
),

protocols as (
    select * from {{ ref('int_protocol_names') }}
),

-- A number from too few data is not shown, even if it could be computed.
told as (
    select
        *,
        {{ finding_key("'opportunity'", 'device_key', 'protocol_key', 'measure') }} as finding_key,
        case when assessment = 'assessable' then has_potential end as is_above,
        case when assessment <> 'insufficient' then level end as told_level,
        case when assessment <> 'insufficient' then setting_level end as told_setting_level,
        case when assessment <> 'insufficient' then share_at_level end as told_share_at_level,
        case when assessment <> 'insufficient' then what_if_level end as told_what_if_level,
        case when assessment <> 'insufficient' then snr_ratio end as told_snr_ratio,
        case when assessment <> 'insufficient' then scan_time_now_s end as told_scan_time_now_s,
        case when assessment <> 'insufficient' then scan_time_at_target_s end as told_time_then_s,
        case when assessment <> 'insufficient' then saving_s end as told_saving_s,
        case when assessment <> 'insufficient' then saving_low_s end as told_saving_low_s,
        case when assessment <> 'insufficient' then saving_high_s end as told_saving_high_s
    from potential
),

counted as (
    select
        told.*,
        coalesce(volumes.patients, 0) as patients,
        volumes.volume_months,
        volumes.volume_per_month,
        avg(case when told.assessment = 'assessable' then 1 else 0 end) over ()
            as fleet_assessed_share,
        told.told_saving_s * volumes.volume_per_month / 60 as minutes,
        told.told_saving_low_s * volumes.volume_per_month / 60 as minutes_low,
        told.told_saving_high_s * volumes.volume_per_month / 60 as minutes_high
    from told
    left join volumes
        on told.device_key = volumes.device_key and told.protocol_key = volumes.protocol_key
),

-- What was verified, or waived until a day that has passed, and is there again, is new.
followed as (
    select
        counted.*,
        case
            when counted.is_above then coalesce(register.finding_state, 'open')
            else register.finding_state
        end
            as finding_state,
        coalesce(register.is_waived, false) as is_waived,
        register.owner,
        register.waived_until,
        register.accepted_on,
        register.promised_minutes_per_month
    from counted
    left join register
        on
            counted.finding_key = register.finding_key
            and not (register.is_ended and coalesce(counted.is_above, false))
),

-- The findings without a decision, those with the most minutes first.
ranked as (
    select
        finding_key,
        row_number() over (order by minutes desc, finding_key asc) as minutes_rank
    from followed
    where is_above and minutes is not null and finding_state in ('open', 'accepted')
)

select
    followed.as_of,
    followed.finding_key,
    followed.device_key,
    scanners.scanner_label,
    scanners.site,
    scanners.vendor,
    scanners.model,
    followed.protocol_key,
    protocols.protocol_label,
    protocols.anatomy,
    protocols.role,
    protocols.contrast_phase,
    protocols.field_strength_t,
    protocols.dimension,
    protocols.reconstruction,
    followed.assessment as assessment_state,
    followed.assessment_reason,
    followed.is_above as has_potential,
    case
        when followed.assessment <> 'assessable' then null
        when
            followed.is_mixed
            or coalesce(followed.time_is_off, true)
            or followed.n < {{ var('alert_least_n') }}
            or followed.coverage < {{ var('confident_coverage') }}
            then 'low'
        when followed.reference_tier >= 3 then 'low'
        when followed.reference_tier = 2 then 'medium'
        else 'high'
    end as confidence,
    followed.level_days,
    followed.n_eligible,
    followed.n,
    followed.coverage,
    followed.patients,
    followed.measure,
    followed.told_level as averages,
    followed.told_setting_level as nex,
    followed.told_share_at_level as share_at_averages,
    followed.is_mixed,
    followed.reference,
    followed.reference_tier,
    followed.reference_name,
    followed.reference_level as reference_averages,
    followed.reference_threshold,
    followed.n_candidates,
    followed.n_peers,
    followed.n_holders,
    followed.short_of,
    followed.usual_level as usual_averages,
    followed.usual_share,
    followed.told_what_if_level as what_if_averages,
    case when followed.told_what_if_level is not null then followed.what_if_kind end
        as what_if_kind,
    followed.told_snr_ratio as snr_ratio,
    round(100 * (followed.told_snr_ratio - 1), 0) as snr_change_percent,
    case
        when followed.told_snr_ratio is not null
            then
                'noise only: same voxel, coil and reconstruction; averaging also suppresses flow '
                || 'and motion artefacts; a radiologist decides'
    end as snr_caveat,
    followed.told_scan_time_now_s as scan_time_now_s,
    followed.told_time_then_s as scan_time_what_if_s,
    followed.told_saving_s as saving_s,
    followed.time_basis,
    followed.time_level,
    followed.time_error_median_pct,
    followed.time_is_off,
    followed.volume_months,
    followed.volume_per_month,
    case when followed.is_above then followed.minutes end as minutes_per_month,
    case when followed.is_above then followed.minutes_low end as minutes_per_month_low,
    case when followed.is_above then followed.minutes_high end as minutes_per_month_high,
    case when not coalesce(followed.is_above, false) then followed.minutes end
        as what_if_minutes_per_month,
    followed.finding_state,
    followed.is_waived,
    followed.owner,
    followed.waived_until,
    followed.accepted_on,
    followed.promised_minutes_per_month,
    ranked.minutes_rank,
    followed.fleet_assessed_share
from followed
left join ranked
    on followed.finding_key = ranked.finding_key
left join scanners
    on followed.device_key = scanners.device_key
left join protocols
    on followed.protocol_key = protocols.protocol_key
