import { parseJson } from '../engine/parse-json.ts';
import { classifyException, classifyResponse } from '../engine/fault/index.ts';
import type { Fault } from '../engine/fault/fault.ts';
import { tellingPath, tells, toldOf, type ToldList } from './catalogue/told.ts';
import { askForModels, type ListQuestion } from './model-list.ts';
import type { ProviderName } from './provider-name.ts';

/** A provider that has not said by then what it thinks of a key is not waited for. */
const PATIENCE_MS = 4_000;

/** Where the models are listed. */
const LIST = '/models';

/** What a provider says of a key. */
export type KeyVerdict =
  | {
      readonly kind: 'accepted';
      /** The models that the key may ask for; null where the provider does not list them for it. */
      readonly models: ReadonlySet<string> | null;
      /** What it told of their limits along with them; left out where that is not told in this list. */
      readonly told?: ToldList;
    }
  | { readonly kind: 'refused'; readonly fault: Fault }
  /** It could not be asked, or did not answer the question. */
  | { readonly kind: 'unknown'; readonly fault: Fault };

/** What is needed to ask a target about a key. */
export interface KeyQuestion extends ListQuestion {
  /** A path that answers good keys only. @default the list of models */
  readonly path?: string;
}

/** Whether asking about a target's key tells its models' limits, too: nobody has to ask for them again. */
export function checkTells({ provider, server = null, path = LIST }: KeyQuestion): boolean {
  return path === LIST && tells({ provider, server }) && tellingPath({ provider, server }) === null;
}

/** Asks a provider what it thinks of a key, by listing its models, which is billed by none. Never throws. */
export async function checkKey(question: KeyQuestion, key: string): Promise<KeyVerdict> {
  const { provider, path = LIST } = question;
  try {
    const { ok, status, headers, body } = await askForModels(question, key, path, PATIENCE_MS);
    if (ok) return accepted(question, body);
    return verdictOf(classifyResponse({ status, headers, body, wall: Date.now(), provider }));
  } catch (error) {
    return { kind: 'unknown', fault: classifyException(error instanceof Error ? (error.cause ?? error) : error) };
  }
}

function verdictOf(fault: Fault): KeyVerdict {
  if (fault.kind === 'authentication') return { kind: 'refused', fault };
  // The provider knows whose key it is: it may just not list models with it, or has nothing left to spend now.
  if (fault.kind === 'permission' || fault.kind === 'quota-exhausted') return { kind: 'accepted', models: null };
  return { kind: 'unknown', fault };
}

function accepted(question: KeyQuestion, body: string): KeyVerdict {
  const { provider, server = null } = question;
  let list: unknown = null;
  try {
    list = parseJson(body);
  } catch {
    // The key was good for it, whatever it is.
  }
  const verdict = { kind: 'accepted', models: modelsIn(list, provider) } as const;
  return checkTells(question) ? { ...verdict, told: toldOf({ provider, server }, list) } : verdict;
}

/** Azure lists what a resource could deploy, not what is deployed: such lists say nothing of what can be called. */
function modelsIn(answer: unknown, provider: ProviderName): ReadonlySet<string> | null {
  const { data, models: named } = (answer ?? {}) as { data?: unknown; models?: unknown };
  // Some servers list their models without a word around them.
  const list = Array.isArray(answer) ? (answer as unknown[]) : provider === 'gemini' ? named : data;
  if (!Array.isArray(list) || list.length === 0) return null;
  const models = new Set<string>();
  for (const model of list as unknown[]) {
    if (typeof model !== 'object' || model === null) return null;
    const { id: own, name, capabilities } = model as { id?: unknown; name?: unknown; capabilities?: unknown };
    // Google's names tell where a model is kept; it is asked for without that.
    const id = provider === 'gemini' && typeof name === 'string' ? name.replace(/^models\//, '') : own;
    if (typeof id !== 'string' || (provider !== 'anthropic' && capabilities !== undefined)) return null;
    models.add(id);
  }
  return models;
}
