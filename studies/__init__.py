"""What the lectures claim and what was measured: one module per study, judged by one harness."""
