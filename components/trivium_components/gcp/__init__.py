"""Claude on Google Cloud's Vertex AI: the components and how a stack connects them."""
