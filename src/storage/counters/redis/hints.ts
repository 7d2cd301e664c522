import type { Clock } from '../../../engine/clock.ts';
import type { Fact, Hear, Hints, HintTopic } from '../../../engine/health/hints.ts';
import type { Link } from './link.ts';

/** Facts of ours that are kept to be told again to a Redis that has lost them; the oldest go first. */
const MOST_KEPT = 1_000;

/** Facts that nobody renews go after a week at the latest, were everybody to vanish. */
const FACTS_KEPT_MS = 7 * 86_400_000;

/** A fact as it travels. */
interface Message {
  readonly from: string;
  readonly topic: HintTopic;
  readonly id: string;
  readonly fact: Fact;
  /** Redis's time, ms since 1970, until which those who come later shall hear of it; 0: not at all. */
  readonly until: number;
}

/**
 * Word between the processes that share a Redis: published for those who listen, and kept for those who come later. What
 * is lost while Redis is away is told again when it is back, as far as it is still to be kept.
 */
export class RedisHints implements Hints {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #listeners = new Set<{ readonly topic: HintTopic; readonly hear: Hear }>();
  /** By topic and id. */
  readonly #kept = new Map<string, Message>();

  constructor(link: Link, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
  }

  tell(topic: HintTopic, id: string, fact: Fact, keepMs: number): void {
    const until = keepMs > 0 ? this.#time() + keepMs : 0;
    const message: Message = { from: this.#link.process, topic, id, fact, until };
    const name = nameOf(message);
    this.#kept.delete(name);
    if (until > 0) this.#kept.set(name, message);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT) break;
      this.#kept.delete(oldest);
    }
    this.#send(message);
  }

  listen(topic: HintTopic, hear: Hear): () => void {
    const listener = { topic, hear };
    this.#listeners.add(listener);
    void this.#recall().catch(() => undefined);
    return () => this.#listeners.delete(listener);
  }

  /** A session has begun: listens, tells what is still true, and hears what others keep. */
  async join(): Promise<void> {
    await this.#link.subscribe(this.#link.key('hints'), (text) => this.#heard(text));
    const now = this.#time();
    for (const [name, message] of this.#kept) {
      if (message.until <= now) this.#kept.delete(name);
      else this.#send(message);
    }
    await this.#recall();
  }

  #send(message: Message): void {
    const text = JSON.stringify(message);
    const link = this.#link;
    const sent = [link.send(['PUBLISH', link.key('hints'), text])];
    if (message.until > 0) {
      const facts = link.key('facts');
      const lifetimeMs = Math.max(FACTS_KEPT_MS, Math.ceil(message.until - this.#time()));
      sent.push(link.send(['HSET', facts, nameOf(message), text]), link.send(['PEXPIRE', facts, String(lifetimeMs)]));
    }
    // Best effort: should the connection end, what is kept is told again by the next one.
    for (const each of sent) each.catch(() => undefined);
  }

  /** Hears what others told before. What is no longer to be kept is removed by whoever finds it. */
  async #recall(): Promise<void> {
    const facts = await this.#link.send(['HGETALL', this.#link.key('facts')]);
    const now = this.#time();
    for (const [name, text] of Object.entries(facts as Record<string, string>)) {
      const message = readMessage(text);
      if (message !== null && message.until > now) this.#pass(message);
      else void this.#link.send(['HDEL', this.#link.key('facts'), name]).catch(() => undefined);
    }
  }

  #heard(text: string): void {
    const message = readMessage(text);
    if (message !== null) this.#pass(message);
  }

  #pass({ from, topic, id, fact }: Message): void {
    if (from === this.#link.process) return;
    for (const listener of this.#listeners) if (listener.topic === topic) listener.hear(id, fact);
  }

  #time(): number {
    return this.#link.time() ?? this.#clock.wall();
  }
}

function nameOf({ topic, id }: Message): string {
  return `${topic} ${id}`;
}

/** Whoever may write to this Redis could write anything there: what is no fact is not heard. */
function readMessage(text: string): Message | null {
  try {
    const message = JSON.parse(text) as Partial<Message> | null;
    const { from, topic, id, fact, until } = message ?? {};
    const isFact = typeof fact === 'object' && fact !== null && !Array.isArray(fact);
    if (typeof from !== 'string' || typeof topic !== 'string' || typeof id !== 'string' || !isFact) return null;
    return { from, topic, id, fact, until: typeof until === 'number' ? until : 0 };
  } catch {
    return null;
  }
}
