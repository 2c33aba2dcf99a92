"""Data sets as numpy arrays: digits is built in, the others are read from files; never torch.

    data = load("mnist")              names() lists all sets, available() those whose files are there

Files lie in one data folder, which `folder=` or the environment variable NETSCI_DATA names; what is not there
is looked for in the user's cache (NETSCI_CACHE moves it), where `download=True` puts what it fetches. Of
alternatives, parted by "|", one is enough; a `.gz`, `.zip` or `.tar.gz` is read as it is.

    mnist               mnist/ | MNIST/raw/    {train,t10k}-{images-idx3,labels-idx1}-ubyte[.gz]
    fashion-mnist       fashion-mnist/ | FashionMNIST/raw/    the same four files
    cifar10             [cifar10/]cifar-10-binary.tar.gz | [cifar10/]cifar-10-batches-bin/
    cifar100            [cifar100/]cifar-100-binary.tar.gz | [cifar100/]cifar-100-binary/
    cifar10-jpeg        cifar10/cifar10-images.zip | cifar10/cifar10-images/    {train,test}/<class>/*.jpg
    tiny-imagenet       tiny-imagenet/tiny-imagenet-200.zip | [tiny-imagenet/]tiny-imagenet-200/
    tiny-imagenet-10    tiny-imagenet/tiny-imagenet-10.zip | tiny-imagenet/tiny-imagenet-10/
    imagenet            imagenet/{train,val}/<wnid>/*.JPEG
    image-folder        train/<class>/*.jpg and {test,val}/<class>/*.jpg, the data folder itself
    n-mnist             n-mnist/{Train,Test}/<digit>/NNNNN.bin | n-mnist/{Train,Test}.zip
                        | n-mnist/n-mnist-small.zip
    n-mnist-simulated   made from mnist; tested on n-mnist unless test="simulated"
    cifar10-features    cifar10/features.npz, which `netsci features` makes of a trained run
    dvs-gesture         dvs-gesture/ | DvsGesture/    trials_to_{train,test}.txt, *.aedat and *_labels.csv
                        | ibmGesture{Train,Test}/<recording>/<class>.npy
    cifar10-dvs         cifar10-dvs/<class>/*.aedat | cifar10-dvs/<class>.zip

A missing or damaged file raises DataError, which says what to put where.
"""

# Importing a reader registers its data sets.
from netsci.data import cifar, cifar10_dvs, digits, dvs, features, idx, image_sets, nmnist, simulated
from netsci.data.dataset import DataSet, Stored, channel_statistics
from netsci.data.download import Remote
from netsci.data.errors import DataError
from netsci.data.registry import available, load, names, register

__all__ = [
    "DataError",
    "DataSet",
    "Remote",
    "Stored",
    "available",
    "channel_statistics",
    "cifar",
    "cifar10_dvs",
    "digits",
    "dvs",
    "features",
    "idx",
    "image_sets",
    "load",
    "names",
    "nmnist",
    "register",
    "simulated",
]
