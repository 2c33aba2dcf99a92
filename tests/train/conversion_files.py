"""Small networks of ReLUs, and stage 1 of CS-QCFS from them, for tests of training for conversion."""

from netsci.train import PRESETS, train, tune_for_conversion
from netsci.train.folder import NETWORK

SMALL = {"limit": 300, "test_limit": 100, "epochs": 3, "batch": 50}
MLP = PRESETS["digits-mlp"].replace(
    options=(("hidden", (24, 16)), ("norm", "batch")), sparsity=0.5, method="static", **SMALL
)
CONV = PRESETS["cifar10-resnet18"].replace(
    data="digits", augment="none", mixed=False, options=(("width", 4), ("blocks", (1, 1))), method="static",
    sparsity={"conv": 0.5}, lr_schedule="cosine", milestones=(), **SMALL
)  # fmt: skip
FOUR = (("levels", 4),)


def make_files(tmp_path_factory):
    """Return network files of ReLUs and of stage 1 from them, by name."""
    made = {}
    for name, recipe in {"mlp": MLP, "conv": CONV}.items():
        folder = tmp_path_factory.mktemp(name)
        train(recipe, folder=folder)
        made[name] = folder / NETWORK
        folder = tmp_path_factory.mktemp(f"{name}-1")
        stage = tune_for_conversion(made[name], "cs-qcfs-1", activation_options=FOUR, epochs=3)
        train(stage, folder=folder, network=made[name])
        made[f"{name}-1"] = folder / NETWORK
    return made
