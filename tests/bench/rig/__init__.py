"""The measuring side: shapes, worker processes, one file per table, the report."""
