# Shared by the scripts in ci/: where the project lies, how they speak, how they configure. Sourced, not run.
# shellcheck shell=bash
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
script=$(basename -- "$0")
# Objects are cached whatever the folder of the checkout is called: CI clones afresh.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}

say() { printf '%s: %s\n' "$script" "$*" >&2; }
# Exit code 2 is "usage or internal error" everywhere; 1 is left for "violation found".
die() {
  printf '%s: error: %s\n' "$script" "$*" >&2
  exit 2
}

# usage_and_exit: prints the comment block at the top of the calling script.
usage_and_exit() {
  awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
  exit 0
}

# work_folder NAME: makes the folder third_party/NAME.XXXXXX, its path in $work, which goes when the script ends. What
# killed runs left there half a day ago or earlier goes first.
work_folder() {
  mkdir -p "$root/third_party"
  find "$root/third_party" -mindepth 1 -maxdepth 1 -type d -name "$1.??????" -mmin +720 -exec rm -rf -- {} +
  work=$(mktemp -d "$root/third_party/$1.XXXXXX")
  trap 'rm -rf -- "$work"' EXIT
}

# configure PRESET: configures build/PRESET unless that is up to date (ninja itself notices changed CMake files): of
# this checkout, with the LibTorch that is there or that PG_TORCH_PYTHON names.
configure() {
  local preset=$1 build=$root/build/$1 log fresh=()
  if [[ -f $build/build.ninja && $build/CMakeCache.txt -nt $root/CMakePresets.json ]] &&
    [[ ! $root/third_party/torch/made_from.txt -nt $build/CMakeCache.txt ]] &&
    { [[ -z ${PG_TORCH_PYTHON:-} ]] || grep -qxF "PG_TORCH_PYTHON:FILEPATH=$PG_TORCH_PYTHON" "$build/CMakeCache.txt"; } &&
    grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build/CMakeCache.txt"; then
    return
  fi
  say "configuring build/$preset"
  [[ -f $build/CMakeCache.txt ]] && fresh=(--fresh) # made by another checkout or an older preset
  log=$(mktemp)
  if ! cmake "${fresh[@]}" -S "$root" --preset "$preset" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "could not configure; a missing package is installed by ci/setup"
  fi
  rm -f "$log"
}
