import { HELD_HOPE_MS, type Measure, type Period, type Quota } from '../../../engine/admission/quota.ts';
import type { Kept } from '../counts.ts';
import { type Window, windowFor } from '../windows.ts';
import { Alone } from './alone.ts';
import { Others, type Pieces, type Standing } from './others.ts';

/** What a process tells Redis of a quota. */
export interface Report {
  /** `set`: `hold` is all it holds; `add`: by how much that changes. */
  readonly kind: 'set' | 'add';
  readonly hold: number;
  /** What it would like to hold besides. */
  readonly wanted: number;
  /** How much of what it holds no call has been given. */
  readonly idle: number;
  /** Number of each piece whose use has changed, and that use. */
  readonly pieces: readonly number[];
}

/** How far ahead a share reaches, at the present rate of use: a few rounds of background exchange, ms. */
const AHEAD_MS = 500;

/**
 * One process takes ahead at most this part of the room there is, divided by the number of processes. So what lies about
 * unspent shrinks with the room, and of a small quota nothing is taken ahead at all.
 */
export const SPREAD = 4;

/** How fast the rate of use is learnt: two thirds in three rounds. */
const LEARNING = 0.3;

/** A rate at which nothing comes within a minute is none. */
const IDLE_RATE = 1 / 60_000;

/** Of a quota with less room than this part of it, what is given back is told at once: somebody may wait for it. */
const TIGHT = 1 / 16;

/** How long Redis keeps a quota that nobody touches, beyond the time for which its use counts. */
const SPARE_MS = 600_000;
const LIFETIME_MS: Readonly<Record<Period, number>> = {
  moment: SPARE_MS,
  minute: 60_000 + SPARE_MS,
  day: 2 * 86_400_000 + SPARE_MS,
  month: 31 * 86_400_000 + SPARE_MS,
};

/** What is held is told again this often, long before Redis would forget it. */
const RENEW_MS = SPARE_MS / 5;

/**
 * What one process knows of one quota, and what it may spend of it without asking. Pure: time is handed in.
 *
 * Redis counts the lease as held by this process. It covers what calls under way hold, what was used and is not reported
 * yet, and the idle share, which no call has been given and the next one can have at once.
 */
export class QuotaShare implements Kept {
  readonly id: string;
  readonly lifetimeMs: number;
  readonly measure: Measure;
  readonly #period: Period;
  /** The quota as the latest caller brought it: people change amounts while counts go on. */
  #amount: number;
  #refuses: boolean;
  /** Settled use of this process. */
  readonly #own: Window | null;
  readonly #others: Others;
  #alone: Alone;
  #held = 0;
  /** Of that, for calls that wait for the verdict. */
  #waiting = 0;
  #holders = 0;
  #lease = 0;
  #unreported = 0;
  /** Asked of Redis for calls that wait for the answer: held, and not in the lease yet. */
  #outstanding = 0;
  /** Pieces before this one were reported for good. */
  #reportedTo = Number.NEGATIVE_INFINITY;
  #exchanging = false;
  #room = 0;
  #replicas = 1;
  #spent = 0;
  /** Use per ms. */
  #rate = 0;

  constructor({ id, measure, period, amount, refuses }: Quota) {
    this.id = id;
    this.measure = measure;
    this.#period = period;
    this.#amount = amount;
    this.#refuses = refuses;
    this.lifetimeMs = LIFETIME_MS[measure === 'calls' ? 'moment' : period];
    this.#own = windowFor(measure, period);
    this.#others = new Others(measure, period);
    this.#alone = new Alone(measure, period);
  }

  /** The number that Redis's script compares with; a quota that only warns has room for everything. */
  get amount(): number {
    return this.#refuses ? this.#amount : Number.MAX_SAFE_INTEGER;
  }

  /** Takes over the quota's size; others may have learnt of a change sooner or later. */
  resize({ amount, refuses }: Quota): void {
    this.#amount = amount;
    this.#refuses = refuses;
  }

  /** What can be spent without asking; below nothing when more was used than was leased. */
  get spare(): number {
    return this.#lease + this.#outstanding - this.#held - this.#unreported;
  }

  /** Calls under way count here, or Redis has still to be told of something. */
  get busy(): boolean {
    return this.#holders > 0 || this.#exchanging || this.#lease !== 0 || this.#unreported !== 0;
  }

  idle(at: number): boolean {
    return !this.busy && this.#settledHere(at) === 0;
  }

  /** May something here change without a call, so that it has to be looked at every round? */
  get stirs(): boolean {
    return this.busy || this.#rate > 0;
  }

  /** Is the room so small that what is given back should be known at once? */
  get tight(): boolean {
    return this.#refuses && this.#room < this.#amount * TIGHT;
  }

