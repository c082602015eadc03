"""docs/files.md has every field that a file may have, as lib/model has it."""

import sys

sys.argv = sys.argv[:1]
from files_page import main  # noqa: E402

sys.exit(main())
