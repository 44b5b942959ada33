"""Where a C++ program finds what the package brings."""

from pathlib import Path

import pytest

import pyhwnas

PLACES = [
    (pyhwnas.get_cmake_dir, "pyhwnasConfig.cmake"),
    (pyhwnas.get_include, "pyhwnas/moo.hpp"),
]


@pytest.mark.parametrize(("place", "file"), PLACES)
def test_files_of_the_library_are_found(place, file):
    try:
        folder = place()
    except FileNotFoundError as error:  # run from a source tree, not installed
        pytest.skip(str(error))
    assert Path(folder, file).is_file()


@pytest.mark.parametrize(("place", "file"), PLACES)
def test_a_copy_without_the_library_says_what_to_do(place, file, monkeypatch, tmp_path):
    monkeypatch.setattr(pyhwnas, "__path__", [str(tmp_path)])
    with pytest.raises(FileNotFoundError, match=r"not installed; use pip install, or cmake"):
        place()
