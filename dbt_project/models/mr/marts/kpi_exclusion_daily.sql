with

facts as (
    select * from {{ ref('stg_series_facts') }}
),

series as (
    select * from {{ ref('fct_series') }}
),

acquisitions as (
    select * from {{ ref('fct_acquisition') }}
),

landed as (
    select
        study_date,
        pacs,
        count(*) as series
    from facts
    group by study_date, pacs
),

kept as (
    select
        study_date,
        pacs,
        count(*) as series
    from series
    group by study_date, pacs
),

excluded as (
    select
        study_date,
        pacs,
        exclusion_reason,
        count(*) as series
    from series
    where not is_counted
    group by study_date, pacs, exclusion_reason
),

duplicates as (
    select
        landed.study_date,
        landed.pacs,
        'duplicate' as exclusion_reason,
        landed.series - coalesce(kept.series, 0) as series
    from landed
    left join kept
        on landed.study_date = kept.study_date and landed.pacs = kept.pacs
    where landed.series > coalesce(kept.series, 0)
),

same_acquisition as (
    select
        series.study_date,
        series.pacs,
        'same_acquisition' as exclusion_reason,
        count(*) as series
    from series
    left join acquisitions
        on series.series_key = acquisitions.series_key
    where series.is_counted and acquisitions.series_key is null
    group by series.study_date, series.pacs
),

no_device as (
    select
        study_date,
        pacs,
        'no_device_key' as exclusion_reason,
        count(*) as series
    from acquisitions
    where device_key is null
    group by study_date, pacs
),

joined_scanner as (
    select
        acquisitions.study_date,
        acquisitions.pacs,
        'joined_scanner' as exclusion_reason,
        count(*) as series
    from acquisitions
    inner join facts
        on
            acquisitions.series_key = facts.series_key
            and acquisitions.pacs = facts.pacs
            and acquisitions.study_date = facts.study_date
    where facts.is_joined_scanner
    group by acquisitions.study_date, acquisitions.pacs
),

reasons as (
    select * from excluded
    union all
    select * from duplicates
    union all
    select * from same_acquisition
    union all
    select * from no_device
    union all
    select * from joined_scanner
)

select
    reasons.study_date,
    reasons.pacs,
    reasons.exclusion_reason,
    reasons.series,
    landed.series as series_landed,
    {{ ratio('reasons.series', 'landed.series') }} as share_of_series
from reasons
inner join landed
    on reasons.study_date = landed.study_date and reasons.pacs = landed.pacs
