{# All columns of a relation but some, for which every engine has another word. #}
{% macro star_without(relation, columns) -%}
    {{ relation }}.* {{ 'except' if target.type in ('spark', 'databricks', 'bigquery') else 'exclude' }} ({{ columns | join(', ') }})
{%- endmacro %}
