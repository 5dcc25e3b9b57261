"""The arrays of the smallest data set in memory."""

import numpy as np

DATA = {"my_data": (np.ones((6, 3), np.float32), np.arange(6) % 2)}
