import { clip } from '../terminal.ts';
import type { Measured } from './run.ts';
import { PHASES, phaseAt } from './sky.ts';
import type { Summary } from './tally.ts';

const EVERY_MS = 250;
const CLEAR_LINE = '\r\u001B[K';

export interface ProgressOptions {
  readonly lengthMs: number;
  readonly measured: () => Measured;
  /** Beside the output: the error stream. */
  readonly write: (text: string) => void;
  /** Columns of a screen, on which one line is rewritten; null elsewhere, and each phase gets a line as it begins. */
  readonly screen: number | null;
}

/** Tells how far the demo is until the function it returns is called. */
export function showProgress({ lengthMs, measured, write, screen }: ProgressOptions): () => void {
  const startedAt = performance.now();
  let told = -1;
  const tell = (): void => {
    const ms = performance.now() - startedAt;
    const phase = phaseAt(ms, lengthMs);
    const name = ms < lengthMs ? PHASES[phase]?.name : 'the last answers';
    const { direct, holdfast } = measured().total;
    const line = `${Math.round(ms / 1000)} s  ${name}   SDK alone ${show(direct)}   with Holdfast ${show(holdfast)}`;
    // A line that fills the screen's last column would wrap, and could not be cleared.
    if (screen !== null) write(CLEAR_LINE + clip(line, screen - 1));
    else if (phase !== told) write(`${line}\n`);
    told = phase;
  };
  tell();
  const timer = setInterval(tell, EVERY_MS);
  return () => {
    clearInterval(timer);
    if (screen !== null) write(CLEAR_LINE);
  };
}

function show({ answered, failed, wrong }: Summary): string {
  return `${answered} answered, ${failed} failed, ${wrong} wrong`;
}
