{# The column is NULL in every row for which the condition does not hold. #}
{% test null_unless(model, column_name, condition) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} is not null and not coalesce({{ condition }}, false)

{% endtest %}
