create table if not exists advertiser (
    id serial primary key,
    name varchar(255) not null,
    updated_at timestamp,
    created_at timestamp default now()
);

create table if not exists campaign (
    id serial primary key,
    name varchar(255) not null,
    bid numeric(10, 2) not null,
    budget numeric(10, 2) not null,
    start_date date,
    end_date date,
    advertiser_id int references advertiser (id),
    updated_at timestamp,
    created_at timestamp default now()
);

create table if not exists impressions (
    id serial primary key,
    campaign_id int references campaign (id),
    created_at timestamp default now()
);

create table if not exists clicks (
    id serial primary key,
    campaign_id int references campaign (id),
    created_at timestamp default now()
);
