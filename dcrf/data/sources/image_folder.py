"""The source `image_folder`: images in a folder, with a sub-folder for each class or without."""

from dataclasses import KW_ONLY, dataclass

from torchvision.datasets.folder import IMG_EXTENSIONS

from dcrf.data.sources.arrays import naming
from dcrf.data.sources.class_folders import ClassFolders, list_class_folders
from dcrf.data.sources.encoded_images import EncodedImages
from dcrf.data.sources.outline import Outline
from dcrf.data.sources.raw_data import RawData
from dcrf.errors import DataError, OptionError
from dcrf.safety.limits import IMAGE_FOLDER_ENTRIES


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """Images in a folder, sorted by class and path, decoded on access as RGB.

    dataset: the name for errors.
    path: the folder.
    classes: whether its sub-folders are classes; None finds out, as `list_class_folders` does.
    """

    dataset: str
    _: KW_ONLY
    path: str
    classes: bool | None = None

    def open(self) -> RawData:
        """List the images.

        Raises:
            DataError: the folder is missing, holds no image, or holds too many files.
        """
        with naming(f"data set {self.dataset}"):
            listing = self._list()
        paths = listing.paths
        images = EncodedImages(paths, paths)
        return RawData(images, listing.labels, listing.notes, paths, listing.ids)

    def outline(self) -> Outline:
        """Return number and sizes of the images, from the headers of `IMAGE_HEADERS` files.

        Raises:
            OptionError: the folder is missing or holds no image, or an image is broken.
        """
        listing = self._list(IMAGE_FOLDER_ENTRIES)
        try:
            examples, origins = EncodedImages(listing.paths, listing.paths).examples()
        except DataError as error:
            raise OptionError("path", str(error)) from error
        return Outline(
            len(listing.paths) if listing.is_complete else None,
            examples,
            listing.labels is not None if listing.is_complete else None,
            listing.notes,
            origins,
        )

    def _list(self, limit: int | None = None) -> ClassFolders:
        return list_class_folders(self.path, "image", IMG_EXTENSIONS, self.classes, limit)
