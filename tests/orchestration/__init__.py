"""The portfolio under Apache Airflow: its plan and its processes alone, and the real thing."""
