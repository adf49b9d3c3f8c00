"""The figures that people see, each computed in one place; report, mail and dashboard read them."""
