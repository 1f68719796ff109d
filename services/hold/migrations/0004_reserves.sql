-- Credit that is set aside for orders of which the rest is paid from outside.

create table hold.reserve (
  account_id text collate "C" not null,
  order_id text collate "C" not null,
  asked_vnd bigint not null check (asked_vnd >= 0),
  amount_vnd bigint not null check (amount_vnd between 0 and asked_vnd),
  left_vnd bigint not null check (left_vnd in (0, amount_vnd)),
  primary key (account_id, order_id)
);
comment on table hold.reserve is 'What was set aside of the credit for an order, once; it is held as long as it is left.';

grant select, insert on hold.reserve to stoppoc_hold;
grant update (left_vnd) on hold.reserve to stoppoc_hold;
