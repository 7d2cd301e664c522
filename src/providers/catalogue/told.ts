import type { CompatibleName } from '../openai/compatible.ts';
import type { ProviderName } from '../provider-name.ts';
import type { Rates } from './catalogue.ts';

/** What a model can be shown besides text. */
type Input = 'vision' | 'pdf' | 'audio' | 'video';

/** What a provider says of one of its models in its list; left out is what it does not say. Windows and caps in tokens. */
export interface Told {
  /** Prompt and answer together. */
  readonly window?: number;
  /** Where the prompt has a bound of its own. */
  readonly maxInput?: number;
  readonly maxOutput?: number;
  readonly inputs?: readonly Input[];
  readonly tools?: boolean;
  /** Whether it holds an answer to a schema. */
  readonly schema?: boolean;
  /** US dollars per million tokens. */
  readonly prices?: Rates;
}

/** By the name that the model is asked for; {@link ANY_NAME} stands for every name. */
export type ToldList = ReadonlyMap<string, Told>;

/** Servers that have one model answer with it, whatever it is called. */
export const ANY_NAME = '*';

/** Whose list it is. */
export interface Teller {
  readonly provider: ProviderName;
  readonly server: CompatibleName | null;
}

type Row = Readonly<Record<string, unknown>>;
type Reader = (row: Row) => Told;

/** Nobody's window is smaller: less than that stands for "not known", or for something that is no conversation. */
const LEAST_WINDOW = 256;

/** Nor larger, by far. */
const MOST_WINDOW = 100_000_000;

/** More models than any provider lists: what goes on is no list of models. */
const MOST_MODELS = 5_000;

const MOST_DOLLARS = 100_000;

/** Lists of servers that nobody has named: what several of those that are known call it. */
const anybodys: Reader = (row) => ({
  ...size('window', row['max_model_len'] ?? row['context_length'] ?? row['context_window']),
  ...cap(row['max_completion_tokens']),
});

/**
 * Where each list tells what. After the providers' documentation and client libraries of 2026; llama.cpp and LM Studio tell
 * what a model was trained for as long as it is not known what it was loaded with.
 */
const READERS: Readonly<Partial<Record<ProviderName | CompatibleName, Reader>>> = {
  'openai-compatible': anybodys,
  anthropic: (row) => {
    const can = objectAt(row, 'capabilities');
    const inputs: readonly Input[] = [
      ...when(isSupported(can, 'image_input'), 'vision'),
      ...when(isSupported(can, 'pdf_input'), 'pdf'),
    ];
    const schema = objectAt(can, 'structured_outputs')['supported'];
    return {
      ...size('window', row['max_input_tokens']),
      ...cap(row['max_tokens']),
      ...('image_input' in can ? { inputs } : {}),
      ...(typeof schema === 'boolean' ? { schema } : {}),
    };
  },
  gemini: (row) => ({ ...size('maxInput', row['inputTokenLimit']), ...cap(row['outputTokenLimit']) }),
  vllm: (row) => size('window', row['max_model_len']),
  'llama.cpp': (row) => {
    const meta = objectAt(row, 'meta');
    return size('window', meta['n_ctx'] ?? meta['n_ctx_train']);
  },
  lmstudio: (row) => {
    const can = row['capabilities'];
    return {
      ...size('window', row['loaded_context_length'] ?? row['max_context_length']),
      ...(row['type'] === 'vlm' || row['type'] === 'llm' ? { inputs: when(row['type'] === 'vlm', 'vision') } : {}),
      ...(Array.isArray(can) ? { tools: can.includes('tool_use') } : {}),
    };
  },
  groq: (row) => ({ ...size('window', row['context_window']), ...cap(row['max_completion_tokens']) }),
  mistral: (row) => {
    const { vision, function_calling: tools } = objectAt(row, 'capabilities');
    return {
      ...size('window', row['max_context_length']),
      ...(typeof vision === 'boolean' ? { inputs: when(vision, 'vision') } : {}),
      ...(typeof tools === 'boolean' ? { tools } : {}),
    };
  },
  together: (row) => {
    const { input, output } = objectAt(row, 'pricing');
    // Models that are rented by the hour cost nothing by the token.
    const isFree = input === 0 && output === 0;
    return { ...size('window', row['context_length']), ...(isFree ? {} : prices({ input, output }, 1)) };
  },
  openrouter: (row) => {
    const top = objectAt(row, 'top_provider');
    const can = row['supported_parameters'];
    const { prompt, completion, input_cache_read: read, input_cache_write: written } = objectAt(row, 'pricing');
    return {
      ...smaller(size('window', row['context_length']), size('window', top['context_length'])),
      ...cap(top['max_completion_tokens']),
      ...inputsIn(objectAt(row, 'architecture')['input_modalities']),
      ...(Array.isArray(can) ? { tools: can.includes('tools'), schema: can.includes('structured_outputs') } : {}),
      ...prices({ input: prompt, output: completion, cachedInput: read, cacheWrite: written }, 1e6),
    };
  },
};

