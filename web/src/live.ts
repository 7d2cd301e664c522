import { type ReadonlySignal, signal } from '@preact/signals';
import { ADMIN, withQuery } from './api.ts';
import { type Json, list, number, object } from './read.ts';
import { findSession, session } from './session.ts';
import { type CallLine, readCallLine } from './shapes/call.ts';

/** How near the page is to what happens. */
export type Nearness = 'waiting' | 'live' | 'broken';

/** What happened within the last second or so. */
interface Frame {
  readonly seconds: number;
  readonly calls: number;
  readonly inFlight: number;
}

const nearness_ = signal<Nearness>('waiting');
const frame_ = signal<Frame | null>(null);
const news_ = signal(0);

export const nearness: ReadonlySignal<Nearness> = nearness_;
export const frame: ReadonlySignal<Frame | null> = frame_;
/** Goes up whenever something happened that figures may have changed by. */
export const news: ReadonlySignal<number> = news_;

/** Begins again so long after a break, ms; `EventSource` gives up by itself when it is refused. */
const AGAIN_MS = 3_000;

/**
 * Listens to what happens, until told to stop.
 *
 * @param onCall told of each call that ends and matches the filter; left out, only of counts
 */
export function listen(
  onCall: ((call: CallLine) => void) | null = null,
  filter: Readonly<Record<string, string>> = {},
): () => void {
  let source: EventSource | null = null;
  let timer: number | undefined;
  const open = (): void => {
    source = new EventSource(ADMIN + withQuery('/live', onCall === null ? {} : { tail: '1', ...filter }));
    source.addEventListener('open', () => (nearness_.value = 'live'));
    source.addEventListener('frame', (event) => hearFrame(parsed(event.data)));
    source.addEventListener('call', (event) => onCall?.(readCallLine(parsed(event.data))));
    source.addEventListener('error', () => {
      nearness_.value = 'broken';
      // While it tries again by itself, it is let; when it was refused, the session may have ended.
      if (source?.readyState !== EventSource.CLOSED) return;
      void findSession().then(() => {
        if (session.value.kind !== 'out') timer = window.setTimeout(open, AGAIN_MS);
      });
    });
  };
  open();
  return () => {
    window.clearTimeout(timer);
    source?.close();
  };
}

function hearFrame(told: Json): void {
  const faults = list(told['faults'], object);
  const frame: Frame = {
    seconds: Math.max(1, number(told['seconds'])),
    calls: number(told['calls']),
    inFlight: number(told['inFlight']),
  };
  nearness_.value = 'live';
  frame_.value = frame;
  if (frame.calls > 0 || faults.length > 0) news_.value += 1;
}

function parsed(data: unknown): Json {
  try {
    return object(JSON.parse(String(data)));
  } catch {
    return {};
  }
}
