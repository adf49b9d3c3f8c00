{#- The patients behind each row of a rolling publication, and their values. -#}
with

acquisitions as (
    select
        facts.acquisition_key,
        series.device_key,
        series.protocol_key,
        {{ day_number('series.study_date') }} as day_number,
        coalesce(facts.patient_key, facts.study_key) as member_key,
        facts.patient_key is not null as is_patient,
        facts.is_nex_eligible,
        facts.nex,
        facts.effective_averages,
        facts.scan_time_s
    from {{ ref('int_scanner_protocols') }} as series
    inner join {{ ref('fct_acquisition') }} as facts
        on series.acquisition_key = facts.acquisition_key
),

as_of as (
    select * from {{ ref('stg_as_of') }}
),

changed_in_visits as (
    select distinct
        device_key,
        protocol_key,
        visit_on
    from {{ ref('change_verification') }}
),

-- The days that each published row is based on.
windows as (
    select
        'published_opportunities' as publication,
        opportunities.finding_key as row_key,
        opportunities.device_key,
        opportunities.protocol_key,
        least(
            {{ day_number('as_of.as_of') }} - opportunities.level_days + 1,
            {{ day_number('as_of.volume_from') }}
        ) as first_number,
        {{ day_number('as_of.as_of') }} as last_number
    from {{ ref('opportunities') }} as opportunities
    cross join as_of

    union all

    select
        'published_findings' as publication,
        findings.finding_key as row_key,
        findings.device_key,
        findings.protocol_key,
        {{ day_number(
            'least(coalesce(findings.first_day, as_of.current_from), as_of.current_from)'
        ) }} as first_number,
        {{ day_number('as_of.as_of') }} as last_number
    from {{ ref('findings') }} as findings
    cross join as_of

    union all

    select
        'published_verification' as publication,
        {{ finding_key(
            "'change'", 'device_key', 'protocol_key', 'cast(changed_on as string)'
        ) }} as row_key,
        device_key,
        protocol_key,
        {{ day_number('before_from') }} as first_number,
        {{ day_number('as_of') }} as last_number
    from {{ ref('change_verification') }}

    union all

    -- Whoever was scanned with any protocol that changed in the visit.
    select
        'published_exam_shifts' as publication,
        {{ finding_key("'visit'", 'shifts.device_key', "''", 'cast(shifts.visit_on as string)') }}
            as row_key,
        shifts.device_key,
        changes.protocol_key,
        {{ day_number('shifts.before_from') }} as first_number,
        {{ day_number('shifts.as_of') }} as last_number
    from {{ ref('exam_shifts') }} as shifts
    inner join changed_in_visits as changes
        on
            shifts.device_key = changes.device_key
            and shifts.visit_on = changes.visit_on

    union all

    select
        'published_potential_monthly' as publication,
        {{ finding_key("'month'", 'device_key', 'cast(month as string)', "''") }} as row_key,
        device_key,
        protocol_key,
        least(
            {{ day_number('as_of') }} - level_days + 1, {{ day_number('volume_from') }}
        ) as first_number,
        {{ day_number('as_of') }} as last_number
    from {{ ref('stg_potential_by_month') }}
    where patients >= {{ var('min_patients') }}
)

select
    windows.publication,
    windows.row_key,
    acquisitions.member_key,
    acquisitions.is_patient,
    count(*) as units,
    {{ contribution(['is_nex_eligible', 'nex', 'effective_averages', 'scan_time_s']) }} as content
from windows
inner join acquisitions
    on
        windows.device_key = acquisitions.device_key
        and windows.protocol_key = acquisitions.protocol_key
        and windows.first_number <= acquisitions.day_number
        and windows.last_number >= acquisitions.day_number
group by
    windows.publication,
    windows.row_key,
    acquisitions.member_key,
    acquisitions.is_patient
