with

dates as (
    select * from {{ ref('dim_date') }}
),

cells as (
    select * from {{ ref('int_nex_publication_cells') }}
    where published_protocol_key is not null
),

-- Who has no patient key counts as one person a study, and never towards the least number.
acquisitions as (
    select
        fct_acquisition.study_date,
        dates.month_start,
        fct_acquisition.device_key,
        fct_acquisition.protocol_key,
        coalesce(fct_acquisition.patient_key, fct_acquisition.study_key) as member_key,
        fct_acquisition.patient_key is not null as is_patient,
        fct_acquisition.is_nex_eligible,
        fct_acquisition.nex,
        fct_acquisition.effective_averages,
        fct_acquisition.scan_time_s
    from {{ ref('fct_acquisition') }} as fct_acquisition
    inner join dates
        on fct_acquisition.study_date = dates.study_date
),

exams as (
    select
        dates.study_date,
        dates.month_start,
        fct_exam.device_key,
        coalesce(fct_exam.patient_key, fct_exam.exam_key) as member_key,
        fct_exam.patient_key is not null as is_patient,
        fct_exam.exam_span_s,
        fct_exam.scan_time_sum_s,
        fct_exam.gap_time_s
    from {{ ref('fct_exam') }} as fct_exam
    inner join dates
        on fct_exam.study_date = dates.study_date
    where fct_exam.n_acquisitions > 0
),

published_scanners as (
    select distinct
        device_key,
        month_start
    from cells
),

contributions as (
    select
        'fleet_daily' as publication,
        study_date as period,
        cast(null as string) as device_key,
        'acquisitions' as row_key,
        member_key,
        is_patient,
        count(*) as units,
        {{ contribution(['is_nex_eligible', 'nex', 'effective_averages', 'scan_time_s']) }}
            as content
    from acquisitions
    group by study_date, member_key, is_patient

    union all

    select
        'fleet_daily' as publication,
        study_date as period,
        cast(null as string) as device_key,
        'exams' as row_key,
        member_key,
        is_patient,
        count(*) as units,
        {{ contribution(['exam_span_s', 'scan_time_sum_s', 'gap_time_s']) }} as content
    from exams
    group by study_date, member_key, is_patient

    union all

    select
        'nex_monthly' as publication,
        acquisitions.month_start as period,
        acquisitions.device_key,
        cells.published_protocol_key as row_key,
        acquisitions.member_key,
        acquisitions.is_patient,
        count(*) as units,
        {{ contribution(['is_nex_eligible', 'nex', 'effective_averages', 'scan_time_s']) }}
            as content
    from acquisitions
    inner join cells
        on
            acquisitions.device_key = cells.device_key
            and acquisitions.protocol_key = cells.protocol_key
            and acquisitions.month_start = cells.month_start
    group by
        acquisitions.month_start,
        acquisitions.device_key,
        cells.published_protocol_key,
        acquisitions.member_key,
        acquisitions.is_patient

    union all

    select
        'exam_monthly' as publication,
        exams.month_start as period,
        exams.device_key,
        'exams' as row_key,
        exams.member_key,
        exams.is_patient,
        count(*) as units,
        {{ contribution(['exam_span_s', 'scan_time_sum_s', 'gap_time_s']) }} as content
    from exams
    inner join published_scanners
        on
            exams.device_key = published_scanners.device_key
            and exams.month_start = published_scanners.month_start
    group by exams.month_start, exams.device_key, exams.member_key, exams.is_patient
)

select * from contributions
