"""Records of model calls: that they are made, whole and unchanged."""
