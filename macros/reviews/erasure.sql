{#
    A person's request to be forgotten: the hook of a table with the texts or names of reviewers. It sets these columns
    to NULL in all rows of the reviewers in seeds/erased_reviewers.csv, including rows that land again later; figures
    stay.
#}
{% macro erase_reviewers(columns) -%}
    {%- set erased = ref('erased_reviewers') -%}
    {%- if execute and is_there(erased) -%}
        {%- set of_erased = 'reviewer_key in (select erased.reviewer_key from ' ~ erased ~ ' as erased)' -%}
        {%- set query -%}
            select count(*)
            from {{ this }}
            where
                {{ of_erased }}
                and coalesce({{ columns | join(', ') }}) is not null
        {%- endset -%}
        {%- if run_query(query).columns[0].values()[0] > 0 -%}
            {{ set_to_null(columns, of_erased) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
