{{ config(store_failures = true) }}

select * from {{ ref('every_series') }}
