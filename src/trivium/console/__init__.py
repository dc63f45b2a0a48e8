"""The web page of reviewers and auditors."""
