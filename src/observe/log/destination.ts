import { type DestinationStream, pino } from 'pino';

/** How lines look: `json` for machines, `pretty` for people, `auto` pretty on a terminal only. */
export type LogFormat = 'auto' | 'json' | 'pretty';

export interface LogOutput {
  readonly destination: DestinationStream;
  /** Lines given up because nobody read them. */
  readonly dropped: () => number;
  /** Writes what is left, if somebody takes it; nothing may be written after it. */
  close(): Promise<void>;
}

/** Bytes that may wait for whoever reads the log: a hanging pipe or a full disk costs lines, never calls. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;

/** So long a stop waits for whoever should take the last lines, ms: what is there to be read is taken at once. */
const LAST_LINES_MS = 1_000;

/** Writes to standard output, or a file descriptor, off the path of the calls. */
export async function openOutput(
  format: LogFormat,
  { fd = 1, terminal, colour }: { readonly fd?: number; readonly terminal: boolean; readonly colour: boolean },
): Promise<LogOutput> {
  let dropped = 0;
  const stream = pino.destination({ fd, sync: false, minLength: 0, maxLength: MOST_WAITING_BYTES });
  stream.on('drop', () => (dropped += 1));
  // A closed pipe or a full disk: the lines are lost, and the calls go on.
  stream.on('error', () => (dropped += 1));
  // What it would do at an exit: write what came later before what is being written, and wait for ever where nobody reads.
  stream.flushSync = () => undefined;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      const alarm = setTimeout(resolve, LAST_LINES_MS);
      const done = (): void => {
        clearTimeout(alarm);
        resolve();
      };
      stream.once('close', done).once('error', done);
      stream.end();
    });
  const isPretty = format === 'pretty' || (format === 'auto' && terminal);
  if (!isPretty) return { destination: stream, dropped: () => dropped, close };
  // Only for people: machines never pay for it.
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({
    colorize: colour,
    timestampKey: 'time',
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    messageFormat: '{msg}  {id}',
  });
  return { destination: { write: (line) => void stream.write(pretty(line)) }, dropped: () => dropped, close };
}
