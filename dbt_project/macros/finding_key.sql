{# The key of a finding: one thing is one kind, scanner, protocol and parameter. Averaging keeps the
words that findings were registered under before it was told apart from effective averages. #}
{% macro finding_key(kind, device_key, protocol_key, parameter) -%}
    md5({{ kind }} || '|' || {{ device_key }} || '|' || {{ protocol_key }} || '|' || case {{ parameter }}
        when 'averaging' then 'effective_averages'
        when 'least_averaging' then 'nex'
        else {{ parameter }}
    end)
{%- endmacro %}
