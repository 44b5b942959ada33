"""All spaces: as they are searched, and small enough to run their networks in a moment.

The flat encoding has the hierarchical one's plan, which is the largest of all: a small one will do.
"""

from __future__ import annotations

from pyhwnas import spaces
from pyhwnas.networks import Activation
from pyhwnas.spaces.backbones import CIFAR, Backbone, Stage

TWO_STAGES = Backbone(
    CIFAR.stem,
    (Stage(widths=(8, 16)), Stage(widths=(16, 24), depths=(2, 3), activation=Activation("silu"))),
    CIFAR.head,
    reduction=2,
)

FULL: dict[str, spaces.Space] = {
    "darts": spaces.DARTS(),
    "darts-nb301": spaces.DARTS(layers=8, channels=32),
    "fbnet": spaces.FBNet(),
    "fbnet-imagenet": spaces.FBNet(n_classes=1000, resolution=224),
    "hierarchical": spaces.Hierarchical(resolutions=(224,)),
    "hierarchical-flat": spaces.Hierarchical(
        resolutions=(32,), n_classes=10, backbone=TWO_STAGES, flat=True
    ),
    "mobilenetv3": spaces.MobileNetV3(),
    "mobilenetv3-w1.2": spaces.MobileNetV3(resolutions=(192, 224), n_classes=10, width=1.2),
    "nasbench101": spaces.NASBench101(),
    "nasbench201": spaces.NASBench201(),
    "nasbench201-in16": spaces.NASBench201(n_classes=120, resolution=16),
    "nasnet": spaces.NASNet(),
    "natssize": spaces.NATSSize(),
}

SMALL: dict[str, spaces.Space] = {
    "darts": spaces.DARTS(layers=4, channels=4, resolution=8),
    "fbnet": spaces.FBNet(n_classes=10, resolution=16),
    "fbnet-imagenet": spaces.FBNet(n_classes=10, resolution=64),
    "hierarchical": spaces.Hierarchical(resolutions=(8, 12), n_classes=10, backbone=TWO_STAGES),
    "mobilenetv3": spaces.MobileNetV3(resolutions=(64,), n_classes=10),
    "nasbench101": spaces.NASBench101(resolution=8, stem_channels=16),
    "nasbench201": spaces.NASBench201(resolution=8),
    "nasnet": spaces.NASNet(layers=4, channels=4, resolution=8),
    "natssize": spaces.NATSSize(resolution=8),
}
