"""Our retrieval beside the field's, on corpora that nobody here prepared."""
