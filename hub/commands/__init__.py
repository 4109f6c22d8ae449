"""The commands of `udihub`, a module for each kind of use."""
