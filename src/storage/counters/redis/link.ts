import { randomBytes } from 'node:crypto';
import type { Alarm, Clock } from '../../../engine/clock.ts';
import { connectRedis, type RedisAddress, type RedisConnection } from './client.ts';
import { type ScriptName, SCRIPTS } from './scripts.ts';

/** How the processes that share a Redis stand to each other, as one of them sees it. */
export type LinkState =
  /** Counts are shared. */
  | { readonly kind: 'shared' }
  /** Connected, but answers come too late to wait for them: calls are decided here, counts are still exchanged. */
  | { readonly kind: 'slow' }
  /** Nothing is exchanged. */
  | { readonly kind: 'away'; readonly reason: string };

export interface LinkOptions {
  readonly address: RedisAddress;
  /** Tells apart what several houses keep in one Redis. */
  readonly prefix: string;
  readonly clock: Clock;
  /** Longest that one call waits for an answer, ms. */
  readonly deadlineMs: number;
  /** How many processes there are at least, for one that has not met the others yet. */
  readonly replicas: number;
}

/** What hangs on a link. */
export interface LinkUser {
  /** A session has begun and Redis knows nothing of this process: tells it everything. Throws when that fails. */
  declare(): Promise<void>;
  /** The state has changed. */
  changed(state: LinkState): void;
}

/** How often a process shows that it is there; also how soon it sees that Redis is silent, or has lost everything. */
const BEAT_MS = 500;

/** After this much silence a process is dead to the others, and what it held is free: twenty beats. */
const DEAD_MS = 10_000;

/** How long one answer may be outstanding before the connection is given up: five times what a call waits. */
const SILENCE_DEADLINES = 5;

/** A connection that stands may take this long over its first answers. */
const HANDSHAKE_MS = 1_000;

/** Between attempts to connect: soon at first, and never so late that counts would not be right again within seconds. */
const RETRY_LEAST_MS = 50;
const RETRY_MOST_MS = 1_000;

/** A session that lasted so long was a good one: what ended it may be over at once. */
const LASTING_MS = 5_000;

/** How long the first back after Redis has lost everything wait for the others, before room is given out again. */
const GATHER_MS = 3_000;

/** So many answers in a row decide whether it is slow, or quick again. */
const RUN = 3;

/** What is left of a roll that nobody has been on for an hour is of no use. */
const ROLL_KEPT_MS = 3_600_000;

interface Session {
  readonly number: number;
  readonly connection: RedisConnection;
  readonly scripts: Readonly<Record<ScriptName, string>>;
  /** Resolves with the reason when it is over. */
  readonly over: Promise<string>;
  end(reason: string): void;
  outstanding: number;
  /** When the oldest of the answers that are outstanding was asked for, or the last one came. */
  waitingSince: number;
}

/**
 * Keeps a process connected to Redis and on the roll of those who share it. All bookkeeping belongs to a session, which
 * lasts as long as one connection and ends at the first doubt: a new one begins by telling everything again, so nothing
 * needs to be known of what became of the last commands.
 */
export class Link {
  readonly process: string = randomBytes(6).toString('base64url').replaceAll(/[-_]/g, 'x');
  readonly #options: LinkOptions;
  readonly #user: LinkUser;
  readonly #root: string;
  #state: LinkState = { kind: 'away', reason: 'not connected yet' };
  #session: Session | null = null;
  #sessions = 0;
  #era: string | null = null;
  #replicas: number;
  /** Redis's time less ours: processes need not agree on the time of day. */
  #offset: number | null = null;
  #trustedUntil = Number.NEGATIVE_INFINITY;
  #late = 0;
  #lateAt = Number.NEGATIVE_INFINITY;
  #prompt = 0;
  #closed = false;
  #wake: (() => void) | null = null;
  #running: Promise<void> | null = null;

