"""docs/rules.md has the presets as lib/model/presets.c has them."""

import sys

sys.argv = sys.argv[:1]
from presets_page import main  # noqa: E402

sys.exit(main())
