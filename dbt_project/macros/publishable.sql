{# A value that leaves safe/: NULL unless it is based on enough distinct patients. #}
{% macro publishable(value, patients) -%}
    case when {{ patients }} >= {{ var('min_patients') }} then {{ value }} end
{%- endmacro %}
