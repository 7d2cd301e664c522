export { type Fallback, type Holdfast, holdfast, type HoldfastOptions } from './inprocess/holdfast.ts';
export type { CallRecord } from './engine/record.ts';
export type { Fault, FaultKind } from './engine/fault/fault.ts';
