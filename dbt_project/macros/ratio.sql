{# A share or a mean of counts as a double; NULL where there is nothing to divide by. #}
{% macro ratio(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif({{ denominator }}, 0)
{%- endmacro %}
