"""``python -m protocol_assets`` is ``protocol-assets``."""

from protocol_assets.cli import main

main()
