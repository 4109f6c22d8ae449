"""The ground floor: canonical words, identifiers, rules, code lists and contracts. Imports no other floor."""
