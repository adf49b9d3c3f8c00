{# As in dbt_utils: the values lie within the bounds, which are included. NULL passes. #}
{% test accepted_range(model, column_name, min_value=none, max_value=none) %}

{%- set outside = [] -%}
{%- if min_value is not none -%}
    {%- do outside.append(column_name ~ ' < ' ~ min_value) -%}
{%- endif -%}
{%- if max_value is not none -%}
    {%- do outside.append(column_name ~ ' > ' ~ max_value) -%}
{%- endif -%}

select {{ column_name }}
from {{ model }}
where {{ outside | join(' or ') }}

{% endtest %}
