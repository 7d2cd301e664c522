// The gateway, started from a program: any client of the OpenAI API changes its base URL and nothing else.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { loadConfig, startGateway } from '../src/gateway/index.ts';
import { startSimulator } from '../src/simulator/index.ts';

const provider = await startSimulator();
const data = await mkdtemp(join(tmpdir(), 'holdfast-example-'));
const gateway = await startGateway(
  await loadConfig({
    env: {
      OPENAI_API_KEY: 'sk-any-0123456789abcdef',
      OPENAI_BASE_URL: `${provider.url}/v1`,
      HOLDFAST_PORT: '0',
      HOLDFAST_DATA: data,
    },
  }),
);

const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey: 'unused' });
const answer = await client.chat.completions.create({
  model: 'gpt-4o',
  messages: [{ role: 'user', content: 'Say: through the gateway' }],
});
console.log(answer.choices[0]?.message.content);

await gateway.stop();
await provider.close();
await rm(data, { recursive: true });
