{# Columns as one text, absent ones apart from any value. #}
{% macro setting_of(columns, relation) -%}
    {%- for column in columns -%}
        {%- if column.startswith('round(') -%}
            {%- set value = column.replace('round(', 'round(' ~ relation ~ '.') -%}
        {%- else -%}
            {%- set value = relation ~ '.' ~ column -%}
        {%- endif -%}
        coalesce(cast({{ value }} as string), '-')
        {%- if not loop.last %} || '|' || {% endif -%}
    {%- endfor -%}
{%- endmacro %}
