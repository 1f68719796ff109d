-- Orders that were paid more than once: what came after the first is credit.

alter table payments.payment
  add column paid_again text[] not null default '{}',
  add constraint paid_again_after_it_was_received check (paid_again = '{}' or received_vnd > 0);
comment on column payments.payment.paid_again is 'The gateway''s numbers of what was paid once more; each of them is credit.';

create type payments.payment_to_save_2 as (
  order_id text, account_id text, shard smallint, pay text, gateway text, payer_email text, total_vnd bigint,
  asked_at timestamptz, until timestamptz, status text, reserved_vnd bigint, amount_vnd bigint, received_vnd bigint,
  transaction text, pay_url text, next_at timestamptz, version bigint, event_sequence bigint, paid_again text[]
);

grant update (paid_again) on payments.payment to stoppoc_payments;
