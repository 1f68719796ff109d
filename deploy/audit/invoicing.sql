-- What holds of invoices, their closings, and recorded use.

-- name: numbers_have_no_gap
-- truth 6: Invoices are numbered from 1 without a gap, per account and month of Hanoi, and counted so.
-- of: invoicing.month
select account_id || '/' || month as id,
  coalesce(count, 0) || ' invoices up to ' || coalesce(last, 0) || ', counted ' || coalesce(issued, 0)
  || coalesce('; ' || misplaced || ' of another month', '') as found
from invoicing.month full join (
  select account_id, month, count(*) as count, max(sequence) as last,
    nullif(count(*) filter (where month <> to_char(
      -- A month's own invoice is issued when it ends.
      issued_at at time zone interval '7 hours' - case action when 'month' then interval '1 minute' else interval '0' end,
      'YYYY-MM'
    )), 0) as misplaced
  from invoicing.invoice group by account_id, month
) as invoices using (account_id, month)
where (coalesce(count, 0), coalesce(last, 0)) is distinct from (issued::bigint, issued) or misplaced is not null

-- name: amounts_are_their_lines
-- truth 5: An invoice is for what its line is worth, and what was not used of it is its exact share.
-- of: invoicing.invoice
select invoice_id as id,
  'paid ' || money_vnd || ' and carried ' || carried_vnd || ' VND of ' || worth_vnd || '; not used '
  || coalesce(unused_vnd, 0) || ' VND for ' || coalesce(unused_minutes, 0) || ' of ' || minutes || ' minutes' as found
from (
  select invoice_id, money_vnd, carried_vnd, unused_vnd, unused_minutes,
    (line ->> 'amount')::bigint + (line ->> 'carried')::bigint as worth_vnd, (line ->> 'minutes')::bigint as minutes
  from invoicing.invoice left join invoicing.closing using (invoice_id)
  where line is not null
) as invoice
where money_vnd + carried_vnd <> worth_vnd or worth_vnd < 0
  or unused_minutes > minutes
  or unused_vnd <> least(worth_vnd, div(2 * worth_vnd::numeric * unused_minutes + minutes, greatest(2 * minutes, 1)))

-- name: no_minute_is_billed_twice
-- truth 6: No minute of a resource is in two invoices, in two intervals of use, or in both.
-- of: invoicing.invoice
select resource_id || '@' || to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') as id,
  what || ' begins before ' || billed_until as found
from (
  select *, max(until_at) over (
    partition by resource_id order by starts_at, until_at rows between unbounded preceding and 1 preceding
  ) as billed_until
  from (
    select resource_id, 'invoice ' || invoice_id as what, (line ->> 'starts')::timestamptz as starts_at,
      least((line ->> 'until')::timestamptz, closed_at) as until_at
    from invoicing.invoice left join invoicing.closing using (invoice_id)
    where line is not null
    union all
    select resource_id, 'use ' || usage_id, starts_at, coalesce(until_at, 'infinity')
    from invoicing.usage left join invoicing.usage_end using (usage_id)
  ) as period
  -- What was ended before it began is no minute.
  where starts_at < until_at
) as period
where starts_at < billed_until

-- name: closings_belong_to_documents
-- truth 6: What was closed or ended is a document of the same account, and does not end before it begins.
-- of: (select from invoicing.closing union all select from invoicing.usage_end) as one
select invoice_id as id, 'closes no invoice of ' || closing.account_id as found
from invoicing.closing left join invoicing.invoice using (invoice_id)
where invoice.account_id is distinct from closing.account_id
union all
select invoice_id, 'was replaced by none'
from invoicing.closing where replaced_by is not null
  and not exists (select from invoicing.invoice where invoice.invoice_id = closing.replaced_by)
union all
select usage_id, 'ends no use of ' || usage_end.account_id || ' that began before'
from invoicing.usage_end left join invoicing.usage using (usage_id)
where usage.account_id is distinct from usage_end.account_id or until_at < starts_at

-- name: open_documents_are_known
-- truth 6: Which invoices and which use of a resource still run is what is not closed.
-- of: invoicing.resource
select account_id || '/' || resource_id as id,
  'known ' || coalesce(known.invoice_ids, '{}')::text || ' ' || coalesce(known.usage_id::text, '-') || ', open '
  || coalesce(invoices.open, '{}')::text || ' ' || coalesce(usages.open::text, '-') as found
from invoicing.resource as known
full join (
  select account_id, resource_id, array_agg(invoice_id order by invoice_id) as open
  from invoicing.invoice
  where line is not null and not exists (select from invoicing.closing where closing.invoice_id = invoice.invoice_id)
  group by account_id, resource_id
) as invoices using (account_id, resource_id)
full join (
  select account_id, resource_id, (array_agg(usage_id))[1] as open, count(*) as count
  from invoicing.usage
  where not exists (select from invoicing.usage_end where usage_end.usage_id = usage.usage_id)
  group by account_id, resource_id
) as usages using (account_id, resource_id)
where (select coalesce(array_agg(one order by one), '{}') from unnest(known.invoice_ids) as one) <> coalesce(invoices.open, '{}')
  or known.usage_id is distinct from usages.open or usages.count > 1

