import type { Random } from '../../engine/clock.ts';
import { Latency } from '../latency.ts';
import type { Pace } from './answer.ts';
import type { Order } from './order.ts';

/** Draws how long a worker is at one order, in calm. */
export type Pacer = (order: Order, random: Random) => Pace;

/** All of the work before the answer, exponentially distributed: the server of queueing theory. */
export function exponential(meanMs: number): Pacer {
  return (_order, random) => ({ firstMs: -meanMs * Math.log(1 - random()), restMs: 0 });
}

/** Always the same. */
export function steady(firstMs: number, perTokenMs: number): Pacer {
  return (order) => ({ firstMs, restMs: perTokenMs * order.tokens });
}

/** As measured at hosted models: see the simulator's latency. */
export function measured(): Pacer {
  let latency: Latency | null = null;
  return (order, random) => {
    latency ??= new Latency({ random, speed: 1 });
    const pace = latency.draw();
    return { firstMs: pace.firstTokenMs, restMs: pace.gaps(order.tokens) };
  };
}
