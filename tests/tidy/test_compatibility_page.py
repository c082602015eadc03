"""docs/compatibility.md says of every action and parameter what the tables say."""

import sys

sys.argv = sys.argv[:1]
from compatibility_page import main  # noqa: E402

sys.exit(main())
