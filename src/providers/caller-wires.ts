import type { CallerWire } from './translation/caller-wire.ts';

/** What callers ask in a format that not every target speaks. */
export type InterpretedOperation = 'responses' | 'messages';

/** The formats that can be put into Chat Completions and back. */
export const CALLER_WIRES: Readonly<Partial<Record<InterpretedOperation, CallerWire>>> = {};
