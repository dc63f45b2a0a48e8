"""HTTP serving that knows no API: the server, faults, the ledger, and its control API.

Every endpoint of the rehearsal (model APIs today, SIEM receivers next) is a handler on
these parts. Nothing here imports an endpoint.
"""
