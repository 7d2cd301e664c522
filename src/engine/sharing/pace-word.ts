import type { Account } from './account.ts';
import type { Alarm, Clock } from '../clock.ts';
import type { Fact, Hints } from '../health/hints.ts';
import type { Outlet } from './outlet.ts';
import type { PaceWord } from './pacer.ts';

/** How often a process that uses an account tells how it stands: often enough to follow a burst, and little on the wire, ms. */
const TELL_EVERY_MS = 500;

/** Who has not been heard of for so long is taken to have gone, or to want nothing, ms. */
const GONE_AFTER_MS = 5_000;

/** For so long those who start later hear what the limits are, ms. */
const KEPT_MS = 60_000;

/** Of a limit this part is shared out evenly, so that whoever begins can begin; the rest goes by what each wants. */
const EVENLY = 0.1;

/** What one process wants of an outlet: what it takes, and what waits for its turn. */
interface Want {
  readonly requests: number;
  readonly tokens: number;
  readonly heardAt: number;
  readonly complaints: number;
}

/**
 * Lets processes that use the same accounts keep under their providers' limits together. Each tells twice a second what it
 * has learnt of a limit and how much it wants of it, and keeps to its part: all of them reckon from the same word, so that
 * the parts add up to the whole. Nothing is asked for a call. Who is not heard, because it has gone or the word does not
 * get through, is soon a stranger again, as whom every pacer reckons with by itself.
 *
 * @param self tells this process apart from the others
 * @returns stops telling and listening
 */
export function sharePacing(accounts: readonly Account[], hints: Hints, clock: Clock, self: string): () => void {
  const sharing = new SharedPacing(accounts, hints, clock, self);
  const deaf = hints.listen('pace', (id, fact) => sharing.hear(id, fact));
  return () => {
    deaf();
    sharing.stop();
  };
}

class SharedPacing {
  readonly #accounts: ReadonlyMap<string, Account>;
  readonly #hints: Hints;
  readonly #clock: Clock;
  readonly #self: string;
  /** What each process wants of each outlet, as it has told. */
  readonly #wants = new Map<Outlet, Map<string, Want>>();
  #alarm: Alarm;

  constructor(accounts: readonly Account[], hints: Hints, clock: Clock, self: string) {
    this.#accounts = new Map(accounts.map((account) => [account.id, account]));
    this.#hints = hints;
    this.#clock = clock;
    this.#self = self;
    this.#alarm = clock.after(TELL_EVERY_MS, () => this.#turn());
  }

  stop(): void {
    this.#alarm.cancel();
  }

  hear(id: string, fact: Fact): void {
    const { account, model, process } = fact;
    if (typeof account !== 'string' || typeof model !== 'string' || typeof process !== 'string') return;
    if (id !== nameOf(process, account, model)) return;
    // What nobody here has asked for yet is learnt of when somebody does: the word is repeated.
    const outlet = this.#accounts.get(account)?.outlets.get(model);
    if (outlet === undefined) return;
    const now = this.#clock.now();
    const word = readWord(fact);
    const before = this.#wantsOf(outlet).get(process);
    outlet.pacer.hear(word, before !== undefined && word.complaints > before.complaints, now);
    this.#note(outlet, process, wantOf(fact, now));
    this.#share(outlet, now);
    outlet.pump(this.#clock);
  }

  #turn(): void {
    const now = this.#clock.now();
    for (const { id, outlets } of this.#accounts.values()) {
      for (const [model, outlet] of outlets) this.#tell(id, model, outlet, now);
    }
    this.#alarm = this.#clock.after(TELL_EVERY_MS, () => this.#turn());
  }

