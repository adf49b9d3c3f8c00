{#
    True on Saturday and Sunday, from the days since a Monday (1 January 1900): how weekdays are
    numbered differs from engine to engine.
#}
{% macro is_weekend(day) -%}
    mod({{ dbt.datediff("cast('1900-01-01' as date)", day, 'day') }}, 7) >= 5
{%- endmacro %}
