"""S0's competitors on MNIST 784-1568-10 beside CH-SNN, all from one dense network and on as many images.

s0-competitors-grid   networks by learning rate, on held-out training images
"""

from __future__ import annotations

from analysis.engine.cross import Changes, Cross
from analysis.s0.answers import seconds
from analysis.s0.crosses import IMAGES, MNIST, shrink
from analysis.s0.grids import VALIDATION
from analysis.s0.recipes import SWEEP_IMAGES

STEPS = 4
SHORT = 15  # epochs that choose a rate, where a method acts from the first one on
# 30 epochs; DPAP and SD-SNN count in epochs, and remove nothing before the 11th and the 38th.
EPOCHS = {"DPAP": 60, "SD-SNN": 80}
BASE = MNIST.replace(limit=SWEEP_IMAGES, steps=STEPS, epochs=30, **IMAGES["shifted"])
NETWORKS: dict[str, Changes] = {
    "dense": {"dense": True},
    "CH-SNN": {},
    "CH-SNN, 75 %": {"sparsity": 0.75},
    "Grad R, 75 %": {"method": "grad_r", "sparsity": 0.75},
    "Deep R, 75 %": {"method": "deep_r", "sparsity": 0.75},
    "Deep R, 99 %": {"method": "deep_r", "sparsity": 0.99},
    "DPAP": {"method": "dpap", "epochs": EPOCHS["DPAP"]},
    "SD-SNN": {"method": "sd_snn", "epochs": EPOCHS["SD-SNN"]},
}
RATES = (5e-4, 1e-3, 2e-3, 5e-3, 1e-2)
CROSSES: dict[str, Cross] = {
    "s0-competitors-grid": Cross(
        ("network", "rate"),
        NETWORKS,
        {f"rate {rate:g}": {"lr": rate} for rate in RATES},
        BASE.replace(epochs=SHORT, validation=VALIDATION),
        shrink,
        seconds,
        tested_on=VALIDATION,
        x="lr",
    )
}
