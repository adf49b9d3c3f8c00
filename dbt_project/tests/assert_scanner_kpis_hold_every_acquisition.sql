-- KPIs by scanner leave out no acquisition but those without a device key.
with

acquisitions as (
    select count(*) as acquisitions
    from {{ ref('fct_acquisition') }}
    where device_key is not null
),

kpis as (
    select coalesce(sum(acquisitions), 0) as acquisitions
    from {{ ref('kpi_nex_daily') }}
)

select
    acquisitions.acquisitions,
    kpis.acquisitions as acquisitions_in_kpis
from acquisitions
cross join kpis
where acquisitions.acquisitions <> kpis.acquisitions
