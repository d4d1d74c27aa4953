"""Do what can be done to a session: start, record, finish, verify, gate. Each returns what is to be written; none writes."""
