with

-- A second series of a scan may be of another setting, and belong to a protocol of its own.
series as (
    select * from {{ ref('fct_series') }}
    where protocol_key is not null
),

terms as (
    select * from {{ ref('stg_terms') }}
),

protocols as (
    select
        site_protocol_key,
        protocol_key,
        site,
        protocol_anatomy as anatomy,
        role,
        protocol_contrast as contrast_phase,
        field_strength_class_t as field_strength_t,
        dimension,
        reconstruction,
        protocol_variant,
        min(study_date) as first_seen,
        max(study_date) as last_seen
    from series
    group by
        site_protocol_key,
        protocol_key,
        site,
        protocol_anatomy,
        role,
        protocol_contrast,
        field_strength_class_t,
        dimension,
        reconstruction,
        protocol_variant
)

select
    protocols.site_protocol_key,
    protocols.protocol_key,
    coalesce(protocols.site, 'unknown') as site,
    coalesce(anatomies.label, protocols.anatomy, 'Unknown region')
    || ', ' || coalesce(roles.label, protocols.role, 'unknown role')
    || case
        when protocols.contrast_phase = 'none' then ''
        else ', ' || coalesce(phases.label, protocols.contrast_phase, 'unknown contrast')
    end
    || ', ' || case protocols.field_strength_t
        when 0.5 then '0.5 T'
        when 1.0 then '1.0 T'
        when 1.5 then '1.5 T'
        when 3.0 then '3.0 T'
        when 7.0 then '7.0 T'
        else 'unknown field'
    end
    || ', ' || coalesce(dimensions.label, protocols.dimension, 'unknown dimension')
    || case
        when protocols.reconstruction = 'standard' then ''
        else
            ', ' || coalesce(
                reconstructions.label, protocols.reconstruction, 'unknown reconstruction'
            )
    end
    || coalesce(', ' || coalesce(variants.label, protocols.protocol_variant), '') as protocol_label,
    protocols.anatomy,
    protocols.role,
    protocols.contrast_phase,
    protocols.field_strength_t,
    protocols.dimension,
    protocols.reconstruction,
    protocols.protocol_variant,
    protocols.first_seen,
    protocols.last_seen
from protocols
left join terms as anatomies
    on protocols.anatomy = anatomies.term and anatomies.vocabulary = 'anatomy'
left join terms as roles
    on protocols.role = roles.term and roles.vocabulary = 'role'
left join terms as phases
    on protocols.contrast_phase = phases.term and phases.vocabulary = 'contrast_phase'
left join terms as dimensions
    on protocols.dimension = dimensions.term and dimensions.vocabulary = 'dimension'
left join terms as reconstructions
    on
        protocols.reconstruction = reconstructions.term
        and reconstructions.vocabulary = 'reconstruction'
left join terms as variants
    on protocols.protocol_variant = variants.term and variants.vocabulary = 'protocol_variant'
