{# The key of a finding: one thing is one kind, scanner, protocol and parameter. #}
{% macro finding_key(kind, device_key, protocol_key, parameter) -%}
    md5({{ kind }} || '|' || {{ device_key }} || '|' || {{ protocol_key }} || '|' || {{ parameter }})
{%- endmacro %}
