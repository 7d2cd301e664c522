import type { Lane } from '../engine/caller.ts';
import type { Limits } from '../engine/admission/limits.ts';

/** Those who pay together. Every tenant belongs to one. */
export interface Organisation {
  readonly id: string;
  /** For people; may be changed, the id may not. */
  readonly name: string;
  readonly limits: Limits;
  /** It stands in the configuration file, and can only be changed there. */
  readonly declared: boolean;
  readonly createdAt: number;
}

/** Those who are kept apart from one another: an application, a team, a customer. Ids are unique across organisations. */
export interface Tenant {
  readonly id: string;
  readonly organisation: string;
  readonly name: string;
  readonly limits: Limits;
  /** What each of the tenant's own users may take. */
  readonly perUser: Limits;
  /** Share of a scarce target, relative to other tenants; null: 1. */
  readonly weight: number | null;
  /** Lane of calls that name none; null: interactive. */
  readonly lane: Lane | null;
  readonly declared: boolean;
  readonly createdAt: number;
}

/** A part of a tenant with limits of its own, named by its calls or by its key. Ids are unique within the tenant. */
export interface Workload {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  readonly limits: Limits;
  /** null: the tenant's. */
  readonly weight: number | null;
  /** null: the tenant's. */
  readonly lane: Lane | null;
  readonly declared: boolean;
  readonly createdAt: number;
}

/** One secret under which a key is known; while a key is being replaced it has two. */
export interface KeySecret {
  /** Its first nine characters, by which people tell keys apart. */
  readonly prefix: string;
  readonly createdAt: number;
  /** End of its grace period after it was replaced; null for the one in force. */
  readonly expiresAt: number | null;
}

/** A virtual key: what a caller shows, and what it may do. */
export interface VirtualKey {
  readonly id: string;
  readonly tenant: string;
  /** The only workload it is for; null: any of the tenant's. */
  readonly workload: string | null;
  readonly name: string;
  /** Globs of the models it may ask for; null: all. */
  readonly models: readonly string[] | null;
  /** Ids of the routes its calls may take; null: all. */
  readonly routes: readonly string[] | null;
  /** Addresses and CIDR ranges it may be used from; null: anywhere. */
  readonly addresses: readonly string[] | null;
  /** Whether its calls may go in the interactive lane. */
  readonly interactive: boolean;
  /** Whether it may use the paths whose bodies are carried unread (files, batches, images, ...). */
  readonly passthrough: boolean;
  /** null: the workload's, else the tenant's. */
  readonly weight: number | null;
  readonly lane: Lane | null;
  readonly limits: Limits;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** When it was last used, to about ten seconds; null: never. */
  readonly usedAt: number | null;
  /** Newest first. */
  readonly secrets: readonly KeySecret[];
}

/** What a role may do, each including the one before: see; change tenants and keys; also hand out admin tokens. */
export type Role = 'viewer' | 'operator' | 'admin';

/** A token for the admin API. */
export interface AdminToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly prefix: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly usedAt: number | null;
}

/** Who makes a change, for the audit log. */
export interface Actor {
  readonly via: 'api' | 'cli' | 'file' | 'start';
  /** An admin token's id and name, the operating system's user, or the file. */
  readonly name: string;
  readonly address: string | null;
}

export type SubjectKind = 'organisation' | 'tenant' | 'workload' | 'key' | 'admin-token' | 'capture' | 'target';

/** One change: who made it, to what, and what it was before and after. Holds no secret. */
export interface AuditEntry {
  readonly seq: number;
  readonly at: number;
  readonly actor: Actor;
  /** `create`, `change`, `delete`, `revoke`, `rotate`, `declare`, `release`. */
  readonly action: AuditAction;
  readonly subject: SubjectKind;
  /** A workload's is `tenant/workload`. */
  readonly subjectId: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** `declare` and `release`: the configuration file has taken it over, or let go of it. */
export type AuditAction = 'create' | 'change' | 'delete' | 'revoke' | 'rotate' | 'declare' | 'release' | 'view';
