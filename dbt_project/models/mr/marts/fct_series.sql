with

series as (
    select * from {{ ref('int_series') }}
),

acquisitions as (
    select series_key from {{ ref('int_acquisitions') }}
)

select
    {{ contracted_columns('series', added=['is_representative']) }},
    acquisitions.series_key is not null as is_representative
from series
left join acquisitions
    on series.series_key = acquisitions.series_key
