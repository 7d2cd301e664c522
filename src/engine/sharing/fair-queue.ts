import type { Lane } from '../caller.ts';
import { Heap, type Placed } from './heap.ts';
import { Share, Sharing } from './sharing.ts';
import type { TellWaiting } from './waiting.ts';

/** What stands in the queue, and with what right. */
export interface Claim {
  /** Tenants share by weight; those of one name are one. */
  readonly tenant: string;
  /** A tenant's workloads share what the tenant gets. */
  readonly workload: string;
  /** The tenant's share, relative to the other tenants'; above 0. */
  readonly weight: number;
  /** The workload's part of it, relative to the tenant's other workloads. @default 1 */
  readonly workloadWeight?: number;
  readonly lane: Lane;
  /** Tokens it is expected to take. */
  readonly cost: number;
  /** Memory that it holds while it waits. */
  readonly bytes: number;
  /** Within a workload the earliest goes first; past it, it is not worth starting. */
  readonly deadlineAt: number;
}

export interface QueueBounds {
  /** Most that wait at once. */
  readonly calls: number;
  /** Most of them that are of one tenant and lane. */
  readonly callsPerTenant: number;
  /** Most memory that they hold. */
  readonly bytes: number;
}

/** Why one that waited left without its turn. */
export type Loss = 'expired' | 'displaced';

/** What has to be served before a newcomer would have its turn. */
export interface Ahead {
  readonly calls: number;
  readonly cost: number;
}

/**
 * Share of what is served that the background lane gets while people wait: little enough that nobody notices, and yet
 * ten thousand calls are through in a night.
 */
const BACKGROUND_SHARE = 0.05;

const LANES = ['interactive', 'background'] as const;

/** What one that waits costs in memory besides its body. */
const OVERHEAD_BYTES = 1024;

/** One that waits. Kept by its owner, to leave early or to be charged the true cost afterwards. */
export class Ticket<T> implements Placed {
  place = -1;
  readonly item: T;
  readonly lane: Lane;
  readonly deadlineAt: number;
  readonly since: number;
  readonly order: number;
  readonly bytes: number;
  /** What it was charged so far. */
  cost: number;
  /** @internal */
  readonly workload: Workload<T>;

  constructor(item: T, claim: Claim, since: number, order: number, workload: Workload<T>) {
    this.item = item;
    this.lane = claim.lane;
    this.deadlineAt = claim.deadlineAt;
    this.since = since;
    this.order = order;
    this.bytes = claim.bytes + OVERHEAD_BYTES;
    this.cost = claim.cost;
    this.workload = workload;
  }
}

class Workload<T> extends Share {
  readonly tenant: Tenant<T>;
  readonly tickets: Heap<Ticket<T>> = new Heap(
    (a, b) => a.deadlineAt < b.deadlineAt || (a.deadlineAt === b.deadlineAt && a.order < b.order),
  );

  constructor(tenant: Tenant<T>) {
    super();
    this.tenant = tenant;
  }
}

class Tenant<T> extends Share {
  readonly lane: LaneOf<T>;
  readonly workloads: Sharing<Workload<T>> = new Sharing();
  readonly size: Size<T> = new Size(this);
  calls = 0;
  cost = 0;
  bytes = 0;
  /** Since when somebody of it has been waiting without a break. */
  since = 0;

  constructor(lane: LaneOf<T>) {
    super();
    this.lane = lane;
  }
}

/** A tenant's place among all of them by the memory that they hold. */
class Size<T> implements Placed {
  place = -1;
  readonly tenant: Tenant<T>;

  constructor(tenant: Tenant<T>) {
    this.tenant = tenant;
  }
}

class LaneOf<T> {
  readonly tenants: Sharing<Tenant<T>> = new Sharing();
  calls = 0;
  cost = 0;
  /** Of the tenants that wait. */
  weight = 0;
}

/**
 * Who goes next at a scarce target. Tenants share by weight what there is, counted in tokens and not in calls, and each
 * tenant's workloads share its part; within a workload the earliest deadline goes first. People go before background
 * work, which always gets a little. When it is full, whoever fills it loses: a flood can only drown itself.
 *
 * Pure but for telling of those it loses; every step takes logarithmic time.
 */
