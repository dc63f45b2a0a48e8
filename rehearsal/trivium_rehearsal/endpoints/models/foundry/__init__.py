"""Azure AI Foundry: one resource with Claude deployments."""
