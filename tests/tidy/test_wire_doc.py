"""docs/wire.md lists every field of every message as lib/model has it."""

import sys

sys.argv = sys.argv[:1]
from wire_tables import main  # noqa: E402

sys.exit(main())
