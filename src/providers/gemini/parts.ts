import { isObject } from '../openai/request.ts';
import { readDataUrl, textIn } from '../translation/data-url.ts';
import { type Loss, Untranslatable } from '../translation/loss.ts';
import type { Part, TextPart } from './content.ts';

/** Kinds of pictures that the models take. */
const PICTURES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif']);

/** Kinds of pictures by the ending of an address, which the wire wants to be told. */
const ENDINGS: Readonly<Record<string, string>> = {
  png: 'image/png',
  webp: 'image/webp',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
};

/** Kinds of files that the models read, besides pictures. */
const READABLE = /^(?:text\/|audio\/|video\/|application\/(?:pdf|json|rtf|xml|x-javascript|x-python)$)/;

/** Places where Google keeps files itself, and knows what they are. */
const KEPT = /^(?:gs:\/\/|https:\/\/(?:generativelanguage\.googleapis\.com\/|(?:www\.)?youtube\.com\/|youtu\.be\/))/i;

/** What a PDF begins with, in Base64. */
const PDF_IN_BASE64 = 'JVBERi';

/**
 * The content of one message as parts: a text, or a list of parts. Empty texts are left out: they say nothing.
 *
 * @throws {Untranslatable} at a part without which the question would be another one.
 */
export function partsOf(content: unknown, field: string, losses: Loss[]): readonly Part[] {
  if (content === null || content === undefined || content === '') return [];
  if (typeof content === 'string') return [{ text: content }];
  if (!Array.isArray(content)) throw new Untranslatable(field, 'content has to be a text or a list of parts');
  const parts: Part[] = [];
  for (const [index, each] of content.entries()) {
    const part = partOf(each, `${field}[${index}]`, losses);
    if (part !== null) parts.push(part);
  }
  return parts;
}

/** The same where only texts can stand. */
export function textsOf(content: unknown, field: string, losses: Loss[]): readonly TextPart[] {
  return partsOf(content, field, losses).map((part, index) => {
    if ('text' in part) return part;
    throw new Untranslatable(`${field}[${index}]`, 'only a text can stand here');
  });
}

function partOf(part: unknown, field: string, losses: Loss[]): Part | null {
  if (!isObject(part)) throw new Untranslatable(field, 'a part of the content has to be an object');
  switch (part['type']) {
    case 'text':
      return textPart(part['text']);
    // What an assistant once refused is part of the conversation like any other word of it.
    case 'refusal':
      return textPart(part['refusal']);
    case 'image_url':
      return imagePart(part['image_url'], `${field}.image_url`, losses);
    case 'input_audio':
      return soundPart(part['input_audio'], `${field}.input_audio`);
    case 'file':
      return filePart(part['file'], `${field}.file`, losses);
    default:
      throw new Untranslatable(field, `Gemini takes no ${String(part['type'])}`);
  }
}

function textPart(text: unknown): TextPart | null {
  return typeof text === 'string' && text !== '' ? { text } : null;
}

function imagePart(image: unknown, field: string, losses: Loss[]): Part {
  const { url, detail } = isObject(image) ? image : { url: image, detail: undefined };
  if (typeof url !== 'string') throw new Untranslatable(field, 'an image needs its URL');
  if (detail !== undefined && detail !== null && detail !== 'auto') {
    losses.push({ field: `${field}.detail`, how: 'dropped', why: 'Gemini looks at images as it sees fit' });
  }
  if (KEPT.test(url)) return { fileData: { fileUri: url } };
  if (/^https?:\/\//i.test(url)) return { fileData: { fileUri: url, mimeType: kindByEnding(url) } };
  const data = readDataUrl(url);
  if (data === null || !data.base64) throw new Untranslatable(field, 'neither a web address nor a data URL in Base64');
  const type = data.mediaType === 'image/jpg' ? 'image/jpeg' : data.mediaType;
  if (!PICTURES.has(type)) throw new Untranslatable(field, `Gemini takes PNG, JPEG, WebP and HEIC, not ${type}`);
  return { inlineData: { mimeType: type, data: data.data } };
}

function kindByEnding(url: string): string {
  const ending = /\.([a-z]+)(?:[?#]|$)/i.exec(url)?.[1]?.toLowerCase() ?? '';
  return ENDINGS[ending] ?? 'image/jpeg';
}

function soundPart(sound: unknown, field: string): Part {
  const { data, format } = isObject(sound) ? sound : { data: null, format: null };
  if (typeof data !== 'string' || typeof format !== 'string') {
    throw new Untranslatable(field, 'a sound needs its data and their format');
  }
  return { inlineData: { mimeType: `audio/${format}`, data } };
}

function filePart(file: unknown, field: string, losses: Loss[]): Part {
  if (!isObject(file)) throw new Untranslatable(field, 'a file has to be an object');
  const { file_data: data, filename } = file;
  if (typeof data !== 'string') throw new Untranslatable(field, 'a file kept at OpenAI cannot be read from elsewhere');
  if (typeof filename === 'string' && filename !== '') {
    losses.push({ field: `${field}.filename`, how: 'dropped', why: 'files have no names on this wire' });
  }
  const read = readDataUrl(data) ?? { mediaType: '', base64: true, data };
  const type = read.mediaType === '' && read.data.startsWith(PDF_IN_BASE64) ? 'application/pdf' : read.mediaType;
  if (!READABLE.test(type) && !PICTURES.has(type)) {
    throw new Untranslatable(field, `Gemini takes PDF, texts, pictures, sound and film, not ${type || 'this file'}`);
  }
  const bytes = read.base64 ? read.data : Buffer.from(textIn(read, field)).toString('base64');
  return { inlineData: { mimeType: type, data: bytes } };
}
