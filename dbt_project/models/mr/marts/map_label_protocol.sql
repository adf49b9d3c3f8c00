{%- set kinds = {
    'label': 'label_code',
    'protocol_name': 'protocol_name_code',
    'series_description': 'series_description_code',
} -%}
with

series as (
    select * from {{ ref('fct_series') }}
    where is_counted and is_representative and device_key is not null
),

texts as (
    {% for kind, code in kinds.items() %}
    select
        device_key,
        '{{ kind }}' as label_kind,
        {{ code }} as label_code,
        protocol_key,
        study_date
    from series
    where {{ code }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

counted as (
    select
        device_key,
        label_kind,
        label_code,
        protocol_key,
        count(*) as acquisitions,
        min(study_date) as first_seen,
        max(study_date) as last_seen
    from texts
    group by device_key, label_kind, label_code, protocol_key
),

-- A name does not say whether contrast agent will follow, so before it and without it are equal.
meant as (
    select
        *,
        sum(acquisitions) over (
            partition by
                device_key, label_kind, label_code, replace(protocol_key, '.pre.', '.none.')
        ) as acquisitions_of_meaning
    from counted
),

ranked as (
    select
        *,
        sum(acquisitions) over (partition by device_key, label_kind, label_code)
            as acquisitions_of_label,
        count(*) over (partition by device_key, label_kind, label_code) as protocols_of_label,
        row_number() over (
            partition by device_key, label_kind, label_code
            order by acquisitions desc, protocol_key asc
        ) as protocol_rank,
        max(acquisitions_of_meaning) over (partition by device_key, label_kind, label_code)
            as acquisitions_of_main_meaning
    from meant
)

select
    device_key,
    label_kind,
    label_code,
    protocol_key,
    acquisitions,
    {{ ratio('acquisitions', 'acquisitions_of_label') }} as share_of_label,
    protocols_of_label,
    protocol_rank = 1 as is_main,
    acquisitions_of_label - acquisitions_of_main_meaning
    > {{ var('label_ambiguous_share') }} * acquisitions_of_label as is_ambiguous,
    first_seen,
    last_seen
from ranked
