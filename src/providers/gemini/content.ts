/** The parts of the Gemini wire that a translated request is made of. */
export type Part = (TextPart | BlobPart | FilePart | CallPart | AnswerPart) & {
  /** Seals the thoughts that led to this part: the model takes them up again when it is shown the seal. */
  readonly thoughtSignature?: string;
};

export interface TextPart {
  readonly text: string;
}

interface BlobPart {
  readonly inlineData: { readonly mimeType: string; readonly data: string };
}

interface FilePart {
  readonly fileData: { readonly fileUri: string; readonly mimeType?: string };
}

interface CallPart {
  readonly functionCall: {
    readonly id?: string;
    readonly name: string;
    readonly args: Readonly<Record<string, unknown>>;
  };
}

interface AnswerPart {
  readonly functionResponse: {
    readonly id?: string;
    readonly name: string;
    readonly response: Readonly<Record<string, unknown>>;
  };
}

/** One turn of a conversation. */
export interface Content {
  readonly role: 'user' | 'model';
  readonly parts: readonly Part[];
}
