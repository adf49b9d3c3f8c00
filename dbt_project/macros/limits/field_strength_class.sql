{# The class of a field strength in T: that of the first bound above it; NULL where none is. #}
{% macro field_strength_class(value) -%}
    case
        when {{ value }} <= 0 then null
        {%- for class in var('field_strength_classes') %}
        when {{ value }} < {{ class.below_t }} then {{ class.class_t }}
        {%- endfor %}
    end
{%- endmacro %}
