with

dates as (
    select * from {{ ref('dim_date') }}
    where is_closed_month
),

acquisitions as (
    select
        fct_acquisition.device_key,
        fct_acquisition.protocol_key,
        fct_acquisition.patient_key,
        dates.month_start
    from {{ ref('fct_acquisition') }} as fct_acquisition
    inner join dates
        on fct_acquisition.study_date = dates.study_date
    where fct_acquisition.device_key is not null
),

cells as (
    select
        device_key,
        month_start,
        protocol_key,
        count(distinct patient_key) as patients
    from acquisitions
    group by device_key, month_start, protocol_key
),

-- Smallest first: the cells too small to publish come before all others.
positioned as (
    select
        *,
        row_number() over (
            partition by device_key, month_start
            order by patients, protocol_key
        ) as position_number,
        sum(case when patients < {{ var('min_patients') }} then 1 else 0 end) over (
            partition by device_key, month_start
        ) as small_cells
    from cells
),

patient_positions as (
    select
        acquisitions.device_key,
        acquisitions.month_start,
        acquisitions.patient_key,
        min(positioned.position_number) as first_position,
        max(positioned.small_cells) as small_cells
    from acquisitions
    inner join positioned
        on
            acquisitions.device_key = positioned.device_key
            and acquisitions.month_start = positioned.month_start
            and acquisitions.protocol_key = positioned.protocol_key
    where acquisitions.patient_key is not null
    group by acquisitions.device_key, acquisitions.month_start, acquisitions.patient_key
),

-- One patient has several protocols, so the patients of a merged cell are counted, not added up.
small_patients as (
    select
        device_key,
        month_start,
        count(case when first_position <= small_cells then 1 end) as patients_in_small_cells,
        count(case when first_position <= small_cells + 1 then 1 end) as patients_with_next_cell
    from patient_positions
    group by device_key, month_start
),

-- Where the small cells together are still too small, the next cell joins them; it holds enough.
merged as (
    select
        positioned.*,
        case
            when positioned.small_cells = 0 then 0
            when small_patients.patients_in_small_cells >= {{ var('min_patients') }}
                then positioned.small_cells
            else positioned.small_cells + 1
        end as merged_cells,
        case
            when small_patients.patients_in_small_cells >= {{ var('min_patients') }}
                then small_patients.patients_in_small_cells
            else small_patients.patients_with_next_cell
        end as patients_merged
    from positioned
    left join small_patients
        on
            positioned.device_key = small_patients.device_key
            and positioned.month_start = small_patients.month_start
)

select
    device_key,
    month_start,
    protocol_key,
    patients,
    case
        when position_number > merged_cells then protocol_key
        when patients_merged >= {{ var('min_patients') }} then 'other'
    end as published_protocol_key
from merged
