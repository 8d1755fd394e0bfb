"""What the DAG is made of: pure modules, and the operators, the only ones that know Airflow."""
