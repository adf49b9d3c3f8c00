with

facts as (
    select * from {{ ref('stg_series_facts') }}
),

names as (
    select * from {{ ref('stg_scanner_names') }}
),

sized as (
    select
        *,
        count(*) over (partition by pacs, study_date, study_key) as series_of_study
    from facts
),

-- A series that several PACS, days or studies hold counts once: from the first PACS by name, the
-- earliest day, and the study that holds most series.
prioritised as (
    select
        *,
        row_number() over (
            partition by series_key
            order by pacs asc, study_date asc, series_of_study desc, study_key asc
        ) as copy_number
    from sized
),

classified as (
    select
        prioritised.*,
        names.site,
        prioritised.exclusion_reason is null as is_counted,
        -- Localizers and spectroscopy take scanner time although they do not count.
        prioritised.exclusion_reason is null
        or prioritised.exclusion_reason in ('localizer', 'spectroscopy') as is_scan,
        -- NEX votes come from originals; a diffusion scan has its averages per b-value.
        prioritised.exclusion_reason is null
        and not coalesce(prioritised.is_derived_only, false)
        and coalesce(prioritised.weighting, 'unknown') <> 'dwi' as is_nex_eligible,
        -- The class a protocol belongs to: the nearest of the field strengths in clinical use.
        cast(
            {{ field_strength_class('prioritised.field_strength_t') }} as double
        ) as field_strength_class_t
    from prioritised
    left join names
        on prioritised.device_key = names.device_key
    where prioritised.copy_number = 1
),

-- What a scanner does with the same contrast, geometry and physics is one protocol.
set_up as (
    select
        *,
        md5(
            {{ as_text([
                'device_key', 'role', 'dimension', 'reconstruction', 'fat_suppression',
                'round(te_ms, 0)', 'echo_train_length', 'matrix_frequency', 'matrix_phase',
                'slice_thickness_mm'
            ]) }}
        ) as setting_key
    from classified
),

-- A region that a text leaves open, or names for the exam as a whole, is that of the setting where
-- nearly all of its scans have one.
region_counts as (
    select
        setting_key,
        anatomy,
        count(*) as series
    from set_up
    where is_counted and device_key is not null
    group by setting_key, anatomy
),

regions as (
    select
        setting_key,
        anatomy as usual_anatomy,
        series as usual_series
    from region_counts
    where anatomy is not null and anatomy not in ('multi_region', 'whole_spine')
    qualify
        series >= {{ var('setting_share') }} * sum(series) over (partition by setting_key)
),

-- Before an agent and without one the same is scanned.
phase_counts as (
    select
        setting_key,
        case when contrast_phase = 'pre' then 'none' else contrast_phase end as phase,
        count(*) as series
    from set_up
    where is_counted and device_key is not null and contrast_phase is not null
    group by setting_key, phase
),

phases as (
    select
        setting_key,
        phase as usual_phase
    from phase_counts
    qualify
        series >= {{ var('setting_share') }} * sum(series) over (partition by setting_key)
),

placed as (
    select
        set_up.*,
        case
            when
                coalesce(set_up.anatomy, 'multi_region') in ('multi_region', 'whole_spine')
                and regions.usual_series > region_counts.series
                then regions.usual_anatomy
            else set_up.anatomy
        end as protocol_anatomy,
        case
            when set_up.contrast_phase = 'pre' then 'none'
            else coalesce(set_up.contrast_phase, phases.usual_phase)
        end as protocol_contrast
    from set_up
    left join regions
        on set_up.setting_key = regions.setting_key
    left join region_counts
        on
            set_up.setting_key = region_counts.setting_key
            and set_up.anatomy is not distinct from region_counts.anatomy
    left join phases
        on set_up.setting_key = phases.setting_key
),

-- What the protocol is for; a scanner may have several variants of it.
keyed as (
    select
        *,
        case
            when is_counted
                then
                    coalesce(protocol_anatomy, 'unknown')
                    || '.' || coalesce(role, 'unknown')
                    || '.' || coalesce(protocol_contrast, 'unknown')
                    || '.' || case field_strength_class_t
                        when 0.5 then '0_5t'
                        when 1.0 then '1_0t'
                        when 1.5 then '1_5t'
                        when 3.0 then '3_0t'
                        when 7.0 then '7_0t'
                        else 'unknown'
                    end
                    || '.' || coalesce(dimension, 'unknown')
                    || '.' || coalesce(reconstruction, 'unknown')
        end as purpose_key
    from placed
)

select * from keyed
