"""What S0 claims of its tables, in our words and with its place; rows and columns are those of the tables."""

from __future__ import annotations

from analysis.engine.claims import Bound, Claim, Order, Sign, Trend
from analysis.engine.sheet import Key
from analysis.engine.words import NAMES, row_name

FC, DENSE_FC = "mnist/3fc/ch-snn", "mnist/3fc/dense"
STP_DATA = ("mnist", "n-mnist", "dvs-gesture", "cifar-10")
RATES = (0.0001, 0.0005, 0.001, 0.005, 0.01)
ZETAS = (0.1, 0.2, 0.3, 0.4, 0.5)
NEGLIGIBLE = 1.0  # points of accuracy: how "negligible", "minimal" and "no significant" are read
FAILS = 20.0  # percent: below twice the chance of ten classes a network has not learnt
ENOUGH = 0.15  # points that more than 8 time steps may add if T = 8 is to be the optimum
ACCURACY, OF_DENSE = "accuracy_percent", "dense_accuracy_percent"


def _more_accurate(network: str, place: str, main: bool = False) -> Claim:
    """CH-SNN against the dense network of the same row."""
    row = f"{network}/ch-snn"
    words = f"On {row_name(network)}, CH-SNN is more accurate than its dense network"
    return Order(words=words, place=place, main=main, pairs=(((row, ACCURACY), (row, OF_DENSE)),))


def _over(row: str, choice: str, values: tuple[float, ...] | tuple[int, ...]) -> tuple[Key, ...]:
    return tuple((row, f"{choice}_{value:g}") for value in values)


def _flat(dataset: str, of: str, choice: str, values: tuple[float, ...], place: str, main: bool) -> Claim:
    words = f"On {NAMES[dataset]}, accuracy hardly depends on {of} (by less than {NEGLIGIBLE:g} point)"
    cells = _over(dataset, choice, values)
    return Bound(words=words, place=place, main=main, cells=cells, below=NEGLIGIBLE, spread=True)


GAINING = ("mnist/2fc", "mnist/2conv2fc", "n-mnist/2conv2fc")
TABLE1 = (
    *(_more_accurate(network, "4.1, Table 1", network == "mnist/2fc") for network in GAINING),
    *(
        _more_accurate(network, "4.1, Table 1")
        for network in ("cifar-100/spikformer", "dvs-gesture/2conv2fc", "cifar10-dvs/6conv2fc")
    ),
    Bound(
        words="On MNIST 2FC, CH-SNN lacks 97.75 % of the links",
        place="abstract; 4.1, Table 1",
        cells=(("mnist/2fc/ch-snn", "link_sparsity_percent"),),
        above=97.745,
    ),
    Order(
        words="On MNIST 2FC, CH-SNN is sparser and more accurate than the other sparse methods",
        place="4.1, Table 1",
        pairs=tuple(
            (("mnist/2fc/ch-snn", column), (f"mnist/2fc/{other}", column))
            for other in ("grad-r", "dpap", "sd-snn")
            for column in ("link_sparsity_percent", ACCURACY)
        ),
    ),
)


def _pair(dataset: str, more: str, less: str, column: str) -> tuple[tuple[Key, Key]]:
    return (((f"{dataset}/3fc/{more}", column), (f"{dataset}/3fc/{less}", column)),)


