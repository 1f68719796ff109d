-- Whom mails go to, what came of orders that are not told yet, and every mail that was asked for.

-- Ids compare as bytes, everywhere alike: rows are locked in this order.
create table notify.account (
  account_id text collate "C" primary key,
  owner text,
  language text not null check (language in ('vi', 'en')),
  recipients jsonb not null,
  waiting jsonb not null,
  event_sequence bigint not null,
  constraint nothing_waits_for_an_owner_who_is_known check (owner is null or waiting = '[]'::jsonb)
-- Its number changes with each mail: room on each page for the next version of its rows.
) with (fillfactor = 70);
comment on table notify.account is 'One row per account: whom its mails go to, and in which language.';
comment on column notify.account.owner is 'The address of its owner; null until its opening was heard.';
comment on column notify.account.recipients is 'Who else is written to, or was sent a link to say that he wants to be.';
comment on column notify.account.waiting is 'Mails that were asked for before the owner was known.';
comment on column notify.account.event_sequence is 'The number of the last event published about the account.';

create table notify."order" (
  order_id text collate "C" primary key,
  account_id text not null,
  ended jsonb,
  told boolean not null,
  invoices_told boolean not null,
  constraint told_when_it_has_ended check (ended is not null or not (told or invoices_told))
) with (fillfactor = 80);
comment on table notify."order" is 'One row per order something was heard of: how it has ended, and which of its mails were asked for.';

create table notify.part (
  order_id text collate "C" not null,
  what text not null check (what in ('done', 'failed', 'invoice')),
  resource_id text collate "C" not null,
  item jsonb not null,
  invoiced boolean not null,
  primary key (order_id, what, resource_id)
);
comment on table notify.part is 'What came of an order and is not told yet: its rows go once the order''s last mail was asked for.';
comment on column notify.part.invoiced is 'Whether an invoice comes for it.';

create table notify.mail (
  mail_id uuid primary key,
  account_id text not null,
  kind text not null,
  language text not null check (language in ('vi', 'en')),
  facts jsonb not null,
  effective_at timestamptz not null,
  asked_at timestamptz not null default now()
);
comment on table notify.mail is 'One row per mail that was asked for. Never changed.';

-- No foreign key to the mail: both are written at once, and never deleted.
create table notify.letter (
  mail_id uuid not null,
  recipient text not null,
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'refused', 'given_up')),
  attempts integer not null default 0 check (attempts >= 0),
  due_at timestamptz not null default now(),
  asked_at timestamptz not null default now(),
  ended_at timestamptz,
  answer text,
  primary key (mail_id, recipient),
  constraint ended_when_it_waits_no_more check ((state = 'waiting') = (ended_at is null))
) with (fillfactor = 70);
comment on table notify.letter is 'One row per mail and person: whether it was taken by the mail server, and when it is tried next.';
comment on column notify.letter.due_at is 'When it is tried next; while it is being sent, when another may try.';
comment on column notify.letter.answer is 'What the mail server said last.';

create index letter_due on notify.letter (due_at) where state = 'waiting';

grant select, insert on notify.account to stoppoc_notify;
grant update (owner, language, recipients, waiting, event_sequence) on notify.account to stoppoc_notify;
grant select, insert on notify."order" to stoppoc_notify;
grant update (ended, told, invoices_told) on notify."order" to stoppoc_notify;
grant select, insert, delete on notify.part to stoppoc_notify;
grant select, insert on notify.mail to stoppoc_notify;
grant select, insert on notify.letter to stoppoc_notify;
grant update (state, attempts, due_at, ended_at, answer) on notify.letter to stoppoc_notify;
