with

acquisitions as (
    select
        device_key,
        purpose_key,
        setting_key,
        label_code,
        study_date,
        series_key,
        tr_ms * matrix_phase / echo_train_length
        / coalesce(acceleration_in_plane, 1) as nominal_ms
    from {{ ref('int_classified_series') }}
    where is_nex_eligible and device_key is not null
),

settings as (
    select
        device_key,
        purpose_key,
        setting_key,
        count(*) as acquisitions,
        median(nominal_ms) as nominal_ms
    from acquisitions
    group by device_key, purpose_key, setting_key
    having count(*) >= {{ var('variant_least_n') }}
),

-- What the scanner uses most is the protocol; the others may be variants of it.
ranked as (
    select
        *,
        row_number() over (
            partition by device_key, purpose_key
            order by acquisitions desc, setting_key asc
        ) as place
    from settings
),

pairs as (
    select
        other.device_key,
        other.purpose_key,
        other.setting_key as candidate_key,
        usual.setting_key as usual_key,
        other.acquisitions,
        usual.acquisitions as usual_acquisitions,
        other.nominal_ms / usual.nominal_ms as time_ratio
    from ranked as other
    inner join ranked as usual
        on
            other.device_key = usual.device_key
            and other.purpose_key = usual.purpose_key
            and usual.place = 1
    where other.place > 1
),

side_by_side as (
    select
        pairs.*,
        acquisitions.label_code,
        acquisitions.study_date,
        acquisitions.series_key,
        acquisitions.setting_key = pairs.candidate_key as is_candidate
    from pairs
    inner join acquisitions
        on
            pairs.purpose_key = acquisitions.purpose_key
            and acquisitions.setting_key in (pairs.candidate_key, pairs.usual_key)
),

in_time as (
    select
        *,
        is_candidate <> lag(is_candidate) over (
            partition by purpose_key, candidate_key
            order by study_date asc, series_key asc
        ) as is_other_than_last
    from side_by_side
),

-- Wald and Wolfowitz, Ann Math Stat 1940;11:147: a setting that replaced another makes two runs,
-- one that is used beside it as many as chance makes.
runs as (
    select
        purpose_key,
        candidate_key,
        any_value(time_ratio) as time_ratio,
        1 + count(*) filter (where is_other_than_last) as runs,
        1 + 2 * any_value(acquisitions) * any_value(usual_acquisitions)
        / (any_value(acquisitions) + any_value(usual_acquisitions)) as runs_by_chance
    from in_time
    group by purpose_key, candidate_key
),

names as (
    select
        purpose_key,
        candidate_key,
        label_code,
        count(*) filter (where is_candidate) as acquisitions,
        bool_or(not is_candidate) as is_usual
    from side_by_side
    where label_code is not null
    group by purpose_key, candidate_key, label_code
),

shared_names as (
    select
        purpose_key,
        candidate_key,
        sum(case when is_usual then acquisitions else 0 end) / sum(acquisitions) as shared
    from names
    group by purpose_key, candidate_key
    having sum(acquisitions) > 0
)

select
    runs.candidate_key as setting_key,
    runs.purpose_key,
    case
        when runs.time_ratio < 1 / {{ var('variant_time_ratio') }} then 'fast'
        when runs.time_ratio > {{ var('variant_time_ratio') }} then 'slow'
        else 'alternative'
    end as protocol_variant
from runs
inner join shared_names
    on
        runs.purpose_key = shared_names.purpose_key
        and runs.candidate_key = shared_names.candidate_key
where
    runs.runs >= {{ var('variant_least_n') }}
    and runs.runs >= {{ var('variant_runs_share') }} * runs.runs_by_chance
    and shared_names.shared < {{ var('variant_shared_names') }}
