"""Strict stand-ins of the model APIs, one folder per protocol and one per cloud.

`messages` and `converse` are protocols: they judge a request body, translate it into a
prompt and write the reply. `bedrock`, `vertex` and `foundry` are endpoints: they route,
authenticate and word refusals. A protocol never imports an endpoint.
"""
