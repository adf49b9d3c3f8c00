with

coverage as (
    select
        *,
        {{ day_number('study_date') }} as day_number
    from {{ ref('kpi_tag_coverage_daily') }}
    where device_key is not null
),

against_past as (
    select
        today.study_date,
        today.device_key,
        today.vendor,
        today.tag,
        today.series,
        today.coverage,
        sum(earlier.series) as series_before,
        sum(earlier.series_with_value) as series_with_value_before
    from coverage as today
    left join coverage as earlier
        on
            today.device_key = earlier.device_key
            and coalesce(today.vendor, '') = coalesce(earlier.vendor, '')
            and today.tag = earlier.tag
            and today.day_number > earlier.day_number
            and today.day_number <= earlier.day_number + {{ var('coverage_drop_days') }}
    group by
        today.study_date,
        today.device_key,
        today.vendor,
        today.tag,
        today.series,
        today.coverage
),

compared as (
    select
        study_date,
        device_key,
        vendor,
        tag,
        series,
        coverage,
        cast(coalesce(series_before, 0) as bigint) as series_before,
        {{ ratio('series_with_value_before', 'series_before') }} as coverage_before,
        -- One success and one failure more, for what never failed so far may fail all the same.
        {{ ratio('series_with_value_before + 1', 'series_before + 2') }} as expected
    from against_past
)

select
    study_date,
    device_key,
    vendor,
    tag,
    series,
    coverage,
    series_before,
    coverage_before,
    coverage_before - coverage as coverage_drop,
    coalesce(
        coverage_before - coverage > {{ var('coverage_drop') }}
        and expected - coverage
        > {{ var('coverage_drop_deviations') }} * sqrt(expected * (1 - expected) / series)
        and series >= {{ var('coverage_drop_least_series') }}
        and series_before >= {{ var('coverage_drop_least_series') }},
        false
    ) as is_drop
from compared
