{#
    The exam KPIs of a set of exams, one row per combination of `keys`: span, scan time sum and gap
    time side by side, for there is never one "duration".

    Quarantined exams, exams of several body regions and parts of exams are counted but do not enter
    the times. Turnaround is the idle time before an exam; it and repeats are of all exams.
    The trimmed mean leaves out floor(share x n) exams at either end.
#}
{% macro exam_kpis(exams, keys) %}
{%- set grain = keys | join(', ') -%}
{%- set measures = ['exam_span', 'scan_time_sum', 'gap_time'] -%}
    with

    eligible as (
        select
            *,
            not is_quarantined and not is_multi_region and not is_partial as is_eligible,
            {% for measure in measures %}
            case
                when not is_quarantined and not is_multi_region and not is_partial
                    then {{ measure }}_s
            end as {{ measure }}_value{{ ',' if not loop.last }}
            {% endfor %}
        from {{ exams }}
        where n_acquisitions > 0
    ),

    ranked as (
        select
            *,
            {% for measure in measures %}
            count({{ measure }}_value) over (partition by {{ grain }}) as {{ measure }}_n,
            row_number() over (
                partition by {{ grain }}
                order by
                    case when {{ measure }}_value is null then 1 else 0 end,
                    {{ measure }}_value
            ) as {{ measure }}_rank{{ ',' if not loop.last }}
            {% endfor %}
        from eligible
    ),

    trimmed as (
        select
            *,
            {% for measure in measures %}
            case
                when
                    {{ measure }}_rank > floor({{ var('trimmed_share') }} * {{ measure }}_n)
                    and {{ measure }}_rank
                    <= {{ measure }}_n - floor({{ var('trimmed_share') }} * {{ measure }}_n)
                    then {{ measure }}_value
            end as {{ measure }}_trimmed{{ ',' if not loop.last }}
            {% endfor %}
        from ranked
    )

    select
        {{ keys | join(',\n        ') }},
        count(*) as exams,
        count(case when is_eligible then 1 end) as exams_eligible,
        count(case when is_quarantined then 1 end) as exams_quarantined,
        count(case when is_multi_region and not is_quarantined then 1 end) as exams_multi_region,
        count(case when is_partial and not is_multi_region and not is_quarantined then 1 end)
            as exams_partial,
        count(distinct patient_key) as patients,
        {{ ratio('sum(n_rescans)', 'sum(n_repeat_assessable)') }} as repeat_rate,
        {{ ratio('sum(n_repeat_assessable)', 'sum(n_acquisitions)') }} as repeat_coverage,
        count(distinct case when idle_before_s is not null then patient_key end)
            as patients_with_turnaround,
        median(idle_before_s) as turnaround_median_s,
        {{ ratio('count(idle_before_s)', 'count(*)') }} as turnaround_coverage,
        {% for measure in measures %}
        count(distinct case when {{ measure }}_value is not null then patient_key end)
            as patients_with_{{ measure }},
        round(avg({{ measure }}_value), 6) as {{ measure }}_mean_s,
        median({{ measure }}_value) as {{ measure }}_median_s,
        round(avg({{ measure }}_trimmed), 6) as {{ measure }}_trimmed_mean_s,
        {{ ratio('count(' ~ measure ~ '_value)', 'count(case when is_eligible then 1 end)') }}
            as {{ measure }}_coverage{{ ',' if not loop.last }}
        {% endfor %}
    from trimmed
    group by {{ grain }}
{% endmacro %}
