with

facts as (
    select * from {{ ref('stg_series_facts') }}
),

names as (
    select * from {{ ref('stg_scanner_names') }}
),

-- A series that several PACS hold counts once: from the first PACS by name.
prioritised as (
    select
        *,
        row_number() over (
            partition by series_key
            order by pacs asc, study_date asc, number_of_instances desc
        ) as priority
    from facts
),

classified as (
    select
        *,
        exclusion_reason is null as is_counted,
        coalesce(acquisition_key, series_key) as scan_key,
        -- The class a protocol belongs to: the nearest of the field strengths in clinical use.
        case
            when field_strength_t <= 0 or field_strength_t > 20 then null
            when field_strength_t < 0.75 then 0.5
            when field_strength_t < 1.25 then 1.0
            when field_strength_t < 2.25 then 1.5
            when field_strength_t < 5 then 3.0
            when field_strength_t >= 5 then 7.0
        end as field_class_t
    from prioritised
    where priority = 1
),

keyed as (
    select
        *,
        cast(field_class_t as double) as field_strength_class_t,
        -- Localizers and spectroscopy take scanner time although they do not count.
        is_counted or exclusion_reason in ('localizer', 'spectroscopy') as is_scan,
        -- NEX votes come from originals; a diffusion scan has its averages per b-value.
        is_counted
        and not coalesce(is_derived_only, false)
        and coalesce(weighting, 'unknown') <> 'dwi' as is_nex_eligible,
        case
            when is_counted
                then
                    coalesce(anatomy, 'unknown')
                    || '.' || coalesce(role, 'unknown')
                    || '.' || coalesce(contrast_phase, 'unknown')
                    || '.' || case field_class_t
                        when 0.5 then '0_5t'
                        when 1.0 then '1_0t'
                        when 1.5 then '1_5t'
                        when 3.0 then '3_0t'
                        when 7.0 then '7_0t'
                        else 'unknown'
                    end
                    || '.' || coalesce(dimension, 'unknown')
                    || '.' || coalesce(reconstruction, 'unknown')
        end as protocol_key
    from classified
),

-- Each site has its own protocols; the key without the site is what scanners are compared by.
sited as (
    select
        keyed.*,
        names.site,
        coalesce(names.site, 'unknown') || '/' || keyed.protocol_key as site_protocol_key
    from keyed
    left join names
        on keyed.device_key = names.device_key
)

select
    series_key,
    study_key,
    patient_key,
    exam_key,
    scan_key as acquisition_key,
    device_key,
    protocol_key,
    site,
    site_protocol_key,
    label_code,
    protocol_name_code,
    series_description_code,
    station_code,
    software_code,
    coil_code,
    study_date,
    pacs,
    modality,
    sop_class,
    encoding,
    vendor,
    model,
    field_strength_t,
    field_strength_class_t,
    is_counted,
    exclusion_reason,
    is_derived_only,
    acquisition_part,
    is_scan,
    is_nex_eligible,
    role,
    role_evidence,
    role_confidence,
    role_conflict,
    plane,
    weighting,
    anatomy,
    anatomy_evidence,
    contrast_phase,
    fat_suppression,
    dimension,
    reconstruction,
    sequence_family,
    trajectory,
    nex,
    nex_min,
    nex_max,
    nex_distinct,
    nex_source,
    effective_averages,
    effective_averages_state,
    scan_time_s,
    scan_time_method,
    scan_time_confidence,
    scan_time_formula_s,
    scan_time_agreement,
    start_offset_s,
    idle_before_s,
    clock_flag,
    repeat_kind,
    tr_ms,
    tr_ms_min,
    tr_ms_max,
    te_ms,
    te_ms_min,
    te_ms_max,
    ti_ms,
    flip_angle_deg,
    echo_train_length,
    b_value_max,
    phase_encoding_steps,
    partition_encoding_steps,
    matrix_frequency,
    matrix_phase,
    rows,
    columns,
    pixel_spacing_row_mm,
    pixel_spacing_column_mm,
    slice_thickness_mm,
    slice_spacing_mm,
    percent_sampling,
    percent_phase_fov,
    phase_oversampling_percent,
    no_phase_wrap,
    partial_fourier_fraction,
    bandwidth_hz_per_px,
    acceleration_in_plane,
    acceleration_out_of_plane,
    has_contrast_agent,
    number_of_temporal_positions,
    number_of_slices,
    number_of_instances,
    number_of_frames,
    dirty_values,
    impossible_values
from sited
