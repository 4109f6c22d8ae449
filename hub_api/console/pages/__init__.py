"""The console's pages, one file each; a file that is here is a page that is served."""
