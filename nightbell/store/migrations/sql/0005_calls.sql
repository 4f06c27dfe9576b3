-- A call, cradle to grave: its legs, its events, the offers made of it.

create table call (
  call_id uuid primary key,
  account_id uuid references account,        -- null: a number no account claims
  did text not null,
  caller_at_rest bytea,                      -- the caller's number, closed under the account's key
  callback_at_rest bytea,                    -- the number read back, closed likewise
  coverage text not null,                    -- after_hours | open | overflow | always | unknown_number
  state text not null check (state in ('ringing','waiting','talking','held','patched','ended','lost')),
  priority smallint not null default 5,      -- 0 is served first; a caller who was cut off returns at 1
  switch text not null,
  epoch bigint not null,
  leg_id uuid not null,                      -- the caller's leg
  rang_at timestamptz not null,
  greeted_at timestamptz,
  answered_at timestamptz,                   -- by a person, the first time
  held_at timestamptz,                       -- since when the caller is on hold
  abandoned_at timestamptz,                  -- the caller hung up before anybody answered; stays when rung back
  ended_at timestamptz,
  ended_by text,                             -- caller | agent | clinician | switch_lost | ...
  agent_id uuid references person,
  waiting_since timestamptz,
  tier text check (tier in ('T1','T2','T3','T4','T5')),
  call_type text,
  disposition text,                          -- the one outcome; null until a person records it
  closed_at timestamptz,
  owner_kind text check (owner_kind in ('person','desk','supervisor')),
  owner_id uuid,
  due_at timestamptz,
  -- A call that is over and has no disposition is a thing somebody owns, by a time.
  constraint call_owned check (closed_at is not null or ended_at is null or (owner_kind is not null and due_at is not null)),
  constraint call_closed check ((closed_at is null) = (disposition is null))
);
create index call_waiting on call (priority, waiting_since) where state = 'waiting' and ended_at is null;
create index call_open on call (due_at) where closed_at is null;
create index call_live on call (agent_id) where ended_at is null;
create index call_account on call (account_id, rang_at);
create unique index call_leg on call (leg_id);
call guard('call', 'select, insert, update');
-- The service's own people see calls no account claims (in_scope(null) is true only for the service).

create table call_event (
  call_id uuid not null references call,
  seq integer not null,
  at timestamptz not null,
  kind text not null,                        -- CallRang, CallGreeted, OfferMade, CallAnswered, ...
  actor text not null,                       -- person_..., caller, service, switch
  account_id uuid,
  facts jsonb not null default '{}',
  primary key (call_id, seq)
);
call guard('call_event', 'select, insert', 'select, insert');

create table leg (
  leg_id uuid primary key,
  account_id uuid,
  call_id uuid references call,
  page_id uuid,
  person_id uuid references person,
  kind text not null check (kind in ('caller','agent','patch','page','callback_clinician','callback_caller','emergency')),
  switch text not null default '',
  state text not null default 'new' check (state in ('new','ringing','up','ended')),
  made_at timestamptz not null default floor_now(),
  up_at timestamptz,
  joined_at timestamptz,                     -- since when it is in its call's room
  ended_at timestamptz,
  cause text
);
create index leg_call on leg (call_id);
call guard('leg', 'select, insert, update');

-- What the switch said, once each. `done` rows are what the controller has acted on.
create table switch_event (
  switch text not null,
  epoch bigint not null,
  seq bigint not null,
  at timestamptz not null,
  kind text not null,
  facts jsonb not null,
  primary key (switch, epoch, seq)
);
call service_wide('switch_event', 'select, insert, delete', '');

-- What to ask of the switch, in order, after the deciding transaction has committed.
create table switch_command (
  switch_command_id bigint generated always as identity primary key,
  command_id uuid not null unique,
  switch text not null,
  op text not null,
  args jsonb not null,
  args_at_rest bytea,                        -- a number to dial, closed; opened at the moment of dialling
  account_id uuid,
  put_at timestamptz not null default floor_now(),
  done_at timestamptz,
  code text                                  -- the switch's answer; empty when it went well
);
create index switch_command_due on switch_command (switch_command_id) where done_at is null;
call service_wide('switch_command', 'select, insert, update, delete', 'insert, select');

-- An agent on the floor. Ready is wished for; free is derived (no open offer, no live call, leg up).
create table desk_state (
  person_id uuid primary key references person,
  wish text not null default 'off' check (wish in ('ready','pause','off')),
  wish_since timestamptz not null default floor_now(),
  reason text not null default '',
  leg_id uuid,
  leg_up_at timestamptz,                     -- null while the browser's audio is not connected
  audio_lost_at timestamptz,                 -- since when nothing is heard of a connected browser
  seen_at timestamptz not null default floor_now(),
  last_call_ended_at timestamptz
);
call service_wide('desk_state', 'select, update');

-- A lease: it is accepted, refused, or it expires. Nothing can stick.
create table offer (
  offer_id uuid primary key,
  account_id uuid,
  call_id uuid not null references call,
  person_id uuid not null references person,
  made_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  outcome text check (outcome in ('accepted','refused','expired','withdrawn')),
  check ((ended_at is null) = (outcome is null))
);
create unique index offer_one_agent on offer (person_id) where ended_at is null;
create unique index offer_one_call on offer (call_id) where ended_at is null;
create index offer_call on offer (call_id);
create index offer_expiry on offer (expires_at) where ended_at is null;
call guard('offer', 'select, insert, update');
