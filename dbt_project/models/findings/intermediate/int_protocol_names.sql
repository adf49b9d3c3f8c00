with

protocols as (
    select * from {{ ref('dim_protocol') }}
)

-- A protocol has a row per site there, and one name.
select distinct
    protocol_key,
    protocol_label,
    anatomy,
    role,
    contrast_phase,
    field_strength_t,
    dimension,
    reconstruction
from protocols
