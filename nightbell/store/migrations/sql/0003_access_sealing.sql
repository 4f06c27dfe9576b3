-- Who may come in, and which keys seal and open messages.

create table sign_in (
  person_id uuid primary key references person,
  handle text not null unique,               -- lower case e-mail form
  salt bytea not null,
  kdf jsonb not null,                        -- {"name":"argon2id","memory_kib":65536,"passes":3,"lanes":1}
  verifier_hash text not null,               -- argon2 of what the browser derived; never the passphrase
  wrapped_key bytea not null,                -- the person's secret keys, closed by a key only the passphrase makes
  failures integer not null default 0,
  locked_until timestamptz,
  changed_at timestamptz not null default floor_now()
);
call service_wide('sign_in');

create table session (
  token_hash bytea primary key,              -- SHA-256 of the cookie
  person_id uuid not null references person,
  csrf text not null,
  made_at timestamptz not null default floor_now(),
  seen_at timestamptz not null default floor_now(),
  ended_at timestamptz
);
create index session_person on session (person_id);
call service_wide('session', 'select, delete', 'select, insert, update, delete');

-- Append-only: a key is retired, never changed. holder: a person, an account's inbox or recovery, the desk.
create table key_entry (
  key_id uuid primary key,
  holder text not null check (holder in ('person','inbox','recovery','desk')),
  person_id uuid references person,
  account_id uuid references account,
  epoch integer not null default 1,
  age_recipient text not null,               -- age1...
  sign_public text,                          -- base64url Ed25519, for people
  valid_from timestamptz not null default floor_now(),
  retired_at timestamptz,
  check ((holder = 'person') = (person_id is not null)),
  check ((holder in ('inbox','recovery')) = (account_id is not null))
);
create unique index key_entry_person on key_entry (person_id) where retired_at is null and holder = 'person';
create unique index key_entry_account on key_entry (account_id, holder) where retired_at is null and account_id is not null;
create unique index key_entry_desk on key_entry (holder) where retired_at is null and holder = 'desk';
call service_wide('key_entry', 'select');

-- A shared secret key (inbox, desk, an account's patient-mark key), closed to one person who may hold it.
create table key_share (
  key_id uuid not null references key_entry,
  person_id uuid not null references person,
  closed bytea not null,                     -- an age file to that person's recipient
  made_at timestamptz not null default floor_now(),
  primary key (key_id, person_id)
);
call service_wide('key_share', '', 'select, insert, delete');

-- The account's patient-mark key, closed to the desk and to the account's inbox. The server cannot make a mark.
create table mark_key (
  account_id uuid not null references account,
  key_id uuid not null references key_entry,
  closed bytea not null,
  primary key (account_id, key_id)
);
call guard('mark_key', '', 'select, insert');
