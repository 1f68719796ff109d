-- Orders that nobody asked for: resources that are renewed by themselves. And accounts that pay by the month.

alter table checkout."order" add column auto boolean not null default false;
comment on column checkout."order".auto is 'Nobody asked for it: a resource is renewed by itself.';

alter table checkout.item
  drop constraint item_billing_check,
  add constraint item_billing_check check (billing in ('poc', 'prepaid', 'hold', 'postpaid'));

create type checkout.order_to_save_2 as (
  order_id text, subject text, account_id text, action text, pay text, status text, total_vnd bigint, lines integer,
  placed_at timestamptz, cluster_id text, coupon text, received_vnd bigint, given_back_vnd bigint, done integer,
  failed integer, spared integer, left_poc integer, holds jsonb, failures jsonb, version bigint, event_sequence bigint,
  auto boolean
);
