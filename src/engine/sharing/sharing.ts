import { Heap, type Placed } from './heap.ts';

/**
 * Who has had less than its share lately may catch up by so many turns of usual cost: people call in little bursts, and to
 * stretch each over as many rounds would make them wait for those who call all the time.
 */
const CATCH_UP = 16;

/** Who has gone idle is forgotten when this many more than twice the busy ones are remembered. */
const SWEEP_ABOVE = 64;

/** Who has a share of something. */
export class Share implements Placed {
  place = -1;
  /** What has been served to it, by weight, on the scale of {@link Sharing.reached}: the least goes next. */
  served = 0;
  weight = 1;
  order = 0;
}

/**
 * Those who share: the busy ones in order of their turns, and what the others were given lately. Start-time fair queueing
 * (Goyal, Vin and Cheng, 1996): whoever has been served least, by weight, goes next; who comes back from idleness starts
 * at the present, or a little before it.
 */
export class Sharing<S extends Share> {
  readonly busy: Heap<S> = new Heap<S>(before);
  readonly known: Map<string, S> = new Map();
  /** How far the service has come. */
  reached = 0;
  /** What a turn costs, by weight, in the running mean. */
  #usual = 0;
  #joins = 0;

  find(name: string, make: () => S): S {
    let share = this.known.get(name);
    if (share === undefined) this.known.set(name, (share = make()));
    return share;
  }

  join(share: S): void {
    share.served = Math.max(this.#start, share.served);
    share.order = this.#joins += 1;
    this.busy.add(share);
  }

  /** It has had its turn, which cost so much. */
  serve(share: S, cost: number): void {
    this.reached = Math.max(this.reached, share.served);
    this.#usual += (cost / share.weight - this.#usual) / 16;
    this.charge(share, cost);
  }

  /** A turn of it turned out to have cost so much more; less is negative. */
  charge(share: S, cost: number): void {
    share.served += cost / share.weight;
    if (share.place >= 0) this.busy.moved(share);
  }

  /** Where who has long been idle begins. */
  get #start(): number {
    return this.reached - CATCH_UP * this.#usual;
  }

  leave(share: S): void {
    this.busy.remove(share);
    if (this.busy.length === 0) {
      // Nobody waits: there is no scarcity, and nothing to be remembered of it.
      this.known.clear();
      this.reached = 0;
    } else if (this.known.size > 2 * this.busy.length + SWEEP_ABOVE) {
      for (const [name, each] of this.known) {
        if (each.place < 0 && each.served <= this.#start) this.known.delete(name);
      }
    }
  }
}

function before(a: Share, b: Share): boolean {
  return a.served < b.served || (a.served === b.served && a.order < b.order);
}
