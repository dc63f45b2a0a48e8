"""Bedrock's Converse protocol, the serving side.

`schema` and `rules` judge a body, `translation` turns it into a Messages body, `reply`
writes the answer as JSON or event-stream messages.
"""
