import { MODELS, isListed } from './models.ts';
import { modelNotFound, refusal } from './refusals.ts';
import { jsonAnswer, wholeScript } from './script.ts';
import type { Script, WholeAnswer } from './script.ts';
import type { KeptFile, Received, Upstream } from './upstream.ts';

/** The rest of the API, as far as it takes to see that requests and answers are carried unchanged. */

function other(received: Received, upstream: Upstream, answer: WholeAnswer): Script {
  return wholeScript(upstream.about(received, 'other'), answer);
}

function part(received: Received, index: number): string {
  return decodeURIComponent(received.route.split('/')[index] ?? '');
}

/** GET /v1/models */
export function listModels(received: Received, upstream: Upstream): Script {
  const data = (upstream.models ?? Object.keys(MODELS)).map((id) => modelObject(id, upstream));
  return other(received, upstream, jsonAnswer(200, { object: 'list', data }));
}

/** GET /v1/models/{id} */
export function getModel(received: Received, upstream: Upstream): Script {
  const model = part(received, 3);
  const known = upstream.models === null ? isListed(model) : upstream.models.includes(model);
  const about = { ...upstream.about(received, 'other'), model };
  return wholeScript(about, known ? jsonAnswer(200, modelObject(model, upstream)) : modelNotFound(about));
}

function modelObject(id: string, { window }: Upstream) {
  const model = { id, object: 'model', created: 1_715_367_049, owned_by: 'system' };
  return window === null ? model : { ...model, max_model_len: window };
}

/** POST /v1/files: the upload is counted and hashed; its first megabyte can be read back. */
export function uploadFile(received: Received, upstream: Upstream): Script {
  const id = upstream.id('file-');
  const body = {
    id,
    object: 'file',
    bytes: received.bytes,
    created_at: upstream.seconds(),
    filename: /filename="([^"]*)"/.exec(received.body.toString('latin1', 0, 4096))?.[1] ?? 'upload',
    purpose: 'batch',
    status: 'processed',
    sha256: received.sha256(),
  };
  upstream.files.put(id, { body, content: received.body });
  return other(received, upstream, jsonAnswer(200, body));
}

/** GET /v1/files */
export function listFiles(received: Received, upstream: Upstream): Script {
  const data = upstream.files.values().map((file) => file.body);
  return other(received, upstream, jsonAnswer(200, { object: 'list', data, has_more: false }));
}

function withFile(received: Received, upstream: Upstream, answer: (file: KeptFile) => WholeAnswer): Script {
  const id = part(received, 3);
  const file = upstream.files.get(id);
  const missing = () => refusal(404, null, `No such File object: ${id}`, { param: 'id' });
  return other(received, upstream, file === null ? missing() : answer(file));
}

/** GET /v1/files/{id} */
export function getFile(received: Received, upstream: Upstream): Script {
  return withFile(received, upstream, (file) => jsonAnswer(200, file.body));
}

/** GET /v1/files/{id}/content */
export function getFileContent(received: Received, upstream: Upstream): Script {
  return withFile(received, upstream, ({ content }) => ({
    status: 200,
    body: content,
    contentType: 'application/octet-stream',
    headers: { 'content-disposition': 'attachment' },
  }));
}

/** DELETE /v1/files/{id} */
export function deleteFile(received: Received, upstream: Upstream): Script {
  return withFile(received, upstream, (file) => {
    const id = String(file.body['id']);
    upstream.files.remove(id);
    return jsonAnswer(200, { id, object: 'file', deleted: true });
  });
}

/** POST /v1/batches */
export function createBatch(received: Received, upstream: Upstream): Script {
  const created = upstream.seconds();
  const batch = {
    id: upstream.id('batch_'),
    object: 'batch',
    ...received.json,
    status: 'validating',
    created_at: created,
    expires_at: created + 86_400,
    request_counts: { total: 0, completed: 0, failed: 0 },
  };
  return other(received, upstream, jsonAnswer(200, batch));
}

/** A grey pixel, the whole of the simulator's art. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';

/** POST /v1/images/generations */
export function createImage(received: Received, upstream: Upstream): Script {
  const image = { created: upstream.seconds(), data: [{ b64_json: PIXEL }] };
  return wholeScript(upstream.about(received, 'other'), jsonAnswer(200, image), upstream.latency.draw().firstTokenMs);
}

/** Every byte value in turn, so that a body treated as text shows. */
const SOUND = Uint8Array.from({ length: 4096 }, (_, at) => at & 255);

/** POST /v1/audio/speech */
export function createSpeech(received: Received, upstream: Upstream): Script {
  return other(received, upstream, { status: 200, body: SOUND, contentType: 'audio/mpeg' });
}

/** POST /v1/audio/transcriptions */
export function createTranscription(received: Received, upstream: Upstream): Script {
  return other(received, upstream, jsonAnswer(200, { text: 'Hold fast.', sha256: received.sha256() }));
}

/** POST /v1/moderations */
export function createModeration(received: Received, upstream: Upstream): Script {
  const categories = { hate: false, harassment: false, 'self-harm': false, sexual: false, violence: false };
  const scores = Object.fromEntries(Object.keys(categories).map((name) => [name, 0.0001]));
  const results = [{ flagged: false, categories, category_scores: scores }];
  const answer = { id: upstream.id('modr-'), model: 'omni-moderation-latest', results };
  return other(received, upstream, jsonAnswer(200, answer));
}

/** POST /v1/vector_stores: the path that answers 201. */
export function createVectorStore(received: Received, upstream: Upstream): Script {
  const store = { id: upstream.id('vs_'), object: 'vector_store', created_at: upstream.seconds() };
  return other(received, upstream, jsonAnswer(201, { ...store, ...received.json, status: 'completed' }));
}

/** DELETE /v1/vector_stores/{id}: the path that answers 204 without a body. */
export function deleteVectorStore(received: Received, upstream: Upstream): Script {
  return other(received, upstream, { status: 204, body: '', contentType: null });
}

/** Any method at /v1/echo: says what arrived. The answer to HEAD has the headers alone. */
export function echo(received: Received, upstream: Upstream): Script {
  const { method, path, query, headers, bytes } = received;
  const seen = { method, path, query, headers, body: { bytes, sha256: received.sha256() } };
  return other(received, upstream, jsonAnswer(200, seen, { 'x-echo-method': method }));
}
