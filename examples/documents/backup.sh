#!/usr/bin/env bash
# Copies folders to a place named by the date, and keeps the newest of these.

set -euo pipefail

readonly KEEP=7
target="${BACKUP_TARGET:-/var/backups}"
verbose=0
folders=()

usage() {
  cat <<TEXT
Usage: $(basename "$0") [-v] [-t TARGET] FOLDER...

  -t TARGET   where to (default: $target)
  -v          say what is done
TEXT
}

say() {
  if [[ $verbose -eq 1 ]]; then
    printf '%s %s\n' "$(date +%T)" "$*"
  fi
}

fail() {
  echo "backup: $1" >&2
  exit "${2:-1}"
}

copy_folder() {
  local from=$1 to=$2
  if [[ ! -d $from ]]; then
    fail "no such folder: $from" 2
  elif ! mkdir -p "$to"; then
    fail "cannot write to $to"
  else
    say "copying $from"
    tar -C "$(dirname "$from")" -czf "$to/$(basename "$from").tar.gz" "$(basename "$from")"
  fi
}

forget_old() {
  local n=0
  for day in $(ls -1r "$target"); do
    n=$((n + 1))
    if ((n > KEEP)); then
      say "forgetting $day"
      rm -r "${target:?}/$day"
    fi
  done
}

while [[ $# -gt 0 ]]; do
  case "$1" in
    -v)
      verbose=1
      ;;
    -t)
      target=$2
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      folders+=("$1")
      ;;
  esac
  shift
done

[[ ${#folders[@]} -gt 0 ]] || fail "nothing to do" 64

today="$target/$(date +%F)"
for folder in "${folders[@]}"; do
  copy_folder "$folder" "$today"
done
forget_old
