-- == zoom_tokens table ==
-- For tokens of Zoom, as ciphertext, of an agent that works without a person. Nobody who signs in may read or write them; only a server
-- with the project's own key may.
create table if not exists public.zoom_tokens ();
alter table public.zoom_tokens
    add column if not exists user_id uuid primary key
        references auth.users (id) on delete cascade,
    add column if not exists access_token text not null default '',
    add column if not exists refresh_token text not null default '',
    add column if not exists expires_at timestamptz,
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now();

-- == zoom_tokens protection ==
alter table public.zoom_tokens enable row level security;
revoke all on public.zoom_tokens from public, anon, authenticated;
grant select, insert, update, delete on public.zoom_tokens to service_role;
