-- DuckDB quotes a value that it cannot cast.
select cast(patient_key as integer) as patient_number
from {{ ref('stg_series_facts') }}
