import { showShare } from './report.ts';
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
  /** On a screen one line is rewritten; elsewhere each phase gets a line of its own as it begins. */
  readonly live: boolean;
}

/** Tells how far the demo is until the function it returns is called. */
export function showProgress({ lengthMs, measured, write, live }: ProgressOptions): () => void {
  const startedAt = performance.now();
  let told = -1;
  const tell = (): void => {
    const ms = performance.now() - startedAt;
    const phase = phaseAt(ms, lengthMs);
    const name = ms < lengthMs ? PHASES[phase]?.name : 'the last answers';
    const { direct, holdfast } = measured().total;
    const line = `${Math.round(ms / 1000)} s  ${name}   SDK alone ${show(direct)}   with Holdfast ${show(holdfast)}`;
    if (live) write(CLEAR_LINE + line);
    else if (phase !== told) write(`${line}\n`);
    told = phase;
  };
  tell();
  const timer = setInterval(tell, EVERY_MS);
  return () => {
    clearInterval(timer);
    if (live) write(CLEAR_LINE);
  };
}

function show({ answered, calls, wrong }: Summary): string {
  return `${answered} of ${calls} answered${calls === 0 ? '' : ` (${showShare(answered, calls)})`}, ${wrong} wrong`;
}
