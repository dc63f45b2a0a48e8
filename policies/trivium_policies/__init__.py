"""Trivium's policy pack: one rule a file, found by discovery, judged on plain property
bags.

A security reviewer reads `shared/`, `aws/`, `gcp/` and `azure/`; `rule.py` says what a
rule and a verdict are; `pack.py` hands the rules to Pulumi at the levels of a profile.
Only `pack.py` needs Pulumi.
"""
