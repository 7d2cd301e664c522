// A call that takes long: a placeholder after a while, and the answer when it is there. In your own project the imports read
// 'holdfast', 'holdfast/gateway' and 'holdfast/simulator'.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { loadConfig, startGateway } from '../src/gateway/index.ts';
import { patientFetch, waitForJob } from '../src/index.ts';
import { startSimulator } from '../src/simulator/index.ts';

const slow = await startSimulator({ scriptedAnswer: 'worth the wait', latency: { firstTokenMs: 1_500 } });
const data = await mkdtemp(join(tmpdir(), 'holdfast-example-'));
const env = { OPENAI_API_KEY: 'sk-any', OPENAI_BASE_URL: `${slow.url}/v1`, HOLDFAST_PORT: '0', HOLDFAST_DATA: data };
const gateway = await startGateway(await loadConfig({ env }));
const request = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Take your time.' }] };

// The SDK as it is: it gets a placeholder, and waits for the job where and when it likes.
const openai = new OpenAI({ baseURL: gateway.baseUrl, apiKey: 'any' });
const placeholder = await openai.chat.completions.create(request, {
  headers: { 'x-holdfast-placeholder-after': '500ms' },
});
console.log(`placeholder ${placeholder.id.slice(0, 4)}... without choices: ${placeholder.choices.length}`);
const completion = await waitForJob<OpenAI.ChatCompletion>(openai, placeholder);
console.log(`later: ${completion.choices[0]?.message.content}`);

// Or with a fetch that waits by itself: then the application knows nothing of it.
const patient = new OpenAI({ baseURL: gateway.baseUrl, apiKey: 'any', fetch: patientFetch() });
const whole = await patient.chat.completions.create(request, { headers: { prefer: 'respond-async' } });
console.log(`through a job: ${whole.choices[0]?.message.content}`);

await gateway.stop();
await slow.close();
await rm(data, { recursive: true });
