with

series as (
    select * from {{ ref('int_series') }}
),

completeness as (
    select * from {{ ref('stg_completeness') }}
),

days as (
    select study_date from series
    union
    select study_date from completeness
),

last_month as (
    select {{ month_start('max(study_date)') }} as month_start
    from series
),

months as (
    select
        study_date,
        {{ month_start('study_date') }} as month_start,
        {{ is_weekend('study_date') }} as is_weekend
    from days
)

select
    months.study_date,
    months.month_start,
    months.is_weekend,
    -- Known from the data alone, so that a build of old data gives what it gave then.
    coalesce(months.month_start < last_month.month_start, false) as is_closed_month
from months
cross join last_month
