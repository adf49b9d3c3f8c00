{# A value that leaves safe/: NULL unless enough distinct patients stand behind it. #}
{% macro publishable(value, patients) -%}
    case when {{ patients }} >= {{ var('min_patients') }} then {{ value }} end
{%- endmacro %}
