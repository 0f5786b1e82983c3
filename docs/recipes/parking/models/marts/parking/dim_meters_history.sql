with versions as (
    {{ versions_of(ref('snap_parking__meters'), 'meter_id', ['zone', 'eur_per_hour']) | indent(4) }}
),

final as (
    select
        {{ cast_to('version_id', 'text') }} as meter_version_id,
        {{ cast_to('meter_id', 'text') }} as meter_id,
        zone,
        eur_per_hour,
        {{ version_columns() }}
    from versions
)

select * from final
