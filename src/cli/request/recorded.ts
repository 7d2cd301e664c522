import type { StoredCall } from '../../observe/call-row.ts';
import { findCall } from '../../observe/calls.ts';
import { dataDirectory } from '../../storage/data-directory.ts';
import { openDatabase } from '../../storage/database.ts';

/** The one call whose id begins so. @throws {Error} there is none, or there are several. */
export async function recordedCall(id: string, data: string | undefined): Promise<StoredCall> {
  const database = openDatabase({ directory: dataDirectory(data), access: 'read' });
  try {
    const found = await findCall(database, id);
    if (found.kind === 'found') return found.call;
    throw new Error(
      found.kind === 'unknown'
        ? `no call has an id that begins with "${id}" in ${database.path}; it may be older than what is kept`
        : `several ids begin with "${id}", such as ${found.ids.join(', ')}; give more of it`,
    );
  } finally {
    await database.close();
  }
}
