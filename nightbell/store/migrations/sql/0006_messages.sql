-- Triage as it was run, and the messages that came of it.

create table triage_run (
  call_id uuid not null references call,
  protocol text not null,                    -- first-look, adult-chest-pain
  account_id uuid,
  version text not null,
  hash text not null,
  answers_at_rest bytea not null,            -- closed under the account's key
  tier text check (tier in ('T1','T2','T3','T4','T5')),
  rule text,
  raised_by text not null default '',        -- modifiers and agents that moved it up
  changed_at timestamptz not null,
  changed_by uuid not null references person,
  primary key (call_id, protocol)
);
call guard('triage_run', 'select');

-- The message being taken, closed to the desk key, kept every two seconds.
create table draft (
  call_id uuid primary key references call,
  account_id uuid,
  sealed bytea not null,
  edition integer not null,
  saved_at timestamptz not null,
  saved_by uuid not null references person
);
call guard('draft', 'select', 'select, insert, update, delete');

create table message (
  message_id uuid primary key,               -- chosen by the browser: asked twice, kept once
  account_id uuid not null references account,
  call_id uuid not null references call,
  call_type text not null,
  tier text not null check (tier in ('T1','T2','T3','T4','T5')),
  disposition text not null check (disposition in ('page','hold_for_office','answered')),
  sealed bytea not null,                     -- age file; the server has no key to it
  sealed_sha256 bytea not null,
  rset text not null,                        -- hash of the sorted recipients, also inside the signature
  patient_mark text,
  callback_at_rest bytea,
  read_back boolean not null default false,
  taken_by uuid not null references person,
  taken_at timestamptz not null,
  state text not null check (state in ('paging','held','taken','closed')),
  owner_kind text not null check (owner_kind in ('escalation','office','person')),
  owner_id uuid,                             -- an escalation or a person; null for the office inbox
  due_at timestamptz,
  closed_at timestamptz,
  closed_by uuid references person,
  outcome text,
  outcome_sealed bytea,                      -- the clinician's own words, sealed likewise
  constraint message_due check (state = 'closed' or due_at is not null),
  constraint message_closed check ((state = 'closed') = (closed_at is not null and outcome is not null and closed_by is not null))
);
create unique index message_one_a_call_type on message (call_id, call_type);
create index message_open on message (account_id, state, due_at) where state <> 'closed';
call guard('message', 'select, update');

create table message_recipient (
  message_id uuid not null references message,
  account_id uuid not null references account,
  key_id uuid not null references key_entry,
  primary key (message_id, key_id)
);
call guard('message_recipient', 'select', 'select, insert');

-- Delivered, read, accepted, called back, closed: separate facts, each with its evidence.
create table message_fact (
  message_id uuid not null references message,
  seq integer not null,
  account_id uuid not null references account,
  at timestamptz not null,
  kind text not null check (kind in ('taken','delivered','read','accepted','declined','called_back','owned','closed')),
  person_id uuid references person,
  device text not null default '',           -- app, phone, office browser
  facts jsonb not null default '{}',
  primary key (message_id, seq)
);
call guard('message_fact', 'select, insert', 'select, insert');
