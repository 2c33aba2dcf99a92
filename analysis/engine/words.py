"""What data sets, networks, methods and columns of the printed tables are called where people read them."""

from __future__ import annotations

import re

NAMES = {
    **{"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST", "n-mnist": "N-MNIST"},
    **{"cifar-10": "CIFAR-10", "cifar-100": "CIFAR-100", "cifar10-dvs": "CIFAR10-DVS"},
    **{"dvs-gesture": "DVS-Gesture", "tiny-imagenet": "Tiny-ImageNet", "imagenet": "ImageNet"},
    **{"2fc": "2FC", "3fc": "3FC", "2conv2fc": "2Conv2FC", "6conv2fc": "6Conv2FC"},
    **{"spikformer": "Spikformer", "resnet18": "ResNet-18"},
    **{"ch-snn": "CH-SNN", "dense": "dense", "grad-r": "Grad R", "deep-r": "Deep R"},
    **{"dpap": "DPAP", "sd-snn": "SD-SNN", "depgraph": "DepGraph", "vgg16": "VGG-16"},
    **{
        "dense-max-pooling": "dense, max pooling",
        "scenarios": "VGG-16 and ResNet-18",
        "all": "four scenarios",
    },
    **{"mlp": "MLP", "qcfs": "CS-QCFS", "snm": "SNM", "aec": "AEC", "sparse": "CHTs"},
    **{"chts": "CHTs", "calibrated": "QCFS"},
    **{"method1": "", "method2": "", "method3": "", "cs-qcfs": "CS-QCFS"},
    **{"dense-own": "dense, own rate", "dense-60": "dense, 60 epochs"},
    **{"vgg16/ours": "CHTss", "resnet18/ours": "CHTss"},
    **{"vit-b": "ViT-B", "ours": "CHTs", "set": "SET", "gmp": "GMP", "sparsegpt": "SparseGPT"},
    **{"ria": "RIA", "ria-rec": "RIA_rec", "wanda": "Wanda", "wanda-rec": "Wanda_rec", "ri": "RI"},
    **{"magnitude": "magnitude", "static": "static random links"},
    **{"match-dpap": "at DPAP's sparsity", "match-sd-snn": "at SD-SNN's sparsity", "dcgs": "CHTs, DCGS"},
    **{"ours-dcgs": "CHTs, DCGS", "ours-cs-qcfs": "CHTs, CS-QCFS", "ours-10000": "CHTs, their images"},
    **{"bit-flip": "bit flips", "false-spike": "false spikes", "spike-dropout": "dropped spikes"},
    **{"average": "average", "none": "neither", "sscti_only": "SSCTI alone", "sswi_only": "SSWI alone"},
    **{"both": "both", "both_as_printed": "both, eq. 2 as printed"},
    **{"both_calibrated": "both, SSWI calibrated", "falling": "falling to 0 (Table 7)"},
}
NETWORKS = (
    "2fc",
    "3fc",
    "2conv2fc",
    "6conv2fc",
    "spikformer",
    "resnet18",
    "vgg16",
    "vit-b",
    "scenarios",
    "mlp",
)
CHOICES = {  # how a column that holds a value of a choice begins
    **{"delta": "δ = {}", "lr": "learning rate {}", "bs": "batch of {}", "zeta": "ζ = {}"},
    **{"p": "P = {} %", "t": "T = {}", "sparsity": "{} % sparse"},
    **{"epochs": "{} epochs", "asked": "{} % asked for", "after": "link sparsity after {} epochs"},
    "width": "width of {}",
}
COLUMNS = {
    "sops": "synaptic operations",
    "sops_per_sample": "synaptic operations a sample",
    "dense_sops_per_sample": "synaptic operations a sample, dense",
    "macs_per_sample": "multiply-accumulates of the first layer a sample",
    "dense_macs_per_sample": "multiply-accumulates of the first layer a sample, dense",
    "energy_mj": "energy",
    "accuracy_improvement_percent": "accuracy gain over the method's own dense network",
    "accuracy_loss_percent": "accuracy loss against the method's own dense network",
    "dense_accuracy_percent": "accuracy of the method's own dense network",
    "dense_training_loss": "training loss, dense",
    "first_node_sparsity_percent": "node sparsity before training",
    "ann_accuracy_percent": "accuracy of the ANN",
    "fine_tuned_accuracy_percent": "accuracy of the ANN, pruned and fine-tuned",
    "before_fine_tuning_percent": "accuracy of the same ANN before fine-tuning",
    "dcgs_t8_snn_accuracy_percent": "accuracy of the SNN (DCGS, T = 8)",
    "dcgs_t8_energy_mj": "energy of the SNN (DCGS, T = 8)",
    "dcgs_t8_energy_reduction_percent": "energy saved by the SNN against dense",
    "snn_accuracy_percent": "accuracy of the SNN",
    "energy_uj": "energy",
    "t": "T",
    "lr": "learning rate",
    "bs": "batch size",
    "masfr": "MASFR",
    "reduction_percent": "energy saved against dense",
    "reduction_percent_stray": "stray number",
    "own_reduction_percent": "energy saved against dense with its own rate",
    "once_reduction_percent": "energy saved, exact, first current once",
    "own_once_reduction_percent": "energy saved against dense with its own rate, exact, first current once",
    "over_60": "scenarios that save over 60 %",
    "within_1_point": "scenarios that lose less than a point",
    "both_better": "scenarios better than DepGraph in both",
    "largest_gain_points": "largest gain over dense",
}
OF_SNN = {  # columns that stand once for a table, and for each conversion of another
    "snn_accuracy_percent": "accuracy of the SNN",
    "energy_uj": "energy",
    "energy_reduction_percent": "energy saved against dense",
    "energy_mj": "energy",
    "exact_energy_uj": "exact energy",
    "exact_reduction_percent": "energy saved, exact",
    "once_energy_uj": "exact energy, first current once",
    "once_reduction_percent": "energy saved, exact, first current once",
    "snn_over_own_ann": "SNN / own ANN",
    "once_over_own_ann": "SNN / own ANN, first current once",
    "estimate_over_exact": "estimate / exact",
    "masfr": "MASFR",
    "live_masfr": "MASFR of live neurons",
    "tuned_ann_accuracy_percent": "accuracy of its own ANN",
    "t0": "T_0",
    "end-5": "end of the window of 5",
    "start-10": "start of the window of 10",
    "end-10": "end of the window of 10",
}
CONVERSIONS = {
    "dcgs_t8": "DCGS, T = 8",
    "dcgs-c8_t8": "DCGS, c = 8, T = 8",
    "cs-qcfs_t16": "CS-QCFS, T = 16",
    "dcgs": "DCGS",
    "cs-qcfs": "CS-QCFS",
}
COLUMNS = {
    **{column: words for column, words in OF_SNN.items() if column not in ("t0",)},
    **{f"{name}_{c}": f"{words} ({of})" for name, of in CONVERSIONS.items() for c, words in OF_SNN.items()},
    **COLUMNS,
}


