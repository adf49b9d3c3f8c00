{# Months from the first day of one month to that of another. #}
{% macro months_between(first, second) -%}
    {{ dbt.datediff(first, second, 'month') }}
{%- endmacro %}
