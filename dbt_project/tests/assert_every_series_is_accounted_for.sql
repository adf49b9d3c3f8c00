-- What landed is either an acquisition or excluded for a reason that kpi_exclusion_daily shows.
with

landed as (
    select
        study_date,
        pacs,
        count(*) as series
    from {{ ref('stg_series_facts') }}
    group by study_date, pacs
),

acquisitions as (
    select
        study_date,
        pacs,
        count(*) as series
    from {{ ref('fct_acquisition') }}
    group by study_date, pacs
),

excluded as (
    select
        study_date,
        pacs,
        sum(series) as series
    from {{ ref('kpi_exclusion_daily') }}
    where exclusion_reason not in ('no_device_key', 'joined_scanner')
    group by study_date, pacs
)

select
    landed.study_date,
    landed.pacs,
    landed.series,
    acquisitions.series as acquisitions,
    excluded.series as excluded
from landed
left join acquisitions
    on landed.study_date = acquisitions.study_date and landed.pacs = acquisitions.pacs
left join excluded
    on landed.study_date = excluded.study_date and landed.pacs = excluded.pacs
where landed.series <> coalesce(acquisitions.series, 0) + coalesce(excluded.series, 0)
