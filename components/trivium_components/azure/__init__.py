"""Claude on Azure AI Foundry: the components and how a stack connects them."""