  /** Oldest piece that counts, for Redis; 0 where nothing is kept in pieces. */
  oldestAt(at: number): number {
    return this.#own?.oldestAt(at) ?? 0;
  }

  used(at: number): number {
    const settled = this.#own === null ? 0 : this.#settledHere(at) + this.#others.settled(at);
    return this.#held - this.#waiting + this.#others.held(at) + settled;
  }

  settled(at: number): number {
    return this.#own === null ? this.used(at) : this.#settledHere(at) + this.#others.settled(at);
  }

  /** See the verdict's `freeInMs`, as far as this process knows. */
  freeInMs(wanted: number, at: number): number | null {
    if (wanted > this.#amount) return null;
    if (this.#own === null) return HELD_HOPE_MS;
    const certain = this.settled(at) + (this.measure === 'requests' ? this.#others.held(at) : 0);
    const excess = certain + wanted - this.#amount;
    return excess <= 0 ? HELD_HOPE_MS : this.#together(at).freeInMs(excess, at);
  }

  /** Can the call be let in without asking? */
  covers(wanted: number): boolean {
    return !this.#refuses || wanted === 0 || (wanted <= this.#amount && this.spare >= wanted);
  }

  /** Could no amount of waiting make room? */
  neverFits(wanted: number): boolean {
    return this.#refuses && wanted > this.#amount;
  }

  /** A call is let in. */
  take(wanted: number, at: number): void {
    this.hold(wanted);
    this.grant(wanted, at);
  }

  /** A call waits for the verdict; meanwhile nobody else may have what it wants. */
  hold(wanted: number): void {
    this.#holders += 1;
    this.#held += wanted;
    this.#waiting += wanted;
    this.#spent += wanted;
  }

  /** The call that was held for is let in. */
  grant(wanted: number, at: number): void {
    this.#waiting -= wanted;
    // A request is one from the moment it is let in; what else it takes is known only when it has ended.
    if (this.measure !== 'requests') return;
    this.#held -= wanted;
    this.#use(wanted, at);
  }

  /** The call that was held for is not let in. */
  drop(wanted: number): void {
    this.#waiting -= wanted;
    this.#spent -= wanted;
    this.#letGo(wanted);
  }

  /** The call has ended, having taken so much. */
  settle(reserved: number, real: number, at: number): void {
    if (this.measure === 'requests') this.#letGo(0);
    else {
      this.#letGo(reserved);
      if (this.measure !== 'calls') this.#use(real, at);
    }
  }

  #letGo(amount: number): void {
    this.#holders -= 1;
    // Sums of fractions of a cent never come back to nothing by themselves.
    this.#held = this.#holders === 0 ? 0 : this.#held - amount;
  }

  #use(amount: number, at: number): void {
    if (amount === 0) return;
    this.#own?.add(amount, at);
    this.#unreported += amount;
  }

  // ── Asking ──

  /** What Redis has to be asked for, for a call that wants so much; to be said before {@link hold}. */
  needFor(wanted: number): number {
    return this.#refuses ? wanted - Math.max(0, Math.min(wanted, this.spare)) : 0;
  }

  /** More was used than was leased: the others are to know with the next word. @returns by how much. */
  owe(): number {
    const owed = Math.max(0, -this.spare);
    this.#lease += owed;
    return owed;
  }

  ask(need: number): void {
    this.#outstanding += need;
  }

  /** The answer has come, or is waited for no more. */
  answer(need: number): void {
    this.#outstanding -= need;
  }

  /** Redis counts so much more as held by this process. */
  leased(amount: number): void {
    this.#lease += amount;
  }

  /** What is worth holding beyond what the present call needs. */
  get wantedAhead(): number {
    // Once is enough: of calls that ask together, each would bring it.
    return this.#outstanding > 0 ? 0 : Math.max(0, Math.floor(Math.max(this.#rate * AHEAD_MS, this.#spent)));
  }

  // ── Exchanging ──

  /** A round has passed. */
  learn(ms: number): void {
    this.#rate += LEARNING * (this.#spent / ms - this.#rate);
    if (this.#rate < IDLE_RATE) this.#rate = 0;
    this.#spent = 0;
  }

  /** Is there something to tell Redis, or to ask of it? */
  isDue(at: number): boolean {
    if (this.#exchanging) return false;
    const { spare } = this;
    if (this.#unreported !== 0 || spare < 0 || (this.#lease !== 0 && at - this.#others.toldAt > RENEW_MS)) return true;
    const ahead = this.#ahead();
    return spare > ahead || spare < ahead / 2;
  }

  /** What is to be told now. It is taken as told: should it never arrive, the session is over and all is told anew. */
  report(at: number): Report {
    this.#exchanging = true;
    const ahead = this.#ahead();
    const { spare } = this;
    const change = spare < 0 ? -spare : Math.min(0, ahead - spare);
    const hold = change - this.#unreported;
    this.#lease += hold;
    this.#unreported = 0;
    return { kind: 'add', hold, wanted: Math.max(0, ahead - this.spare), idle: this.spare, pieces: this.#pieces(at) };
  }

  /** Everything, for a Redis that knows nothing of this process; null: there is nothing. */
  declaration(at: number): Report | null {
    this.#reportedTo = Number.NEGATIVE_INFINITY;
    this.#exchanging = false;
    this.#outstanding = 0;
    this.#unreported = 0;
    this.#lease = this.#held;
    const pieces = this.#pieces(at);
    if (this.#held === 0 && pieces.length === 0) return null;
    return { kind: 'set', hold: this.#held, wanted: 0, idle: 0, pieces };
  }

  /** The answer to a report. */
  reported(granted: number): void {
    this.#exchanging = false;
    this.#lease += granted;
  }

  /** What Redis says of the quota. */
  told(standing: Standing, at: number): void {
    this.#replicas = standing.replicas;
    this.#room = this.#amount - standing.settled - standing.heldByOthers - this.#lease;
    this.#others.told(standing, this.#settledHere(at) - this.#unreported, at);
  }

  /** The same, piece by piece. */
  toldPieces(pieces: Pieces, at: number): void {
    const own = new Map<number, number>();
    this.#own?.each(at, (piece, amount) => own.set(piece, amount));
    // What is not reported yet is in the latest pieces, and not in what Redis says.
    let unreported = this.#unreported;
    for (const [piece, amount] of [...own].reverse()) {
      const part = Math.min(unreported, amount);
      own.set(piece, amount - part);
      unreported -= part;
    }
    this.#others.toldPieces(pieces, own);
  }

  /** The share worth holding: what will be used soon, as far as it leaves enough for the others. */
  #ahead(): number {
    if (!this.#refuses) return 0;
    const most = (this.#room + Math.max(0, this.spare)) / (SPREAD * this.#replicas);
    return Math.max(0, Math.floor(Math.min(this.#rate * AHEAD_MS, most)));
  }

  #pieces(at: number): number[] {
    const from = this.#reportedTo;
    const pieces: number[] = [];
    this.#own?.each(at, (piece, amount) => {
      if (piece < from) return;
      pieces.push(piece, amount);
      this.#reportedTo = piece;
    });
    return pieces;
  }

  // ── Alone ──

  /**
   * May the call be let in though Redis cannot be asked? Of the room there is as far as anybody knows, each process takes
   * an equal part. A call that is larger than that part may go if it is the only one, or small quotas would be closed
   * altogether.
   */
  coversAlone(wanted: number, replicas: number, at: number): boolean {
    if (!this.#refuses || wanted === 0) return true;
    const alone = this.#alone.spent(at);
    const room = this.#roomAlone(at);
    return alone + wanted <= room / replicas || (alone === 0 && wanted <= room);
  }

  /** How soon {@link coversAlone} may change its mind. */
  freeAloneInMs(wanted: number, replicas: number, at: number): number | null {
    const free = this.freeInMs(wanted, at);
    const excess = this.#alone.spent(at) + wanted - this.#roomAlone(at) / replicas;
    return free === null ? null : Math.max(free, this.#alone.freeInMs(excess, at));
  }

  takeAlone(wanted: number, at: number): void {
    this.take(wanted, at);
    this.#alone.take(wanted, at);
  }

  settleAlone(reserved: number, real: number, at: number): void {
    this.settle(reserved, real, at);
    this.#alone.settle(reserved, real, at);
  }

  /** Everybody knows of what was let through alone. */
  rejoin(): void {
    this.#alone = new Alone(this.measure, this.#period);
  }

  /** What there was to be divided when Redis could no longer be asked, aged since. */
  #roomAlone(at: number): number {
    return this.#amount - (this.used(at) + this.#others.idle(at) - this.#alone.spent(at));
  }

  #settledHere(at: number): number {
    return this.#own?.total(at) ?? 0;
  }

  /** Everybody's settled use in one window. */
  #together(at: number): Window {
    const pieces: [number, number][] = [];
    for (const window of [this.#own, this.#others.window]) {
      window?.each(at, (piece, amount) => pieces.push([piece, amount]));
    }
    const together = windowFor(this.measure, this.#period) as Window;
    for (const [piece, amount] of pieces.sort(([a], [b]) => a - b)) together.add(amount, together.momentIn(piece));
    if (this.measure === 'requests') together.add(this.#others.held(at), at);
    return together;
  }
}
