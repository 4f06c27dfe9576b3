-- The ground every room stands on: the clock, account scope, the outbox, news, the audit tree.

-- One instant a transaction. A test replaces this function; no other role may.
create function floor_now() returns timestamptz language sql stable as 'select now()';

-- Who is asking, set per transaction. Nothing set means nothing seen, and nothing raised.
create function in_scope(account uuid) returns boolean language sql stable as $$
  select coalesce(current_setting('nightbell.service', true), '') = 'on'
      or account = any (coalesce(nullif(current_setting('nightbell.accounts', true), ''), '{}')::uuid[])
$$;

-- Row-level security on an account's table, forced, with the four roles' policies.
-- `workers`: what the worker may do there, such as 'select, insert, update'; empty means nothing.
create procedure guard(name text, workers text default '', web text default 'select, insert, update') language plpgsql as $$
begin
  execute format('alter table %I enable row level security', name);
  execute format('alter table %I force row level security', name);
  execute format('create policy owner_all on %I to nightbell_owner using (true) with check (true)', name);
  execute format('create policy web_scope on %I to nightbell_web using (in_scope(account_id)) with check (in_scope(account_id))', name);
  execute format('create policy backup_read on %I for select to nightbell_backup using (true)', name);
  execute format('grant select on %I to nightbell_backup', name);
  if web <> '' then
    execute format('grant %s on %I to nightbell_web', web, name);
  end if;
  if workers <> '' then
    execute format('create policy worker_all on %I to nightbell_worker using (true) with check (true)', name);
    execute format('grant %s on %I to nightbell_worker', workers, name);
  end if;
end $$;

-- A service-wide table holds no account's rows: plain grants, no scope. A test lists these by name.
create procedure service_wide(name text, workers text default '', web text default 'select, insert, update') language plpgsql as $$
begin
  execute format('grant select on %I to nightbell_backup', name);
  if web <> '' then execute format('grant %s on %I to nightbell_web', web, name); end if;
  if workers <> '' then execute format('grant %s on %I to nightbell_worker', workers, name); end if;
end $$;

create table service (
  only_row boolean primary key default true check (only_row),
  name text not null,
  answer_phrase text not null,               -- for a number no account claims
  caller_id text not null,                   -- E.164, shown when the service itself rings somebody
  emergency_numbers text[] not null default '{}',
  supervisor_untaken_s integer not null default 60 check (supervisor_untaken_s between 10 and 600),
  is_demo boolean not null default false
);
call service_wide('service', 'select');

-- Orders and events, written in the act's own transaction, carried out after it.
create table outbox (
  outbox_id bigint generated always as identity primary key,
  topic text not null,
  key text not null unique,                  -- the same order twice is one order
  payload jsonb not null,                    -- ids, numbers and words of ours; never a patient's
  put_at timestamptz not null default floor_now(),
  due_at timestamptz not null default floor_now(),
  tries integer not null default 0,
  done_at timestamptz,
  failed text,                               -- an error's code, once a person has to look
  check (done_at is not null or due_at is not null)
);
create index outbox_due on outbox (topic, due_at, outbox_id) where done_at is null;
call service_wide('outbox', 'select, insert, update, delete', 'insert, select');

-- Hints for open screens: what changed, never how. Kept for a day.
create table news (
  news_id bigint generated always as identity primary key,
  at timestamptz not null default floor_now(),
  kind text not null,                        -- such as offer.made, call.changed, page.made
  account_id uuid,
  person_id uuid,                            -- only this person's screens; null for all in scope
  ids jsonb not null default '{}'
);
create index news_at on news (at);
call service_wide('news', 'select, insert, delete', 'select, insert');

-- A row a working part, so that its silence can be noticed.
create table beat (
  part text primary key,
  at timestamptz not null default floor_now(),
  facts jsonb not null default '{}'
);
call service_wide('beat', 'select, insert, update', 'select, insert, update');

-- The tamper-evident log. A leaf waits without a position until the sequencer places it.
create table audit_leaf (
  leaf_id uuid primary key,
  at timestamptz not null,
  actor text not null,                       -- person_..., service, caller, switch_...
  act text not null,                         -- such as call.answered
  subject text not null,                     -- a wire id
  account_id uuid,
  facts jsonb not null default '{}',
  hash bytea not null,                       -- RFC 6962 leaf hash of the canonical form
  position bigint unique
);
create index audit_leaf_waiting on audit_leaf (at) where position is null;
create index audit_leaf_subject on audit_leaf (subject, at);
create table audit_node (
  level smallint not null,
  number bigint not null,
  hash bytea not null,
  primary key (level, number)
);
create table audit_checkpoint (
  tree_size bigint primary key,
  root bytea not null,
  at timestamptz not null,
  key_id text not null,
  signature bytea not null
);
call service_wide('audit_leaf', 'select, insert, update', 'select, insert');
call service_wide('audit_node', 'select, insert', 'select');
call service_wide('audit_checkpoint', 'select, insert', 'select');
-- The sequencer places a leaf and changes nothing else of it.
revoke update on audit_leaf from nightbell_worker;
grant update (position) on audit_leaf to nightbell_worker;
