"""The scheduler's floor: one Airflow DAG for each flow of the site, one for quality, one for maintenance. See README.md."""
