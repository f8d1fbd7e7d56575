// A zip archive whose files are stored as they are: pictures and numbers of a run are small.

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/**
 * Numbers of two and four bytes, little-endian.
 * @param {...[bytes: 2 | 4, value: number]} fields
 */
function record(...fields) {
  const bytes = new Uint8Array(fields.reduce((length, [size]) => length + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return bytes;
}

/** Names are UTF-8. */
const FLAGS = 1 << 11;
/** The first day that a zip archive can name: a run's results have no date. */
const DATE = (1 << 5) | 1;

/**
 * @param {Map<string, Uint8Array>} files
 * @returns {Blob}
 */
export function zip(files) {
  /** @type {Uint8Array[]} */
  const contents = [];
  /** @type {Uint8Array[]} */
  const directory = [];
  const length = (/** @type {Uint8Array[]} */ parts) => parts.reduce((sum, part) => sum + part.length, 0);
  for (const [path, bytes] of files) {
    const name = new TextEncoder().encode(path);
    const about = /** @type {[2 | 4, number][]} */ ([
      [2, 20], [2, FLAGS], [2, 0], [2, 0], [2, DATE], [4, crc32(bytes)], [4, bytes.length], [4, bytes.length], [2, name.length], [2, 0],
    ]);
    const offset = length(contents);
    directory.push(record([4, 0x02014b50], [2, 20], ...about, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), name);
    contents.push(record([4, 0x04034b50], ...about), name, bytes);
  }
  const [offset, size] = [length(contents), length(directory)];
  const end = record([4, 0x06054b50], [2, 0], [2, 0], [2, files.size], [2, files.size], [4, size], [4, offset], [2, 0]);
  return new Blob(/** @type {BlobPart[]} */ ([...contents, ...directory, end]), { type: "application/zip" });
}
