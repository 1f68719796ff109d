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
      update hold.charge set amount_vnd = amount_vnd + 1 where account_id = 'acme' and order_id = 'old-2'""",
}

_INVOICING: Final[Mapping[str, str]] = {
    "invoicing.numbers_have_no_gap": """
      update invoicing.invoice set sequence = sequence + 1
      where (account_id, month, sequence) in (select account_id, month, max(sequence) from invoicing.invoice group by 1, 2)""",
    "invoicing.amounts_are_their_lines": "update invoicing.invoice set money_vnd = money_vnd + 1 where resource_id = 'srv-1'",
    "invoicing.no_minute_is_billed_twice": """
      insert into invoicing.usage
      select gen_random_uuid(), account_id, resource_id, null, 'vserver', 'server', 's-1', 1, 1, '30d',
        (line ->> 'starts')::timestamptz + interval '1 minute', gen_random_uuid()
      from invoicing.invoice where resource_id = 'srv-1' limit 1""",
    "invoicing.closings_belong_to_documents": """
      insert into invoicing.usage_end values (gen_random_uuid(), 'acme', '2026-03-06T02:00Z', gen_random_uuid())""",
    "invoicing.open_documents_are_known": """
      update invoicing.resource set invoice_ids = invoice_ids || gen_random_uuid() where resource_id = 'srv-1'""",
}

BREAKS: Final[Mapping[str, str]] = {
    **{name.format(one): sql.format(one) for one in SERVICES for name, sql in _ENGINE.items()},
    **_HOLD,
    **(_INVOICING if "invoicing" in SERVICES else {}),
}
