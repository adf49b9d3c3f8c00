-- Another modality is added here with `union all`: its model has the same columns.
select
    device_key,
    study_date,
    pacs,
    vendor,
    model,
    field_strength_class_t,
    software_code,
    station_code,
    is_excluded
from {{ ref('int_mr_scanner_scans') }}
