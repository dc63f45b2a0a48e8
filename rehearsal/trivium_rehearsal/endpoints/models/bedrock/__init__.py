"""Amazon Bedrock: the runtime of one region."""
