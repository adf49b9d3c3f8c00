with

acquisitions as (
    select * from {{ ref('fct_acquisition') }}
    where device_key is not null and label_code is not null
),

counted as (
    select
        device_key,
        label_code,
        protocol_key,
        count(*) as acquisitions,
        min(study_date) as first_seen,
        max(study_date) as last_seen
    from acquisitions
    group by device_key, label_code, protocol_key
),

ranked as (
    select
        *,
        cast(sum(acquisitions) over (partition by device_key, label_code) as bigint)
            as acquisitions_of_label,
        cast(count(*) over (partition by device_key, label_code) as bigint)
            as protocols_of_label,
        row_number() over (
            partition by device_key, label_code
            order by acquisitions desc, protocol_key asc
        ) as protocol_rank,
        max(acquisitions) over (partition by device_key, label_code) as acquisitions_of_main
    from counted
)

select
    device_key,
    label_code,
    protocol_key,
    acquisitions,
    {{ ratio('acquisitions', 'acquisitions_of_label') }} as share_of_label,
    protocols_of_label,
    protocol_rank = 1 as is_main,
    acquisitions_of_label - acquisitions_of_main
    > {{ var('label_ambiguous_share') }} * acquisitions_of_label as is_ambiguous,
    first_seen,
    last_seen
from ranked
