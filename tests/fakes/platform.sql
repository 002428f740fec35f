-- What the platform brings to every project, as far as the agent's schema rests on it.
--
-- Run by the superuser in a new database. The project's owner afterwards is `owner`, who is no
-- superuser and owns neither `auth` nor `storage`, as on the platform.

do $$
begin
    if not exists (select from pg_roles where rolname = 'owner') then
        create role anon nologin noinherit;
        create role authenticated nologin noinherit;
        create role service_role nologin noinherit bypassrls;
        create role authenticator login noinherit password 'authenticator';
        create role supabase_auth_admin nologin;
        create role supabase_storage_admin nologin;
        create role owner login createrole bypassrls password 'p@ss/wörd';
        grant anon, authenticated, service_role to authenticator, owner;
        grant supabase_storage_admin to owner;
    end if;
end
$$;

grant usage on schema public to anon, authenticated, service_role;
grant all on schema public to owner;
-- The generous defaults under which every new table of a project is made.
alter default privileges for role owner in schema public
    grant all on tables to anon, authenticated, service_role;
alter default privileges for role owner in schema public
    grant all on functions to anon, authenticated, service_role;

create schema auth authorization supabase_auth_admin;
grant usage on schema auth to anon, authenticated, service_role, owner;
create table auth.users (id uuid primary key, email text);
alter table auth.users owner to supabase_auth_admin;
grant select, references on auth.users to owner;
create function auth.uid() returns uuid language sql stable as $$
    select nullif(
        coalesce(
            nullif(current_setting('request.jwt.claim.sub', true), ''),
            nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
        ),
        ''
    )::uuid
$$;

create schema storage authorization supabase_storage_admin;
grant usage on schema storage to anon, authenticated, service_role, owner;
create table storage.buckets (
    id text primary key,
    name text not null unique,
    owner uuid,
    public boolean default false,
    file_size_limit bigint,
    allowed_mime_types text[],
    created_at timestamptz default now(),
    updated_at timestamptz default now()
);
create table storage.objects (
    id uuid primary key default gen_random_uuid(),
    bucket_id text references storage.buckets (id),
    name text,
    owner uuid,
    metadata jsonb,
    version text,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    unique (bucket_id, name)
);
create function storage.foldername(name text) returns text[] language sql immutable as $$
    select (string_to_array(name, '/'))[1:array_length(string_to_array(name, '/'), 1) - 1]
$$;
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
alter table storage.buckets owner to supabase_storage_admin;
alter table storage.objects owner to supabase_storage_admin;
grant all on storage.buckets, storage.objects to anon, authenticated, service_role, owner;
