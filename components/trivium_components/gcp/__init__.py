"""Claude on Google Cloud's Vertex AI: identity, model access, audit store,
observability and network."""
