"""One way to break each thing that always holds: what no service would do, done to its rows by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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

BREAKS: Final[Mapping[str, str]] = {
    **{name.format("hold"): sql.format("hold") for name, sql in _ENGINE.items()},
    **_HOLD,
}
