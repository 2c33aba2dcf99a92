"""The data behind S0's rows: what they are called, where they come from, and whether they are at hand."""

from __future__ import annotations

from analysis.s0_names import NAMES

DATA = {  # name in `netsci.data` -> what a run says that it reads
    "digits": "scikit-learn digits",
    "mnist": "MNIST, official files",
    "fashion-mnist": "Fashion-MNIST, official files",
    "cifar10": "CIFAR-10, official binary files",
    "cifar10-features": "pooled features of a trained 6Conv2FC on CIFAR-10",
    "cifar10-jpeg": "CIFAR-10 as JPEG, a lossy copy",
    "cifar100": "CIFAR-100, official binary files",
    "n-mnist": "N-MNIST, official recordings",
    "n-mnist-simulated": "simulated N-MNIST from MNIST, tested on real recordings",
    "cifar10-dvs": "CIFAR10-DVS, official recordings",
    "dvs-gesture": "DVS-Gesture, official recordings",
    "tiny-imagenet": "Tiny ImageNet, 200 classes",
    "imagenet": "ImageNet (ILSVRC 2012)",
}
OFFICIAL = {name: name for name in NAMES if name in DATA} | {"cifar-10": "cifar10", "cifar-100": "cifar100"}
FEATURES = "cifar10-features"  # 512 of them, the inputs of S-TP: S0 does not say what they are
NO_FEATURES = (
    "S-TP on CIFAR-10 reads features of a trained 6Conv2FC, which needs a GPU; `netsci features` makes them"
)
NOT_AT_HAND = {  # at desk scale, whatever lies in the data folder
    "cifar-100": "CIFAR-100 is not among the data at hand",
    "cifar10-dvs": "CIFAR10-DVS is not among the data at hand",
    "dvs-gesture": "DVS-Gesture is not among the data at hand",
    "tiny-imagenet": "only 10 of the 200 classes of Tiny ImageNet are at hand, and the run needs a GPU",
    "imagenet": "ImageNet is not among the data at hand, and the run needs a GPU",
}


def absent(dataset: str, scale: str) -> str:
    """Return why a dataset's rows cannot be run at the desk or the paper scale; "" if they can.

    Examples
    --------
    >>> absent("mnist", "desk"), absent("cifar-100", "desk")
    ('', 'CIFAR-100 is not among the data at hand')
    """
    if scale == "desk":
        return NOT_AT_HAND.get(dataset, "")
    name = OFFICIAL[dataset]
    if at_hand(name):
        return ""
    return (
        f"{NAMES[dataset]} is not among the data at hand: netsci.data.load({name!r}) says what to put where"
    )


def without_features(scale: str) -> str:
    """Return why S-TP's rows of CIFAR-10 cannot be run at the desk or the paper scale; "" if they can."""
    return "" if scale == "paper" and at_hand(FEATURES) else NO_FEATURES


def at_hand(name: str) -> bool:
    """Return whether the files of a data set are there; of N-MNIST, all recordings and not a part of them."""
    from netsci.data import available
    from netsci.data.registry import places

    if name == "n-mnist":
        whole = [[folder / "n-mnist" / f"Train{end}" for end in ("", ".zip")] for folder in places()]
        return name in available() and any(path.exists() for paths in whole for path in paths)
    return name in available()
