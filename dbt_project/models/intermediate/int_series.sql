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

keyed as (
    select
        *,
        case
            when is_counted
                then
                    coalesce(anatomy, 'unknown')
                    || '.' || coalesce(role, 'unknown')
                    || '.' || coalesce(contrast_phase, 'unknown')
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
        end as protocol_key
    from classified
)

select
    *,
    -- Each site has its own protocols; the key without the site is what scanners are compared by.
    coalesce(site, 'unknown') || '/' || protocol_key as site_protocol_key
from keyed
