"""Start, record, finish, verify and gate a session; return what is to be written, and write nothing."""