export class FairQueue<T> {
  readonly #bounds: QueueBounds;
  readonly #lost: (item: T, why: Loss) => void;
  readonly #interactive = new LaneOf<T>();
  readonly #background = new LaneOf<T>();
  /** The largest first. */
  readonly #sizes = new Heap<Size<T>>((a, b) => a.tenant.bytes > b.tenant.bytes);
  #bytes = 0;
  #orders = 0;
  /** Tokens that the background lane is owed. */
  #owed = 0;

  /** @param lost hears of each that leaves without its turn, and not of those who are taken or removed. */
  constructor(bounds: QueueBounds, lost: (item: T, why: Loss) => void) {
    this.#bounds = bounds;
    this.#lost = lost;
  }

  get length(): number {
    return this.#interactive.calls + this.#background.calls;
  }

  /** Tokens that those who wait are expected to take. */
  get cost(): number {
    return this.#interactive.cost + this.#background.cost;
  }

  /** Do any people wait, or background work alone? */
  get peopleWait(): boolean {
    return this.#interactive.calls > 0;
  }

  /** Tells who waits, for people who look: it takes a step for each tenant that is remembered. */
  tellWaiting(tell: TellWaiting): void {
    for (const lane of LANES) {
      for (const [name, { calls, since }] of this.#laneOf(lane).tenants.known) {
        if (calls > 0) tell(name, lane, calls, since);
      }
    }
  }

