{# With DUCKHOUSE_ELEMENTARY=true and this stand-in the tests of Elementary find nothing, and say that they did not look. #}

{% test volume_anomalies(model) %}{{ elementary.not_looked(kwargs) }}{% endtest %}

{% test dimension_anomalies(model) %}{{ elementary.not_looked(kwargs) }}{% endtest %}

{% test column_anomalies(model) %}{{ elementary.not_looked(kwargs) }}{% endtest %}

{% test schema_changes(model) %}{{ elementary.not_looked(kwargs) }}{% endtest %}


{# A test takes any argument once it reads kwargs. #}
{% macro not_looked(arguments) -%}
    {%- if execute -%}
        {%- do exceptions.warn('Elementary is not installed, its tests look at nothing: see python -m scripts.edr') -%}
    {%- endif -%}
    select 1 as anomaly where 1 = 0
{%- endmacro %}
