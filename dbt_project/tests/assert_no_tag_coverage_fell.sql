-- A scanner that told a value for weeks has stopped telling it.
{{ config(severity='warn') }}

with

coverage as (
    select * from {{ ref('kpi_tag_coverage_drop_daily') }}
),

last_day as (
    select max(study_date) as study_date
    from coverage
)

select
    coverage.study_date,
    coverage.device_key,
    coverage.tag,
    coverage.coverage_before,
    coverage.coverage
from coverage
cross join last_day
where
    coverage.is_drop
    and {{ day_number('coverage.study_date') }}
    > {{ day_number('last_day.study_date') }} - {{ var('coverage_drop_told_days') }}
