/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Bytes from the beginning of a picture in which its size is looked for; cameras put previews of this length before it. */
const HEAD_BYTES = 256 * 1024;

/** Reads the size of a picture from its first bytes; null for what is none of PNG, JPEG, GIF and WebP. */
export function sizeOf(bytes: Buffer): Size | null {
  if (bytes.length < 10) return null;
  if (bytes.readUInt32BE(0) === 0x89504e47) return png(bytes);
  if (bytes.readUInt16BE(0) === 0xffd8) return jpeg(bytes);
  if (bytes.toString('latin1', 0, 4) === 'GIF8') {
    return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  }
  return bytes.toString('latin1', 0, 4) === 'RIFF' ? webp(bytes) : null;
}

/** Reads the size of a picture in a data URL; null for any other address. */
export function sizeOfDataUrl(url: string): Size | null {
  if (!url.startsWith('data:')) return null;
  const comma = url.indexOf(',');
  if (comma < 0 || comma > 200 || !url.slice(0, comma).endsWith(';base64')) return null;
  // The head is enough for all but pictures with a large preview in them, for which the rest is decoded too.
  const head = sizeOf(decoded(url, comma + 1, 1024));
  return head ?? sizeOf(decoded(url, comma + 1, HEAD_BYTES));
}

function decoded(url: string, start: number, bytes: number): Buffer {
  return Buffer.from(url.slice(start, start + Math.ceil(bytes / 3) * 4), 'base64');
}

function png(bytes: Buffer): Size | null {
  return bytes.length < 24 ? null : { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

/** The frame header holds the size; before it stand any number of segments, each with its length. */
function jpeg(bytes: Buffer): Size | null {
  for (let at = 2; at + 9 < bytes.length;) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1] as number;
    const frame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (frame) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    // Fill bytes, and markers that stand alone.
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) at += 2;
    else at += 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}

/** WebP has three kinds: lossy, lossless and extended, each with the size in a place of its own. */
function webp(bytes: Buffer): Size | null {
  if (bytes.length < 30) return null;
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
    default:
      return null;
  }
}
