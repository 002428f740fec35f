-- == bucket ==
insert into storage.buckets (id, name, public) values ('{{bucket}}', '{{bucket}}', false)
    on conflict (id) do update set public = false where storage.buckets.public is not false;

-- == storage row level security ==
-- The platform has it on and lets nobody else change it.
do $$
begin
    if not (select relrowsecurity from pg_class where oid = 'storage.objects'::regclass) then
        alter table storage.objects enable row level security;
    end if;
end
$$;

-- == storage policies ==
-- Everybody has a folder that is named after the user's id.
drop policy if exists "zoomsync select {{name}}" on storage.objects;
drop policy if exists "zoomsync insert {{name}}" on storage.objects;
drop policy if exists "zoomsync update {{name}}" on storage.objects;
drop policy if exists "zoomsync delete {{name}}" on storage.objects;
create policy "zoomsync select {{name}}" on storage.objects for select to authenticated
    using (
        bucket_id = '{{bucket}}'
        and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "zoomsync insert {{name}}" on storage.objects for insert to authenticated
    with check (
        bucket_id = '{{bucket}}'
        and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "zoomsync update {{name}}" on storage.objects for update to authenticated
    using (
        bucket_id = '{{bucket}}'
        and (storage.foldername(name))[1] = (select auth.uid())::text)
    with check (
        bucket_id = '{{bucket}}'
        and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "zoomsync delete {{name}}" on storage.objects for delete to authenticated
    using (
        bucket_id = '{{bucket}}'
        and (storage.foldername(name))[1] = (select auth.uid())::text);
