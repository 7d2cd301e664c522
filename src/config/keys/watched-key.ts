import type { Alarm, Clock } from '../../engine/clock.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import type { ToldList } from '../../providers/catalogue/told.ts';
import type { KeyQuestion, KeyVerdict } from '../../providers/key-check.ts';
import { isSecretFault, type SecretFault, type SecretReading } from '../secret-stores/store.ts';
import { fingerprintOf } from '../secrets.ts';
import type { FirstSeen } from './first-seen.ts';
import { type KeptKey, problemsOf } from './problems.ts';
import { endingOf, type KeyEvent, type KeyReport } from './report.ts';
import { type KeyState, onReading, onVerdict } from './rotation.ts';

export interface KeeperDeps {
  readonly clock: Clock;
  /** Asks a provider about a key; null where nobody wants them asked: a new key is then taken at its store's word. */
  readonly check: ((question: KeyQuestion, key: string) => Promise<KeyVerdict>) | null;
  readonly tell: (event: KeyEvent) => void;
  /** Told what a provider says of its models' limits along the way. @default nobody */
  readonly hear?: ((target: string, list: ToldList) => void) | undefined;
  readonly firstSeen: FirstSeen;
  /** What this gateway is for: `production`; null where nobody said. */
  readonly environment: string | null;
  /** Age at which a key is due to be replaced, ms; null: never. */
  readonly rotateEveryMs: number | null;
}

/** After a provider refused a key, its store is asked for a newer one at once, yet no oftener than this, ms. */
const LEAST_BETWEEN_MS = 1_000;

/** A key that was refused is asked about again after this, ms: some providers take a while to know their own keys. */
const RECHECK_MS = 60_000;

/** One key under watch: what its store and its provider say of it. */
export class WatchedKey {
  readonly #key: KeptKey;
  readonly #deps: KeeperDeps;
  #verdict: KeyVerdict | null = null;
  /** Fingerprint of the store's newest value, where the provider refused it. */
  #spurned: string | null = null;
  #spurnedAt = Number.NEGATIVE_INFINITY;
  #storeAway = false;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #adoptedAt = Number.NEGATIVE_INFINITY;
  #renewal: Promise<void> | null = null;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #alarm: Alarm | null = null;

  constructor(key: KeptKey, deps: KeeperDeps) {
    this.#key = key;
    this.#deps = deps;
  }

  get target(): string {
    return this.#key.target;
  }

  get environment(): string | null {
    return this.#key.environment ?? this.#deps.environment;
  }

  get fingerprint(): string | null {
    return this.#key.secret.fingerprint;
  }

  async check(): Promise<void> {
    const value = this.#key.secret.reveal();
    this.#checkedAt = this.#deps.clock.now();
    if (value !== null) this.#verdict = await this.#ask(value);
  }

