/** A question in no provider's words: every caller puts it into its own. */
export interface Question {
  readonly system?: string;
  readonly turns: readonly Turn[];
  readonly tools?: readonly ToolSpec[];
  /** @default the model's own choice */
  readonly choice?: 'required' | 'none' | { readonly tool: string };
  /** One call at a time. */
  readonly alone?: true;
  /** The form that the answer has to have. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** Most tokens of the answer. @default 4000 */
  readonly cap?: number;
  readonly stop?: readonly string[];
  readonly temperature?: number;
  readonly topP?: number;
  readonly user?: string;
  readonly effort?: 'low' | 'medium' | 'high';
}

export type Turn =
  | { readonly by: 'user'; readonly says: readonly Part[] }
  | { readonly by: 'model'; readonly says?: string; readonly calls?: readonly Called[] }
  | {
      readonly by: 'tools';
      readonly results: readonly { readonly id: string; readonly name: string; readonly says: string }[];
    };

export type Part =
  | { readonly text: string }
  /** In Base64. */
  | { readonly png: string }
  | { readonly picture: string }
  /** In Base64. */
  | { readonly pdf: string };

interface Called {
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

interface ToolSpec {
  readonly name: string;
  readonly description?: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly strict?: true;
}

/** What a caller has in hand at the end, whichever SDK it used and whichever way it asked. */
export interface Heard {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly input: unknown }[];
  readonly ending: 'end' | 'cap' | 'calls' | 'refusal';
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export const ASKINGS = ['whole', 'streamed'] as const;
export type Asking = (typeof ASKINGS)[number];

/** Where a caller is pointed, and what it asks for. */
export interface Place {
  /** Without a path. */
  readonly origin: string;
  readonly fetch: typeof globalThis.fetch;
  readonly model: string;
}

/** An SDK on a wire. */
export interface Caller {
  readonly name: string;
  readonly wire: 'chat' | 'responses' | 'messages' | 'generate';
  /** It stands upon another, whose every case is asked already: some are enough. */
  readonly brief?: true;
  /** What it has no words for. */
  readonly lacks: readonly (keyof Question | 'cap')[];
  ask(question: Question, asking: Asking, place: Place): Promise<Heard>;
  /** The name of the class and the status of what it raised. */
  failure(error: unknown): { readonly name: string; readonly status: number | undefined };
}

export const DEFAULT_CAP = 4000;
export const KEY = 'sk-caller-0123456789';

export function said(text: string): Turn {
  return { by: 'user', says: [{ text }] };
}

export function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? '');
  } catch {
    return json;
  }
}
