-- What holds of mails.

-- name: a_mail_goes_to_somebody
-- truth 3: Every mail that was asked for has a letter, and every letter a mail.
-- of: notify.mail
select coalesce(mail_id, letter.mail_id) as id, 'mail ' || coalesce(kind, '-') || ', letter to ' || coalesce(recipient, '-') as found
from notify.mail full join notify.letter using (mail_id)
where mail.mail_id is null or letter.mail_id is null

-- name: no_letter_waits_for_ever
-- truth 3: A letter that was tried is taken, refused or given up within days.
-- of: notify.letter
select mail_id || '/' || recipient as id, attempts || ' attempts since ' || asked_at as found
from notify.letter where state = 'waiting' and attempts > 0 and asked_at < now() - interval '6 days'

-- name: an_order_is_told_with_its_invoices
-- truth 3: Of an order that was told nothing is left untold.
-- of: notify."order" where told
-- settles
select order_id as id, count(*) || ' parts wait for ' || string_agg(distinct what, ', ') as found
from notify."order" join notify.part using (order_id)
where told group by order_id
