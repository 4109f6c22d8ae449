"""Quality of what stands: datasets judged by contracts, every failing row by its key, a score for each partner, a report."""
