import { type ReadonlySignal, signal } from '@preact/signals';
import { ADMIN, withQuery } from './api.ts';
import { type Json, list, number, object } from './read.ts';
import { findSession, session } from './session.ts';
import { type CallLine, readCallLine } from './shapes/call.ts';

/** How near the page is to what happens. */
export type Nearness = 'waiting' | 'live' | 'broken' | 'resting';

/** What happened within the last second or so. */
interface Frame {
  readonly seconds: number;
  readonly calls: number;
  readonly inFlight: number;
}

/** Which calls are to be told one by one, and to whom. */
interface Tail {
  readonly filter: Readonly<Record<string, string>>;
  readonly hear: (call: CallLine) => void;
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

/** A page that nobody sees lets go after this long, ms: browsers allow one host only a few connections, all pages together. */
const REST_AFTER_MS = 15_000;

/** A call is counted as it ends and written down a moment later: figures asked for at once may lack it, so they are asked twice. */
const WRITTEN_AFTER_MS = 1_500;

let echo: number | undefined;
let source: EventSource | null = null;
let again: number | undefined;
let tail: Tail | null = null;
let listening = false;

/** Listens to what happens, until told to stop. There is one stream for a page, whatever it shows. */
export function listen(): () => void {
  listening = true;
  let rest: number | undefined;
  const look = (): void => {
    window.clearTimeout(rest);
    if (document.visibilityState === 'hidden') rest = window.setTimeout(() => close('resting'), REST_AFTER_MS);
    else if (source === null) {
      open();
      news_.value += 1;
    }
  };
  document.addEventListener('visibilitychange', look);
  open();
  return () => {
    listening = false;
    window.clearTimeout(rest);
    document.removeEventListener('visibilitychange', look);
    close('waiting');
  };
}

/** Has every call told that ends and matches, until told to stop. */
export function listenToCalls(filter: Readonly<Record<string, string>>, hear: (call: CallLine) => void): () => void {
  const mine: Tail = { filter, hear };
  tail = mine;
  if (listening) open();
  return () => {
    if (tail !== mine) return;
    tail = null;
    if (listening) open();
  };
}

function close(state: Nearness): void {
  window.clearTimeout(again);
  window.clearTimeout(echo);
  source?.close();
  source = null;
  nearness_.value = state;
  frame_.value = null;
}

function open(): void {
  window.clearTimeout(again);
  source?.close();
  const made = new EventSource(ADMIN + withQuery('/live', tail === null ? {} : { tail: '1', ...tail.filter }));
  source = made;
  made.addEventListener('open', () => (nearness_.value = 'live'));
  made.addEventListener('frame', (event) => hearFrame(parsed(event.data)));
  made.addEventListener('call', (event) => tail?.hear(readCallLine(parsed(event.data))));
  made.addEventListener('error', () => {
    if (source !== made) return;
    nearness_.value = 'broken';
    frame_.value = null;
    // It may have been ended because the session has. Else it comes back by itself, unless it was refused.
    void findSession().then(() => {
      const refused = made.readyState === EventSource.CLOSED;
      if (refused && source === made && session.value.kind === 'in') again = window.setTimeout(open, AGAIN_MS);
    });
  });
}

function hearFrame(told: Json): void {
  const faults = list(told['faults'], object);
  const now: Frame = {
    seconds: Math.max(1, number(told['seconds'])),
    calls: number(told['calls']),
    inFlight: number(told['inFlight']),
  };
  nearness_.value = 'live';
  frame_.value = now;
  if (now.calls === 0 && faults.length === 0) return;
  news_.value += 1;
  window.clearTimeout(echo);
  echo = window.setTimeout(() => (news_.value += 1), WRITTEN_AFTER_MS);
}

function parsed(data: unknown): Json {
  try {
    return object(JSON.parse(String(data)));
  } catch {
    return {};
  }
}
