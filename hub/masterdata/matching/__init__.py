"""Which master records seem to be one: candidates by blocks, evidence by field, weights learnt from the records themselves."""
