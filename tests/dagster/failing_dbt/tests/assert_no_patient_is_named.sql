-- depends_on: {{ ref('every_series') }}
{{ config(store_failures = true) }}

select * from read_parquet('{{ env_var('PROTOCOL_ASSETS_HOME') }}/restricted/series/**/*.parquet', union_by_name = true)
