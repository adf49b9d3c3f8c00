{# The column lies between the bounds, both included; NULL passes, for absent is not a value. #}
{% test between(model, column_name, minimum=none, maximum=none) %}

{%- set outside = [] -%}
{%- if minimum is not none -%}
    {%- do outside.append(column_name ~ ' < ' ~ minimum) -%}
{%- endif -%}
{%- if maximum is not none -%}
    {%- do outside.append(column_name ~ ' > ' ~ maximum) -%}
{%- endif -%}

select {{ column_name }}
from {{ model }}
where {{ outside | join(' or ') }}

{% endtest %}
