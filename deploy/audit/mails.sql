-- What holds between mails and what they tell. A message under way may be missing, so each may have to be looked at again.

-- name: every_order_that_ended_is_told
-- truth 3: Every order that was done has been told by a mail.
-- of: checkout."order" where status in ('completed', 'partly_completed')
-- settles
select order_id as id, "order".action || ' ' || status || '; told: ' || coalesce(told.told::text, 'never heard of') as found
from checkout."order" left join notify."order" as told using (order_id)
where status in ('completed', 'partly_completed') and told.told is not true

-- name: mails_go_to_the_owner
-- truth 8: Notify knows the owner of each account as hold has it, and nothing waits for him.
-- of: hold.account
-- settles
select account_id as id, 'hold: ' || coalesce(account.email, 'nothing') || '; notify: ' || coalesce(told.owner, 'nobody') as found
from hold.account left join notify.account as told using (account_id)
where account.email is distinct from told.owner
