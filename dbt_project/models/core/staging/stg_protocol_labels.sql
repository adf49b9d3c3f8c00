with

source as (
    select * from {{ source('safe', 'protocol_labels') }}
)

select
    label_code,
    label,
    state
from source
