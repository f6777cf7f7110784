#!/bin/sh
# Makes the corpus to start from: the golden frames, as a stream and as a
# message. Usage: seed.sh GOLDEN_FILE CORPUS_DIRECTORY
set -eu
golden=$1
corpus=$2
mkdir -p "$corpus"
number=0
grep -v '^#' "$golden" | sed 's/.* = //' | while read -r hex; do
    number=$((number + 1))
    # Octal escapes, as printf(1) of every shell knows them.
    escaped=$(printf '%s' "$hex" | sed 's/../& /g' | tr ' ' '\n' | while read -r byte; do
        [ -n "$byte" ] && printf '\\%03o' "0x$byte"
    done || true)
    # shellcheck disable=SC2059 # the escapes are the format
    printf '\007'"$escaped" >"$corpus/stream-$number"
    # The message is the stream without its four bytes of length.
    message=${escaped#????????????????}
    # shellcheck disable=SC2059
    printf '\007'"$message" >"$corpus/message-$number"
done
