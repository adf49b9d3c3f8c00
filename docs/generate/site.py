"""Build the site: the documents with dbt's own beside them: ``python -m docs.generate.site``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["build_site"]

ROOT: Final = Path(__file__).parents[2]
SITE: Final = ROOT / "site"

# dbt's page needs only its own scripts and styles, which are inside the page.
_POLICY: Final = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; "
    'font-src data:">'
)


def build_site(site: Path = SITE) -> None:
    """Build the complete site into an empty folder.

    Raises:
        subprocess.CalledProcessError: dbt or mkdocs reported an error.
    """
    mkdocs = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    quiet = {"NO_MKDOCS_2_WARNING": "true"}
    subprocess.run([*mkdocs, "--site-dir", site], cwd=ROOT, check=True, env=os.environ | quiet)  # noqa: S603
    (site / "404.html").unlink()  # for servers
    (site / "dbt").mkdir()
    (site / "dbt" / "index.html").write_text(_dbt_docs(), encoding="utf-8")


def _dbt_docs() -> str:
    """Build dbt's docs as one page from the project, without a warehouse."""
    project = str(ROOT / "dbt_project")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "safe").mkdir()
        dbt = [str(Path(sys.executable).with_name("dbt")), "--quiet", "docs", "generate"]
        options = ["--static", "--empty-catalog", "--project-dir", project]
        options += ["--profiles-dir", project]
        places = ["--target-path", f"{folder}/target", "--log-path", f"{folder}/logs"]
        home = {"PROTOCOL_ASSETS_HOME": folder}
        subprocess.run([*dbt, *options, *places], check=True, env=os.environ | home)  # noqa: S603
        page = (Path(folder) / "target" / "static_index.html").read_text(encoding="utf-8")
    page = page.replace("<head>", f"<head>{_POLICY}", 1).replace(folder, "home")
    # A template that dbt's page was never filled with, and that browsers would ask for.
    return re.sub(r'<link rel="(shortcut )?icon"[^>]*>', "", page)


if __name__ == "__main__":
    build_site()
