-- == doctor function ==
-- What “zoomsync doctor” needs to know about the project: how it is set up, and no row of anybody.
create or replace function public.zoomsync_doctor(bucket text) returns jsonb
language sql stable security definer set search_path = '' as $$
select jsonb_build_object(
    'now', now(),
    'migrations', (
        select coalesce(jsonb_agg(m.number order by m.number), '[]')
        from zoomsync.migrations as m
        where m.bucket in ('', zoomsync_doctor.bucket)
    ),
    'tables', (
        select coalesce(jsonb_object_agg(n.nspname || '.' || c.relname, jsonb_build_object(
            'row_level_security', c.relrowsecurity,
            'columns', (
                select coalesce(
                    jsonb_object_agg(a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)),
                    '{}')
                from pg_catalog.pg_attribute as a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            ),
            'keys', (
                select coalesce(jsonb_agg(a.attname), '[]')
                from pg_catalog.pg_index as i
                join pg_catalog.pg_attribute as a
                    on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                where i.indrelid = c.oid and i.indisunique and i.indisvalid
                    and i.indnkeyatts = 1 and i.indpred is null
            ),
            'triggers', (
                select coalesce(jsonb_agg(t.tgname), '[]')
                from pg_catalog.pg_trigger as t
                where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled in ('O', 'A')
            ),
            'grants', (
                select jsonb_object_agg(r.rolname, (
                    select coalesce(jsonb_agg(p.privilege), '[]')
                    from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE'])
                        as p (privilege)
                    where has_table_privilege(r.oid, c.oid, p.privilege)
                ))
                from pg_catalog.pg_roles as r
                where r.rolname in ('anon', 'authenticated', 'service_role')
            )
        )), '{}')
        from pg_catalog.pg_class as c
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        where (n.nspname, c.relname) in (
            ('public', 'recordings'), ('public', 'zoom_tokens'), ('storage', 'objects'))
    ),
    'policies', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'table', p.schemaname || '.' || p.tablename,
            'name', p.policyname,
            'command', p.cmd,
            'permissive', p.permissive = 'PERMISSIVE',
            'roles', p.roles,
            'using', p.qual,
            'check', p.with_check
        ) order by p.policyname), '[]')
        from pg_catalog.pg_policies as p
        where (p.schemaname, p.tablename) = ('public', 'recordings')
            or (p.schemaname, p.tablename) = ('storage', 'objects')
                and exists (
                    select from zoomsync.migrations as m where m.bucket = zoomsync_doctor.bucket)
                and (
                    position('bucket_id' in concat(p.qual, p.with_check)) = 0
                    or position(
                        quote_literal(zoomsync_doctor.bucket) in concat(p.qual, p.with_check)
                    ) > 0
                )
    ),
    'bucket', (
        select jsonb_build_object(
            'public', b.public,
            'file_size_limit', b.file_size_limit,
            'allowed_mime_types', b.allowed_mime_types
        )
        from storage.buckets as b
        where b.id = zoomsync_doctor.bucket
            -- Other buckets are nobody's business here.
            and exists (select from zoomsync.migrations as m where m.bucket = b.id)
    )
)
$$;

revoke all on function public.zoomsync_doctor(text) from public, anon;
grant execute on function public.zoomsync_doctor(text) to authenticated, service_role;