  constructor(options: LinkOptions, user: LinkUser) {
    this.#options = options;
    this.#user = user;
    this.#replicas = options.replicas;
    this.#root = `${options.prefix}:1:{${options.prefix}}`;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Processes that share the counts, this one included: as many as were there when Redis was last heard of. */
  get replicas(): number {
    return this.#replicas;
  }

  /** Is what this process holds sure to be counted by the others? */
  get trusted(): boolean {
    return this.#state.kind !== 'away' && this.#options.clock.now() < this.#trustedUntil;
  }

  /** The number of the session under way; what an earlier one had outstanding no longer counts. */
  get session(): number {
    return this.#sessions;
  }

  /** Redis's time of day as far as it is known, ms since 1970; null before it was ever heard of. */
  time(): number | null {
    return this.#offset === null ? null : this.#options.clock.now() + this.#offset;
  }

  key(...parts: readonly string[]): string {
    return [this.#root, ...parts].join(':');
  }

  /** Runs a script under the present session. @throws {Error} it is over, or was not the one that Redis knows. */
  async run(name: 'take' | 'sync', keys: readonly string[], args: readonly string[], now: number): Promise<string[]> {
    const session = this.#session;
    if (session === null) throw new Error('there is no connection');
    const reply = await this.#evaluate(session, name, [this.key('roll'), ...keys], args, now);
    if (reply[0] === 'lost') {
      session.end('it has lost what it was told');
      throw new Error('it has lost what it was told');
    }
    return reply;
  }

  /** Sends a plain command. @throws {Error} there is no connection, or it ended. */
  async send(command: readonly string[]): Promise<unknown> {
    const session = this.#session;
    if (session === null) throw new Error('there is no connection');
    return session.connection.send(command);
  }

  async subscribe(channel: string, heard: (message: string) => void): Promise<void> {
    await this.#session?.connection.subscribe(channel, heard);
  }

  /** A call has waited for its answer as long as it may: enough of these, one after the other, and none waits any more. */
  missed(): void {
    const now = this.#options.clock.now();
    this.#prompt = 0;
    // Calls that waited at the same time have seen the same delay.
    if (now - this.#lateAt < this.#options.deadlineMs) return;
    this.#lateAt = now;
    this.#late += 1;
    if (this.#late >= RUN && this.#state.kind === 'shared') this.#become({ kind: 'slow' });
  }

  /** A call had its answer in time. */
  answered(): void {
    this.#late = 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const session = this.#session;
    if (session !== null) {
      const left = this.#evaluate(session, 'leave', [this.key('roll')], [], 0).catch(() => undefined);
      await Promise.race([left, this.#pause(HANDSHAKE_MS)]);
      session.end('closed');
    }
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let attempt = 0; !this.#closed; attempt += 1) {
      let reason: string;
      try {
        const session = await this.#begin();
        const begunAt = this.#options.clock.now();
        reason = await this.#keep(session);
        if (this.#options.clock.now() - begunAt > LASTING_MS) attempt = 0;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
      this.#session?.connection.close();
      this.#session = null;
      if (this.#closed) return;
      this.#become({ kind: 'away', reason });
      const most = Math.min(RETRY_MOST_MS, RETRY_LEAST_MS * 2 ** attempt);
      // Spread, because all the others have lost it at the same moment.
      await this.#pause(most * (0.5 + Math.random() / 2));
    }
  }

  /** Connects, teaches Redis the scripts, and tells it everything. */
  async #begin(): Promise<Session> {
    let end: (reason: string) => void = () => undefined;
    const over = new Promise<string>((resolve) => (end = resolve));
    const connection = await connectRedis(this.#options.address, end);
    const stop = this.#options.clock.after(HANDSHAKE_MS, () => end('it does not answer'));
    try {
      const scripts = await Promise.race([loadScripts(connection), over.then(failed)]);
      this.#sessions += 1;
      const number = this.#sessions;
      const session: Session = { number, connection, scripts, over, end, outstanding: 0, waitingSince: 0 };
      this.#session = session;
      this.#watch(session);
      await Promise.race([this.#attend(session, false), over.then(failed)]);
      stop.cancel();
      await Promise.race([this.#user.declare(), over.then(failed)]);
      return session;
    } catch (error) {
      end('never begun');
      connection.close();
      throw error;
    } finally {
      stop.cancel();
    }
  }

  /** Stays on the roll until the session is over. @returns why it is. */
  async #keep(session: Session): Promise<string> {
    for (;;) {
      const attended = await Promise.race([this.#attend(session, true), session.over]);
      if (typeof attended === 'string') return attended;
      this.#trustedUntil = attended.askedAt + DEAD_MS - BEAT_MS;
      if (attended.settled) this.#promptly(attended.tookMs);
      const ended = await Promise.race([this.#pause(BEAT_MS), session.over]);
      if (typeof ended === 'string') return ended;
    }
  }

  /** Ends the session when an answer has been outstanding for too long. */
  #watch(session: Session): void {
    const { clock, deadlineMs } = this.#options;
    const longest = deadlineMs * SILENCE_DEADLINES;
    const look = (): Alarm =>
      clock.after(longest / 2, () => {
        if (session.outstanding > 0 && clock.now() - session.waitingSince > longest) session.end('it does not answer');
        else alarm = look();
      });
    let alarm = look();
    void session.over.then(() => alarm.cancel());
  }

  async #attend(
    session: Session,
    declared: boolean,
  ): Promise<{ readonly settled: boolean; readonly askedAt: number; readonly tookMs: number }> {
    const { clock, replicas } = this.#options;
    const askedAt = clock.now();
    const expected = this.#era === null ? 1 : Math.max(replicas, this.#replicas);
    const reply = await this.#evaluate(
      session,
      'attend',
      [this.key('roll'), this.key('era')],
      [
        declared ? '1' : '0',
        String(expected),
        // Who has met nobody yet has nobody to wait for.
        String(this.#era === null ? 0 : GATHER_MS),
        randomBytes(6).toString('hex'),
        String(ROLL_KEPT_MS),
      ],
      this.time() ?? 0,
    );
    const [state, era = '', there, settled, time] = reply;
    if (state === 'stale' || state === 'lost') throw new Error('it has lost what it was told');
    const tookMs = clock.now() - askedAt;
    this.#offset = Number(time) - (askedAt + tookMs / 2);
    this.#era = era;
    if (settled === '1') this.#replicas = Math.max(this.#options.replicas, Number(there));
    return { settled: settled === '1', askedAt, tookMs };
  }

  /** An answer came after so long: with enough quick ones in a row, calls wait for Redis again. */
  #promptly(tookMs: number): void {
    if (tookMs > this.#options.deadlineMs / 2) {
      this.#prompt = 0;
      return;
    }
    this.#prompt += 1;
    this.#late = 0;
    if (this.#state.kind === 'away' || (this.#state.kind === 'slow' && this.#prompt >= RUN)) {
      this.#become({ kind: 'shared' });
    }
  }

  async #evaluate(
    session: Session,
    name: ScriptName,
    keys: readonly string[],
    args: readonly string[],
    now: number,
  ): Promise<string[]> {
    const { clock } = this.#options;
    if (session.outstanding === 0) {
      session.waitingSince = clock.now();
      session.connection.awaited(true);
    }
    session.outstanding += 1;
    const head = ['EVALSHA', session.scripts[name], String(keys.length), ...keys];
    const common = [this.process, String(session.number), String(Math.floor(now)), String(DEAD_MS)];
    try {
      return (await session.connection.send([...head, ...common, ...args])) as string[];
    } catch (error) {
      // Whatever it was, it is not known what became of the command.
      session.end(error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      session.outstanding -= 1;
      session.waitingSince = clock.now();
      if (session.outstanding === 0) session.connection.awaited(false);
    }
  }

  #become(state: LinkState): void {
    const before = this.#state;
    this.#state = state;
    if (
      before.kind !== state.kind ||
      (state.kind === 'away' && before.kind === 'away' && before.reason !== state.reason)
    )
      this.#user.changed(state);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const alarm = this.#options.clock.after(ms, resolve);
      this.#wake = () => {
        alarm.cancel();
        resolve();
      };
    });
  }
}

async function loadScripts(connection: RedisConnection): Promise<Record<ScriptName, string>> {
  const names = Object.keys(SCRIPTS) as ScriptName[];
  const hashes = await Promise.all(names.map((name) => connection.send(['SCRIPT', 'LOAD', SCRIPTS[name]])));
  return Object.fromEntries(names.map((name, index) => [name, String(hashes[index])])) as Record<ScriptName, string>;
}

function failed(reason: string): never {
  throw new Error(reason);
}
