{%- set tags = {
    'anatomy': 'anatomy',
    'device_key': 'device_key',
    'echo_train_length': 'echo_train_length',
    'effective_averages': 'effective_averages',
    'exam_key': 'exam_key',
    'field_strength': 'field_strength_t',
    'label': 'label_code',
    'model': 'model',
    'nex': 'nex',
    'patient_key': 'patient_key',
    'role': 'role',
    'scan_time': 'scan_time_s',
    'start': 'start_offset_s',
    'te': 'te_ms',
    'tr': 'tr_ms',
} -%}
with

series as (
    select * from {{ ref('fct_series') }}
    where is_counted
),

counts as (
    select
        study_date,
        device_key,
        vendor,
        {% for tag, column in tags.items() %}
        count({{ column }}) as with_{{ tag }},
        {% endfor %}
        count(*) as series
    from series
    group by study_date, device_key, vendor
),

coverage as (
    {% for tag in tags %}
    select
        study_date,
        device_key,
        vendor,
        '{{ tag }}' as tag,
        series,
        with_{{ tag }} as series_with_value
    from counts
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    study_date,
    device_key,
    vendor,
    tag,
    series,
    series_with_value,
    {{ ratio('series_with_value', 'series') }} as coverage
from coverage
