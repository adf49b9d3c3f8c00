with

opportunities as (
    select * from {{ ref('opportunities') }}
)

select
    finding_key as row_key,
    finding_key,
    as_of,
    scanner_label,
    site,
    vendor,
    model,
    protocol_key,
    protocol_label,
    assessment_state,
    assessment_reason,
    has_potential,
    confidence,
    -- No counts: two days' tables would differ by the patients of a day.
    round(coverage, 1) as coverage,
    measure,
    averages,
    nex,
    reference,
    reference_tier,
    reference_name,
    reference_averages,
    n_peers,
    short_of,
    usual_averages,
    what_if_averages,
    what_if_kind,
    snr_ratio,
    snr_change_percent,
    snr_caveat,
    round(scan_time_now_s, 0) as scan_time_now_s,
    round(scan_time_what_if_s, 0) as scan_time_what_if_s,
    time_basis,
    time_is_off,
    round(volume_per_month, 0) as volume_per_month,
    round(minutes_per_month, 0) as minutes_per_month,
    round(minutes_per_month_low, 0) as minutes_per_month_low,
    round(minutes_per_month_high, 0) as minutes_per_month_high,
    finding_state,
    is_waived,
    accepted_on,
    promised_minutes_per_month,
    minutes_rank,
    -- Of all protocols on scanners, those included that are not published.
    round(fleet_assessed_share, 1) as fleet_assessed_share
from opportunities
where patients >= {{ var('min_patients') }}
