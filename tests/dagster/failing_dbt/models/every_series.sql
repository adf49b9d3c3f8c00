select
    series_key,
    patient_key
from {{ ref('stg_series_facts') }}
