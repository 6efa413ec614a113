#!/usr/bin/env bash
# fflate 0.8.3: Deflate.flush() between two pushes, for a stream that is read as it comes (permessage-deflate, SSH).
# Expected: what zlib calls Z_SYNC_FLUSH, since that is what 'flush' of a deflater means: the output ends with 00 00 ff ff,
# which RFC 7692 has the sender cut off.
# Seen: it ends with an empty block that is not on a byte boundary, as zlib's Z_PARTIAL_FLUSH. Cutting four bytes off takes
# data with it. flush(true) ends with the marker.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund fflate@0.8.3
cat >run.cjs <<'JS'
const { inflateRawSync, constants } = require('node:zlib');
const { Deflate } = require('fflate');

function flushed(...how) {
  const chunks = [];
  const deflate = new Deflate({ level: 6 }, (chunk) => chunks.push(chunk));
  deflate.push(Buffer.from('hello hello hello hello'));
  deflate.flush(...how);
  return Buffer.concat(chunks);
}
const tail = (bytes) => bytes.subarray(-4).toString('hex');
const inflated = (bytes) => inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString();

console.log(`flush(): ends with ${tail(flushed())}, inflates to '${inflated(flushed())}'`);
console.log(`flush(true): ends with ${tail(flushed(true))}, inflates to '${inflated(flushed(true))}'`);
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
flush(): ends with 57c02001, inflates to 'hello hello hello hello'
flush(true): ends with 0000ffff, inflates to 'hello hello hello hello'
EXPECTED
echo 'fflate 0.8.3: as written down'
