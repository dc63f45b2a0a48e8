"""Google Vertex AI: the prediction service of one project."""
