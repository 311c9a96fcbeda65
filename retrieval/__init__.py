"""Finding it: text, embeddings, indexes, fusion."""
