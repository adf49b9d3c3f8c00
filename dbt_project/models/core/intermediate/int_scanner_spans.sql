{%- set attributes = [
    'vendor', 'model', 'field_strength_class_t', 'software_code', 'station_code'
] -%}
with

scans as (
    select * from {{ ref('int_scanner_scans') }}
),

scanners as (
    select
        device_key,
        min(study_date) as first_seen
    from scans
    group by device_key
),

-- NULL is not a value: a scan that does not report it changes nothing.
reported as (
    {% for attribute in attributes %}
    select
        device_key,
        study_date,
        '{{ attribute }}' as attribute,
        cast({{ attribute }} as string) as attribute_value
    from scans
    where {{ attribute }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- Of one day's values the most frequent.
ranked as (
    select
        device_key,
        attribute,
        study_date,
        attribute_value,
        row_number() over (
            partition by device_key, attribute, study_date
            order by count(*) desc, attribute_value asc
        ) as frequency_rank
    from reported
    group by device_key, attribute, study_date, attribute_value
),

numbered as (
    select
        device_key,
        attribute,
        study_date,
        attribute_value,
        row_number() over (partition by device_key, attribute order by study_date)
        - row_number() over (
            partition by device_key, attribute, attribute_value
            order by study_date
        ) as stretch
    from ranked
    where frequency_rank = 1
),

stretches as (
    select
        device_key,
        attribute,
        attribute_value,
        min(study_date) as first_day,
        count(*) as n_days,
        row_number() over (
            partition by device_key, attribute
            order by count(*) desc, min(study_date) asc
        ) as length_rank
    from numbered
    group by device_key, attribute, attribute_value, stretch
),

-- A single day is not a change. If no value has lasted yet, the one of the most days is used.
lasting as (
    select
        *,
        lag(attribute_value) over (
            partition by device_key, attribute
            order by first_day
        ) as value_before
    from stretches
    where n_days >= {{ var('version_least_days') }} or length_rank = 1
),

changes as (
    select
        device_key,
        attribute,
        attribute_value,
        first_day,
        row_number() over (partition by device_key, attribute order by first_day) as change_number
    from lasting
    where value_before is null or value_before <> attribute_value
),

-- The first value reaches back to the first scan.
opened as (
    select
        changes.device_key,
        changes.attribute,
        changes.attribute_value,
        case when changes.change_number = 1 then scanners.first_seen else changes.first_day end
            as valid_from
    from changes
    inner join scanners
        on changes.device_key = scanners.device_key
)

select
    device_key,
    attribute,
    attribute_value,
    valid_from,
    lead(valid_from) over (partition by device_key, attribute order by valid_from) as next_from
from opened
