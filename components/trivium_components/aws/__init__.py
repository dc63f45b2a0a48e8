"""Claude on Amazon Bedrock: the components and how a stack connects them."""
