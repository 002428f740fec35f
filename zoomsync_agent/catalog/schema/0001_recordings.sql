-- == recordings table ==
create table if not exists public.recordings ();

-- == recordings columns ==
-- One by one, so that a column that is missing is made and those that are there are left alone.
alter table public.recordings
    add column if not exists recording_id uuid,
    add column if not exists user_id uuid not null default auth.uid()
        references auth.users (id) on delete cascade,
    add column if not exists file_url text not null default '',
    add column if not exists meeting_title text not null default '',
    add column if not exists file_name text not null default '',
    add column if not exists file_size bigint not null default 0,
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now(),
    add column if not exists processing_status text not null default 'uploading',
    add column if not exists transcription_text text not null default '',
    add column if not exists summary text not null default '',
    add column if not exists action_items jsonb not null default '[]',
    add column if not exists sha256 text not null default '',
    add column if not exists started_at timestamptz,
    add column if not exists duration_seconds double precision,
    add column if not exists kind text not null default 'video',
    add column if not exists part integer not null default 1,
    add column if not exists participant text,
    add column if not exists source text not null default 'local',
    add column if not exists meeting_key text not null default '',
    add column if not exists destination text not null default '',
    add column if not exists object_key text not null default '',
    add column if not exists device text not null default '';

-- == recordings key ==
do $$
begin
    if not exists (
        select from pg_index
        where indrelid = 'public.recordings'::regclass and indisunique and indpred is null
            and indkey::text = (
                select attnum::text from pg_attribute
                where attrelid = 'public.recordings'::regclass and attname = 'recording_id')
    ) then
        if exists (
            select from pg_index
            where indrelid = 'public.recordings'::regclass and indisprimary
        ) then
            alter table public.recordings
                add constraint recordings_recording_id_key unique (recording_id);
        else
            alter table public.recordings add primary key (recording_id);
        end if;
    end if;
end
$$;

-- == recordings checks ==
alter table public.recordings
    drop constraint if exists recordings_processing_status_known,
    add constraint recordings_processing_status_known
        check (processing_status in ('uploading', 'completed', 'failed')) not valid,
    drop constraint if exists recordings_completed_has_a_place,
    add constraint recordings_completed_has_a_place
        check (processing_status <> 'completed' or file_url <> '') not valid;

-- == recordings indexes ==
-- None over a text of any length: an index entry has a limit, and a long transcript has none.
create index if not exists recordings_user_started
    on public.recordings (user_id, started_at desc, updated_at desc);
create index if not exists recordings_user_status
    on public.recordings (user_id, processing_status, recording_id);
-- Of hashes: a key is as long as the name of its meeting.
create index if not exists recordings_meeting on public.recordings using hash (meeting_key);

-- == recordings trigger ==
-- Agents' writes are ordered among themselves by what their rows say, kept in written_at: what
-- somebody edits by hand, by the server's clock, must not make an agent whose clock is behind too
-- late. What is about to be inserted is noted, because only the insertion that comes before it
-- tells an upsert from an edit.
alter table public.recordings
    add column if not exists written_at timestamptz; -- no column of the agent's rows

create or replace function public.zoomsync_note_upsert() returns trigger
language plpgsql set search_path = '' as $$
begin
    perform set_config('zoomsync.upsert', new.recording_id::text, true);
    new.written_at := new.updated_at;
    return new;
end
$$;

create or replace function public.zoomsync_keep_newer() returns trigger
language plpgsql set search_path = '' as $$
declare
    is_upsert boolean := coalesce(current_setting('zoomsync.upsert', true), '')
        = old.recording_id::text;
    written timestamptz := coalesce(old.written_at, old.updated_at);
    is_other_copy boolean := new.object_key <> old.object_key;
    was_completed boolean := old.processing_status = 'completed';
    is_completed boolean := new.processing_status = 'completed';
begin
    perform set_config('zoomsync.upsert', '', true);
    new.created_at := old.created_at;
    new.written_at := old.written_at;
    if not is_upsert then
        if new is not distinct from old then
            return null;
        end if;
        if new.updated_at <= old.updated_at then
            new.updated_at := greatest(now(), old.updated_at + interval '1 microsecond');
        end if;
        return new;
    end if;
    -- The same recording may lie on two computers: the troubles of one copy say nothing of the
    -- other, and a copy that is safe counts whatever the clocks say.
    if is_other_copy and was_completed and not is_completed then
        return null;
    end if;
    if new.updated_at < written and not (is_other_copy and is_completed and not was_completed) then
        return null;
    end if;
    -- What another program has filled in is not emptied by an agent that does not know of it.
    new.transcription_text := coalesce(nullif(new.transcription_text, ''), old.transcription_text);
    new.summary := coalesce(nullif(new.summary, ''), old.summary);
    new.action_items := coalesce(nullif(new.action_items, '[]'), old.action_items);
    new.written_at := greatest(new.updated_at, written);
    new.updated_at := greatest(new.updated_at, old.updated_at);
    if new is not distinct from old then
        return null;
    end if;
    return new;
end
$$;

revoke all on function public.zoomsync_note_upsert(), public.zoomsync_keep_newer()
    from public, anon, authenticated;

create or replace trigger zoomsync_note_upsert before insert on public.recordings
    for each row execute function public.zoomsync_note_upsert();
create or replace trigger zoomsync_keep_newer before update on public.recordings
    for each row execute function public.zoomsync_keep_newer();

-- == recordings row level security ==
alter table public.recordings enable row level security;

-- == recordings policies ==
drop policy if exists "zoomsync select" on public.recordings;
drop policy if exists "zoomsync insert" on public.recordings;
drop policy if exists "zoomsync update" on public.recordings;
drop policy if exists "zoomsync delete" on public.recordings;
create policy "zoomsync select" on public.recordings for select to authenticated
    using ((select auth.uid()) = user_id);
create policy "zoomsync insert" on public.recordings for insert to authenticated
    with check ((select auth.uid()) = user_id);
create policy "zoomsync update" on public.recordings for update to authenticated
    using ((select auth.uid()) = user_id) with check ((select auth.uid()) = user_id);
create policy "zoomsync delete" on public.recordings for delete to authenticated
    using ((select auth.uid()) = user_id);

-- == recordings grants ==
-- A project grants everything on a new table to everybody, even to those who have not signed in.
revoke all on public.recordings from public, anon, authenticated;
grant select, insert, update, delete on public.recordings to authenticated, service_role;
