"""docs/metrics.md has each metric as the tables of the programs have it."""

import sys

sys.argv = sys.argv[:1]
from metrics_page import main  # noqa: E402

sys.exit(main())
