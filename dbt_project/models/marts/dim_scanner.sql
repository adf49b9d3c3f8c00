with

scans as (
    select * from {{ ref('int_acquisitions') }}
    where device_key is not null
),

names as (
    select * from {{ ref('stg_scanner_names') }}
),

scanners as (
    select
        device_key,
        min(study_date) as first_seen,
        max(study_date) as last_seen
    from scans
    group by device_key
),

-- Each attribute is what the scanner said last; of one day's values the most frequent.
{% for attribute in ['vendor', 'model', 'field_strength_class_t'] %}
{{ attribute }}_values as (
    select
        device_key,
        {{ attribute }},
        row_number() over (
            partition by device_key
            order by max(study_date) desc, count(*) desc, {{ attribute }}
        ) as recency
    from scans
    where {{ attribute }} is not null
    group by device_key, {{ attribute }}
),

{% endfor %}
named as (
    select
        scanners.device_key,
        vendor_values.vendor,
        model_values.model,
        field_strength_class_t_values.field_strength_class_t as field_strength_t,
        coalesce(
            names.scanner_label, 'Scanner ' || substring(scanners.device_key, 1, 6)
        ) as scanner_label,
        names.site,
        names.scanner_label is not null as is_named,
        scanners.first_seen,
        scanners.last_seen
    from scanners
    left join names
        on scanners.device_key = names.device_key
    left join vendor_values
        on scanners.device_key = vendor_values.device_key and vendor_values.recency = 1
    left join model_values
        on scanners.device_key = model_values.device_key and model_values.recency = 1
    left join field_strength_class_t_values
        on
            scanners.device_key = field_strength_class_t_values.device_key
            and field_strength_class_t_values.recency = 1
),

counted as (
    select
        *,
        count(*) over (partition by scanner_label) as scanners_alike
    from named
)

select
    device_key,
    -- Two scanners of one name stay two scanners wherever the label is all that is shown.
    case
        when scanners_alike > 1
            then scanner_label || ' (' || substring(device_key, 1, 10) || ')'
        else scanner_label
    end as scanner_label,
    site,
    is_named,
    vendor,
    model,
    field_strength_t,
    first_seen,
    last_seen
from counted