/** Where limits are told elsewhere than in the list of the API itself; from the root of the server. */
const PATHS: Readonly<Partial<Record<CompatibleName, string>>> = { lmstudio: '/api/v0/models' };

/** Whether anything is known to be told in a provider's list. OpenAI's and Azure's name their models and nothing more. */
export function tells({ provider, server }: Teller): boolean {
  return READERS[server ?? provider] !== undefined;
}

/** Where a server tells its models' limits, from its root; null: in the list that everybody has. */
export function tellingPath({ server }: Teller): string | null {
  return server === null ? null : (PATHS[server] ?? null);
}

/** What a list of models says of them: nothing of those, and no figure, that make no sense. */
export function toldOf(teller: Teller, list: unknown): ToldList {
  const told = new Map<string, Told>();
  const read = READERS[teller.server ?? teller.provider];
  const rows = rowsIn(list);
  if (read === undefined || rows.length > MOST_MODELS) return told;
  for (const row of rows) {
    const says = isRow(row) ? read(row) : {};
    if (!isRow(row) || Object.keys(says).length === 0) continue;
    for (const name of namesOf(row)) if (!told.has(name)) told.set(name, sensible(says));
  }
  const [only] = told.values();
  if (teller.server === 'llama.cpp' && rows.length === 1 && only !== undefined) told.set(ANY_NAME, only);
  return told;
}

function rowsIn(list: unknown): readonly unknown[] {
  if (Array.isArray(list)) return list as unknown[];
  if (!isRow(list)) return [];
  const { data, models } = list;
  if (Array.isArray(data)) return data as unknown[];
  return Array.isArray(models) ? (models as unknown[]) : [];
}

/** Google's names tell where a model is kept, and it is asked for without that; Mistral's have others beside them. */
function namesOf({ id, name, aliases }: Row): readonly string[] {
  const own = typeof id === 'string' ? id : typeof name === 'string' ? name.replace(/^models\//, '') : null;
  const others = Array.isArray(aliases) ? aliases.filter((alias) => typeof alias === 'string') : [];
  return own === null || own === '' ? [] : [own, ...others];
}

/** An answer cannot be longer than the window that it is part of. */
function sensible({ maxOutput, ...rest }: Told): Told {
  const { window = Number.POSITIVE_INFINITY } = rest;
  return maxOutput === undefined || maxOutput > window ? rest : { ...rest, maxOutput };
}

function size<Name extends 'window' | 'maxInput'>(name: Name, value: unknown): { readonly [Key in Name]?: number } {
  const tokens = wholeIn(value, LEAST_WINDOW);
  return (tokens === null ? {} : { [name]: tokens }) as { readonly [Key in Name]?: number };
}

function cap(value: unknown): Pick<Told, 'maxOutput'> {
  const tokens = wholeIn(value, 1);
  return tokens === null ? {} : { maxOutput: tokens };
}

function wholeIn(value: unknown, least: number): number | null {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= MOST_WINDOW
    ? (value as number)
    : null;
}

/** Whoever forwards to several servers may use any of them. */
function smaller(one: Pick<Told, 'window'>, other: Pick<Told, 'window'>): Pick<Told, 'window'> {
  return (one.window ?? Number.POSITIVE_INFINITY) <= (other.window ?? Number.POSITIVE_INFINITY) ? one : other;
}

const INPUTS: ReadonlyMap<unknown, Input> = new Map([
  ['image', 'vision'],
  ['file', 'pdf'],
  ['audio', 'audio'],
  ['video', 'video'],
]);

function inputsIn(modalities: unknown): Pick<Told, 'inputs'> {
  return Array.isArray(modalities) ? { inputs: modalities.flatMap((name) => INPUTS.get(name) ?? []) } : {};
}

/** @param factor what turns the provider's prices into those for a million tokens. */
function prices(said: { readonly [Name in keyof Rates]?: unknown }, factor: number): Pick<Told, 'prices'> {
  const input = dollars(said.input, factor);
  const output = dollars(said.output, factor);
  if (input === null || output === null) return {};
  const cachedInput = dollars(said.cachedInput, factor);
  const cacheWrite = dollars(said.cacheWrite, factor);
  return {
    prices: {
      input,
      output,
      ...(cachedInput === null ? {} : { cachedInput }),
      ...(cacheWrite === null ? {} : { cacheWrite }),
    },
  };
}

/** Some write their prices as text. Less than nothing stands for "it depends". */
function dollars(value: unknown, factor: number): number | null {
  const amount = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof amount !== 'number' || !Number.isFinite(amount)) return null;
  const price = Number((amount * factor).toPrecision(9));
  return price >= 0 && price <= MOST_DOLLARS ? price : null;
}

function isSupported(row: Row, name: string): boolean {
  return objectAt(row, name)['supported'] === true;
}

function when(is: boolean, word: Input): readonly Input[] {
  return is ? [word] : [];
}

function objectAt(row: Row, name: string): Row {
  const value = row[name];
  return isRow(value) ? value : {};
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
