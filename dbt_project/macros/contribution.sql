{# What one patient brings to a published row, as a text that differs when any of it does. #}
{% macro contribution(columns) -%}
    cast(count(*) as string)
    {%- for column in columns %}
        || '|' || coalesce(cast(round(sum(cast({{ column }} as double)), 3) as string), '')
    {%- endfor %}
{%- endmacro %}
