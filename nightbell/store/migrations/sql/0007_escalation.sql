-- Until a person has it: the policies agreed, the escalations running, the pages sent.

create table policy (
  account_id uuid not null references account,
  tier text not null check (tier in ('T1','T2','T3')),
  steps jsonb not null,                      -- [{"role":"first call","pages":2,"wait_s":300}]
  version integer not null default 1,
  changed_at timestamptz not null default floor_now(),
  primary key (account_id, tier)
);
call guard('policy', 'select', 'select, insert, update');

create table escalation (
  escalation_id uuid primary key,
  account_id uuid references account,        -- null: a number no account claims; the supervisor is told at once
  call_id uuid not null references call,     -- one a call until it is closed; its tier may rise
  message_id uuid references message,        -- null while the message is being taken
  tier text not null check (tier in ('T1','T2','T3')),
  policy jsonb not null,                     -- copied in at the start: an edit cannot strand it
  step integer not null,
  sent integer not null,
  state text not null check (state in ('open','held','closed')),
  due_at timestamptz,
  held_by uuid references person,
  held_at timestamptz,
  made_at timestamptz not null,
  constraint escalation_due check (state <> 'open' or due_at is not null),
  constraint escalation_held check ((state = 'open') = (held_by is null) and (held_by is null) = (held_at is null))
);
create index escalation_due_index on escalation (due_at) where state = 'open';
create unique index escalation_call on escalation (call_id) where state <> 'closed';
create index escalation_of_call on escalation (call_id, made_at);
create index escalation_message on escalation (message_id) where message_id is not null;
call guard('escalation', 'select, insert, update');

-- One attempt, one person, one channel.
create table page (
  page_id uuid primary key,
  account_id uuid references account,
  escalation_id uuid not null references escalation,
  key text not null unique,                  -- escalation, step, number, channel, where to: repeated after a crash, still one
  step integer not null,
  number integer not null,
  role text not null,
  person_id uuid references person,          -- null for the supervisors' screens and an emergency number of nobody's
  channel text not null check (channel in ('app','phone','patch','supervisor','emergency')),
  contact_method_id uuid,
  leg_id uuid,
  token_hash bytea,                          -- SHA-256 of the one-use token
  state text not null default 'queued' check (state in ('queued','going','delivered','accepted','declined','failed','withdrawn')),
  made_at timestamptz not null,
  ended_at timestamptz
);
create index page_person on page (person_id, made_at);
create index page_escalation on page (escalation_id);
create unique index page_leg on page (leg_id) where leg_id is not null;
create unique index page_token on page (token_hash) where token_hash is not null;
call guard('page', 'select, insert, update');

create table page_fact (
  page_id uuid not null references page,
  seq integer not null,
  account_id uuid references account,
  at timestamptz not null,
  kind text not null,  -- queued, handed_over, on_device, ringing, answered, key_pressed, no_key, busy, no_answer, refused, accepted, declined, withdrawn
  facts jsonb not null default '{}',
  primary key (page_id, seq)
);
call guard('page_fact', 'select, insert', 'select, insert');
