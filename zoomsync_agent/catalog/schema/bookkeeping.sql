-- What has been applied. In a schema of its own, which the REST interface does not show.
create schema if not exists zoomsync;
create table if not exists zoomsync.migrations (
    number integer not null,
    bucket text not null default '',
    name text not null,
    applied_at timestamptz not null default now(),
    primary key (number, bucket)
);
revoke all on schema zoomsync from public;
revoke all on zoomsync.migrations from public, anon, authenticated;
