{# The day before a date, as a date. #}
{% macro day_before(day) -%}
    cast({{ dbt.dateadd('day', -1, day) }} as date)
{%- endmacro %}
