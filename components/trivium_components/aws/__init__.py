"""Claude on Amazon Bedrock: identity, model access, audit store, observability and
network."""
