import { describe, expect, it } from 'vitest';

import { type Column, layOut, tableHead, tableRow } from './table.ts';
import { painter } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { title: 'id', rank: 0 },
  { title: 'model', rank: 2 },
  { title: 'took', rank: 1, align: 'right' },
  { title: 'end', rank: 0 },
];
const ROWS = [
  ['call-12345', 'gpt-5', '8 ms', 'answered'],
  ['call-2', 'o4', '1200 ms', 'failed'],
].map((row) => row.map((text) => ({ text })));

function draw(width: number): string[] {
  const paint = painter(false);
  const layout = layOut(COLUMNS, ROWS, width);
  return [tableHead(layout, paint), ...ROWS.map((row) => tableRow(layout, row, paint))].map((line) =>
    line.slice(0, -1),
  );
}

describe('a table', () => {
  it('is as wide as its texts', () => {
    expect(draw(Number.POSITIVE_INFINITY)).toEqual([
      'id          model     took  end',
      'call-12345  gpt-5     8 ms  answered',
      'call-2      o4     1200 ms  failed',
    ]);
  });

  it('leaves out columns by rank where it is narrow, then cuts the widest', () => {
    expect(draw(30)).toEqual([
      'id             took  end',
      'call-12345     8 ms  answered',
      'call-2      1200 ms  failed',
    ]);
    expect(draw(16)).toEqual(['id       end', 'call-1…  answer…', 'call-2   failed']);
  });

  it('fits any width', () => {
    for (let width = 10; width < 60; width += 1) {
      expect(Math.max(...draw(width).map((line) => line.length))).toBeLessThanOrEqual(width);
    }
  });
});
