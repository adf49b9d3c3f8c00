with

source as (
    select * from {{ source('safe', 'protocol_labels') }}
)

select
    label_code,
    label,
    state as label_state
from source
