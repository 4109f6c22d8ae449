"""What device registers (GUDID, EUDAMED, NMPA) publish of our devices against what we say, and what goes out to them.

Reading order: `record` (one device in a form that can be compared) → `ours` (which records of an extract are ours) → `compare` (an extract,
record by record, into the queue of differences) → `settle` (what a person decides) → `demands` and `export` (what goes to a register).
"""
