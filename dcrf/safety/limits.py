"""All limits on untrusted input and on memory, and the table of them in `docs/limits.md`.

Imports nothing of dcrf, so any part can use it. `python -m dcrf.safety.limits` writes the table.
"""

from pathlib import Path
from typing import NamedTuple

# Method files: together they bound the memory of a parsed file, which keeps the path of each value
METHOD_FILE_BYTES = 2**20
METHOD_FILE_LEVELS = 100
METHOD_FILE_VALUES = 20_000
METHOD_FILE_BASES = 10
SPACE_COMBINATIONS = 100_000  # of a file of dcrf recombine
JSON_PATH_CHARACTERS = 1000
CALL_ARGUMENTS = 50
MAPPING_LAYERS = 5000  # built in a few seconds

# The command line
SEED_RANGE = 10_000

# Messages about method files
PROBLEMS_OF_A_KIND = 200
SUGGESTION_CHARACTERS = 60
SUGGESTION_CANDIDATES_CHARACTERS = 10_000
LISTED_NAMES_CHARACTERS = 1000
QUOTED_VALUE_CHARACTERS = 60
RESUMED_VALUE_CHARACTERS = 200
TERMINAL_LINE_CHARACTERS = 2000

# Names of output files
OUTPUT_FOLDER_NAME_BYTES = 255  # as file systems have it
OUTPUT_FILE_NAME_BYTES = 220  # leaves room for a seed, a number and the mark of a temporary file
NAME_BYTES = 64  # a file name may hold three names
OUTPUT_PATH_BYTES = 4000  # of the 4,096 that Linux allows

# Reports of runs
REPORT_CSV_BYTES = 2**28  # 70,000 samples with the probabilities of 100 clusters take 70 MB

# Data
NUMPY_HEADER_BYTES = 10_000  # as numpy has it, which reads longer headers before it refuses them
NPZ_MEMBERS_LISTED = 100
IMAGE_FOLDER_ENTRIES = 100_000  # listed in a second
IMAGE_HEADERS = 1000  # read in a tenth of a second
GZIP_JSON_BYTES = 2**26
FOLDER_ENTRIES = 5_000_000
PROVENANCE_FILE_BYTES = 2**16
TEXT_BYTES = 2 * 2**30  # the 804,414 stories of RCV1 take less
TEXT_OUTLINE_BYTES = 64 * 2**20  # read in a second
DOCUMENT_CHARACTERS = 2**24
INERT_PICKLE_BYTES = 256 * 2**20  # 20 newsgroups take 40 MB
TEXT_LINE_CHARACTERS = 2**24
GZIP_UNPACKED_BYTES = 4 * 2**30  # read in a minute
TABLE_COLUMNS = 2**18
COLUMN_CATEGORIES = 256
TABLE_CHECKED_BYTES = 2**24  # read in a second
SAMPLE_VALUES = 2**26
T_SNE_SAMPLES = 50_000  # hours on two cores
DENSITY_PEAKS_SAMPLES = 200_000  # 40 billion distances, four times
SAMPLES_IN_MEMORY_BYTES = 2 * 2**30
FINGERPRINT_BYTES = 2**28  # hashed in a quarter of a second
BLUR_PRODUCTS = 2**33  # 1024 x 1024 pixels with a kernel of 89 x 89
AUGMENTATION_STEPS = 64
AUGMENTATION_BINS = 1000

# Files of tensors, checkpoints and runs
PICKLE_BYTES = 4 * 2**20  # 40,000 tensors, each of about 100 bytes; scanned in 10 seconds
PICKLE_LEVELS = 100
SAFETENSORS_HEADER_BYTES = 16 * 2**20  # safetensors itself allows 100 MB
CHECKPOINTS_KEPT = 2
RESUMED_THREADS = 1024

# Computation
K_MEANS_VALUES = 2**26  # 6.7 million samples with 10 features
DRY_RUN_SCHEDULER_STEPS = 10_000  # a fraction of a second


class Limit(NamedTuple):
    """A row of the table.

    name: the constant in this module.
    subject: the input that it limits.
    value: with its unit.
    beyond: the consequence for input that exceeds it.
    """

    name: str
    subject: str
    value: str
    beyond: str


def _bytes(size: int) -> str:
    """Return a number of bytes with the largest unit that divides it."""
    for exponent, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size % 2**exponent == 0:
            return f"{size >> exponent} {unit}"
    return f"{size:,} bytes"


