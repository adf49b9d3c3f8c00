-- What a macro asks for stands in target/compiled.
{% set series = env_var('PROTOCOL_ASSETS_HOME') ~ '/restricted/series/**/*.parquet' %}
{% set patients = run_query(
    'select distinct "PatientID" from read_parquet(\'' ~ series ~ '\', union_by_name = true)'
) %}
select cast('{{ patients.columns[0].values() | join(', ') if execute }}' as integer) as patient_number