  start(): void {
    const { refreshMs } = this.#key.secret;
    this.#alarm = this.#deps.clock.after(refreshMs ?? RECHECK_MS, () => {
      void this.#round().then(() => {
        // Stopped while it read: nobody wants the next round.
        if (this.#alarm !== null) this.start();
      });
    });
  }

  /** Looks for a new key, and whether one that was refused is welcome again: an account may have been put in order. */
  async #round(): Promise<void> {
    const { clock } = this.#deps;
    if (this.#key.secret.refreshMs !== null) await this.#refresh();
    if (this.#verdict?.kind !== 'refused' || clock.now() - this.#checkedAt < RECHECK_MS) return;
    await this.check();
    // Written out: the check may have changed what was just looked at.
    const verdict = this.#verdict as KeyVerdict | null;
    if (verdict?.kind === 'accepted') this.#tell('key-accepted', `${this.#name()} is accepted again`);
  }

  stop(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
  }

  async renew(sentAt: number, fault: Fault): Promise<boolean> {
    const { clock } = this.#deps;
    if (this.#adoptedAt < sentAt && this.#renewal === null && clock.now() - this.#renewedAt >= LEAST_BETWEEN_MS) {
      this.#renewedAt = clock.now();
      this.#renewal = this.#reconsider(fault).finally(() => (this.#renewal = null));
    }
    await this.#renewal;
    return this.#adoptedAt >= sentAt;
  }

  /** A call was refused for its key, which is all the provider needs to say of it. Has its store another? */
  async #reconsider(fault: Fault): Promise<void> {
    if (this.#verdict?.kind !== 'refused') this.#tell('key-refused', `${this.#name()} is refused by its provider`);
    this.#verdict = { kind: 'refused', fault };
    if (this.#key.secret.refreshMs !== null) await this.#refresh();
  }

  async #refresh(): Promise<void> {
    const { secret } = this.#key;
    const { clock } = this.#deps;
    const found = await secret.readAgain();
    if (isSecretFault(found)) return this.#unread(found);
    if (this.#storeAway) this.#tell('store-back', `${secret.reference} can be read again`);
    this.#storeAway = false;
    const state: KeyState = {
      used: secret.fingerprint,
      broken: this.#verdict?.kind === 'refused',
      spurned: clock.now() - this.#spurnedAt < RECHECK_MS ? this.#spurned : null,
    };
    const print = fingerprintOf(found.value);
    if (print === state.used) this.#spurned = null;
    if (onReading(state, print) === 'same') return;
    const verdict = await this.#ask(found.value);
    const decision = verdict === null ? 'adopt' : onVerdict(state, verdict.kind);
    if (decision === 'adopt') this.#adopt(found, verdict);
    if (decision === 'keep-old') this.#spurn(print);
  }

  #spurn(print: string): void {
    const known = this.#spurned === print;
    this.#spurned = print;
    this.#spurnedAt = this.#deps.clock.now();
    if (known) return;
    const { reference } = this.#key.secret;
    this.#tell('new-key-refused', `the new key in ${reference} is refused by the provider; the old one stays in use`);
  }

  async #ask(value: string): Promise<KeyVerdict | null> {
    const { check, hear } = this.#deps;
    const verdict = check === null ? null : await check(this.#key.question, value);
    if (verdict?.kind === 'accepted' && verdict.told !== undefined) hear?.(this.target, verdict.told);
    return verdict;
  }

  #adopt(reading: SecretReading, verdict: KeyVerdict | null): void {
    const { secret } = this.#key;
    const first = secret.reveal() === null;
    secret.adopt(reading);
    this.#spurned = null;
    this.#verdict = verdict;
    this.#adoptedAt = this.#deps.clock.now();
    this.#tell('rotated', `${this.#name()} is in use${first ? '' : '; calls under way end with the one before'}`);
  }

  /** The last good value stays in use, for as long as it takes. */
  #unread(fault: SecretFault): void {
    this.#key.secret.lacks(fault);
    if (this.#storeAway) return;
    this.#storeAway = true;
    this.#tell(
      'store-away',
      `${this.#key.secret.reference} ${fault.wrong}; the last good key stays in use. ${fault.fix}`,
    );
  }

  #tell(kind: KeyEvent['kind'], message: string): void {
    this.#deps.tell({ kind, target: this.target, message });
  }

  #name(): string {
    const ending = endingOf(this.#key.secret.reveal());
    return `the key of target ${this.target} (${this.#key.secret.reference}${ending === null ? '' : `, …${ending}`})`;
  }

  report(): KeyReport {
    const { secret, rotateBy } = this.#key;
    const value = secret.reveal();
    const since = this.#since();
    const { rotateEveryMs } = this.#deps;
    const due = rotateBy ?? (rotateEveryMs === null || since === null ? null : since + rotateEveryMs);
    return {
      target: this.target,
      reference: secret.reference,
      status: value === null ? 'missing' : this.#status(),
      problems: problemsOf({
        value,
        key: this.#key,
        environment: this.#deps.environment,
        verdict: this.#verdict,
        spurned: this.#spurned !== null,
        overdue: due !== null && due <= this.#deps.clock.wall(),
      }),
      ending: endingOf(value),
      fingerprint: secret.fingerprint,
      since,
      rotateBy: due,
    };
  }

  #status(): KeyReport['status'] {
    return this.#verdict === null || this.#verdict.kind === 'unknown' ? 'unchecked' : this.#verdict.kind;
  }

  #since(): number | null {
    const { secret } = this.#key;
    const { firstSeen, clock } = this.#deps;
    return secret.since ?? (secret.fingerprint === null ? null : firstSeen.of(secret.fingerprint, clock.wall()));
  }
}
