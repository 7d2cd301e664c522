import { type DestinationStream, type Logger, pino } from 'pino';
import type { CallRecord } from '../../engine/record.ts';
import type { HouseEvent } from '../events.ts';
import type { Redactor } from '../redact/redactor.ts';
import { isEventful, type Line, lineOf } from './call-line.ts';
import { Sampling, type SamplingPolicy } from './sampling.ts';

type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  readonly successes: SamplingPolicy;
  /** Takes out what must not be told. */
  readonly redactor: Redactor;
  readonly destination: DestinationStream;
}

/** Lines wait this long at most, ms: a call's caller never waits for its line. */
const WRITE_EVERY_MS = 100;

/** Lines that may wait; there is more only if the process did not come to its timers for long. */
const MOST_WAITING = 10_000;

interface Waiting {
  readonly record: CallRecord;
  readonly weight: number;
}

/** Tells every call that something happened to, and as many of the others as the policy says, one line each. */
export class HouseLog {
  readonly #logger: Logger;
  readonly #redactor: Redactor;
  readonly #sampling: Sampling;
  #waiting: Waiting[] = [];
  #alarm: NodeJS.Timeout | null = null;
  #dropped = 0;

  constructor({ level, successes, redactor, destination }: LogOptions) {
    const formatters = { level: (label: string): object => ({ level: label }) };
    // The time of a line is that at which its call ended, so it comes with the fields.
    this.#logger = pino({ level, base: null, timestamp: false, formatters }, destination);
    this.#redactor = redactor;
    this.#sampling = new Sampling(successes);
  }

  /** Calls whose lines were given up. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes the record of a call that has ended; its line is written a moment later. */
  call(record: CallRecord): void {
    const weight = isEventful(record) ? 1 : this.#sampling.weigh(record.at);
    if (weight === 0) return;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push({ record, weight });
    this.#alarm ??= setTimeout(() => this.flush(), WRITE_EVERY_MS).unref();
  }

  /** Takes something that happened beside the calls. */
  event(event: HouseEvent): void {
    const { at, kind, level, holder, organisation, tenant, message, detail } = event;
    const fields = {
      time: new Date(at).toISOString(),
      event: kind,
      level_of: level,
      holder,
      organisation,
      tenant,
      detail,
    };
    const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
    this.#write({ level: 'warn', fields: present, message });
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = null;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { record, weight } of waiting) {
      const line = lineOf(record);
      this.#write(weight === 1 ? line : { ...line, fields: { ...line.fields, stands_for: weight } });
    }
  }

  #write({ level, fields, message }: Line): void {
    if (!this.#logger.isLevelEnabled(level)) return;
    this.#logger[level](this.#redactor.json(fields) as object, this.#redactor.text(message));
  }
}
