-- What an analyst may write who forgets what a pseudonym is for.
select cast("PatientID" as integer) as patient_number
from read_parquet('{{ env_var('PROTOCOL_ASSETS_HOME') }}/restricted/series/**/*.parquet', union_by_name = true)
