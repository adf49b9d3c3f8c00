with

potential as (
    select * from {{ ref('stg_potential_by_month') }}
    where patients >= {{ var('min_patients') }}
),

scanners as (
    select * from {{ ref('dim_scanner') }}
    where is_latest
),

summed as (
    select
        device_key,
        month,
        count(*) as protocols,
        sum(case when assessment = 'assessable' then 1 else 0 end) as assessable,
        sum(case when has_potential then 1 else 0 end) as opportunities,
        sum(case when has_potential then saving_s * volume_per_month / 60 end)
            as minutes_per_month,
        sum(case when has_potential then saving_low_s * volume_per_month / 60 end)
            as minutes_per_month_low,
        sum(case when has_potential then saving_high_s * volume_per_month / 60 end)
            as minutes_per_month_high
    from potential
    group by device_key, month
),

-- Nothing to win is a number where something was assessed; where nothing was it is unknown.
told as (
    select
        summed.*,
        case when summed.assessable > 0 and summed.opportunities = 0 then 0 end as no_minutes
    from summed
)

select
    {{ finding_key("'month'", 'told.device_key', 'cast(told.month as string)', "''") }}
        as row_key,
    told.month,
    scanners.scanner_label,
    scanners.site,
    cast(told.protocols as bigint) as protocols,
    cast(told.assessable as bigint) as assessable,
    cast(told.opportunities as bigint) as opportunities,
    round(coalesce(told.minutes_per_month, told.no_minutes), 0) as minutes_per_month,
    round(coalesce(told.minutes_per_month_low, told.no_minutes), 0) as minutes_per_month_low,
    round(coalesce(told.minutes_per_month_high, told.no_minutes), 0) as minutes_per_month_high
from told
inner join scanners
    on told.device_key = scanners.device_key
