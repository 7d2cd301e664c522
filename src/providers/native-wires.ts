import type { Call, Operation } from '../engine/call.ts';
import { messagesWire } from './anthropic/native-wire.ts';
import { isAnthropics } from './anthropic/path.ts';
import { generateWire } from './gemini/native-wire.ts';
import { isGeminis } from './gemini/path.ts';
import type { NativeWire } from './native-wire.ts';
import type { ProviderName } from './provider-name.ts';

/** A provider whose own wire callers may speak. */
interface Native {
  readonly provider: ProviderName;
  readonly wire: NativeWire;
  /** Whether a path below the gateway's root is on that wire. */
  readonly has: (path: string) => boolean;
}

const NATIVES: readonly Native[] = [
  { provider: 'anthropic', wire: messagesWire, has: isAnthropics },
  { provider: 'gemini', wire: generateWire, has: isGeminis },
];

const BY_OPERATION: Readonly<Partial<Record<Operation, NativeWire>>> = {
  messages: messagesWire,
  generate: generateWire,
};

/** The wire that a call came on; null for OpenAI's. */
export function nativeWireOf({ operation, path }: Pick<Call, 'operation' | 'path'>): NativeWire | null {
  return operation === 'passthrough' ? (nativeAt(path)?.wire ?? null) : (BY_OPERATION[operation] ?? null);
}

/** The same for a request that never became a call. */
export function nativeWireAt(url: string): NativeWire | null {
  return nativeAt(url.startsWith('/v1/') ? url.slice(3) : url)?.wire ?? null;
}

/** Whose path it is, below the gateway's root, when it is one of another wire than OpenAI's; null for OpenAI's. */
export function ownerOf(path: string): ProviderName | null {
  return nativeAt(path)?.provider ?? null;
}

function nativeAt(path: string): Native | undefined {
  return NATIVES.find(({ has }) => has(path));
}
