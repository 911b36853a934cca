/**
 * The cores of the organizations: opened when one is asked for, kept while there is room, and never
 * closed while somebody works with one. Two cores of one organization harm nothing: they are to each
 * other what two servers are.
 */
import type { TaskGroup } from "../../lib/task-group.ts";
import type { Core } from "../core.ts";
import { limits } from "../limits.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { OpenOrganization } from "./open-organization.ts";
import { type Organization, organizationPrefix } from "./organization.ts";
import { scopedStore } from "./scoped-store.ts";

export interface CorePoolDeps {
	/** The root's. */
	readonly store: BlobStore;
	/** Builds a core and starts nothing. */
	readonly openCore: (organization: Organization, store: BlobStore) => Core;
	readonly tasks: TaskGroup;
}

interface Pooled extends OpenOrganization {
	readonly closing: AbortController;
	users: number;
	isSweeping: boolean;
	/** The first use prepares it; a failure is tried again. */
	prepared: Promise<void> | null;
}

/** Opens, lends and closes the cores of organizations. */
export class CorePool {
	readonly #deps: CorePoolDeps;
	/** By key, the one that was not used for longest first. */
	readonly #open = new Map<string, Pooled>();
	#sweeping: AbortSignal | null = null;

	constructor(deps: CorePoolDeps) {
		this.#deps = deps;
	}

	/** From now on cores that are in use sweep, until the signal. */
	startSweeping(signal: AbortSignal): void {
		this.#sweeping = signal;
	}

	isOpen(organization: Organization): boolean {
		return this.#open.has(organization.key ?? "");
	}

	/** Lends the organization's core to `act`, and keeps it open as long. `prepare` succeeds once. */
	async use<T>(
		organization: Organization,
		prepare: (open: OpenOrganization) => Promise<void>,
		act: (open: OpenOrganization) => Promise<T>,
	): Promise<T> {
		const pooled = this.#take(organization);
		try {
			return await this.#act(pooled, prepare, act);
		} finally {
			pooled.users -= 1;
			this.#shrink();
		}
	}

	/**
	 * As `use`, for a look that is no use of the organization: a core that is not open is opened for
	 * the look alone. Looking through all of them closes none that others work with.
	 */
	async look<T>(
		organization: Organization,
		prepare: (open: OpenOrganization) => Promise<void>,
		act: (open: OpenOrganization) => Promise<T>,
	): Promise<T> {
		const pooled = this.#open.get(organization.key ?? "") ?? this.#make(organization);
		pooled.users += 1;
		try {
			return await this.#act(pooled, prepare, act);
		} finally {
			pooled.users -= 1;
			if (this.#open.get(organization.key ?? "") !== pooled) await close(pooled);
		}
	}

	/** The core is used for more than a look: it sweeps from now on. */
	keepSwept(open: OpenOrganization): void {
		const pooled = this.#open.get(open.organization.key ?? "");
		if (pooled === undefined || pooled.isSweeping || this.#sweeping === null) return;
		pooled.isSweeping = true;
		pooled.core.startSweeping(AbortSignal.any([this.#sweeping, pooled.closing.signal]));
	}

	/** For shutdown, after the last request. */
	async flush(): Promise<void> {
		await Promise.all([...this.#open.values()].map((pooled) => close(pooled)));
		this.#open.clear();
	}

	async #act<T>(
		pooled: Pooled,
		prepare: (open: OpenOrganization) => Promise<void>,
		act: (open: OpenOrganization) => Promise<T>,
	): Promise<T> {
		pooled.prepared ??= prepare(pooled);
		await pooled.prepared.catch((error: unknown) => {
			pooled.prepared = null;
			throw error;
		});
		return await act(pooled);
	}

	#take(organization: Organization): Pooled {
		const key = organization.key ?? "";
		const pooled = this.#open.get(key) ?? this.#make(organization);
		pooled.users += 1;
		this.#open.delete(key);
		this.#open.set(key, pooled);
		return pooled;
	}

	#make(organization: Organization): Pooled {
		const store = scopedStore(this.#deps.store, organizationPrefix(organization.key));
		const core = this.#deps.openCore(organization, store);
		const closing = new AbortController();
		return { organization, core, store, closing, users: 0, isSweeping: false, prepared: null };
	}

	#shrink(): void {
		for (const [key, pooled] of this.#open) {
			if (this.#open.size <= limits.organizationsOpenMax) return;
			if (pooled.users > 0) continue;
			this.#open.delete(key);
			this.#deps.tasks.run("close an organization", () => close(pooled));
		}
	}
}

async function close({ closing, core }: Pooled): Promise<void> {
	closing.abort();
	await core.flush();
}
