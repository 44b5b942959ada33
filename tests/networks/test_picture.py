from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from pyhwnas import networks, spaces
from pyhwnas.networks import INPUT, Add, Block, Conv, Network, chain, join, label
from pyhwnas.spaces.blocks import ECA, SE, Bottleneck, FusedMBConv, MBConv, Setting
from tests.networks.examples import JOINS, MAP, SMALL_SPACES, UNITS, random_networks

SETTING = Setting(
    out=24,
    kernel=5,
    expansion=4,
    stride=1,
    attention=None,
    activation=networks.Activation("relu"),
)
SVG = "{http://www.w3.org/2000/svg}"


def texts(network: Network) -> list[str]:
    root = ET.fromstring(networks.picture(network))
    assert root.tag == f"{SVG}svg"
    width, height = float(root.get("width", "0")), float(root.get("height", "0"))
    for text in root.iter(f"{SVG}text"):
        if text.get("class") in {"name", "title"}:
            assert 0 <= float(text.get("x", "-1")) < width
            assert 0 <= float(text.get("y", "-1")) < height
    return [text.text or "" for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", SMALL_SPACES)
def test_picture_shows_every_group_once(name: str) -> None:
    for network in random_networks(name, 5, seed=6):
        shown = texts(network)
        titles = [text.partition("  ")[0] for text in shown]
        counts = [text.partition("\u00d7")[2] for text in shown if "  \u00d7" in text]
        groups = list(dict.fromkeys(block.group for block in network.blocks))
        present = [group for group in groups if group in titles]
        assert len(present) + sum(int(c) - 1 for c in counts) == len(groups)
        assert network.arch[:40] in shown[0].replace("  ", " ")
        for group in ("stem", "head"):
            assert titles.count(group) == 1


def test_cells_of_a_stage_are_drawn_once() -> None:
    space = spaces.NASBench201()
    shown = texts(networks.build(space, [3, 1, 4, 1, 0, 2]))
    assert [text for text in shown if "\u00d7 5" in text] == [
        f"stage{stage}_cell1  \u00d7 5" for stage in (1, 2, 3)
    ]
    assert shown.count("avg pool 3x3") == 3
    assert "32 \u00d7 16 \u00d7 16" in shown


def test_a_cell_that_does_nothing_is_one_skip() -> None:
    shown = texts(networks.build(spaces.NASBench201(), [1, 0, 0, 0, 1, 0]))
    assert shown.count("skip") == 3


def test_long_names_are_wrapped_and_whole() -> None:
    network = random_networks("nasbench101", 1)[0]
    words = ["Genotype(", *(f"('sep_conv_3x3', {i})," for i in range(40)), ")"]
    named = Network(network.blocks, arch=" ".join(words), space="mine")
    root = ET.fromstring(networks.picture(named))
    title = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "title"]
    assert " ".join(title) == f"mine {named.arch}"


def test_skipped_layers_are_left_out() -> None:
    space = spaces.MobileNetV3(resolutions=(224,))
    shown = texts(networks.build(space, space.smallest()))
    assert sum(text.startswith("MBConv") for text in shown) == 10
    assert "skip" not in shown


def test_branches_across_groups_and_markup_in_names_are_shown() -> None:
    blocks = (
        Block("a", chain(MAP, Conv(8, 3)), (INPUT,), "one"),
        Block("b", chain(MAP, Conv(8, 3)), (0,), "two"),
        Block("c", join(Add(), [MAP] * 2), (0, 1), "three <&>"),
    )
    shown = texts(Network(blocks, arch='<script>"&', space="mine"))
    assert "three <&>" in shown
    assert "8 \u00d7 9 \u00d7 7, reads one" in shown
    texts(Network.of(UNITS["norm"]))


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        (UNITS["identity"], "skip"),
        (UNITS["stride"], "conv 5x5 s2"),
        (UNITS["grouped"], "group conv 3x3"),
        (UNITS["dilated"], "conv 3x3 d2"),
        (UNITS["depthwise"], "depthwise k7 s2"),
        (spaces.cells.operation("sep_conv_3x3", MAP, 2), "SepConv k3 s2, SepConv k3"),
        (spaces.cells.operation("dil_conv_5x5", MAP, 1), "SepConv k5 d2"),
        (UNITS["norm"], "batch norm"),
        (UNITS["relu"], "relu"),
        (UNITS["classifier"], "global pool, linear 4"),
        (UNITS["residual"], "residual, conv 3x3"),
        (UNITS["slice"], "first 3"),
        (UNITS["crop"], "crop 2"),
        (UNITS["shuffle"], "shuffle 4"),
        (UNITS["MaxPool2"], "max pool 2x2 s2"),
        (JOINS["add4"], "add"),
        (JOINS["concat"], "concat"),
        (
            MBConv.unit((16, 8, 8), replace(SETTING, stride=2, attention=SE())),
            "MBConv k5 e4 s2 SE",
        ),
        (MBConv.unit((16, 8, 8), replace(SETTING, attention=ECA())), "MBConv k5 e4 ECA"),
        (
            FusedMBConv.unit((16, 8, 8), replace(SETTING, attention=ECA())),
            "conv 5x5, conv 1x1, ECA",
        ),
        (
            Bottleneck.unit((24, 8, 8), replace(SETTING, expansion=0.5, attention=SE())),
            "residual, conv 1x1, conv 5x5, conv 1x1, SE",
        ),
    ],
)
def test_label(unit: networks.Unit, words: str) -> None:
    assert label(unit) == words
