"""Says at the end how many faults were injected."""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, [])]
    points = [
        value
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == "injection_points"
    ]
    if points:
        terminalreporter.write_line(f"{sum(points)} injection points in {len(points)} histories")