  /** Would a newcomer of this lane be the next, whoever it is? */
  nextIs(lane: Lane): boolean {
    if (this.#interactive.calls > 0) return false;
    const { calls } = this.#background;
    return calls === 0 || (lane === 'interactive' && !this.#backgroundIsDue());
  }

  /** Waits for its turn; null when the queue is full and the claim is of those who fill it. */
  push(item: T, claim: Claim, now: number): Ticket<T> | null {
    const lane = this.#laneOf(claim.lane);
    if (!this.#makeRoom(lane.tenants.known.get(claim.tenant), claim.bytes + OVERHEAD_BYTES)) return null;
    const tenant = lane.tenants.find(claim.tenant, () => new Tenant(lane));
    const workload = tenant.workloads.find(claim.workload, () => new Workload(tenant));
    const ticket = new Ticket(item, claim, now, (this.#orders += 1), workload);
    this.#join(ticket, claim, now);
    return ticket;
  }

  /** The one whose turn it is; those found to be past their deadline are lost. Null when nobody waits. */
  first(now: number): Ticket<T> | null {
    for (;;) {
      const lane = this.#interactive.calls === 0 || this.#backgroundIsDue() ? this.#background : this.#interactive;
      const ticket = lane.tenants.busy.first?.workloads.busy.first?.tickets.first;
      if (ticket === undefined) return null;
      if (ticket.deadlineAt > now) return ticket;
      this.#leave(ticket);
      this.#lost(ticket.item, 'expired');
    }
  }

  /** Has its turn. */
  take(ticket: Ticket<T>): void {
    const { workload, cost } = ticket;
    const { tenant } = workload;
    this.served(ticket.lane, cost);
    tenant.lane.tenants.serve(tenant, cost);
    tenant.workloads.serve(workload, cost);
    this.#leave(ticket);
  }

  /** A call of this lane had its turn, whether or not it had to wait for it. */
  served(lane: Lane, cost: number): void {
    if (lane === 'background') this.#owed = Math.max(0, this.#owed - cost);
    else if (this.#background.calls > 0) this.#owed += (cost * BACKGROUND_SHARE) / (1 - BACKGROUND_SHARE);
  }

  /** Leaves without its turn. False when it had left already. */
  remove(ticket: Ticket<T>): boolean {
    if (ticket.place < 0) return false;
    this.#leave(ticket);
    return true;
  }

  /** What one that was taken has really cost. */
  correct(ticket: Ticket<T>, cost: number): void {
    const more = cost - ticket.cost;
    if (more === 0) return;
    ticket.cost = cost;
    const { workload } = ticket;
    const { tenant } = workload;
    tenant.lane.tenants.charge(tenant, more);
    tenant.workloads.charge(workload, more);
  }

  /** What would be served before a newcomer, as things are. */
  ahead(claim: Pick<Claim, 'lane' | 'tenant' | 'weight' | 'cost'>): Ahead {
    const lane = this.#laneOf(claim.lane);
    const tenant = lane.tenants.known.get(claim.tenant);
    const waits = tenant !== undefined && tenant.calls > 0;
    const rounds = (lane.weight + (waits ? 0 : claim.weight)) / claim.weight;
    const calls = Math.min(lane.calls, ((tenant?.calls ?? 0) + 1) * rounds - 1);
    const cost = Math.min(lane.cost, ((tenant?.cost ?? 0) + claim.cost) * rounds - claim.cost);
    if (claim.lane === 'interactive') return { calls, cost };
    return { calls: calls + this.#interactive.calls, cost: cost + this.#interactive.cost };
  }

  /** For how long the tenant has had somebody waiting without a break, ms. */
  waitingFor(claim: Pick<Claim, 'lane' | 'tenant'>, now: number): number {
    const tenant = this.#laneOf(claim.lane).tenants.known.get(claim.tenant);
    return tenant === undefined || tenant.calls === 0 ? 0 : now - tenant.since;
  }

  #laneOf(lane: Lane): LaneOf<T> {
    return lane === 'interactive' ? this.#interactive : this.#background;
  }

  #backgroundIsDue(): boolean {
    const head = this.#background.tenants.busy.first?.workloads.busy.first?.tickets.first;
    return head !== undefined && this.#owed >= head.cost;
  }

  /** Whoever holds most gives way, as long as that is more than the newcomer's tenant would hold. */
  #makeRoom(tenant: Tenant<T> | undefined, bytes: number): boolean {
    if (tenant !== undefined && tenant.calls >= this.#bounds.callsPerTenant) return false;
    const held = bytes + (tenant?.bytes ?? 0);
    while (this.length >= this.#bounds.calls || this.#bytes + bytes > this.#bounds.bytes) {
      const largest = this.#sizes.first?.tenant;
      if (largest === undefined || largest === tenant || largest.bytes <= held) return false;
      const victim = largest.workloads.busy.late?.tickets.late;
      if (victim === undefined) return false;
      this.#leave(victim);
      this.#lost(victim.item, 'displaced');
    }
    return true;
  }

  #join(ticket: Ticket<T>, { weight, workloadWeight = 1 }: Claim, now: number): void {
    const { workload } = ticket;
    const { tenant } = workload;
    const { lane } = tenant;
    if (tenant.calls === 0) {
      tenant.since = now;
      tenant.weight = weight;
      lane.weight += weight;
      lane.tenants.join(tenant);
      this.#sizes.add(tenant.size);
    }
    if (workload.tickets.length === 0) {
      workload.weight = workloadWeight;
      tenant.workloads.join(workload);
    }
    workload.tickets.add(ticket);
    this.#count(ticket, 1);
  }

  #leave(ticket: Ticket<T>): void {
    const { workload } = ticket;
    const { tenant } = workload;
    const { lane } = tenant;
    workload.tickets.remove(ticket);
    this.#count(ticket, -1);
    if (workload.tickets.length === 0) tenant.workloads.leave(workload);
    if (tenant.calls > 0) return;
    // Counted anew where it can be: sums of fractions drift.
    lane.weight = lane.calls === 0 ? 0 : lane.weight - tenant.weight;
    this.#sizes.remove(tenant.size);
    lane.tenants.leave(tenant);
    if (this.#background.calls === 0) this.#owed = 0;
  }

  #count(ticket: Ticket<T>, sign: 1 | -1): void {
    const { tenant } = ticket.workload;
    for (const each of [tenant, tenant.lane]) {
      each.calls += sign;
      each.cost += sign * ticket.cost;
    }
    tenant.bytes += sign * ticket.bytes;
    this.#bytes += sign * ticket.bytes;
    if (tenant.size.place >= 0) this.#sizes.moved(tenant.size);
  }
}
