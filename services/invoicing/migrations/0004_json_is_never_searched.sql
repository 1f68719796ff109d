-- Rows are found by what is beside it: statistics of it, for which thousands of values are sorted, would serve nothing.
alter table invoicing.invoice
  alter column line set statistics 0,
  alter column totals set statistics 0;
alter table invoicing.usage alter column parts set statistics 0;
alter table invoicing.month_record alter column totals set statistics 0;
