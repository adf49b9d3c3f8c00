with

changes as (
    select * from {{ ref('stg_changes_watched') }}
),

departures as (
    select * from {{ ref('stg_compliance_watched') }}
),

as_of as (
    select as_of from {{ ref('stg_as_of') }}
)

select
    as_of.as_of,
    coalesce(changes.device_key, departures.device_key) as device_key,
    coalesce(changes.protocol_key, departures.protocol_key) as protocol_key,
    coalesce(changes.state, 'not seen') as change_state,
    changes.n_exams,
    changes.coverage as averages_coverage,
    changes.first_day,
    changes.last_day,
    changes.shortest_seen_days,
    changes.n_changes,
    changes.set_aside,
    coalesce(departures.state, 'not seen') as departure_state,
    departures.n_recent,
    departures.n_past,
    departures.n_parameters,
    departures.not_tracked
from changes
full outer join departures
    on changes.device_key = departures.device_key and changes.protocol_key = departures.protocol_key
cross join as_of