def row_name(row: str) -> str:
    """Return a row's name for people.

    >>> row_name("mnist/2fc/ch-snn"), row_name("mnist/bit-flip/dense"), row_name("n-mnist")
    ('MNIST 2FC, CH-SNN', 'MNIST, bit flips, dense', 'N-MNIST')
    """
    name, before = "", ""
    for part in row.split("/"):
        joint = "" if not name else " " if part in NETWORKS else ", "
        known = next((one for one in (f"{before}/{part}", part) if one in NAMES), "")
        name, before = name + joint + (NAMES[known] if known else column_name(part)), part
    return name


def column_name(column: str) -> str:
    """Return a column's name for people, without its unit.

    >>> column_name("delta_0.5"), column_name("rpdr_bit-flip"), column_name("link_sparsity_percent")
    ('δ = 0.5', 'RPDR, bit flips', 'link sparsity')
    >>> column_name("depth_3")
    'depth = 3'
    """
    if column in COLUMNS:
        return COLUMNS[column]
    if column.startswith("rpdr_"):
        return f"RPDR, {NAMES[column.removeprefix('rpdr_')]}"
    chosen = re.fullmatch(r"([a-z]+)_([\d.]+)", column)
    if chosen:
        return CHOICES.get(chosen[1], f"{chosen[1]} = {{}}").format(chosen[2])
    return column.removesuffix("_percent").replace("_", " ")


def choice(column: str) -> float:
    """Return the value of a column that holds one of a choice; NaN for another column.

    >>> choice("lr_0.01"), choice("energy_mj")
    (0.01, nan)
    """
    chosen = re.fullmatch(r"[a-z]+_([\d.]+)", column)
    return float(chosen[1]) if chosen else float("nan")
