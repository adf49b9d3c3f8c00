with

verification as (
    select * from {{ ref('change_verification') }}
)

select
    {{ finding_key("'change'", 'device_key', 'protocol_key', 'cast(changed_on as string)') }}
        as row_key,
    as_of,
    scanner_label,
    site,
    protocol_key,
    protocol_label,
    changed_on,
    visit_on,
    evidence,
    verification_state,
    effect,
    reason,
    measure,
    level_before,
    level_after,
    relapsed_on,
    q_value,
    {% for column in [
        'median_before_s', 'median_after_s', 'shift_s', 'shift_low_s', 'shift_high_s',
        'adjusted_s', 'adjusted_low_s', 'adjusted_high_s'
    ] %}
    {{ publishable(
        'round(scan_time_' ~ column ~ ', 0)',
        'least(scan_time_patients_before, scan_time_patients_after)'
    ) }} as scan_time_{{ column }},
    {% endfor %}
    round(volume_per_month, 0) as volume_per_month,
    volume_source,
    promised_minutes_per_month,
    round(realised_minutes_per_month, 0) as realised_minutes_per_month,
    round(realised_minutes, 0) as realised_minutes,
    round(cut_share, 2) as cut_share,
    realised_basis,
    guard_is_held,
    guard_basis,
    guard_reason,
    guard_more_exams,
    quality_signed_on
from verification
where patients_before >= {{ var('min_patients') }} and patients_after >= {{ var('min_patients') }}
