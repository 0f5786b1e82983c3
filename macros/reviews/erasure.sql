{#
    A person's request to be forgotten: the hook of a table with the texts or names of reviewers. It sets these columns
    to NULL in all rows of the reviewers in seeds/erased_reviewers.csv, including rows that land again later; figures
    stay. of_retracted: in the table beside the model that keeps the rows of retracted deliveries.
#}
{% macro erase_reviewers(columns, of_retracted=false) -%}
    {%- set erased = ref('erased_reviewers') -%}
    {%- set relation = retracted_of(this) if of_retracted else this -%}
    {%- if execute and is_there(erased) and (not of_retracted or is_there(relation)) -%}
        {%- set of_erased = 'reviewer_key in (select erased.reviewer_key from ' ~ erased ~ ' as erased)' -%}
        {%- set query -%}
            select count(*)
            from {{ relation }}
            where
                {{ of_erased }}
                and coalesce({{ columns | join(', ') }}) is not null
        {%- endset -%}
        {%- if run_query(query).columns[0].values()[0] > 0 -%}
            {{ set_to_null(relation, columns, of_erased) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
