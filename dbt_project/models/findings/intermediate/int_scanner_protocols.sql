with

acquisitions as (
    select * from {{ ref('fct_acquisition') }}
    where device_key is not null and protocol_key is not null
),

devices as (
    select * from {{ ref('stg_devices') }}
)

select
    acquisitions.acquisition_key,
    -- A scanner whose serial number changed is one scanner, as in the analysis.
    coalesce(devices.analysed_as, acquisitions.device_key) as device_key,
    acquisitions.protocol_key,
    acquisitions.patient_key,
    acquisitions.study_date
from acquisitions
left join devices
    on acquisitions.device_key = devices.device_key
