{%- set metrics = ['scan_time_sum', 'exam_span', 'gap_time'] -%}
with

shifts as (
    select * from {{ ref('exam_shifts') }}
)

select
    {{ finding_key("'visit'", 'device_key', "''", 'cast(visit_on as string)') }} as row_key,
    as_of,
    scanner_label,
    site,
    visit_on,
    visit_until,
    n_changes,
    {% for metric in metrics %}
    {% for column in [
        'median_before_s', 'median_after_s', 'shift_s', 'shift_low_s', 'shift_high_s',
        'adjusted_s', 'adjusted_low_s', 'adjusted_high_s'
    ] %}
    {{ publishable(
        'round(' ~ metric ~ '_' ~ column ~ ', 0)',
        'least(' ~ metric ~ '_patients_before, ' ~ metric ~ '_patients_after)'
    ) }} as {{ metric }}_{{ column }},
    {% endfor %}
    {% endfor %}
    n_registered
from shifts
where
    greatest(
        {% for metric in metrics %}
        least({{ metric }}_patients_before, {{ metric }}_patients_after)
        {{- ',' if not loop.last }}
        {% endfor %}
    ) >= {{ var('min_patients') }}
