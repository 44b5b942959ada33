#!/usr/bin/env bash
# Everything that needs a GPU: builds, tests, compute-sanitizer, benches; within eight minutes.
# usage: bench/gpu.sh FOLDER_FOR_RESULTS [FOLDER_OF_WHEELS]
#
# Nothing is fetched. The machine brings python3 with torch, numpy and pip, cmake, ninja, nvcc and
# compute-sanitizer; the wheels bring what it lacks: pybind11, scikit-build-core and its pathspec and
# packaging; pytest with pluggy and iniconfig; hypothesis with sortedcontainers; moocore with cffi,
# pycparser and platformdirs.
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
trap 'rm -rf "$work"' EXIT
exec > >(tee "$out/log.txt") 2>&1

export PYTHONUNBUFFERED=1 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 OMP_NUM_THREADS=4
export XLA_PYTHON_CLIENT_PREALLOCATE=false # JAX would take most of the GPU
export PYTHONPATH=$work/site${PYTHONPATH:+:$PYTHONPATH}
parts=()
failed=0

# NAME SECONDS COMMAND...
part() {
  local name=$1 limit=$2 begin=$SECONDS status=0
  shift 2
  printf '\n== %s (after %d s, at most %d s)\n' "$name" "$SECONDS" "$limit"
  timeout --kill-after=5 "$limit" "$@" || status=$?
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
  cd "$work" && python3 -P -c "from pyhwnas import _cuda; print(_cuda.status())"
}

# Tests from outside the source, without the options for a whole suite; warnings of libraries whose
# versions are not ours are no errors.
tests() {
  cd "$work"
  python3 -P -m pytest -q -W default -p no:cacheprovider --continue-on-collection-errors \
    -o addopts="--import-mode=importlib -ra" "$@"
}

# TOOL TEST_OR_OPTION...: a small selection. Every array has memory of its own.
sanitize() {
  cd "$work"
  local tool=$1
  shift
  PYTORCH_NO_CUDA_MEMORY_CACHING=1 compute-sanitizer --tool "$tool" --error-exitcode 99 \
    --print-limit 20 --target-processes all \
    python3 -P -m pytest -q -W default -p no:cacheprovider --continue-on-collection-errors \
    -o addopts="--import-mode=importlib" "$@"
}

# MODULE OPTION...
bench() {
  cd "$work"
  PYTHONPATH=$work:$PYTHONPATH python3 -m "$@" --out "$out"
}

export -f machine install tests sanitize bench
export root work out wheels

part "machine" 15 bash -c machine
part "build" 140 bash -c install
part "tests" 80 bash -c 'tests -m gpu tests/kernels'
part "memcheck" 60 bash -c \
  'sanitize memcheck -m gpu tests/kernels -k "definition and 37 or tiles and twice"'
part "racecheck" 50 bash -c 'sanitize racecheck -m gpu tests/kernels -k "tiles and twice"'
part "multi-objective kernels" 65 bash -c 'bench bench.gpu_moo --seconds 50'
[ ! -f "$work/bench/gpu_proxies.py" ] ||
  part "proxies" 65 bash -c 'bench bench.gpu_proxies'

printf '\n== all parts (after %d s)\n' "$SECONDS"
cat "$out/parts.json"
exit $failed
