"""Who may call models, and what else."""
