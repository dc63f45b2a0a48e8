"""The Messages protocol, the serving side.

`shapes` and `rules` judge a body, `prompt` reads it, `reply` writes the answer as JSON
or server-sent events.
"""
