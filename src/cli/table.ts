import { clip, type Ink, type Paint, plain } from './terminal.ts';

export interface Column {
  readonly title: string;
  /** @default 'left' */
  readonly align?: 'left' | 'right';
  /** Where the width is short, columns go in order of rank, the highest first; rank 0 stays and is cut at the last. */
  readonly rank: number;
  /** Kept at least this wide, for rows that come later. */
  readonly minWidth?: number;
}

export interface TableCell {
  readonly text: string;
  readonly ink?: Ink | undefined;
}

/** Which columns are shown, and how wide. */
export type TableLayout = readonly { readonly column: Column; readonly index: number; readonly width: number }[];

const GAP = '  ';

/** Fits the columns into `width`: as wide as their texts, else fewer of them, else the last ones cut. */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly TableCell[])[],
  width: number,
): TableLayout {
  const natural = columns.map((column, index) => ({
    column,
    index,
    width: Math.max(column.title.length, column.minWidth ?? 0, ...rows.map((row) => row[index]?.text.length ?? 0)),
  }));
  let shown = natural;
  while (total(shown) > width) {
    const rank = Math.max(...shown.map(({ column }) => column.rank));
    if (rank === 0) return cut(shown, width);
    shown = shown.filter(({ column }) => column.rank < rank);
  }
  return shown;
}

/** The titles, as one line. */
export function tableHead(layout: TableLayout, paint: Paint): string {
  return line(layout, ({ column }) => ({ text: column.title, ink: 'dim' }), paint);
}

/** One row, as one line. */
export function tableRow(layout: TableLayout, row: readonly TableCell[], paint: Paint): string {
  return line(layout, ({ index }) => row[index] ?? { text: '' }, paint);
}

function line(layout: TableLayout, cellOf: (place: TableLayout[number]) => TableCell, paint: Paint): string {
  const cells = layout.map((place, position) => {
    const { text, ink } = cellOf(place);
    const shown = clip(plain(text), place.width);
    const space = ' '.repeat(place.width - shown.length);
    const inked = ink === undefined ? shown : paint(ink, shown);
    if (place.column.align === 'right') return space + inked;
    return position === layout.length - 1 ? inked : inked + space;
  });
  return `${cells.join(GAP)}\n`;
}

function total(layout: TableLayout): number {
  return layout.reduce((sum, { width }) => sum + width, 0) + GAP.length * (layout.length - 1);
}

/** Takes what is too much from the widest column, again and again. */
function cut(layout: TableLayout, width: number): TableLayout {
  const widths = layout.map((place) => place.width);
  const room = Math.max(layout.length, width - GAP.length * (layout.length - 1));
  for (let excess = widths.reduce((sum, each) => sum + each, 0) - room; excess > 0; excess -= 1) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = (widths[widest] ?? 1) - 1;
  }
  return layout.map((place, index) => ({ ...place, width: widths[index] ?? 0 }));
}
