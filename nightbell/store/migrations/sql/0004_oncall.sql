-- Who holds a role, and when.

create table oncall_role (
  account_id uuid not null references account,
  role text not null,                        -- "first call", "backup"
  sort integer not null default 0,
  primary key (account_id, role)
);
call guard('oncall_role', 'select', 'select, insert, update, delete');

-- A rotation: people in turn, each for one shift, handed off at a wall-clock time.
create table rota (
  rota_id uuid primary key,
  account_id uuid not null references account,
  role text not null,
  time_zone text not null,
  every text not null check (every in ('day','week')),
  handoff_at time not null,
  starts_on date not null,                   -- the first person's first handoff
  people uuid[] not null check (cardinality(people) between 1 and 50),
  version integer not null default 1,
  foreign key (account_id, role) references oncall_role,
  unique (account_id, role)
);
call guard('rota', 'select', 'select, insert, update, delete');

-- An override puts one person in a role for a while. Two can never overlap in one role.
create table override (
  override_id uuid primary key,
  account_id uuid not null references account,
  role text not null,
  person_id uuid not null references person,
  during tstzrange not null check (not isempty(during) and lower(during) is not null and upper(during) is not null),
  made_by uuid not null references person,
  made_at timestamptz not null default floor_now(),
  reason text not null default '',
  role_range int8range generated always as (int8range(hashtextextended(account_id::text || '/' || role, 0), hashtextextended(account_id::text || '/' || role, 0), '[]')) stored,
  foreign key (account_id, role) references oncall_role,
  exclude using gist (role_range with &&, during with &&)
);
call guard('override', 'select', 'select, insert, update, delete');
