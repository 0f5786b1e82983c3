with steps as (
    select
        table_name,
        _delivery_id,
        row_change
    from {{ ref('int_ad_delivery__row_changes') }}
    union all
    select
        {{ cast_to('table_name', 'text') }} as table_name,
        _delivery_id,
        {{ cast_to('0', 'integer') }} as row_change
    from {{ ref('stg_ad_delivery__extractions') }}
),

changes as (
    select
        table_name,
        _delivery_id,
        sum(row_change) as row_change
    from steps
    group by table_name, _delivery_id
),

held as (
    select
        table_name,
        _delivery_id,
        sum(row_change) over (
            partition by table_name order by _delivery_id
            rows between unbounded preceding and current row
        ) as row_count
    from changes
),

final as (
    select
        ---------- run
        extractions.table_name,
        extractions.mode,

        ---------- rows
        extractions.source_rows,
        extractions.known_rows,
        {{ cast_to('held.row_count', 'integer') }} as warehouse_rows,
        extractions.new_rows,
        extractions.changed_rows,
        extractions.deleted_rows,
        {{ cast_to('extractions.source_rows = extractions.known_rows', 'boolean') }} as is_reconciled,

        ---------- write-ahead log
        extractions.lag_bytes,

        ---------- delivery
        extractions._delivery_id as _delivery_id,
        extractions._delivered_at
    from {{ ref('stg_ad_delivery__extractions') }} as extractions
    inner join held
        on
            extractions.table_name = held.table_name
            and extractions._delivery_id = held._delivery_id
)

select * from final
