/** The parts of the Messages wire that a translated request is made of. */
export type Block = TextBlock | ImageBlock | DocumentBlock | ToolUseBlock | ToolResultBlock;

export interface TextBlock {
  readonly type: 'text';
  readonly text: string;
  readonly cache_control?: unknown;
}

export interface ImageBlock {
  readonly type: 'image';
  readonly source: Source;
}

export interface DocumentBlock {
  readonly type: 'document';
  readonly source: Source;
  readonly title?: string;
}

type Source =
  | { readonly type: 'base64' | 'text'; readonly media_type: string; readonly data: string }
  | { readonly type: 'url'; readonly url: string };

interface ToolUseBlock {
  readonly type: 'tool_use';
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface ToolResultBlock {
  readonly type: 'tool_result';
  readonly tool_use_id: string;
  readonly content?: string | readonly TextBlock[];
}

/** One turn of a conversation; the wire wants them to alternate, the user first. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: readonly Block[];
}
