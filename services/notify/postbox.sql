-- The letters to be sent, and what became of them.

-- name: claim_letters
-- Those that are due, to be sent by who asks; should he die, they are due again after a while. Who else asks gets others.
-- What was tried least comes first: a letter that ends each connection must not stand in the way of the others.
with due as materialized (
  select mail_id, recipient from notify.letter
  where state = 'waiting' and due_at <= now()
  order by due_at limit $1 for update skip locked
), claimed as (
  update notify.letter set attempts = attempts + 1, due_at = now() + $2
  from due where letter.mail_id = due.mail_id and letter.recipient = due.recipient
  returning letter.mail_id, letter.recipient, letter.attempts, letter.asked_at
)
select mail_id::text as mail, recipient, account_id as account, kind, language, facts, effective_at as at, attempts,
  now() - claimed.asked_at as age
from claimed join notify.mail using (mail_id)
order by claimed.attempts, mail_id, recipient;

-- name: end_letter
-- Sent, refused or given up: it waits no more.
update notify.letter set state = $3, ended_at = now(), due_at = now(), answer = $4
where mail_id = $1::uuid and recipient = $2 and state = 'waiting';

-- name: delay_letter
-- Tried and not taken: again after a pause.
update notify.letter set due_at = now() + $3, answer = $4
where mail_id = $1::uuid and recipient = $2 and state = 'waiting';

-- name: return_letters
-- Claimed and not tried: as if they had not been.
update notify.letter set attempts = attempts - 1, due_at = now()
from unnest($1::uuid[], $2::text[]) as kept (mail_id, recipient)
where letter.mail_id = kept.mail_id and letter.recipient = kept.recipient and letter.state = 'waiting';

-- name: count_waiting
select count(*) from notify.letter where state = 'waiting';

-- name: prune_mails
-- Mails of which every letter ended so long ago, with their letters. The event tells for ever who was written to.
with gone as materialized (
  select mail_id from notify.letter group by mail_id
  having bool_and(state <> 'waiting') and max(ended_at) < now() - $1::interval
), letters as (
  delete from notify.letter using gone where letter.mail_id = gone.mail_id
)
delete from notify.mail using gone where mail.mail_id = gone.mail_id;

-- name: list_letters
select letter.mail_id::text as mail, letter.recipient, account_id as account, kind, language, state, attempts, letter.asked_at,
  due_at, ended_at, answer
from notify.letter join notify.mail using (mail_id)
where ($1::text is null or account_id = $1) and ($2::text is null or state = $2)
order by letter.asked_at desc, letter.mail_id, letter.recipient
limit $3;
