-- Rows are found by what is beside it: statistics of it, for which thousands of values are sorted, would serve nothing.
alter table checkout."order"
  alter column holds set statistics 0,
  alter column failures set statistics 0;
alter table checkout.line
  alter column line set statistics 0,
  alter column metered set statistics 0;
alter table checkout.item
  alter column terms set statistics 0,
  alter column metered set statistics 0;
alter table checkout.price alter column versions set statistics 0;
