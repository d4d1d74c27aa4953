"""Start, record, finish, verify and gate a session; return what to write into the checkout, and write nothing."""
