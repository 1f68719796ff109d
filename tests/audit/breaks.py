"""One way to break each thing that always holds: what no service would do, done to its rows by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deploy.services import SERVICES

_ENGINE: Final[Mapping[str, str]] = {
    "{0}.outbox_is_empty": "insert into {0}.outbox (lane, keys, messages) values ('lost/0', '{{k}}', '[]')",
    "{0}.nothing_is_parked": """
      insert into {0}.parked (key, message_id, topic, partition, record_offset, headers, body, accepted_at, error)
      values ('acme', gen_random_uuid(), 't', 0, 0, '[]', '{{}}', now(), 'it raised')""",
}

_HOLD: Final[Mapping[str, str]] = {
    "hold.transactions_sum_to_zero": """
      update hold.ledger_entry set line = 7 where account_id = 'acme' and sequence = 1 and line = 2""",
    "hold.book_sums_to_zero": """
      update hold.ledger_entry set amount_vnd = amount_vnd - 1 where account_id = 'acme' and sequence = 1 and line = 2""",
    "hold.transactions_have_no_gap": "delete from hold.ledger_entry where account_id = 'late' and sequence = 1",
    "hold.balances_follow_their_entries": """
      update hold.ledger_entry set balance_after_vnd = balance_after_vnd + 1
      where account_id = 'acme' and sequence = 1 and line = 1""",
    "hold.wallets_equal_their_entries": """
      update hold.account set credit_total_vnd = credit_total_vnd + 1 where account_id = 'acme'""",
    "hold.poc_wallets_add_up": """
      update hold.account set poc_granted_vnd = poc_granted_vnd + 1, poc_spent_vnd = poc_spent_vnd + 1
      where account_id = 'acme'""",
    "hold.kinds_move_their_books": """
      update hold.ledger_entry set book = 'sales' where account_id = 'acme' and sequence = 1 and line = 2""",
    "hold.held_is_the_sum_of_holds": """
      update hold.account set credit_held_vnd = credit_held_vnd + 1 where account_id = 'acme'""",
    "hold.held_is_within_the_credit": """
      update hold.account set credit_held_vnd = credit_total_vnd + 1 where account_id = 'acme'""",
    "hold.charges_are_booked": """
      update hold.charge set amount_vnd = amount_vnd + 1 where account_id = 'acme' and wallet = 'credit'""",
    "hold.reserves_are_what_orders_left": "update hold.order_hold set taken_vnd = taken_vnd - 1",
    "hold.use_is_what_the_meters_count": "update hold.meter set since_at = since_at - interval '1 hour'",
    "hold.nothing_is_available_in_debt": "update hold.product_hold set debt_vnd = debt_vnd + 1 where account_id = 'acme'",
    "hold.payments_of_invoices_are_booked": "update hold.payment set paid_vnd = paid_vnd - 1",
    "hold.poc_wallets_end": "update hold.account set poc_ended = true, poc_next_at = null where account_id = 'acme'",
}

_LIFECYCLE: Final[Mapping[str, str]] = {
    "lifecycle.clusters_count_their_resources": "update lifecycle.cluster set poc = true, poc_remaining = 1 where cluster_id = 'k1'",
    "lifecycle.terms_follow_each_other": """
      update lifecycle.resource set ends_at = ends_at + interval '1 minute' where resource_id = 'vol-1'""",
    "lifecycle.resources_are_due_as_they_stand": """
      update lifecycle.resource set next_at = next_at + interval '1 minute' where resource_id = 'vol-1'""",
    "lifecycle.nothing_stays_due": """
      with due as (update lifecycle.resource set next_at = '2000-01-01', shard = 3 where resource_id = 'vol-1')
      insert into lifecycle.job_progress (job, shard, period, instant, done) values ('check_life', 3, 'x', now(), true)
      on conflict (job, shard) do update set instant = now(), done = true""",
    "lifecycle.nothing_is_on_a_poc_wallet_that_has_ended": """
      with ended as (
        insert into lifecycle.poc_end (account_id, shard, ended_at) values ('acme', 3, '9999-01-01')
        on conflict (account_id) do update set ended_at = '9999-01-01', due_at = null
      ) update lifecycle.resource set billing = 'poc', status = 'active' where resource_id = 'vol-1'""",
    "lifecycle.no_renewal_waits_for_long": """
      with waits as (update lifecycle.resource set mornings = '{2000-01-01}', shard = 3 where resource_id = 'vol-1')
      insert into lifecycle.job_progress (job, shard, period, instant, done) values ('check_ends', 3, 'x', now(), true)
      on conflict (job, shard) do update set instant = now(), done = true""",
}

_CHECKOUT: Final[Mapping[str, str]] = {
    "checkout.lines_explain_themselves": """
      update checkout.line set line = jsonb_set(line, '{parts,0,amount}', '1') where resource_id = 'vol-1' and number = 3""",
    "checkout.orders_count_their_lines": """
      update checkout.line set status = 'failed' where resource_id = 'vol-1' and status = 'done'""",
    "checkout.orders_sum_their_lines": """
      update checkout."order" set total_vnd = total_vnd + 1 where cluster_id = 'k1' and pay = 'credit'""",
    "checkout.stopped_from_their_instant_on": """
      update checkout."order" set placed_at = placed_at + interval '1 minute' where action = 'stop_poc' and pay = 'credit'""",
    "checkout.resources_are_in_one_hand": """
      update checkout.item set open_order = (select min(order_id) from checkout."order"), open_line = 1 where resource_id = 'vol-1'""",
    "checkout.coupons_count_their_orders": "update checkout.coupon set used = used + 1",
    "checkout.no_end_is_renewed_twice": """
      update checkout."order" set action = 'renew' where order_id in (
        select order_id from checkout.line where resource_id = 'vol-1' and line is not null
      ); update checkout.line set status = 'done', line = jsonb_set(line, '{starts}', '"2000-01-01T00:00:00Z"')
      where resource_id = 'vol-1' and line is not null""",
    "checkout.renewed_by_itself_once_a_morning": """
      update checkout."order" set auto = true, subject = 'vol-1', placed_at = '2000-01-01'""",
}

_ORDER = """(select order_id from checkout."order" where action = 'stop_poc' and pay = 'credit' order by placed_at limit 1)"""
_ACROSS: Final[Mapping[str, str]] = {
    "across.accounts_are_known_as_they_are": "update checkout.account set mode = 'postpaid' where account_id = 'acme'",
    "across.clusters_are_known_as_they_are": "update checkout.cluster set poc = not poc where cluster_id = 'k1'",
    "across.resources_are_known_as_they_are": "update checkout.item set billing = 'poc' where resource_id = 'srv-1'",
    "across.open_orders_wait_for_something": f"""
      update checkout."order" set status = 'provisioning' where order_id = {_ORDER}""",
    "across.orders_are_charged": f"delete from hold.charge where order_id = {_ORDER}",
    "across.orders_are_held": "update hold.order_hold set amount_vnd = amount_vnd + 1",
    "across.lines_are_invoiced_once": """
      insert into invoicing.invoice
      select gen_random_uuid(), account_id, month, 99, resource_id, cluster_id, product, kind, action, order_id, money_vnd,
        carried_vnd, line, issued_at, cause_id
      from invoicing.invoice where resource_id = 'vol-1'""",
    "across.lines_are_metered_once": "delete from invoicing.usage where resource_id = 'node-1'",
    "across.charged_is_invoiced_or_given_back": f"""
      update hold.charge set given_back_vnd = given_back_vnd + 1 where order_id = {_ORDER}""",
    "across.stopped_is_refunded": """
      update hold.ledger_entry set amount_vnd = amount_vnd + 1 where kind = 'poc_refund' and reference = 'srv-2' and line = 1""",
    "across.use_is_metered_alike": "update hold.meter set quantity = quantity + 1 where vnd is not null",
    "across.payments_are_booked": "update invoicing.payment set amount_vnd = amount_vnd + 1",
    "across.sales_are_invoices": """
      update hold.ledger_entry set amount_vnd = amount_vnd + 1
      where book = 'sales' and (account_id, sequence) in (select account_id, max(sequence) from hold.ledger_entry where book = 'sales' group by 1)""",
}

_INVOICING: Final[Mapping[str, str]] = {
    "invoicing.numbers_have_no_gap": """
      update invoicing.invoice set sequence = sequence + 1
      where (account_id, month, sequence) in (select account_id, month, max(sequence) from invoicing.invoice group by 1, 2)""",
    "invoicing.amounts_are_their_lines": "update invoicing.invoice set money_vnd = money_vnd + 1 where resource_id = 'srv-1'",
    "invoicing.no_minute_is_billed_twice": """
      insert into invoicing.usage
      select gen_random_uuid(), account_id, resource_id, null, 'vserver', 'server', 's-1', 1, 1, '30d',
        (line ->> 'starts')::timestamptz + interval '1 minute', gen_random_uuid(), 'hold', '[]'
      from invoicing.invoice where resource_id = 'srv-1' limit 1""",
    "invoicing.closings_belong_to_documents": """
      insert into invoicing.usage_end values (gen_random_uuid(), 'acme', '2026-03-06T02:00Z', gen_random_uuid())""",
    "invoicing.invoices_for_use_are_their_lines": """
      update invoicing.use_line set amount_vnd = amount_vnd + 1 where invoice_id is not null""",
    "invoicing.records_are_their_lines": "update invoicing.month_record set amount_vnd = amount_vnd + 1",
    "invoicing.use_is_on_record_to_the_minute": """
      update invoicing.use_line set until_at = until_at - interval '1 minute'""",
    "invoicing.no_minute_is_recorded_twice": """
      insert into invoicing.use_line
      select account_id, '2027-01', usage_id, starts_at, until_at, units, amount_vnd, invoice_id, cause_id
      from invoicing.use_line where until_at > starts_at limit 1""",
    "invoicing.payments_add_up_to_what_is_owed": "update invoicing.payment set amount_vnd = amount_vnd + 1",
    "invoicing.open_documents_are_known": """
      update invoicing.resource set invoice_ids = invoice_ids || gen_random_uuid() where resource_id = 'srv-1'""",
}

_NOTIFY: Final[Mapping[str, str]] = {
    "notify.a_mail_goes_to_somebody": "delete from notify.letter where mail_id = (select min(mail_id::text)::uuid from notify.mail)",
    "notify.no_letter_waits_for_ever": "update notify.letter set attempts = 9, asked_at = now() - interval '7 days'",
    "notify.an_order_is_told_with_its_invoices": """
        insert into notify.part select order_id, 'invoice', 'srv-0', '{}', false from notify."order" where told limit 1
    """,
    "mails.every_order_that_ended_is_told": 'update notify."order" set told = false, invoices_told = false',
    "mails.mails_go_to_the_owner": "update notify.account set owner = 'other@acme.example' where owner is not null",
}

_PAID: Final = "(select order_id from payments.payment where status = 'paid' and reserved_vnd > 0)"
_PAYMENTS: Final[Mapping[str, str]] = {
    "payments.received_is_told_once": """
      insert into payments.told
      select gen_random_uuid(), order_id, gateway, told_by, outcome, verdict, amount_vnd, transaction, code, raw, told_at
      from payments.told where outcome = 'paid' and verdict = 'taken' limit 1""",
    "payments.what_is_not_final_is_asked_about": """
      update payments.payment set next_at = null where status = 'pending'""",
    "payments.nothing_stays_due": """
      with due as (update payments.payment set next_at = '2000-01-01', shard = 3 where status = 'pending')
      insert into payments.job_progress (job, shard, period, instant, done) values ('chase_payments', 3, 'x', now(), true)
      on conflict (job, shard) do update set instant = now(), done = true""",
    "payments.nothing_waits_for_hold": f"update payments.payment set status = 'charging' where order_id = {_PAID}",
    "outside.orders_have_one_payment": f"delete from payments.payment where order_id = {_PAID}",
    "outside.payments_stand_as_their_orders": f"update payments.payment set status = 'failed' where order_id = {_PAID}",
    "outside.received_is_booked_once": """
      update hold.ledger_entry set reference = reference || '?' where kind = 'deposit' and reference like 'momo:%'""",
    "outside.paid_again_is_credit": """
      update hold.ledger_entry set amount_vnd = amount_vnd - 1 where book = 'credit' and reference ~ '^momo:[0-9]+$'""",
    "outside.money_that_does_not_count_is_booked_by_hand": """
      insert into payments.told
      select gen_random_uuid(), order_id, gateway, 'query', 'paid', verdict, 2999, '78-' || verdict, code, raw, told_at
      from (select * from payments.told limit 1) as one (m, order_id, gateway, b, o, v, a, t, code, raw, told_at),
        unnest(array['amount_differs', 'payment_unknown', 'again']) as verdict""",
    "outside.paid_is_charged": f"delete from hold.charge where order_id = {_PAID}",
    "outside.set_aside_only_for_who_waits": f"update hold.reserve set left_vnd = amount_vnd where order_id = {_PAID}",
    "outside.no_more_comes_back_than_was_paid": f"""
      update hold.charge set given_back_vnd = amount_vnd + 1 where order_id = {_PAID}""",
}

BREAKS: Final[Mapping[str, str]] = {
    **{name.format(one): sql.format(one) for one in SERVICES for name, sql in _ENGINE.items()},
    **_HOLD,
    **_CHECKOUT,
    **_LIFECYCLE,
    **_INVOICING,
    **_NOTIFY,
    **_PAYMENTS,
    **_ACROSS,
}
