import { describe, expect, test } from 'vitest';
import { sizeOf, sizeOfDataUrl } from './picture-size.ts';
import { countPicture, mostPictureTokens } from './pictures.ts';

/** The first bytes of a PNG of this size, which is all that is looked at. */
function png(width: number, height: number): string {
  const bytes = Buffer.alloc(60);
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]).copy(bytes);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return `data:image/png;base64,${bytes.toString('base64')}`;
}

/** A JPEG with a segment of this length before the one that tells the size. */
function jpeg(width: number, height: number, before: number): Buffer {
  const segment = Buffer.alloc(before + 2);
  segment.set([0xff, 0xe1]);
  segment.writeUInt16BE(before, 2);
  const frame = Buffer.from([0xff, 0xc2, 0, 17, 8, 0, 0, 0, 0, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  return Buffer.concat([Buffer.from([0xff, 0xd8]), segment, frame]);
}

function riff(kind: string, fill: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.write('RIFF', 0, 'latin1');
  bytes.write(`WEBP${kind}`, 8, 'latin1');
  fill(bytes);
  return bytes;
}

describe('the size is read from the picture itself', () => {
  test('PNG', () => expect(sizeOfDataUrl(png(1800, 2400))).toEqual({ width: 1800, height: 2400 }));
  test.each([10, 900, 40_000])('JPEG with %i bytes before it', (before) => {
    const url = `data:image/jpeg;base64,${jpeg(640, 480, before).toString('base64')}`;
    expect(sizeOfDataUrl(url)).toEqual({ width: 640, height: 480 });
  });
  test('GIF', () => {
    expect(sizeOf(Buffer.from('GIF89a\x40\x01\xf0\x00....', 'latin1'))).toEqual({ width: 320, height: 240 });
  });
  test.each([
    ['VP8 ', (bytes: Buffer) => void (bytes.writeUInt16LE(300, 26), bytes.writeUInt16LE(200, 28))],
    ['VP8L', (bytes: Buffer) => void bytes.writeUInt32LE(299 | (199 << 14), 21)],
    ['VP8X', (bytes: Buffer) => void (bytes.writeUIntLE(299, 24, 3), bytes.writeUIntLE(199, 27, 3))],
  ])('WebP, %s', (kind, fill) => {
    expect(sizeOf(riff(kind, fill))).toEqual({ width: 300, height: 200 });
  });
  test.each([
    'https://example.com/a.png',
    'data:image/png;base64,',
    'data:image/png;base64,AAAA',
    'data:text/plain,hello',
    `data:image/jpeg;base64,${Buffer.from([0xff, 0xd8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).toString('base64')}`,
  ])('nothing is read from %s', (url) => expect(sizeOfDataUrl(url)).toBeNull());
});

// Sizes and counts from OpenAI's guide to vision.
test.each([
  ['gpt-4o', 1024, 1024, 'high', 765],
  ['gpt-4o', 2048, 4096, 'high', 1105],
  ['gpt-4o', 4096, 8192, 'low', 85],
  ['gpt-4o', 256, 256, 'high', 255],
  ['gpt-4o', 512, 512, 'auto', 255],
  ['gpt-4o-mini', 1024, 1024, 'high', 2833 + 4 * 5667],
  ['gpt-5', 1024, 1024, undefined, 70 + 4 * 140],
  ['gpt-5.1', 1024, 1024, 'high', 70 + 4 * 140],
  ['o3', 1024, 1024, 'high', 75 + 4 * 150],
  ['gpt-5.2', 1024, 1024, 'high', 1024],
  ['gpt-5.2', 1800, 2400, 'high', 1452],
  ['gpt-4.1-mini', 1800, 2400, 'high', Math.ceil(1452 * 1.62)],
  ['gpt-5-nano', 1024, 1024, 'high', Math.ceil(1024 * 2.46)],
  ['o4-mini', 1024, 1024, 'high', Math.ceil(1024 * 1.72)],
  ['gpt-5.4', 1600, 1600, 'high', 2500],
  ['gpt-5.4', 3200, 3200, 'original', 10_000],
  ['gpt-5.6-luna', 3200, 3200, 'auto', 10_000],
  ['gpt-5.6-luna', 6400, 6400, 'auto', 40_000],
])('%s: %i by %i at %s detail is %i tokens', (model, width, height, detail, tokens) => {
  expect(countPicture(model, png(width, height), detail)).toEqual({ tokens, exact: true });
});

test('a picture that is only named is taken for a large one', () => {
  expect(countPicture('gpt-4o', 'https://example.com/a.png', 'high')).toEqual({ tokens: 85 + 8 * 170, exact: false });
  expect(countPicture('gpt-4o', 'https://example.com/a.png', 'low')).toEqual({ tokens: 85, exact: true });
  expect(countPicture('unheard-of', png(1024, 1024), 'high')).toEqual({ tokens: 765, exact: false });
});

test.each(['gpt-4o', 'gpt-4o-mini', 'gpt-5', 'gpt-5.2', 'o4-mini', 'gpt-5.4'])(
  'no picture is more than the most: %s',
  (model) => {
    for (const [width, height] of [
      [1, 1],
      [5000, 5000],
      [10_000, 300],
      [768, 2048],
      [2048, 768],
      [100, 9999],
    ] as const) {
      for (const detail of ['low', 'high', 'auto', 'original']) {
        const { tokens } = countPicture(model, png(width, height), detail);
        expect(tokens).toBeLessThanOrEqual(mostPictureTokens(model));
        expect(tokens).toBeGreaterThan(0);
      }
    }
  },
);
