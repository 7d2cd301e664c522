/** The control sequences that every terminal of today knows (ECMA-48, and xterm's second screen). */
const SEQUENCES = {
  open: '\u{1B}[?1049h\u{1B}[?25l',
  close: '\u{1B}[?25h\u{1B}[?1049l',
  home: '\u{1B}[H',
  endOfLine: '\u{1B}[K',
  belowHere: '\u{1B}[J',
} as const;

/** As much of a terminal as is drawn on. */
export interface Surface {
  write(text: string): void;
}

/**
 * A screen of its own, so that what stood in the terminal before stands there again afterwards. Each picture is written at
 * once and over the last one, never after wiping it: that is what makes screens flicker.
 */
export class Screen {
  readonly #surface: Surface;
  #open = false;

  constructor(surface: Surface) {
    this.#surface = surface;
  }

  show(lines: readonly string[]): void {
    const { open, home, endOfLine, belowHere } = SEQUENCES;
    const begin = this.#open ? home : open + home;
    this.#open = true;
    this.#surface.write(`${begin}${lines.join(`${endOfLine}\r\n`)}${endOfLine}${belowHere}`);
  }

  /** Gives the terminal back; doing so twice does nothing. */
  close(): void {
    if (this.#open) this.#surface.write(SEQUENCES.close);
    this.#open = false;
  }
}
