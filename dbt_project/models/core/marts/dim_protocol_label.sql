with

series as (
    select * from {{ ref('fct_series') }}
),

labels as (
    select * from {{ ref('stg_protocol_labels') }}
),

-- Every code in the facts, whichever text it represents.
codes as (
    {% for code in ['label_code', 'protocol_name_code', 'series_description_code'] %}
    select
        {{ code }} as label_code,
        study_date
    from series
    where {{ code }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

seen as (
    select
        label_code,
        min(study_date) as first_seen,
        max(study_date) as last_seen
    from codes
    group by label_code
)

select
    seen.label_code,
    -- What has not passed the gates is withheld, also what the registry has not met yet.
    case when labels.label_state = 'released' then labels.label end as label,
    coalesce(labels.label_state, 'withheld') as label_state,
    seen.first_seen,
    seen.last_seen
from seen
left join labels
    on seen.label_code = labels.label_code
