#!/usr/bin/env bash
# Cuts the power under an outbox, RUNS times (default 3), and counts what was
# acknowledged and is gone. Needs root, loop devices and mkfs.ext4:
#
#     sudo bash outbox/sqlitebox/powercut/powercut.sh
#
# The file lies on ext4 on a loop device. The writer is stopped, and the device's
# backing file is copied: only what the file system has handed to its disk is in
# the copy. The copy is mounted, as after a restart, and judged.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
dir=$(mktemp -d)
trap 'umount "$dir/disk" "$dir/after" 2>/dev/null || true; rm -rf "$dir"' EXIT
go build -o "$dir/powercut" .
mkdir "$dir/disk" "$dir/after"
for run in $(seq "${RUNS:-3}"); do
  truncate -s 256M "$dir/image"
  mkfs.ext4 -q -F "$dir/image"
  mount -o loop "$dir/image" "$dir/disk"
  "$dir/powercut" write "$dir/disk/outbox.db" >"$dir/keys" &
  writer=$!
  sleep "${SECONDS_OF_WORK:-3}"
  kill -STOP $writer
  cp --sparse=always "$dir/image" "$dir/copy" # what the disk has now
  cp "$dir/keys" "$dir/acknowledged"
  kill -KILL $writer
  wait $writer 2>/dev/null || true
  umount "$dir/disk"
  mount -o loop "$dir/copy" "$dir/after"
  # A key that was being printed at the moment of the cut is not whole.
  grep -E '^[0-9]+-[0-9]+$' "$dir/acknowledged" | sed '$d' | "$dir/powercut" judge "$dir/after/outbox.db"
  umount "$dir/after"
  rm "$dir/image" "$dir/copy"
done
