"""``python -m saltus`` is the ``saltus`` command."""

import sys

from saltus.cli import main

sys.exit(main())
