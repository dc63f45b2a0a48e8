"""Claude on Azure AI Foundry: identity, model access, audit store, observability and
network."""
