with

series as (
    select * from {{ ref('int_series') }}
),

-- One scan may make several series (Dixon, echoes, magnitude and phase). The first in this order
-- represents it: counted ones, originals, then the series that reports the most.
ranked as (
    select
        *,
        row_number() over (
            partition by acquisition_key
            order by
                case when is_counted then 0 else 1 end,
                case when coalesce(is_derived_only, false) then 1 else 0 end,
                case
                    when acquisition_part in ('phase', 'real', 'imaginary') then 2
                    when acquisition_part = 'original' then 0
                    else 1
                end,
                case when nex is null then 1 else 0 end,
                case when scan_time_s is null then 1 else 0 end,
                case when start_offset_s is null then 1 else 0 end,
                start_offset_s,
                series_key
        ) as series_rank
    from series
    where is_scan
),

merged as (
    select
        acquisition_key,
        count(case when is_scan then 1 end) as n_series,
        count(case when not is_scan then 1 end) as n_excluded_series,
        count(distinct case when is_scan then study_key end) as n_studies
    from series
    group by acquisition_key
)

select
    ranked.*,
    merged.n_series,
    merged.n_excluded_series,
    merged.n_studies
from ranked
inner join merged
    on ranked.acquisition_key = merged.acquisition_key
where ranked.series_rank = 1