-- name: invoices_for_use_are_their_lines
-- truth 5: An invoice for use is the sum of its lines, product by product, and they are the same account's and month's.
-- of: invoicing.invoice where line is null
select invoice_id as id,
  'for ' || money_vnd || ' VND ' || totals::text || ', its lines ' || coalesce(lines_vnd, 0) || ' '
  || coalesce(lines::text, '[]') as found
from invoicing.invoice left join (
  select account_id, month, invoice_id, sum(amount_vnd) as lines_vnd,
    jsonb_agg(jsonb_build_array(product, amount_vnd) order by product) as lines
  from (
    select line.account_id, month, invoice_id, product, sum(amount_vnd)::bigint as amount_vnd
    from invoicing.use_line as line join invoicing.usage using (usage_id)
    where invoice_id is not null group by line.account_id, month, invoice_id, product
  ) as product group by account_id, month, invoice_id
) as line using (account_id, month, invoice_id)
where line is null and (money_vnd, totals) is distinct from (lines_vnd, lines)

-- name: records_are_their_lines
-- truth 5: A month's record is the sum of the month's lines; what is on an invoice of a month is on record or still to be.
-- of: invoicing.month_record
select account_id || '/' || month as id,
  'recorded ' || record.amount_vnd || ' VND in ' || record.lines || ' lines, there are ' || coalesce(line.amount_vnd, 0)
  || ' in ' || coalesce(line.lines, 0) as found
from invoicing.month_record as record left join (
  select account_id, month, sum(amount_vnd) as amount_vnd, count(*) as lines from invoicing.use_line group by account_id, month
) as line using (account_id, month)
where (record.amount_vnd, record.lines) is distinct from (line.amount_vnd::bigint, line.lines::integer)
  or record.amount_vnd <> (select sum((total ->> 1)::bigint) from jsonb_array_elements(totals) as total)

-- name: use_is_on_record_to_the_minute
-- truth 6: Each minute of use is on record once, as far as it is: none twice, none lost.
-- of: invoicing.usage
select usage_id as id, 'on record ' || coalesce(recorded, '0') || ', should be ' || expected as found
from (
  select usage_id,
    case when due.usage_id is null then until_at - starts_at
    else recorded_until - starts_at + coalesce(due_until_at - invoiced_from, '0') end as expected
  from invoicing.usage left join invoicing.usage_end using (usage_id) left join (
    select usage_id, recorded_until, until_at, invoiced_from from invoicing.due_use
  ) as due (usage_id, recorded_until, due_until_at, invoiced_from) using (usage_id)
) as usage left join (
  -- What lies after the end was recorded before the end was known: a line of a later month's record takes it back.
  select usage_id, sum(
    case when is_after and to_char(starts_at at time zone interval '7 hours', 'YYYY-MM') <> month then starts_at - until_at
    else until_at - starts_at end
  ) as recorded
  from (
    select line.*, line.starts_at >= usage_end.until_at as is_after
    from invoicing.use_line as line left join invoicing.usage_end using (usage_id)
  ) as line group by usage_id
) as line using (usage_id)
where expected <> coalesce(recorded, '0') or expected is null

-- name: no_minute_is_recorded_twice
-- truth 6: No minute of a use is in two lines but to be taken back.
-- of: invoicing.use_line
select usage_id || '@' || month as id, 'begins before ' || recorded_until as found
from (
  select usage_id, month, starts_at, max(until_at) over (
    partition by usage_id order by starts_at, until_at rows between unbounded preceding and 1 preceding
  ) as recorded_until
  from (
    select line.* from invoicing.use_line as line left join invoicing.usage_end using (usage_id)
    where (line.starts_at >= usage_end.until_at
      and to_char(line.starts_at at time zone interval '7 hours', 'YYYY-MM') <> month) is not true
  ) as line
) as line
where starts_at < recorded_until

-- name: payments_add_up_to_what_is_owed
-- truth 5: What is left to pay of an invoice is its amount less its payments, which are numbered without a gap.
-- of: invoicing.invoice where line is null
select invoice_id as id,
  'of ' || money_vnd || ' VND ' || coalesce(paid_vnd, 0) || ' paid in ' || coalesce(payments, 0) || ' payments up to '
  || coalesce(last, 0) || ', owed ' || coalesce(outstanding_vnd, 0) as found
from invoicing.invoice
full join (
  select invoice_id, sum(amount_vnd) as paid_vnd, count(*) as payments, max(number) as last
  from invoicing.payment group by invoice_id
) as payment using (invoice_id)
full join (select invoice_id, outstanding_vnd from invoicing.owed) as owed using (invoice_id)
where line is null
  and (money_vnd is distinct from coalesce(paid_vnd, 0) + coalesce(outstanding_vnd, 0)
    or coalesce(payments, 0) <> coalesce(last, 0))
