-- A localizer, or an object that is not an MR image, never counts, whatever set its flags.
select series_key
from {{ ref('fct_series') }}
where
    is_counted
    and (
        coalesce(role, 'unknown') = 'localizer'
        or coalesce(sop_class, 'unknown') not in (
            'mr_image', 'enhanced_mr_image', 'legacy_converted_enhanced_mr_image'
        )
    )
