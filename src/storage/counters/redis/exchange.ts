import type { Alarm, Clock } from '../../../engine/clock.ts';
import type { Link } from './link.ts';
import { type QuotaShare, type Report, SPREAD } from './quota-share.ts';
import { readSynced } from './replies.ts';

/** How often shares are balanced with Redis: use is reported, what is idle is given back, what runs low is filled up. */
const ROUND_MS = 100;

/** Told at once means: with whatever else is told within this time. */
const SOON_MS = 5;

/** Quotas that one message tells of, and messages of one round: the rest waits for the next. */
const QUOTAS_A_MESSAGE = 32;
const MESSAGES_A_ROUND = 16;

/** Balances this process's shares with Redis in the background. */
export class Exchange {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #now: () => number;
  /** Shares in which something may change without a call. */
  readonly #stirring = new Set<QuotaShare>();
  /** Those of which others should hear at once. */
  readonly #urgent = new Set<QuotaShare>();
  readonly #underWay = new Set<Promise<unknown>>();
  #round: Alarm | null = null;
  #roundAt = 0;
  #soon: Alarm | null = null;

  /** @param now time of day as Redis has it. */
  constructor(link: Link, clock: Clock, now: () => number) {
    this.#link = link;
    this.#clock = clock;
    this.#now = now;
  }

  /** Something has changed in a share. */
  stir(share: QuotaShare): void {
    this.#stirring.add(share);
    if (this.#round !== null) return;
    this.#roundAt = this.#clock.now();
    this.#round = this.#clock.after(ROUND_MS, () => this.#goRound());
  }

  /** Something was given back that somebody may be waiting for. */
  hurry(share: QuotaShare): void {
    this.#urgent.add(share);
    this.#soon ??= this.#clock.after(SOON_MS, () => {
      this.#soon = null;
      if (this.#link.trusted) this.#balance(this.#urgent, MESSAGES_A_ROUND);
      this.#urgent.clear();
    });
  }

  /** Resolves when Redis knows all that was used up to now, or cannot be told. */
  async told(): Promise<void> {
    await Promise.all(this.#underWay);
    if (!this.#link.trusted) return;
    this.#balance(this.#stirring, Number.POSITIVE_INFINITY);
    await Promise.all(this.#underWay);
  }

  /** Tells a Redis that knows nothing of this process what it holds and what it has used. */
  async declare(all: Iterable<QuotaShare>): Promise<void> {
    const at = this.#now();
    const shares: QuotaShare[] = [];
    const reports: Report[] = [];
    for (const share of all) {
      const report = share.declaration(at);
      if (report === null) continue;
      shares.push(share);
      reports.push(report);
      this.stir(share);
    }
    for (let from = 0; from < shares.length; from += QUOTAS_A_MESSAGE) {
      const to = from + QUOTAS_A_MESSAGE;
      await this.#tell(shares.slice(from, to), reports.slice(from, to), at);
    }
  }

  stop(): void {
    this.#round?.cancel();
    this.#soon?.cancel();
  }

  #goRound(): void {
    const { trusted } = this.#link;
    const since = this.#clock.now();
    for (const share of this.#stirring) {
      share.learn(since - this.#roundAt);
      // While Redis is away nothing can be exchanged; what is to be told then is found by looking through all shares.
      if (!trusted || !share.stirs) this.#stirring.delete(share);
    }
    this.#roundAt = since;
    if (trusted) this.#balance(this.#stirring, MESSAGES_A_ROUND);
    this.#round = this.#stirring.size === 0 ? null : this.#clock.after(ROUND_MS, () => this.#goRound());
  }

  /** Tells of the shares that are due. Those told of go to the end of the line, so that none waits forever. */
  #balance(shares: Iterable<QuotaShare>, messages: number): void {
    const at = this.#now();
    const due: QuotaShare[] = [];
    for (const share of shares) {
      if (due.length >= messages * QUOTAS_A_MESSAGE) break;
      if (share.isDue(at)) due.push(share);
    }
    for (let from = 0; from < due.length; from += QUOTAS_A_MESSAGE) {
      const part = due.slice(from, from + QUOTAS_A_MESSAGE);
      for (const share of part) {
        this.#stirring.delete(share);
        this.#stirring.add(share);
      }
      const reports = part.map((share) => share.report(at));
      const telling: Promise<unknown> = this.#tell(part, reports, at)
        // The session is over then, and the next one begins with everything.
        .catch(() => undefined)
        .finally(() => this.#underWay.delete(telling));
      this.#underWay.add(telling);
    }
  }

  async #tell(shares: readonly QuotaShare[], reports: readonly Report[], at: number): Promise<void> {
    const keys = shares.map(({ id }) => this.#link.key('quota', id));
    const args = [String(SPREAD)];
    for (const [index, share] of shares.entries()) {
      const { kind, hold, wanted, idle, pieces } = reports[index] as Report;
      args.push(String(share.amount), String(share.oldestAt(at)), kind, String(hold), String(wanted), String(idle));
      args.push(String(share.lifetimeMs), String(pieces.length / 2), ...pieces.map(String));
    }
    const told = readSynced(await this.#link.run('sync', keys, args, at));
    const now = this.#now();
    for (const [index, share] of shares.entries()) {
      const news = told[index];
      if (news === undefined) continue;
      share.reported(news.granted);
      share.told(news, now);
    }
  }
}
