"""Write everything that is generated: ``python -m docs.generate``."""

from __future__ import annotations

from docs.generate import data_dictionary, limit_copies, policy_copies, ps315, vendors

MODULES = (data_dictionary, policy_copies, limit_copies, ps315, vendors)

if __name__ == "__main__":
    for module in MODULES:
        for path, content in module.outputs().items():
            if path.read_text(encoding="utf-8") != content:
                path.write_text(content, encoding="utf-8")
                print(f"wrote {path.name}")
