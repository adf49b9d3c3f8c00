{%- set attributes = [
    'vendor', 'model', 'field_strength_class_t', 'software_code', 'station_code'
] -%}
with

scans as (
    select * from {{ ref('int_scanner_scans') }}
),

names as (
    select * from {{ ref('stg_scanner_names') }}
),

spans as (
    select * from {{ ref('int_scanner_spans') }}
),

joins as (
    select
        joined_device_key as device_key,
        count(*) as n_joined
    from {{ ref('stg_scanner_rules') }}
    where joined_device_key is not null
    group by joined_device_key
),

scanners as (
    select
        device_key,
        min(study_date) as first_seen,
        max(study_date) as last_seen,
        max(case when is_excluded then 1 else 0 end) = 1 as is_excluded
    from scans
    group by device_key
),

-- A change of any attribute opens a version.
openings as (
    select
        device_key,
        valid_from
    from spans
    union
    select
        device_key,
        first_seen as valid_from
    from scanners
),

versions as (
    select
        device_key,
        valid_from,
        row_number() over (partition by device_key order by valid_from) as version_number,
        lead(valid_from) over (partition by device_key order by valid_from) as next_from
    from openings
),

described as (
    select
        versions.device_key,
        versions.version_number,
        versions.valid_from,
        {% for attribute in attributes %}
        max(case when spans.attribute = '{{ attribute }}' then spans.attribute_value end)
            as {{ attribute }},
        {% endfor %}
        versions.next_from
    from versions
    left join spans
        on
            versions.device_key = spans.device_key
            and versions.valid_from >= spans.valid_from
            and (spans.next_from is null or versions.valid_from < spans.next_from)
    group by
        versions.device_key,
        versions.version_number,
        versions.valid_from,
        versions.next_from
),

-- Who scanned under a station name, by PACS, for two hospitals may both have an "MR1".
stations as (
    select
        scans.device_key,
        scans.station_code,
        scans.pacs,
        min(scans.study_date) as first_day,
        max(scans.study_date) as last_day
    from scans
    where scans.station_code is not null
    group by scans.device_key, scans.station_code, scans.pacs
    having count(distinct scans.study_date) >= {{ var('version_least_days') }}
),

-- A station name that goes on with another serial number after the old one's last scan.
successions as (
    select
        older.device_key,
        newer.device_key as replaced_by_device_key,
        older.station_code,
        older.pacs,
        older.last_day,
        newer.first_day
    from stations as older
    inner join stations as newer
        on
            older.station_code = newer.station_code
            and older.pacs = newer.pacs
            and older.device_key <> newer.device_key
    inner join scanners as predecessor
        on older.device_key = predecessor.device_key
    inner join scanners as successor
        on newer.device_key = successor.device_key
    left join names as older_names
        on older.device_key = older_names.device_key
    left join names as newer_names
        on newer.device_key = newer_names.device_key
    where
        predecessor.last_seen < successor.first_seen
        and coalesce(older_names.site, newer_names.site, '')
        = coalesce(newer_names.site, older_names.site, '')
),

-- If a third scanner used the name meanwhile, the name does not identify a place.
undisputed as (
    select
        successions.device_key,
        successions.replaced_by_device_key,
        successions.last_day,
        successions.first_day
    from successions
    left join stations as third
        on
            successions.station_code = third.station_code
            and successions.pacs = third.pacs
            and successions.device_key <> third.device_key
            and successions.replaced_by_device_key <> third.device_key
            and successions.first_day >= third.first_day
            and successions.last_day <= third.last_day
    where third.device_key is null
),

succession_ranks as (
    select
        device_key,
        replaced_by_device_key,
        row_number() over (
            partition by device_key
            order by first_day asc, replaced_by_device_key asc
        ) as newer_rank,
        row_number() over (
            partition by replaced_by_device_key
            order by last_day desc, device_key asc
        ) as older_rank
    from undisputed
),

replacements as (
    select
        device_key,
        replaced_by_device_key
    from succession_ranks
    where newer_rank = 1 and older_rank = 1
),

named as (
    select
        described.*,
        coalesce(
            names.scanner_label, 'Scanner ' || substring(described.device_key, 1, 6)
        ) as scanner_label,
        names.site,
        names.scanner_label is not null as is_named,
        scanners.first_seen,
        scanners.last_seen,
        scanners.is_excluded,
        coalesce(joins.n_joined, 0) as n_joined,
        replaced.replaced_by_device_key,
        replacing.device_key as replaces_device_key
    from described
    inner join scanners
        on described.device_key = scanners.device_key
    left join names
        on described.device_key = names.device_key
    left join joins
        on described.device_key = joins.device_key
    left join replacements as replaced
        on described.device_key = replaced.device_key
    left join replacements as replacing
        on described.device_key = replacing.replaced_by_device_key
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
    named.is_excluded,
    named.n_joined,
    named.vendor,
    named.model,
    cast(named.field_strength_class_t as double) as field_strength_t,
    named.software_code,
    named.station_code,
    named.first_seen,
    named.last_seen,
    named.valid_from,
    case
        when named.next_from is not null then {{ day_before('named.next_from') }}
        when named.replaced_by_device_key is not null then named.last_seen
    end as valid_to,
    named.next_from is null as is_latest,
    named.next_from is null and named.replaced_by_device_key is null as is_current,
    named.replaces_device_key,
    named.replaced_by_device_key
from named
inner join alike
    on named.scanner_label = alike.scanner_label
