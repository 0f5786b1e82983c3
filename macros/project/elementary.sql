{#
    Full hours from the end of the data until now, for detection_delay: Elementary checks the last days before now, and
    historical data ends before them. The data ends with the last day (or hour) that has dq_least_records of `events`.
    Records with a time after their delivery come from a wrong clock and do not count.
#}
{% macro hours_since_data_ended(events, period) -%}
    {%- set last_period -%}
        select max(started_at) as started_at
        from (
            select {{ dbt.date_trunc(period, 'event_at') }} as started_at
            from {{ events }}
            where event_at <= _delivered_at
            group by 1
            having count(*) >= {{ var('dq_least_records') }}
        ) as periods
    {%- endset -%}
    {%- set started_at = run_query(last_period).columns[0].values()[0] if execute -%}
    {%- if not started_at -%} {{ return(0) }} {%- endif -%}
    {%- set ended_at = modules.datetime.datetime.fromisoformat((started_at | string)[:19])
        + modules.datetime.timedelta(**{period ~ 's': 1}) -%}
    {%- set hours = (run_started_at.replace(tzinfo=none) - ended_at).total_seconds() // 3600 -%}
    {{ return([hours | int, 0] | max) }}
{%- endmacro %}


{#
    A post-hook of Elementary's models. Builds run without Elementary, so that its own hooks learn of no run of a model.
    What builds noted of them is added to dbt_run_results, each run once: its page takes the times of models from there.
#}
{% macro add_runs_of_builds(table) -%}
    {%- if execute and table.identifier == 'dbt_run_results' -%}
        {%- set schema = generate_schema_name('builds', none) -%}
        {%- set runs = api.Relation.create(database=table.database, schema=schema, identifier='runs') -%}
        {%- if is_there(runs) -%} {{ insert_of_runs(table, runs) }} {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro insert_of_runs(table, runs) -%}
    {%- set execution_id = "invocation_id || '.' || node_id" -%}
    insert into {{ table }} (
        model_execution_id, unique_id, invocation_id, name, resource_type, status, execution_time, generated_at
    )
    select
        {{ execution_id }},
        node_id,
        invocation_id,
        {{ replace_all('node_id', '^.*[.]', '') }},
        {{ replace_all('node_id', '[.].*$', '') }},
        outcome,
        seconds,
        replace(substring(done_at, 1, 19), 'T', ' ')
    from {{ runs }}
    where {{ execution_id }} not in (select model_execution_id from {{ table }})
{%- endmacro %}
