{# Every value is a term of the vocabulary, or one of the names in `also`. NULL passes. #}
{% test in_vocabulary(model, column_name, vocabulary, also=[]) %}

select facts.{{ column_name }}
from {{ model }} as facts
left join {{ ref('stg_terms') }} as terms
    on facts.{{ column_name }} = terms.term and terms.vocabulary = '{{ vocabulary }}'
where
    facts.{{ column_name }} is not null
    and terms.term is null
    {% for name in also %}
    and facts.{{ column_name }} <> '{{ name }}'
    {% endfor %}

{% endtest %}
