with

classified as (
    select * from {{ ref('int_classified_series') }}
),

variants as (
    select * from {{ ref('int_protocol_variants') }}
),

keyed as (
    select
        classified.*,
        variants.protocol_variant,
        classified.purpose_key
        || coalesce('.' || variants.protocol_variant, '') as protocol_key
    from classified
    left join variants
        on
            classified.setting_key = variants.setting_key
            and classified.purpose_key = variants.purpose_key
)

select
    * exclude (purpose_key),
    -- Each site has its own protocols; the key without the site is what scanners are compared by.
    coalesce(site, 'unknown') || '/' || protocol_key as site_protocol_key
from keyed
