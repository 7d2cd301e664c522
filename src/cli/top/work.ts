import { setTimeout as sleep } from 'node:timers/promises';
import { type AdminAddress, askAdmin, listenAdmin, rootOf } from '../admin-client.ts';
import type { Terminal } from '../terminal.ts';
import { draw, lineOf } from './draw.ts';
import { Screen } from './screen.ts';
import type { Frame, Matrix, Overview, Verdict, View } from './view.ts';

export interface TopOptions extends AdminAddress {
  readonly json?: true;
}

/** Figures of the hour are asked for this often, ms; what happens within a second comes by itself. */
const ASK_EVERY_MS = 2_000;

/** After a break it is tried again so much later, ms. */
const AGAIN_MS = 2_000;

/** What a terminal is taken for that does not know its size. */
const USUAL = { columns: 80, rows: 24 };

export async function top(options: TopOptions, terminal: Terminal): Promise<void> {
  const first = await look(options);
  if (options.json === true) {
    const { verdict, overview, matrix } = first;
    return terminal.write(`${JSON.stringify({ verdict, ...overview, ...matrix })}\n`);
  }
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  process.once('SIGINT', leave).once('SIGTERM', leave);
  process.stdout.on('error', leave);
  const screen = process.stdout.isTTY ? new Screen(process.stdout) : null;
  const stopKeys = screen === null ? (): void => undefined : leaveByKey(leave);
  try {
    await watch(options, first, leaving.signal, (view, second) => {
      if (screen === null) {
        if (second) terminal.write(`${lineOf(view)}\n`);
        return;
      }
      const { columns, rows } = process.stdout;
      screen.show(draw(view, columns || USUAL.columns, rows || USUAL.rows, terminal.paint));
    });
  } finally {
    stopKeys();
    screen?.close();
    process.off('SIGINT', leave).off('SIGTERM', leave);
  }
}

/** Asks for everything once. */
async function look(address: AdminAddress): Promise<View> {
  const [verdict, overview, matrix] = await Promise.all([
    askAdmin(address, 'GET', '/verdict'),
    askAdmin(address, 'GET', '/overview?from=1h&step=1m'),
    askAdmin(address, 'GET', '/matrix?from=1h&step=1m'),
  ]);
  return {
    at: Date.now(),
    root: rootOf(address.url),
    verdict: verdict as Verdict,
    overview: overview as Overview,
    matrix: matrix as Matrix,
    frame: null,
    trouble: null,
  };
}

/** @param show told of each view; `second`: it is the one of a new second */
async function watch(
  address: AdminAddress,
  first: View,
  leaving: AbortSignal,
  show: (view: View, second: boolean) => void,
): Promise<void> {
  let view = first;
  const now = (changes: Partial<View>, second = false): void => {
    view = { ...view, ...changes, at: Date.now() };
    if (!leaving.aborted) show(view, second);
  };
  now({});
  const asking = repeat(leaving, ASK_EVERY_MS, async () => {
    const { verdict, overview, matrix } = await look(address);
    now({ verdict, overview, matrix });
  });
  const hearing = repeat(leaving, AGAIN_MS, async () => {
    try {
      await listenAdmin(
        address,
        '/live',
        (event, data) => {
          if (event === 'frame') now({ frame: data as Frame, trouble: null }, true);
        },
        leaving,
      );
    } finally {
      now({ frame: null, trouble: 'not live, trying again' });
    }
  });
  await Promise.all([asking, hearing]);
}

/** Does something again and again; what fails is tried again, for a gateway may be restarted while it is watched. */
async function repeat(leaving: AbortSignal, pauseMs: number, work: () => Promise<void>): Promise<void> {
  while (!leaving.aborted) {
    await work().catch(() => undefined);
    await sleep(pauseMs, undefined, { signal: leaving }).catch(() => undefined);
  }
}

/** `q` ends it too. In raw mode Ctrl-C is a key like any other. */
function leaveByKey(leave: () => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => undefined;
  const hear = (key: Buffer): void => {
    if (['q', 'Q', '\u{3}'].includes(String(key))) leave();
  };
  stdin.setRawMode(true).resume().on('data', hear);
  return () => {
    stdin.off('data', hear).setRawMode(false).pause();
  };
}
