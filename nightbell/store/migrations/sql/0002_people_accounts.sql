-- Who we are, and whom we answer for.

create table person (
  person_id uuid primary key,
  name text not null,                        -- as shown: Dana Reyes, Dr Ada Okafor
  kind text not null check (kind in ('agent','supervisor','administrator','clinician','office')),
  active boolean not null default true,
  made_at timestamptz not null default floor_now()
);
call service_wide('person', 'select');

create table account (
  account_id uuid primary key,
  name text not null unique,
  specialty text not null default 'family medicine',
  time_zone text not null,
  answer_phrase text not null,               -- with {agent}: "Riverside Cardiology answering service, this is {agent}."
  caller_id text not null,                   -- E.164, shown when a clinician calls a patient back
  coverage_mode text not null default 'after_hours' check (coverage_mode in ('after_hours','overflow','always')),
  office_number text,                        -- E.164, rung first where coverage says so
  fallback_text text not null,               -- what the caller is told when nobody can be reached
  offers_held_s integer not null default 20 check (offers_held_s between 5 and 120),
  hold_limit_h integer not null default 4 check (hold_limit_h between 1 and 72),  -- office hours a held message may wait
  active boolean not null default true,
  made_at timestamptz not null default floor_now()
);
call guard('account', 'select');

-- Which accounts a clinician or office person belongs to, and as what.
create table membership (
  account_id uuid not null references account,
  person_id uuid not null references person,
  part text not null check (part in ('clinician','office','manager')),
  primary key (account_id, person_id)
);
call guard('membership', 'select', 'select, insert, update, delete');

create table did (
  number text primary key,                   -- E.164
  account_id uuid not null references account,
  label text not null default ''
);
call guard('did', 'select', 'select, insert, update, delete');

create table office_hours (
  account_id uuid not null references account,
  weekday smallint not null check (weekday between 0 and 6),   -- Monday is 0
  opens_at time not null,
  closes_at time not null check (closes_at > opens_at),
  primary key (account_id, weekday, opens_at)
);
call guard('office_hours', 'select', 'select, insert, update, delete');

-- A day unlike its weekday: a holiday, an early closing, a snow day. No times means closed.
create table special_day (
  account_id uuid not null references account,
  on_day date not null,
  label text not null,
  opens_at time,
  closes_at time,
  primary key (account_id, on_day),
  check ((opens_at is null) = (closes_at is null))
);
call guard('special_day', 'select', 'select, insert, update, delete');

create table greeting (
  account_id uuid not null references account,
  said_when text not null check (said_when in ('after_hours','open')),
  prompt text not null,                      -- a recording's name
  words text not null,                       -- what it says
  primary key (account_id, said_when)
);
call guard('greeting', 'select', 'select, insert, update, delete');

-- What the practice lets us say and wants us to know.
create table account_fact (
  account_id uuid not null references account,
  kind text not null check (kind in ('directions','hours','parking','fax','portal','preparation','pharmacy','other')),
  title text not null,
  body text not null,                        -- the practice's approved text, read word for word
  expires_at timestamptz,
  primary key (account_id, kind, title)
);
call guard('account_fact', 'select', 'select, insert, update, delete');

create table standing_order (
  standing_order_id uuid primary key,
  account_id uuid not null references account,
  title text not null,                       -- "Refills"
  body text not null,                        -- "Hold for the office. No controlled drugs after hours."
  sort integer not null default 0
);
call guard('standing_order', 'select', 'select, insert, update, delete');

create table contact_method (
  contact_method_id uuid primary key,
  person_id uuid not null references person,
  channel text not null check (channel in ('app','phone')),
  address text not null default '',          -- E.164 for phone
  label text not null default '',
  sort integer not null default 0,
  verified_at timestamptz,
  check (channel <> 'phone' or address <> '')
);
create index contact_method_person on contact_method (person_id, sort);
call service_wide('contact_method', 'select', 'select, insert, update, delete');

create table push_subscription (
  push_subscription_id uuid primary key,
  person_id uuid not null references person,
  endpoint text not null unique,
  p256dh text not null,
  auth text not null,
  made_at timestamptz not null default floor_now(),
  gone_at timestamptz
);
call service_wide('push_subscription', 'select, update', 'select, insert, update, delete');

-- The key that closes an account's rows at rest, itself closed by the installation's master key.
-- account_id of all zeros is the service's own. Destroying the row destroys what it closed.
create table data_key (
  account_id uuid primary key,
  wrapped bytea not null,
  made_at timestamptz not null default floor_now()
);
call service_wide('data_key', 'select, insert', 'select, insert');
