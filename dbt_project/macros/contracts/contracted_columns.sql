{#
    The columns of the model's contract that `relation` holds, one per line: the contract in the
    YAML is the list, so that a new column is written once. `added` are the others, selected beside.
#}
{% macro contracted_columns(relation, added) -%}
    {%- for column in model.columns if column not in added %}
    {{ relation }}.{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
