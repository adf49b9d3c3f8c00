{#
    True on Saturday and Sunday, from the days since a Monday (1 January 1900): how weekdays are
    numbered differs from engine to engine.
#}
{% macro is_weekend(day) -%}
    mod({{ day_number(day) }}, 7) >= 5
{%- endmacro %}