LESS_ENERGY = tuple(
    Order(
        words=f"On {NAMES[dataset]}, CH-SNN needs less energy than dense under S-TP",
        place="4.2, Table 2",
        main=dataset == "mnist",
        pairs=_pair(dataset, "dense", "ch-snn", "energy_mj"),
    )
    for dataset in STP_DATA
)
TABLE2 = (
    *LESS_ENERGY,
    Order(
        words="On MNIST, CH-SNN needs less than a nineteenth of dense's energy",
        place="4.2, Table 2 (948 and 48 mJ)",
        pairs=_pair("mnist", "dense", "ch-snn", "energy_mj"),
        times=19.0,
    ),
    Order(
        words="On MNIST, CH-SNN fires less than dense",
        place="4.2, Figure 3",
        pairs=_pair("mnist", "dense", "ch-snn", "firing_rate_percent"),
    ),
    *(
        Order(
            words=f"On {NAMES[dataset]}, CH-SNN is more accurate than dense under S-TP",
            place="4.2, Table 2",
            pairs=_pair(dataset, "ch-snn", "dense", ACCURACY),
        )
        for dataset in ("mnist", "dvs-gesture", "cifar-10")
    ),
)
TABLE3 = tuple(
    Order(
        words=f"On {NAMES[dataset]}, δ = 0.5 is better than δ = 0 and δ = 1",
        place="A.3.2, Table 3",
        main=dataset == "mnist",
        pairs=tuple(((dataset, "delta_0.5"), (dataset, f"delta_{other}")) for other in (0, 1)),
    )
    for dataset in STP_DATA
)
_VARIANTS = (("both", "sscti_only"), ("both", "sswi_only"), ("sscti_only", "none"), ("sswi_only", "none"))
TABLE4 = (
    *(
        Order(
            words=f"At {s} % sparsity, SSCTI with SSWI beats either alone, and either beats neither",
            place="A.6, Table 4",
            main=s == 99,
            pairs=tuple(
                ((f"mnist/{more}", f"sparsity_{s}"), (f"mnist/{less}", f"sparsity_{s}"))
                for more, less in _VARIANTS
            ),
        )
        for s in (99, 95, 80, 70)
    ),
    Bound(
        words="Without SSCTI and SSWI a network does not learn at 80 % sparsity and more",
        place="A.6, Table 4",
        cells=tuple(("mnist/none", f"sparsity_{s}") for s in (99, 95, 80)),
        below=FAILS,
    ),
    Bound(
        words="Without SSWI a network does not learn at 99 % sparsity",
        place="A.6",
        cells=(("mnist/sscti_only", "sparsity_99"),),
        below=FAILS,
    ),
)
TABLE5 = tuple(
    Trend(
        words=f"On MNIST, accuracy of {NAMES[method]} falls as the learning rate rises",
        place="A.7, Table 5",
        main=method == "ch-snn",
        cells=_over(f"mnist/{method}", "lr", RATES),
        rises=False,
    )
    for method in ("ch-snn", "dense")
)
TABLE6 = (_flat("mnist", "the batch size", "bs", (16, 32, 50, 64, 100), "A.7, Table 6", True),)
TABLE7 = (_flat("mnist", "where a falling ζ starts", "zeta", ZETAS, "A.7, Table 7", True),)
TABLE8 = (
    _flat("mnist", "a constant ζ", "zeta", ZETAS, "A.7, Table 8", True),
    Order(
        words="On MNIST, a ζ that falls is better than a constant one",
        place="A.7, Tables 7 and 8",
        pairs=tuple(zip(_over("mnist/falling", "zeta", ZETAS), _over("mnist", "zeta", ZETAS), strict=True)),
    ),
)
_UNITS = "node_sparsity_percent"
TABLE9 = (
    Order(
        words="On MNIST 2FC, evolution takes units out of the network",
        place="A.8, Table 9",
        main=True,
        pairs=((("mnist/2fc/ch-snn", _UNITS), ("mnist/2fc/ch-snn", "first_node_sparsity_percent")),),
    ),
    Sign(
        words="In 2Conv2FC, too, units are left without a path",
        place="A.8, Table 9",
        cells=tuple((f"{data}/2conv2fc/ch-snn", _UNITS) for data in ("mnist", "n-mnist")),
    ),
    Order(
        words="CH-SNN takes out more units than SD-SNN",
        place="4.1; A.8, Table 9",
        pairs=tuple(
            ((f"{network}/ch-snn", _UNITS), (f"{network}/sd-snn", _UNITS))
            for network in ("mnist/2fc", "mnist/2conv2fc", "cifar-10/6conv2fc")
        ),
    ),
)


