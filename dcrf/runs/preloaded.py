"""What the server of processes reads once, so that none of those forked from it reads it again.

Nothing is computed here: the threads of a computation do not survive a fork.
"""

from contextlib import suppress

from dcrf.config import load_checked
from dcrf.errors import DcrfError
from dcrf.schema.package_data import SHIPPED

with suppress(DcrfError):  # a user may have changed the file
    load_checked(SHIPPED / "quickstart" / "quickstart.json", check_inputs=False)  # reads schemas
