{{ config(
    materialized='incremental', incremental_strategy='insert_overwrite' if target.type == 'clickhouse' else 'append',
    partition_by='_delivery_id' if target.type == 'clickhouse' else '', order_by='event_date'
) }}

{{ touches_of_deliveries(ref('stg_parking__sessions'), 'session_id') }}
