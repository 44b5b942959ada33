#!/usr/bin/env bash
# Everything that needs a GPU: builds, tests, compute-sanitizer, benches; within eight minutes.
# usage: bench/gpu.sh FOLDER_FOR_RESULTS [FOLDER_OF_WHEELS]
#
# Nothing is fetched. The machine brings python3 with torch, numpy and pip, cmake, ninja, nvcc and
# compute-sanitizer; the wheels bring what it lacks: pybind11; scikit-build-core with pathspec and
# packaging; pytest with pluggy, iniconfig and pygments; hypothesis with sortedcontainers; moocore
# with cffi, pycparser and platformdirs; and evox, without what it depends on, as a rival:
#
#   pip download --python-version 3.12 --only-binary :all: --no-deps --dest FOLDER_OF_WHEELS \
#     pybind11 scikit-build-core pathspec packaging pytest pluggy iniconfig pygments hypothesis \
#     sortedcontainers moocore cffi pycparser platformdirs evox
#
# FOLDER gets log.txt, parts.json (exit status and seconds of each part) and what the benches write.
# A part that fails or runs out of time does not stop the others; the exit status is then 1.
set -uo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
[ $# -ge 1 ] || { sed -n '2,12s/^# \{0,1\}//p' bench/gpu.sh >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
wheels=${2:-${PYHWNAS_WHEELS:-}}
work=$(mktemp -d)
whole=465 # seconds for all parts
trap 'rm -rf "$work"' EXIT
exec > >(tee "$out/log.txt") 2>&1

command -v nvcc >/dev/null || PATH=/usr/local/cuda/bin:$PATH
CMAKE_BUILD_PARALLEL_LEVEL=$(nproc)
export PATH CMAKE_BUILD_PARALLEL_LEVEL
export PYTHONUNBUFFERED=1 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 OMP_NUM_THREADS=4
export XLA_PYTHON_CLIENT_PREALLOCATE=false # JAX would take most of the GPU
export PYTHONPATH=$work/site${PYTHONPATH:+:$PYTHONPATH}
parts=()
failed=0

# NAME SECONDS COMMAND...: interrupted when its time is over, so that it says how far it came, and
# killed if it hangs.
part() {
  local name=$1 limit=$2 begin=$SECONDS left=$((whole - SECONDS)) status=0
  shift 2
  [ "$left" -gt 0 ] || left=1
  [ "$limit" -le "$left" ] || limit=$left
  printf '\n== %s (after %d s, at most %d s)\n' "$name" "$SECONDS" "$limit"
  timeout --signal=INT --kill-after=5 "$limit" "$@" || status=$?
  [ $status -eq 0 ] || failed=1
  parts+=("{\"part\": \"$name\", \"status\": $status, \"seconds\": $((SECONDS - begin))}")
  (IFS=,; echo "[${parts[*]}]") >"$out/parts.json"
  printf '== %s: status %d after %d s\n' "$name" "$status" "$((SECONDS - begin))"
}

machine() {
  nvidia-smi
  nvcc --version | tail -n 2
  python3 --version
  python3 -c "import torch; print('torch', torch.__version__)"
}

install() {
  if [ -n "$wheels" ]; then
    python3 -m pip install -q --no-index --no-deps --no-compile --target "$work/site" \
      "$wheels"/*.whl || return 1
  fi
  # Machine code of this GPU alone, and no C++ tests.
  python3 -m pip install -q --no-index --no-deps --no-build-isolation --no-compile --upgrade \
    --target "$work/site" . -C build-dir="$work/build" -C cmake.define.PYHWNAS_CUDA=ON \
    -C cmake.define.CMAKE_CUDA_ARCHITECTURES=native || return 1
  cp -r tests bench pyproject.toml "$work/"
  cd "$work"
  python3 -P -c "from pyhwnas import _cuda; print(_cuda.status()); assert _cuda.device_count()"
}

# [OPTION...]: tests from outside the source, without the options for a whole suite; warnings of
# libraries whose versions are not ours are no errors. A test that hangs is named.
tests() {
  cd "$work"
  $under python3 -P -m pytest -q -W default -p no:cacheprovider --continue-on-collection-errors \
    -o faulthandler_timeout=30 -o addopts="--import-mode=importlib -ra" -m gpu tests/kernels "$@"
}

# TESTS TOOL [OPTION...]: a small selection. Every array has memory of its own.
sanitize() {
  local some=$1
  shift
  under="compute-sanitizer --error-exitcode 99 --print-limit 20 --target-processes all --tool $*"
  PYTORCH_NO_CUDA_MEMORY_CACHING=1 tests -k "$some"
}

# MODULE OPTION...
bench() {
  cd "$work"
  PYTHONPATH=$work:$PYTHONPATH python3 -m "$@" --out "$out"
}

export -f machine install tests sanitize bench
export root work out wheels under=

# What a sanitizer has the time for.
small="small_input or tiles and twice or definition and 37 and ties or bits_and_counts"
small+=" or normalised or absent_slots or sampled_scores"
smaller="small_input or tiles and twice and 300 or bits_and_counts and 1 or absent_slots"
export small smaller

part "machine" 15 bash -c machine
part "build" 160 bash -c install
part "tests" 90 bash -c tests
# That torch asks the driver for what it does not have is no error of ours.
part "memcheck" 60 bash -c 'sanitize "$small" memcheck --report-api-errors no'
part "multi-objective kernels" 75 bash -c 'bench bench.gpu_moo --seconds 60'
part "proxies" 70 bash -c 'bench bench.gpu_proxies --seconds 55'
part "racecheck" 50 bash -c 'sanitize "$smaller" racecheck'

printf '\n== all parts (after %d s)\n' "$SECONDS"
cat "$out/parts.json"
exit $failed
