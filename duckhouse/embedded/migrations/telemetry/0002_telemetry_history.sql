-- what python -m scripts.migrate_telemetry brings and notes; columns of measures are added when it runs

create table if not exists readings_hourly (
    device_id text collate "C",
    hour timestamptz,
    readings bigint not null,
    messages bigint not null, -- of the hour in the lake, repeats too: more of them are newer
    primary key (device_id, hour)
);
create index if not exists readings_hourly_hour on readings_hourly using brin (hour);

create table if not exists history_days (
    form text,
    day date,
    snapshot_id bigint not null,
    rows bigint not null,
    checksum numeric not null,
    readings bigint not null,
    readings_checksum numeric not null,
    verified_at timestamptz not null default now(),
    primary key (form, day)
);
