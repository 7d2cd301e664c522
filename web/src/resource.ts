import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api.ts';

/** Something that is asked of the gateway, as far as it has come. While it is asked again, the last answer stays. */
type Resource<Value> =
  | { readonly kind: 'waiting'; readonly value: null }
  | { readonly kind: 'ready'; readonly value: Value; readonly at: number }
  | { readonly kind: 'failed'; readonly value: Value | null; readonly error: ApiError };

export type Loaded<Value> = Resource<Value> & { readonly reload: () => void };

interface Options {
  /** Ask again after so long, ms. @default never */
  readonly everyMs?: number | null;
  /** Ask again whenever this changes, but no more often than once a second. */
  readonly news?: unknown;
  /** It may be about to be written: while it is not found, ask again every second, ten times. @default false */
  readonly dueSoon?: boolean;
}

/** Between two askings for what is about to be written, ms, and how many there are. */
const SOON_MS = 1_000;
const SOON_TIMES = 10;

/** Least time between two askings for news, ms. */
const PAUSE_MS = 900;

/**
 * Asks for something, again whenever `key` changes.
 *
 * @param key what is asked; another key forgets the answer to the last
 */
export function useResource<Value>(
  key: string,
  load: (signal: AbortSignal) => Promise<Value>,
  { everyMs = null, news, dueSoon = false }: Options = {},
): Loaded<Value> {
  const [held, setHeld] = useState<{ key: string; resource: Resource<Value> }>({ key, resource: WAITING });
  const [turn, setTurn] = useState(0);
  const resource: Resource<Value> = held.key === key ? held.resource : WAITING;

  const asking = useRef({ startedAt: 0, running: false, wanted: false });

  useEffect(() => {
    const leaving = new AbortController();
    const mine = { startedAt: Date.now(), running: true, wanted: false };
    asking.current = mine;
    let timer: number | undefined;
    let soon = dueSoon ? SOON_TIMES : 0;
    const run = async (): Promise<void> => {
      mine.startedAt = Date.now();
      mine.running = true;
      mine.wanted = false;
      let missing = false;
      try {
        const value = await load(leaving.signal);
        if (!leaving.signal.aborted) setHeld({ key, resource: { kind: 'ready', value, at: Date.now() } });
      } catch (error) {
        if (leaving.signal.aborted) return;
        const told = error instanceof ApiError ? error : new ApiError(0, 'defect', String(error));
        missing = told.status === 404 && soon > 0;
        soon -= 1;
        setHeld((before) => ({
          key,
          resource: { kind: 'failed', value: before.key === key ? before.resource.value : null, error: told },
        }));
      }
      mine.running = false;
      if (leaving.signal.aborted) return;
      const waitMs = mine.wanted ? PAUSE_MS : missing ? SOON_MS : everyMs;
      if (waitMs !== null) timer = window.setTimeout(() => void run(), waitMs);
    };
    void run();
    return () => {
      leaving.abort();
      window.clearTimeout(timer);
    };
  }, [key, turn]);

  useEffect(() => {
    const mine = asking.current;
    if (news === undefined || mine.running) {
      // What is on its way may have been answered before the news: it is asked once more.
      mine.wanted = news !== undefined;
      return undefined;
    }
    const waitMs = Math.max(0, mine.startedAt + PAUSE_MS - Date.now());
    const timer = window.setTimeout(() => setTurn((before) => before + 1), waitMs);
    return () => window.clearTimeout(timer);
  }, [news]);

  return { ...resource, reload: () => setTurn((before) => before + 1) };
}

const WAITING = { kind: 'waiting', value: null } as const;
