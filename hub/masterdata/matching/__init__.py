"""Which master records seem to be one party or one item: candidates by blocks, evidence by field, weights learnt from the records themselves."""
