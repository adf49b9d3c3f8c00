{# Expressions as one text, absent ones apart from any value. #}
{% macro as_text(expressions) -%}
    {%- for expression in expressions -%}
        coalesce(cast({{ expression }} as string), '-')
        {%- if not loop.last %} || '|' || {% endif -%}
    {%- endfor -%}
{%- endmacro %}