  #tell(account: string, model: string, outlet: Outlet, now: number): void {
    if (!outlet.pacer.known) return;
    const word = outlet.pacer.word(now);
    if (word.callsPerSecond > 0 || outlet.waiting > 0) {
      const fact = factOf(this.#self, account, model, word, outlet);
      this.#hints.tell('pace', nameOf(this.#self, account, model), fact, KEPT_MS);
      this.#note(outlet, this.#self, wantOf(fact, now));
    }
    if (this.#wants.has(outlet)) this.#share(outlet, now);
  }

  #wantsOf(outlet: Outlet): Map<string, Want> {
    let wants = this.#wants.get(outlet);
    if (wants === undefined) this.#wants.set(outlet, (wants = new Map<string, Want>()));
    return wants;
  }

  #note(outlet: Outlet, process: string, want: Want): void {
    this.#wantsOf(outlet).set(process, want);
  }

  /** What is this process's part? By what was told, of itself too: the others know no more. */
  #share(outlet: Outlet, now: number): void {
    const wants = this.#wantsOf(outlet);
    for (const [process, { heardAt }] of wants) if (now - heardAt > GONE_AFTER_MS) wants.delete(process);
    const own = wants.get(this.#self);
    const others = wants.size - (own === undefined ? 0 : 1);
    if (others === 0) return outlet.pacer.share(1, 1, now);
    let [requests, tokens] = [0, 0];
    for (const want of wants.values()) {
      requests += want.requests;
      tokens += want.tokens;
    }
    const part = (mine: number, all: number): number =>
      EVENLY / (others + 1) + (1 - EVENLY) * (all > 0 ? mine / all : 1 / (others + 1));
    outlet.pacer.share(part(own?.requests ?? 0, requests), part(own?.tokens ?? 0, tokens), now);
  }
}

function nameOf(process: string, account: string, model: string): string {
  return `${process} ${account} ${model}`;
}

/** Rates are told to a hundredth: more would only make the word longer. */
function factOf(process: string, account: string, model: string, word: PaceWord, outlet: Outlet): Fact {
  return {
    process,
    account,
    model,
    requests: word.requests?.perMinute ?? null,
    requestsAtOnce: word.requests?.atOnce ?? null,
    tokens: word.tokens?.perMinute ?? null,
    tokensAtOnce: word.tokens?.atOnce ?? null,
    requestsWaitMs: Math.ceil(word.requestsWaitMs),
    tokensWaitMs: Math.ceil(word.tokensWaitMs),
    complaints: word.complaints,
    callsPerSecond: rounded(word.callsPerSecond),
    tokensPerSecond: rounded(word.tokensPerSecond),
    waiting: outlet.waiting,
    waitingTokens: Math.ceil(outlet.waitingTokens),
  };
}

function wantOf(fact: Fact, heardAt: number): Want {
  return {
    requests: amountOf(fact['callsPerSecond']) + amountOf(fact['waiting']),
    tokens: amountOf(fact['tokensPerSecond']) + amountOf(fact['waitingTokens']),
    heardAt,
    complaints: amountOf(fact['complaints']),
  };
}

function readWord(fact: Fact): PaceWord {
  const limit = (perMinute: number, atOnce: number): PaceWord['requests'] =>
    perMinute > 0 && atOnce > 0 ? { perMinute, atOnce } : null;
  return {
    requests: limit(amountOf(fact['requests']), amountOf(fact['requestsAtOnce'])),
    tokens: limit(amountOf(fact['tokens']), amountOf(fact['tokensAtOnce'])),
    requestsWaitMs: amountOf(fact['requestsWaitMs']),
    tokensWaitMs: amountOf(fact['tokensWaitMs']),
    complaints: amountOf(fact['complaints']),
    callsPerSecond: amountOf(fact['callsPerSecond']),
    tokensPerSecond: amountOf(fact['tokensPerSecond']),
  };
}

/** What comes from elsewhere may be anything. */
function amountOf(value: Fact[string] | undefined): number {
  return typeof value === 'number' && value > 0 && Number.isFinite(value) ? value : 0;
}

function rounded(amount: number): number {
  return Math.round(amount * 100) / 100;
}
