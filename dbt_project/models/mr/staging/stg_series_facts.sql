-- What governance says of a scanner replaces what the header says.
with

facts as (
    select * from {{ ref('base_series_facts') }}
),

rules as (
    select * from {{ ref('stg_scanner_rules') }}
),

joined_scanners as (
    select distinct joined_device_key as device_key
    from rules
    where joined_device_key is not null
)

select
    {{ star_without('facts', ['device_key', 'exclusion_reason', 'idle_before_s']) }},
    coalesce(rules.joined_device_key, facts.device_key) as device_key,
    case
        when rules.is_excluded then 'scanner_excluded'
        else facts.exclusion_reason
    end as exclusion_reason,
    -- The facts saw two scanners where there is one: what went before on the other is not in it.
    case
        when rules.joined_device_key is null and joined_scanners.device_key is null
            then facts.idle_before_s
    end as idle_before_s,
    rules.joined_device_key is not null as is_joined_scanner
from facts
left join rules
    on facts.device_key = rules.device_key
left join joined_scanners
    on facts.device_key = joined_scanners.device_key
