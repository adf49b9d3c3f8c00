{#
    The NEX and scan time KPIs of a set of acquisitions, one row per combination of `keys`.

    One vote per eligible acquisition with NEX. The mode is a rank over the votes, the smallest of
    equals first, because what an engine's own mode() does with ties is not defined.
    Medians and modes do not add up, so every grain is computed from the acquisitions.
    Sums are rounded, because their last digits depend on the order in which threads add.
#}
{% macro nex_kpis(acquisitions, keys) %}
{%- set grain = keys | join(', ') -%}
    with

    votes as (
        select
            *,
            case when is_nex_eligible then nex end as nex_vote,
            case when is_nex_eligible then effective_averages end as effective_averages_vote,
            case
                when is_nex_eligible and nex is not null then scan_time_s
            end as nex_scan_time_s
        from {{ acquisitions }}
    ),

    counted_votes as (
        select
            *,
            count(nex_vote) over (partition by {{ grain }}, nex_vote) as votes_alike
        from votes
    ),

    ranked_votes as (
        select
            *,
            row_number() over (
                partition by {{ grain }}
                order by votes_alike desc, nex_vote asc
            ) as vote_rank
        from counted_votes
    )

    select
        {{ keys | join(',\n        ') }},
        count(*) as acquisitions,
        count(case when is_nex_eligible then 1 end) as acquisitions_nex_eligible,
        count(nex_vote) as acquisitions_with_nex,
        count(distinct patient_key) as patients,
        count(distinct device_key) as scanners,
        count(distinct case when nex_vote is not null then patient_key end) as patients_with_nex,
        count(distinct case when scan_time_s is not null then patient_key end)
            as patients_with_scan_time,
        count(distinct case when nex_scan_time_s is not null then patient_key end)
            as patients_with_nex_scan_time,
        count(distinct case when effective_averages_vote is not null then patient_key end)
            as patients_with_effective_averages,
        round(avg(nex_vote), 6) as nex_mean,
        median(nex_vote) as nex_median,
        max(case when vote_rank = 1 then nex_vote end) as nex_mode,
        -- What varies inside an acquisition does not vanish behind its most frequent value.
        max(case when is_nex_eligible then coalesce(nex_max, nex) end) as nex_max,
        count(case when is_nex_eligible and nex_distinct > 1 then 1 end)
            as acquisitions_with_several_nex,
        {{ ratio('count(case when nex_vote > 1 then 1 end)', 'count(nex_vote)') }}
            as share_above_1,
        {{ ratio('count(nex_vote)', 'count(case when is_nex_eligible then 1 end)') }}
            as nex_coverage,
        round(sum(nex_scan_time_s) / sum(nex_scan_time_s / nex_vote), 6)
            as nex_time_weighted_mean,
        {{ ratio('count(nex_scan_time_s)', 'count(case when is_nex_eligible then 1 end)') }}
            as nex_time_weighted_coverage,
        round(avg(effective_averages_vote), 6) as effective_averages_mean,
        {{ ratio(
            'count(effective_averages_vote)', 'count(case when is_nex_eligible then 1 end)'
        ) }} as effective_averages_coverage,
        round(sum(scan_time_s), 6) as scan_time_sum_s,
        {{ ratio('count(scan_time_s)', 'count(*)') }} as scan_time_coverage
    from ranked_votes
    group by {{ grain }}
{% endmacro %}
