-- The store of device readings. The columns that the declaration names beside the key are added when the store is opened.

create table if not exists stream_offsets (
    topic_id text collate "C",
    partition integer,
    next_offset bigint not null,
    moved_at timestamptz not null default now(),
    primary key (topic_id, partition)
);

-- readings whose time is far from their arrival: clocks that are wrong, histories that are loaded
create table if not exists readings_far (
    device_id text collate "C",
    "timestamp" timestamptz,
    _topic_id text collate "C" not null,
    _partition integer not null,
    _offset bigint not null,
    _produced_at timestamptz,
    _consumed_at timestamptz not null,
    _key bytea,
    _unmapped text,
    primary key (device_id, "timestamp")
);

-- all others, by day: a hypertable where the server has loaded TimescaleDB, else range partitions
do $$
begin
    if exists (select from pg_available_extensions where name = 'timescaledb')
        and current_setting('timescaledb.disable_load', true) is not null
    then
        create extension if not exists timescaledb;
        perform set_config('search_path', concat_ws(',', quote_ident(current_schema), extnamespace::regnamespace), true)
        from pg_extension where extname = 'timescaledb';
        create table readings_near (like readings_far including all);
        perform create_hypertable(
            'readings_near', 'timestamp', chunk_time_interval => interval '1 day', create_default_indexes => false
        );
        if current_setting('timescaledb.license') = 'timescale' then
            alter table readings_near set (
                timescaledb.compress,
                timescaledb.compress_segmentby = 'device_id',
                timescaledb.compress_orderby = '"timestamp" desc'
            );
            perform add_compression_policy('readings_near', compress_after => interval '7 days');
        end if;
    else
        create table readings_near (like readings_far including all) partition by range ("timestamp");
    end if;
end $$;
create index on readings_near using brin ("timestamp", _offset) with (autosummarize = on);

-- every other valid message of a key, with all its values
create table if not exists reading_repeats (like readings_far, primary key (_topic_id, _partition, _offset));
create index on reading_repeats (device_id, "timestamp");

create table if not exists dead_letters (
    _topic_id text collate "C",
    _partition integer,
    _offset bigint,
    _produced_at timestamptz,
    _consumed_at timestamptz not null,
    _key bytea,
    _fault text not null,
    _fault_detail text,
    _value bytea,
    _unmapped text,
    primary key (_topic_id, _partition, _offset)
);