TABLE = (
    Limit("METHOD_FILE_BYTES", "method file", _bytes(METHOD_FILE_BYTES), "refused"),
    Limit("METHOD_FILE_LEVELS", "levels of nested values", f"{METHOD_FILE_LEVELS}", "refused"),
    Limit(
        "METHOD_FILE_VALUES",
        "values in a method file and the files that it extends",
        f"{METHOD_FILE_VALUES:,}",
        "refused",
    ),
    Limit(
        "METHOD_FILE_BASES",
        "files that a method file extends, one through the other",
        f"{METHOD_FILE_BASES}",
        "refused",
    ),
    Limit(
        "SPACE_COMBINATIONS",
        "combinations of a space of `dcrf recombine`",
        f"{SPACE_COMBINATIONS:,}",
        "refused",
    ),
    Limit(
        "JSON_PATH_CHARACTERS",
        "keys around a value of a method file, as a JSON path",
        f"{JSON_PATH_CHARACTERS:,} characters",
        "refused",
    ),
    Limit(
        "CALL_ARGUMENTS",
        "arguments of one layer, optimizer, transform or data set",
        f"{CALL_ARGUMENTS}",
        "the others are not checked one by one",
    ),
    Limit(
        "MAPPING_LAYERS",
        "layers of all mappings, copies included",
        f"{MAPPING_LAYERS:,}",
        "refused",
    ),
    Limit("SEED_RANGE", "seeds in one range of `--seed`", f"{SEED_RANGE:,}", "refused"),
    Limit(
        "PROBLEMS_OF_A_KIND",
        "problems of one kind in a report",
        f"{PROBLEMS_OF_A_KIND}",
        "the first ones are reported",
    ),
    Limit(
        "SUGGESTION_CHARACTERS",
        "misspelled name",
        f"{SUGGESTION_CHARACTERS} characters",
        "no suggestion",
    ),
    Limit(
        "SUGGESTION_CANDIDATES_CHARACTERS",
        "known names that a misspelled name is compared with, together",
        f"{SUGGESTION_CANDIDATES_CHARACTERS:,} characters",
        "no suggestion",
    ),
    Limit(
        "LISTED_NAMES_CHARACTERS",
        "list of names in a message",
        f"{LISTED_NAMES_CHARACTERS:,} characters",
        "the others are counted",
    ),
    Limit(
        "QUOTED_VALUE_CHARACTERS",
        "value quoted in a problem",
        f"{QUOTED_VALUE_CHARACTERS} characters",
        "cut",
    ),
    Limit(
        "RESUMED_VALUE_CHARACTERS",
        "value of an existing run quoted in a message",
        f"{RESUMED_VALUE_CHARACTERS} characters",
        "cut",
    ),
    Limit(
        "TERMINAL_LINE_CHARACTERS",
        "line on the terminal or in a log",
        f"{TERMINAL_LINE_CHARACTERS:,} characters",
        "cut",
    ),
    Limit("NAME_BYTES", "name used in a file name", _bytes(NAME_BYTES), "refused"),
    Limit(
        "OUTPUT_FILE_NAME_BYTES",
        "name of an output file, without seed and number",
        _bytes(OUTPUT_FILE_NAME_BYTES),
        "refused",
    ),
    Limit(
        "OUTPUT_FOLDER_NAME_BYTES",
        "name of an output folder",
        _bytes(OUTPUT_FOLDER_NAME_BYTES),
        "refused",
    ),
    Limit("OUTPUT_PATH_BYTES", "path of an output file", _bytes(OUTPUT_PATH_BYTES), "refused"),
    Limit(
        "NUMPY_HEADER_BYTES",
        "header of an `.npy` file or of a member of an `.npz` file",
        _bytes(NUMPY_HEADER_BYTES),
        "refused",
    ),
    Limit(
        "NPZ_MEMBERS_LISTED",
        "arrays of an `.npz` file that are looked through for labels",
        f"{NPZ_MEMBERS_LISTED}",
        "the others are not suggested",
    ),
    Limit(
        "PROVENANCE_FILE_BYTES",
        "file of the provenance of features",
        _bytes(PROVENANCE_FILE_BYTES),
        "ignored",
    ),
    Limit(
        "IMAGE_FOLDER_ENTRIES",
        "files and folders of an image folder that are counted before the run",
        f"{IMAGE_FOLDER_ENTRIES:,}",
        "the number of samples is unknown until the run",
    ),
    Limit(
        "IMAGE_HEADERS",
        "images of a folder whose sizes are compared before the run",
        f"{IMAGE_HEADERS:,}",
        "compared in each batch",
    ),
    Limit(
        "GZIP_JSON_BYTES",
        "packed JSON file that describes a data set, unpacked",
        _bytes(GZIP_JSON_BYTES),
        "refused",
    ),
    Limit(
        "FOLDER_ENTRIES",
        "files and folders of a folder of images or texts",
        f"{FOLDER_ENTRIES:,}",
        "refused",
    ),
    Limit("TEXT_BYTES", "all documents of a data set of texts", _bytes(TEXT_BYTES), "refused"),
    Limit(
        "TEXT_OUTLINE_BYTES",
        "texts that are read before the run to count documents and terms",
        _bytes(TEXT_OUTLINE_BYTES),
        "the number of samples or their shape is unknown until the run",
    ),
    Limit(
        "REPORT_CSV_BYTES", "CSV file of a run in a report", _bytes(REPORT_CSV_BYTES), "left out"
    ),
    Limit("DOCUMENT_CHARACTERS", "characters of a document", f"{DOCUMENT_CHARACTERS:,}", "refused"),
    Limit(
        "INERT_PICKLE_BYTES",
        "pickle that is read without its classes, unpacked",
        _bytes(INERT_PICKLE_BYTES),
        "refused",
    ),
    Limit(
        "TEXT_LINE_CHARACTERS",
        "line of a text file",
        f"{TEXT_LINE_CHARACTERS:,} characters",
        "refused",
    ),
    Limit(
        "GZIP_UNPACKED_BYTES",
        "text file packed by gzip, once unpacked",
        _bytes(GZIP_UNPACKED_BYTES),
        "refused",
    ),
    Limit("TABLE_COLUMNS", "columns of a table", f"{TABLE_COLUMNS:,}", "refused"),
    Limit(
        "COLUMN_CATEGORIES",
        "categories of a column of a table",
        f"{COLUMN_CATEGORIES}",
        "refused",
    ),
    Limit(
        "TABLE_CHECKED_BYTES",
        "file of a table whose values are checked before the run",
        _bytes(TABLE_CHECKED_BYTES),
        "only its rows are counted before the run",
    ),
    Limit(
        "SAMPLE_VALUES",
        "values of one sample, before and after each transform",
        f"{SAMPLE_VALUES:,} (8192 x 8192)",
        "refused",
    ),
    Limit(
        "T_SNE_SAMPLES",
        "samples that t-SNE embeds",
        f"{T_SNE_SAMPLES:,}",
        "refused",
    ),
    Limit(
        "DENSITY_PEAKS_SAMPLES",
        "samples that density peaks cluster",
        f"{DENSITY_PEAKS_SAMPLES:,}",
        "refused",
    ),
    Limit(
        "SAMPLES_IN_MEMORY_BYTES",
        "samples decoded, transformed or converted once and kept in memory",
        _bytes(SAMPLES_IN_MEMORY_BYTES),
        "decoded for each batch; an `.npy` file that needs conversion is refused",
    ),
    Limit(
        "FINGERPRINT_BYTES",
        "samples read for the fingerprint of a data set",
        _bytes(FINGERPRINT_BYTES),
        "a random sub-sample is read, and the names, sizes and times of the files",
    ),
    Limit(
        "BLUR_PRODUCTS",
        "multiplications of a blur, pixels times kernel size",
        f"{BLUR_PRODUCTS:,}",
        "refused",
    ),
    Limit(
        "AUGMENTATION_STEPS",
        "`num_ops`, `mixture_width` and `chain_depth` of an augmentation",
        f"{AUGMENTATION_STEPS}",
        "refused",
    ),
    Limit(
        "AUGMENTATION_BINS",
        "`num_magnitude_bins` of an augmentation",
        f"{AUGMENTATION_BINS:,}",
        "refused",
    ),
    Limit(
        "PICKLE_BYTES",
        "pickle in a file of tensors, without the numbers",
        _bytes(PICKLE_BYTES),
        "refused",
    ),
    Limit(
        "PICKLE_LEVELS",
        "levels of nested containers in a file of tensors",
        f"{PICKLE_LEVELS}",
        "refused",
    ),
    Limit(
        "SAFETENSORS_HEADER_BYTES",
        "header of a safetensors file",
        _bytes(SAFETENSORS_HEADER_BYTES),
        "refused",
    ),
    Limit("CHECKPOINTS_KEPT", "checkpoints of a run", f"{CHECKPOINTS_KEPT}", "the oldest goes"),
    Limit(
        "RESUMED_THREADS",
        "threads that a run to resume may ask for",
        f"{RESUMED_THREADS:,}",
        "refused",
    ),
    Limit(
        "K_MEANS_VALUES",
        "values that k-means clusters as a whole, samples times features",
        f"{K_MEANS_VALUES:,} (256 MiB)",
        "a random sub-sample, in mini-batches",
    ),
    Limit(
        "DRY_RUN_SCHEDULER_STEPS",
        "steps of a learning rate scheduler in the dry run",
        f"{DRY_RUN_SCHEDULER_STEPS:,}",
        "later steps are not tried",
    ),
)

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
_BEGIN, _END = "<!-- begin of the table -->", "<!-- end of the table -->"


def page() -> str:
    """Return `docs/limits.md` with the current table between its markers."""
    before, rest = PAGE.read_text(encoding="utf-8").split(_BEGIN)
    _, after = rest.split(_END)
    rows = (f"| {row.subject} | {row.value} | {row.beyond} | `{row.name}` |" for row in TABLE)
    head = "| limited | limit | beyond it | constant |\n|---|---|---|---|"
    table = "\n".join([head, *rows])
    return f"{before}{_BEGIN}\n{table}\n{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
