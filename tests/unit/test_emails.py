"""What is taken as an address reaches exactly that address, in the message and on the way to the server."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

from hypothesis import given
from hypothesis import strategies as st

from shared.emails import is_email

# What may stand in a name, and the "?" that makes headers read it as something else.
_NAMES = st.text(st.sampled_from("aZ09._%+'/=?^`{|}~!#$&*-"), min_size=1, max_size=64)


@given(_NAMES.map(lambda name: f"{name}@x-1.vn"))
def test_an_address_that_is_taken_is_read_as_itself(address: str) -> None:
    assert is_email(address) is ("?" not in address)
    if not is_email(address):
        return
    message = EmailMessage(policy=SMTP)
    message["To"] = address
    assert message.as_bytes() == f"To: {address}\r\n\r\n".encode("ascii")
    assert [each.addr_spec for each in message["To"].addresses] == [address]
    assert parseaddr(address) == ("", address)
