"""Start, record, finish, verify and gate a session; return what is to be written into the checkout, and write nothing there."""
