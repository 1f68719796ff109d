-- Use that was there before months were recorded is due from its beginning: the next record has all of it.

do $$
declare
  one record;
  crc bigint;
begin
  for one in (
    select distinct account_id from invoicing.usage as usage
    where not exists (select from invoicing.due_use where due_use.account_id = usage.account_id)
      and not exists (select from invoicing.use_line as line where line.account_id = usage.account_id)
  ) loop
    -- CRC-32, as workers reckon the share of an account.
    crc := 4294967295;
    for byte in 0 .. octet_length(convert_to(one.account_id, 'UTF8')) - 1 loop
      crc := crc # get_byte(convert_to(one.account_id, 'UTF8'), byte);
      for bit in 1 .. 8 loop
        crc := case crc & 1 when 1 then (crc >> 1) # 3988292384 else crc >> 1 end;
      end loop;
    end loop;
    insert into invoicing.due_use
    select usage_id, usage.account_id, resource_id, (crc # 4294967295) % 12, starts_at, until_at, null
    from invoicing.usage left join invoicing.usage_end using (usage_id)
    where usage.account_id = one.account_id;
  end loop;
end $$;
