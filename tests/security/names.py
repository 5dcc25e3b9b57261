"""Hostile names for method files."""

import json
from pathlib import Path

from dcrf.schema.registry import SCHEMA

PATHS_INTO_PYTHON = """
os.system subprocess.Popen subprocess.run builtins.eval builtins.exec builtins.__import__ sys.exit
functional.importlib.import_module importlib.import_module nn.functional.importlib.import_module
torch.nn.Linear nn.Linear torch.nn.modules.Linear modules.linear.Linear Linear.__init__
Linear.forward torch.load torch.save torch.hub.load hub.load torch.jit.load
torch.utils.cpp_extension.load torch.classes.load_library torch.ops.load_library torch.compile
torch.serialization.load optim.Adam optim.optimizer.warnings.sys lr_scheduler.types.FunctionType
init.math.sqrt init.torch init.xavier_uniform_ functional.relu functional.torch
functional.warnings functional.np datasets.MNIST datasets.utils.download_url
datasets.folder.os.remove datasets.mnist.shutil.rmtree datasets.vision.os.system transforms.Lambda
transforms.transforms.Compose transforms.functional.F_pil transforms.v2.Lambda
torchvision.io.read_file torchvision.ops.nms numpy.load np.load np.lib.format pickle.loads
pickle.Unpickler marshal.loads shelve.open yaml.load yaml.unsafe_load joblib.load os.environ
os.popen os.execv os.remove shutil.rmtree pathlib.Path.unlink socket.socket urllib.request.urlopen
http.client.HTTPConnection ctypes.CDLL code.interact pdb.set_trace pty.spawn
dcrf.schema.allowed_names.LAYERS dcrf.schema.registry.import_module
dcrf.storage.atomic_files.write_atomically dcrf.schema.generate.write_files
base.DesignPattern dcrf.design_patterns.base ..base .reconstruction dcrf.assignment.centroids
"""
DUNDERS = """
__builtins__ __import__ __class__ __base__ __bases__ __mro__ __subclasses__ __init__ __new__
__call__ __globals__ __dict__ __getattribute__ __getattr__ __reduce__ __reduce_ex__ __setstate__
__del__ __module__ __name__ __file__ __path__ __loader__ __spec__ __doc__ __code__ __closure__
__func__ __self__ __wrapped__ __class__.__mro__ __init__.__globals__
__class__.__base__.__subclasses__ _ __ ___ _Loss _ConvNd _DropoutNd _no_grad_uniform_
_in_projection _VF _reduction _LRScheduler _functional _multi_tensor _setup_size
"""
CODE = """
eval exec compile open input breakpoint exit globals locals getattr setattr delattr vars type
object lambda import_module system popen Popen load loads read_file download_url check_call None
True False null self cls super NotImplemented Ellipsis
"""
REAL_BUT_NOT_IN_A_TABLE = """
Module Container DataParallel ModuleList ModuleDict ParameterList ParameterDict Parameter Buffer
UninitializedParameter MultiheadAttention Transformer TransformerDecoder TransformerDecoderLayer
LSTM GRU RNN RNNBase RNNCellBase CrossEntropyLoss MSELoss KLDivLoss AdaptiveLogSoftmaxWithLoss
TripletMarginWithDistanceLoss Bilinear CosineSimilarity MaxUnpool2d functional init modules
parallel parameter utils attention factory_kwargs calculate_gain conv1d conv2d linear embedding
mse_loss cross_entropy relu_ dropout_ threshold_ max_pool2d_with_indices
multi_head_attention_forward scaled_dot_product_attention boolean_dispatch has_torch_function
handle_torch_function adaptive_max_pool2d_with_indices grid_sample affine_grid one_hot pdist
triplet_margin_with_distance_loss assert_int_or_pair Optimizer LBFGS lr_scheduler swa_utils
LambdaLR MultiplicativeLR ReduceLROnPlateau ChainedScheduler SequentialLR LRScheduler partial
Lambda FiveCrop TenCrop LinearTransformation ConvertImageDtype AutoAugmentPolicy InterpolationMode
transforms autoaugment functional_pil functional_tensor DatasetFolder VisionDataset CelebA
VOCDetection CocoDetection CocoCaptions Kinetics UCF101 HMDB51 MovingMNIST WIDERFace Cityscapes
wrap_dataset_for_transforms_v2 mnist cifar folder fetch_openml fetch_olivetti_faces load_files
load_svmlight_file fetch_lfw_people make_blobs get_data_home clear_data_home load_sample_images
ndarray Tensor Generator device dtype Size Sampler DataLoader load_dataset csv pickle pth numpy
url http hdf5 parquet kaggle huggingface base protocol pattern strategy
"""
LOOK_ALIKES = (
    *("Lin\u0435ar", "L\u0456near", "R\u0435LU"),
    *("\u0421onv2d", "\u0410dam", "SGD\u200b", "\u0405GD"),
    *("\uff2c\uff49\uff4e\uff45\uff41\uff52"),
    *("\uff32\uff45\uff2c\uff35", "\uff21\uff44\uff41\uff4d"),
    *("\uff4f\uff53\uff0e\uff53\uff59\uff53\uff54\uff45\uff4d", "\U0001d40b\U0001d422near"),
    *("\u212aMNIST", "\u017f\u0067d"),
    *("MN\u0406ST", "M\u039d\u0399ST", "\uff2d\uff2e\uff29\uff33\uff34"),
    *("Linear\u0301", "Line\u0301ar", "Li\u00adnear"),
    *("\u202eraeniL", "\ufeffLinear", "Linear\u2060"),
    *("st\u0435p", "w\u0435ight", "bi\u0430s"),
    *("\uff52\uff45\uff4c\uff55", "r\u0435lu", "so\ufb05max"),
    *("encod\u0435r", "d\u0435coder", "\uff45ncoder"),
    *("encoder\u200d", "tor\u0441hvision", "k\u005fm\u0435ans"),
    *("r\u0435construction", "clas\u0455ifier", "student\u200a_t", "\uff46\uff50\uff13\uff12"),
)  # fmt: skip
BROKEN_TEXT = (
    *("", " ", "\t", "\n", "\0", "\x1b[2J", "\x7f", "\u0085", "\u2028", "\ufeff", "\U0010ffff"),
    *("Linear\0", "\0Linear", "Lin\0ear", "Linear\n"),
    *("\nLinear", "Linear\r", " Linear", "Linear "),
    *("Lin ear", "Linear\t", "Linear;", "Linear()", "Linear(1, 1)", "Linear,ReLU", "[Linear]"),
    *("relu\0.system", "Adam\nimport os", "encoder\0"),
    *(" encoder", "encoder ", "encoder\n", "ENCODER"),
    *("linear", "LINEAR", "relU", "adam", "sgd"),
    *("Mnist", "STEPLR", "normal__", "weight ", "Weight"),
    *("{0.__class__}", "{}", "%s", "%(x)s", "${x}"),
    *("$(id)", "`id`", "; id", "| id", "&& id", "#"),
    *("__import__('os').system('id')", "lambda x: x"),
    *("(lambda: 0)()", "open('/etc/passwd').read()"),
    *("../../etc/passwd", "/etc/passwd", "..", "."),
    *("./Linear", "..\\..\\x", "C:\\x", "~", "~root/x"),
    *("file:///etc/passwd", "http://localhost/x", "\\\\host\\share"),
    *("//host/x", "x/../../y", "-rf"),
    *("a" * 300, "Linear" * 1000, "." * 5000),
    *("_" * 5000, "\u0416" * 1000, "os." * 3000 + "system"),
)  # fmt: skip

HOSTILE = tuple(
    dict.fromkeys(
        [
            *" ".join([PATHS_INTO_PYTHON, DUNDERS, CODE, REAL_BUT_NOT_IN_A_TABLE]).split(),
            *LOOK_ALIKES,
            *BROKEN_TEXT,
        ]
    )
)
"""Every name once. Some are valid in one place, and must be refused in all others."""


def table(place: str) -> set[str]:
    """Return the names that a file may give in a place, as `layers`."""
    names = set(json.loads((Path(SCHEMA) / "names" / f"{place}.json").read_text())["names"])
    return names | {name.rstrip("_") for name in names if place == "initializers"}
