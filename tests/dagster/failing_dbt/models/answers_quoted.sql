-- The answers of the PACS: DuckDB quotes the whole line that it cannot cast.
select cast(answer as date) as answered_on
from read_csv(
    '{{ env_var('PROTOCOL_ASSETS_HOME') }}/restricted/raw/**/*.zst',
    columns = {'answer': 'varchar'},
    compression = 'zstd',
    delim = chr(1),
    escape = '',
    header = false,
    max_line_size = 100000000,
    quote = '',
    strict_mode = false
)
