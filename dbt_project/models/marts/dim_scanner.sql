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

-- Of one day's values the most frequent; NULL is no value.
{% for attribute in [
    'vendor', 'model', 'field_strength_class_t', 'software_code', 'station_code'
] %}
{{ attribute }}_days as (
    select
        device_key,
        study_date,
        {{ attribute }}
    from (
        select
            device_key,
            study_date,
            {{ attribute }},
            row_number() over (
                partition by device_key, study_date
                order by count(*) desc, {{ attribute }} asc
            ) as frequency_rank
        from scans
        where {{ attribute }} is not null
        group by device_key, study_date, {{ attribute }}
    ) as counted
    where frequency_rank = 1
),

{{ attribute }}_latest as (
    select
        device_key,
        {{ attribute }}
    from (
        select
            *,
            row_number() over (partition by device_key order by study_date desc) as recency
        from {{ attribute }}_days
    ) as ordered
    where recency = 1
),

{% endfor %}
scanner_days as (
    select distinct
        device_key,
        study_date
    from scans
),

-- What a version is made of. A day that does not tell a part takes what the scanner said last.
days as (
    select
        seen.device_key,
        seen.study_date,
        coalesce(model_days.model, model_latest.model) as model,
        coalesce(
            field_strength_class_t_days.field_strength_class_t,
            field_strength_class_t_latest.field_strength_class_t
        ) as field_strength_t,
        coalesce(software_code_days.software_code, software_code_latest.software_code)
            as software_code
    from scanner_days as seen
    {% for attribute in ['model', 'field_strength_class_t', 'software_code'] %}
    left join {{ attribute }}_days
        on
            seen.device_key = {{ attribute }}_days.device_key
            and seen.study_date = {{ attribute }}_days.study_date
    left join {{ attribute }}_latest
        on seen.device_key = {{ attribute }}_latest.device_key
    {% endfor %}
),

signed as (
    select
        *,
        coalesce(model, '-')
        || '|' || coalesce(cast(field_strength_t as string), '-')
        || '|' || coalesce(software_code, '-') as signature
    from days
),

numbered as (
    select
        *,
        row_number() over (partition by device_key order by study_date)
        - row_number() over (partition by device_key, signature order by study_date) as stretch
    from signed
),

-- One day's glitch is no new version: it takes several days to open one. Where a scanner has no
-- such stretch yet, its longest one stands.
stretches as (
    select
        device_key,
        signature,
        stretch,
        min(study_date) as first_day,
        count(*) as n_days,
        row_number() over (
            partition by device_key
            order by count(*) desc, min(study_date) asc
        ) as length_rank
    from numbered
    group by device_key, signature, stretch
),

kept as (
    select
        *,
        lag(signature) over (partition by device_key order by first_day) as signature_before
    from stretches
    where n_days >= {{ var('version_least_days') }} or length_rank = 1
),

opened as (
    select
        device_key,
        first_day,
        row_number() over (partition by device_key order by first_day) as version_number
    from kept
    where signature_before is null or signature_before <> signature
),

-- The first version reaches back to the first scan.
ranged as (
    select
        opened.device_key,
        opened.version_number,
        opened.first_day,
        case when opened.version_number = 1 then scanners.first_seen else opened.first_day end
            as valid_from,
        lead(opened.first_day) over (
            partition by opened.device_key
            order by opened.version_number
        ) as next_day
    from opened
    inner join scanners
        on opened.device_key = scanners.device_key
),

-- A station name that goes on with another serial number: the scanner was replaced.
succession as (
    select
        older.device_key,
        newer.device_key as replaced_by_device_key,
        row_number() over (
            partition by older.device_key
            order by successor.first_seen asc, newer.device_key asc
        ) as older_rank,
        row_number() over (
            partition by newer.device_key
            order by predecessor.last_seen desc, older.device_key asc
        ) as newer_rank
    from station_code_latest as older
    inner join scanners as predecessor
        on older.device_key = predecessor.device_key
    inner join station_code_latest as newer
        on older.station_code = newer.station_code and older.device_key <> newer.device_key
    inner join scanners as successor
        on newer.device_key = successor.device_key
    where successor.first_seen > predecessor.last_seen
),

replacements as (
    select
        device_key,
        replaced_by_device_key
    from succession
    where older_rank = 1 and newer_rank = 1
),

named as (
    select
        ranged.device_key,
        ranged.version_number,
        ranged.valid_from,
        ranged.next_day,
        vendor_latest.vendor,
        days.model,
        days.field_strength_t,
        days.software_code,
        station_code_latest.station_code,
        coalesce(
            names.scanner_label, 'Scanner ' || substring(ranged.device_key, 1, 6)
        ) as scanner_label,
        names.site,
        names.scanner_label is not null as is_named,
        scanners.first_seen,
        scanners.last_seen,
        replaced.replaced_by_device_key,
        replacing.device_key as replaces_device_key
    from ranged
    inner join scanners
        on ranged.device_key = scanners.device_key
    inner join days
        on ranged.device_key = days.device_key and ranged.first_day = days.study_date
    left join names
        on ranged.device_key = names.device_key
    left join vendor_latest
        on ranged.device_key = vendor_latest.device_key
    left join station_code_latest
        on ranged.device_key = station_code_latest.device_key
    left join replacements as replaced
        on ranged.device_key = replaced.device_key
    left join replacements as replacing
        on ranged.device_key = replacing.replaced_by_device_key
),

alike as (
    select
        scanner_label,
        count(distinct device_key) as scanners_alike
    from named
    group by scanner_label
)

select
    named.device_key || '.' || cast(named.version_number as string) as scanner_key,
    named.device_key,
    -- Two scanners of one name stay two scanners wherever the label is all that is shown.
    case
        when alike.scanners_alike > 1
            then named.scanner_label || ' (' || substring(named.device_key, 1, 10) || ')'
        else named.scanner_label
    end as scanner_label,
    named.site,
    named.is_named,
    named.vendor,
    named.model,
    named.field_strength_t,
    named.software_code,
    named.station_code,
    named.first_seen,
    named.last_seen,
    named.valid_from,
    case
        when named.next_day is not null
            then {{ day_before('named.next_day') }}
        when named.replaced_by_device_key is not null then named.last_seen
    end as valid_to,
    named.next_day is null as is_latest,
    named.next_day is null and named.replaced_by_device_key is null as is_current,
    named.replaces_device_key,
    named.replaced_by_device_key
from named
inner join alike
    on named.scanner_label = alike.scanner_label
