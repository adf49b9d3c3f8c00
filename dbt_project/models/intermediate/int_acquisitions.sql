with

scans as (
    select * from {{ ref('int_series') }}
    where is_scan
),

-- One scan may make several series (Dixon, echoes, magnitude and phase). The first in this order
-- stands for it: what counts, originals, then the series that tells the most.
ranked as (
    select
        *,
        row_number() over (
            partition by acquisition_key
            order by
                case when is_counted then 0 else 1 end,
                case when coalesce(is_derived_only, false) then 1 else 0 end,
                case
                    when acquisition_part in ('phase', 'real', 'imaginary') then 2
                    when acquisition_part = 'original' then 0
                    else 1
                end,
                case when nex is null then 1 else 0 end,
                case when scan_time_s is null then 1 else 0 end,
                case when start_offset_s is null then 1 else 0 end,
                start_offset_s,
                series_key
        ) as series_rank,
        count(*) over (partition by acquisition_key) as n_series
    from scans
)

select
    acquisition_key,
    is_counted,
    series_key,
    study_key,
    patient_key,
    exam_key,
    device_key,
    protocol_key,
    site,
    site_protocol_key,
    label_code,
    station_code,
    software_code,
    coil_code,
    study_date,
    pacs,
    vendor,
    model,
    field_strength_t,
    field_strength_class_t,
    is_derived_only,
    acquisition_part,
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
    number_of_frames,
    impossible_values,
    n_series
from ranked
where series_rank = 1
