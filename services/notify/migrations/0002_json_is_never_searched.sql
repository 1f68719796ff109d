-- Rows are found by what is beside it: statistics of it, for which thousands of values are sorted, would serve nothing.
alter table notify.account
  alter column recipients set statistics 0,
  alter column waiting set statistics 0;
alter table notify."order" alter column ended set statistics 0;
alter table notify.part alter column item set statistics 0;
alter table notify.mail alter column facts set statistics 0;
