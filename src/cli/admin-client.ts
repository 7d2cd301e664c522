const DEFAULT_URL = 'http://127.0.0.1:4141';

/** A gateway that stands answers at once; this long it may take all the same, ms. */
const PATIENCE_MS = 10_000;

/** Where a running gateway is. */
export interface AdminAddress {
  /** @default HOLDFAST_URL, then this machine */
  readonly url?: string;
}

/**
 * Asks the admin API of a running gateway.
 *
 * @throws {Error} with what is in the way and what to do
 */
export async function askAdmin(address: AdminAddress, method: string, path: string, body?: object): Promise<unknown> {
  const root = rootOf(address.url);
  const token = adminToken();
  let response: Response;
  try {
    response = await fetch(`${root}/admin/api${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (error) {
    const message = `no gateway answers at ${root}; start it (holdfast serve), or say where it is: --url or HOLDFAST_URL`;
    throw new Error(message, { cause: error });
  }
  const answer = (await response.json().catch(() => null)) as Refused | null;
  if (response.ok && answer !== null) return answer;
  throw new Error(answer === null ? `${root} is no Holdfast gateway: it answered ${response.status}` : told(answer));
}

/**
 * Listens to server-sent events of the admin API until the stream ends or `signal` says so.
 *
 * @throws {Error} it could not begin, or broke off
 */
export async function listenAdmin(
  address: AdminAddress,
  path: string,
  hear: (event: string, data: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const headers = { authorization: `Bearer ${adminToken()}`, accept: 'text/event-stream' };
  const response = await fetch(`${rootOf(address.url)}/admin/api${path}`, { headers, signal });
  if (!response.ok || response.body === null) throw new Error(`the gateway answered ${response.status}`);
  let rest = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + piece).split('\n\n');
    rest = events.pop() ?? '';
    for (const written of events) hearOne(written, hear);
  }
}

function hearOne(written: string, hear: (event: string, data: unknown) => void): void {
  const field = (name: string): string => new RegExp(`^${name}: ?(.*)$`, 'm').exec(written)?.[1] ?? '';
  const data = field('data');
  // What has no data is a sign of life.
  if (data !== '') hear(field('event'), JSON.parse(data));
}

interface Refused {
  readonly detail?: string;
  readonly problems?: readonly { readonly field: string; readonly wrong: string; readonly fix: string }[];
}

function told({ detail, problems = [] }: Refused): string {
  const lines = problems.map(({ field, wrong, fix }) => `\n  ${field}: ${wrong}\n      ${fix}`);
  return `${detail ?? 'the gateway refuses without a reason'}${lines.join('')}`;
}

/** The root of the gateway, without a slash. The same address that SDKs and `holdfast send` are given will do. */
export function rootOf(url: string | undefined): string {
  const written = url ?? process.env['HOLDFAST_URL'] ?? DEFAULT_URL;
  const parsed = URL.canParse(written) ? new URL(written) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new Error(`--url "${written}" is no address; write where the gateway is, such as ${DEFAULT_URL}`);
  }
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '').replace(/\/v1$/, '')}`;
}

/** @throws {Error} none is set, with where to get one */
function adminToken(): string {
  const token = process.env['HOLDFAST_ADMIN_TOKEN'];
  if (token === undefined || token === '') {
    throw new Error(
      'the gateway asks for an admin token: set HOLDFAST_ADMIN_TOKEN to one (holdfast admin reset-token makes a new one)',
    );
  }
  return token;
}