def noise(dataset: str, place: str) -> tuple[Claim, ...]:
    """Return the claims of Tables 10 to 13."""
    weak, strong = ("p_5", "p_20") if dataset == "mnist" else ("p_4", "p_4")
    both = ("dense", "ch-snn")
    dropped = {method: f"{dataset}/spike-dropout/{method}" for method in both}
    return (
        Order(
            words=f"On {NAMES[dataset]}, bit flips and false spikes cost more accuracy than dropped spikes",
            place=place,
            main=True,
            pairs=tuple(
                ((dropped[method], strong), (f"{dataset}/{kind}/{method}", strong))
                for kind in ("bit-flip", "false-spike")
                for method in both
            ),
        ),
        *(
            Bound(
                words=f"{NAMES[method]}: up to 5 % dropped spikes cost less than {NEGLIGIBLE:g} point",
                place=place,
                cells=((dropped[method], "p_0"), (dropped[method], weak)),
                below=NEGLIGIBLE,
                spread=True,
            )
            for method in both
        ),
    )


def _robust(dataset: str, less: str, more: str, kinds: tuple[str, ...], words: str) -> Claim:
    pairs = tuple(((f"{dataset}/{more}", f"rpdr_{k}"), (f"{dataset}/{less}", f"rpdr_{k}")) for k in kinds)
    return Order(words=words, place="A.9, Table 14", main=dataset == "mnist", pairs=pairs)


TABLE14 = (
    *(
        _robust(
            dataset,
            "dense",
            "ch-snn",
            ("average",),
            f"On {NAMES[dataset]}, dense loses less accuracy by noise than CH-SNN, on average",
        )
        for dataset in ("mnist", "cifar-10")
    ),
    *(
        _robust(
            dataset,
            "ch-snn",
            "dense",
            ("bit-flip", "false-spike"),
            f"On {NAMES[dataset]}, CH-SNN loses less by bit flips and false spikes than dense",
        )
        for dataset in ("n-mnist", "dvs-gesture")
    ),
)
_STEPPED = "mnist/2conv2fc/ch-snn"
TABLE15 = (
    Order(
        words="On MNIST 2Conv2FC, 8 time steps are better than 2 and 4",
        place="A.11, Table 15",
        main=True,
        pairs=tuple(((_STEPPED, "t_8"), (_STEPPED, f"t_{steps}")) for steps in (2, 4)),
    ),
    Bound(
        words=f"16 time steps differ from 8 by less than {ENOUGH:g} points",
        place="A.11, Table 15",
        cells=_over(_STEPPED, "t", (8, 16)),
        below=ENOUGH,
        spread=True,
    ),
    Trend(
        words="Accuracy rises with every doubling of the time steps",
        place="A.11, Table 15",
        cells=_over(_STEPPED, "t", (2, 4, 8, 16)),
        rises=True,
    ),
)
TABLE16 = tuple(
    Bound(
        words=f"On {NAMES[data]}, CH-SNN loses less than {limit:g} points against its dense network",
        place="A.12, Table 16",
        main=data == "imagenet",
        cells=((f"{data}/resnet18/ch-snn", "accuracy_loss_percent"),),
        below=limit,
    )
    for data, limit in (("imagenet", 1.0), ("tiny-imagenet", 1.5))
)
FIGURE2 = TABLE1[:3]
FIGURE3 = (
    TABLE2[5],
    LESS_ENERGY[0],
    Bound(
        words="On MNIST, sparsity from 80 to 99 % changes accuracy by less than 1 point",
        place="Figure 3, middle",
        cells=tuple(("mnist/both", f"sparsity_{s}") for s in (80, 95, 99)),
        below=NEGLIGIBLE,
        spread=True,
    ),
)
