/**
 * Every organization of the store: which there are, who sees which, and the core of each. The
 * default one is always there; the others stand in a register in its part of the store.
 */
import type { TaskGroup } from "../../lib/task-group.ts";
import type { Core } from "../core.ts";
import { DomainError, isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Log } from "../ports/log.ts";
import { orUnavailable } from "../ports/unavailable.ts";
import type { Caller } from "../principal.ts";
import { everything } from "../rbac/resource.ts";
import { Register, type RegisterDeps } from "../register/register.ts";
import { asSystem, beginRoles, firstAdmin, hasUnits, keysInStore } from "./contents.ts";
import { CorePool } from "./core-pool.ts";
import type { OpenOrganization } from "./open-organization.ts";
import {
	checkOrganizationName,
	defaultBucketName,
	defaultOrganizationName,
	namedOrganization,
	type Organization,
	type OrganizationKey,
	rootOrganization,
} from "./organization.ts";
import {
	findByIdHead,
	findLiving,
	findNamed,
	livingIn,
	type OrganizationEntry,
	type OrganizationSummary,
	type OrganizationsDocument,
	organizationOf,
	parseOrganizations,
	summaryOf,
	withDeletion,
	withOrganization,
} from "./register.ts";
import type { OrganizationSettings } from "./settings.ts";
import { type OrganizationsPage, type OrganizationsWanted, Sight } from "./sight.ts";

export interface OrganizationsDeps extends RegisterDeps {
	/** Of the root. */
	readonly core: Core;
	readonly openCore: (organization: Organization, store: BlobStore) => Core;
	readonly defaultName: string;
	readonly tasks: TaskGroup;
	readonly log: Log;
}

/** How a core is lent: to work with, or for one look. */
type Loan = "use" | "look";

export interface NewOrganization {
	readonly name: string;
	/** E-mail address of its first administrator; without it, the person who creates it. */
	readonly admin?: string | undefined;
	readonly settings?: OrganizationSettings | undefined;
}

/** Finds, lists, creates and deletes organizations, and lends their cores. */
export class Organizations {
	readonly #deps: OrganizationsDeps;
	readonly #register: Register<OrganizationsDocument>;
	readonly #pool: CorePool;
	readonly #sight: Sight;
	readonly #stopping = new AbortController();
	/** The default one. */
	readonly root: OpenOrganization;

	constructor(deps: OrganizationsDeps) {
		this.#deps = deps;
		this.#register = new Register(deps, "organizations", parseOrganizations);
		this.#pool = new CorePool(deps);
		const { core, store, defaultName } = deps;
		this.root = { organization: rootOrganization(defaultName), core, store };
		this.#sight = new Sight({
			clock: deps.clock,
			root: this.root,
			isOpen: (entry) => this.#pool.isOpen(organizationOf(entry)),
			look: (entry, act) => this.#lend(entry, act, "look"),
		});
	}

	/**
	 * Lends the core of the organization of this name to `act`. Fails with `not_found` when there is
	 * none, or when the caller is nobody there; the log then says which there are.
	 */
	async use<T>(
		caller: Caller,
		name: string,
		act: (open: OpenOrganization) => Promise<T>,
	): Promise<T> {
		return await this.#enter("use", caller, name, async (open) => {
			this.#pool.keepSwept(open);
			return await act(open);
		});
	}

	/** As `use`, for one look into each of many: those that others work with stay open. */
	async look<T>(
		caller: Caller,
		name: string,
		act: (open: OpenOrganization) => Promise<T>,
	): Promise<T> {
		return await this.#enter("look", caller, name, act);
	}

	async #enter<T>(
		how: Loan,
		caller: Caller,
		name: string,
		act: (open: OpenOrganization) => Promise<T>,
	): Promise<T> {
		if (name === this.root.organization.name) return await act(this.root);
		const { document, entry } = await this.#find((known) => findLiving(known, name));
		if (entry === null) throw this.#absent(caller, document);
		const enter = async (open: OpenOrganization): Promise<T> => {
			if (!(await this.#sight.maySee(caller, open))) throw this.#absent(caller, document);
			return await act(open);
		};
		return await this.#lend(entry, enter, how);
	}

	/** The key of the organization of this name. Fails with `not_found`, or as Register.read. */
	async keyOf(name: string): Promise<OrganizationKey> {
		if (name === this.root.organization.name) return null;
		const { entry } = await this.#find((known) => findLiving(known, name));
		if (entry !== null) return entry.key;
		throw new DomainError("not_found", "there is no such organization");
	}

	/**
	 * The name of the organization whose ids begin so; null when there is none, or when the caller is
	 * nobody there. Fails as Register.read.
	 */
	async nameOfIdHead(caller: Caller, idHead: string): Promise<string | null> {
		const { organization } = this.root;
		if (idHead === organization.idHead) return organization.name;
		const { entry } = await this.#find((known) => findByIdHead(known, idHead));
		if (entry === null) return null;
		const isSeen = await this.#lend(entry, (open) => this.#sight.maySee(caller, open));
		return isSeen ? entry.name : null;
	}

	/** The organization that a bucket stands for. */
	nameOfBucket(bucket: string): string {
		return bucket === defaultBucketName ? this.root.organization.name : bucket;
	}

	/** Those that the caller may know of, the default one first, the others by name. Fails as Sight.page. */
	async list(caller: Caller, wanted: OrganizationsWanted = {}): Promise<OrganizationsPage> {
		return await this.#sight.page(caller, livingIn(await this.#document()), wanted);
	}

	/** One that the caller may know of. Fails with `not_found` like `use`. */
	async get(caller: Caller, name: string): Promise<OrganizationSummary> {
		return await this.use(caller, name, async ({ organization }) => {
			const created = findLiving(await this.#document(), name)?.created ?? null;
			return { organization, created: organization.isDefault ? null : created };
		});
	}

	/** Whether the caller may create and delete organizations. Fails as the gate. */
	async mayManage(caller: Caller): Promise<boolean> {
		return await this.#sight.mayManage(caller);
	}

	/**
	 * Creates one, with its first administrator. Fails with `forbidden`, `invalid_request`, `conflict`
	 * for a name that is taken, or as Register.update.
	 */
	async create(caller: Caller, wanted: NewOrganization): Promise<OrganizationSummary> {
		const { gate } = this.root.core.parts;
		const grant = await gate.authorize(caller, "system.manage", everything);
		const { name } = wanted;
		checkOrganizationName(name);
		this.#refuseReserved(name);
		const first = firstAdmin(caller, wanted.admin);
		await this.#checkLeftovers(name);
		const created = new Date(this.#deps.clock.now()).toISOString();
		const entry = await this.#register.update(grant, (value) => {
			const { document, entry } = withOrganization(value, { name, created, first });
			return {
				operation: "organization.create",
				detail: name,
				value: document,
				result: entry,
			};
		});
		// Whoever creates it can use it at once; after a crash in between, its first use sees to it.
		await this.#lend(entry, async ({ core }) => {
			const { settings = {} } = wanted;
			if (Object.keys(settings).length === 0) return;
			await core.organizationSettings.update(asSystem(caller.requestId), settings);
		});
		return summaryOf(entry);
	}

	/**
	 * Deletes an organization that has no units. Its name can be used again, for a new one.
	 * Fails with `forbidden`, `not_found`, `conflict`, or as Register.update.
	 */
	async delete(caller: Caller, name: string): Promise<void> {
		const { gate } = this.root.core.parts;
		await this.use(caller, name, async (open) => {
			const grant = await gate.authorize(caller, "system.manage", everything);
			const { key } = open.organization;
			if (key === null) {
				throw new DomainError("conflict", "the default organization is always there");
			}
			if (await hasUnits(open)) throw stillUsed();
			const deleted = new Date(this.#deps.clock.now()).toISOString();
			await this.#register.update(grant, (value) => {
				const document = withDeletion(value, key, deleted);
				if (document === null) return { answer: undefined };
				return {
					operation: "organization.delete",
					detail: name,
					value: document,
					result: undefined,
				};
			});
			this.#watch(key);
		});
	}

	/** Sweeps each organization now and then, until the signal, whether somebody uses it or not. */
	startSweeping(signal: AbortSignal): void {
		const ending = AbortSignal.any([signal, this.#stopping.signal]);
		this.#pool.startSweeping(ending);
		this.#deps.tasks.run("visit the organizations", () => this.#visitAll(ending));
	}

	/**
	 * Fails with `conflict` when the default organization is configured under the name of another
	 * one, which then nobody could reach.
	 */
	async checkDefaultName(): Promise<void> {
		const { name } = this.root.organization;
		if (findLiving((await this.#register.read()).value, name) === null) return;
		throw new DomainError("conflict", `an organization named "${name}" exists already`, {
			hint: "give the default organization another name in OPENTACO_ORGANIZATION",
		});
	}

	/** Each, as `taco doctor` looks at it. Fails as Register.read. */
	async forEach(act: (open: OpenOrganization) => Promise<void>): Promise<void> {
		await act(this.root);
		for (const entry of livingIn((await this.#register.read()).value)) {
			await this.#pool.use(organizationOf(entry), async () => undefined, act);
		}
	}

	/**
	 * Keys of organizations that are gone and hold living units all the same: a server that had not
	 * heard of the deletion may have written them. Fails as Register.read.
	 */
	async forgotten(): Promise<readonly string[]> {
		const living = new Set(livingIn((await this.#register.read()).value).map(({ key }) => key));
		const found: string[] = [];
		for (const key of await keysInStore(this.#deps.store)) {
			if (living.has(key)) continue;
			const organization = namedOrganization(key, key);
			if (await this.#pool.use(organization, async () => undefined, hasUnits)) found.push(key);
		}
		return found;
	}

	/** For shutdown, after the last request: ends the sweeping and flushes all but the root. */
	async flush(): Promise<void> {
		this.#stopping.abort();
		await this.#pool.flush();
	}

	async #document(): Promise<OrganizationsDocument | null> {
		return (await this.#register.readCached(limits.organizationsFreshMs)).value;
	}

	/** What is not among those of a few seconds ago may have been created since, at another server. */
	async #find(
		look: (document: OrganizationsDocument | null) => OrganizationEntry | null,
	): Promise<{ document: OrganizationsDocument | null; entry: OrganizationEntry | null }> {
		const document = await this.#document();
		const entry = look(document);
		if (entry !== null) return { document, entry };
		const newest = (await this.#register.read()).value;
		return { document: newest, entry: look(newest) };
	}

	async #lend<T>(
		entry: OrganizationEntry,
		act: (open: OpenOrganization) => Promise<T>,
		how: Loan = "use",
	): Promise<T> {
		const prepare = (open: OpenOrganization) => beginRoles(open, entry.first);
		return await this.#pool[how](organizationOf(entry), prepare, act);
	}

	#absent(caller: Caller, document: OrganizationsDocument | null): DomainError {
		const { name } = this.root.organization;
		const living = livingIn(document).map((entry) => entry.name);
		this.#deps.log.write("info", "an organization was asked for that the caller cannot see", {
			request_id: caller.requestId,
			organizations: [name, ...living.slice(0, limits.organizationsLoggedMax)].join(", "),
			count: living.length + 1,
		});
		return new DomainError("not_found", "there is no such organization", {
			hint: `the default one is named "${name}"; the server's log says which there are`,
		});
	}

	#refuseReserved(name: string): void {
		const { organization } = this.root;
		const taken = [organization.name, defaultOrganizationName, defaultBucketName];
		if (!taken.some((one) => one.toLowerCase() === name.toLowerCase())) return;
		throw new DomainError("conflict", "this name stands for the default organization");
	}

	/** A unit that was created in the very moment of the deletion must not be forgotten. */
	async #checkLeftovers(name: string): Promise<void> {
		const before = findNamed((await this.#register.read()).value, name);
		if (before === null || before.deleted === null) return;
		if (await this.#lend(before, hasUnits)) throw stillUsed();
	}

	/** Looks again once no server can take the deleted organization for a living one any more. */
	#watch(key: string): void {
		const { clock, tasks } = this.#deps;
		const delayMs = limits.organizationsFreshMs + limits.actDeadlineMs;
		tasks.run("look after a deleted organization", async () => {
			await clock.sleep(delayMs, this.#stopping.signal).catch(() => undefined);
			await this.#restoreUsed(key);
		});
	}

	/** Brings a deleted organization back in which there are units. */
	async #restoreUsed(key: string): Promise<void> {
		const { value } = await this.#register.read();
		const entry = value?.organizations.find((one) => one.key === key);
		if (entry === undefined || entry.deleted === null) return;
		if (!(await this.#lend(entry, hasUnits))) return;
		this.#deps.log.write("warn", "a deleted organization has units and was brought back", {
			organization: entry.name,
		});
		const { gate } = this.root.core.parts;
		const grant = await gate.authorize(asSystem("organizations"), "system.manage", everything);
		await this.#register.update(grant, (current) => {
			const document = withDeletion(current, key, null);
			if (document === null) return { answer: undefined };
			const detail = entry.name;
			return { operation: "organization.restore", detail, value: document, result: undefined };
		});
	}

	async #visitAll(signal: AbortSignal): Promise<void> {
		while (!signal.aborted) {
			try {
				await this.#visitOnce(signal);
			} catch (error) {
				if (!isDomainError(error)) throw error;
				this.#deps.log.write("warn", "the organizations could not all be looked after", { error });
			}
			await this.#deps.clock.sleep(limits.organizationVisitMs, signal).catch(() => undefined);
		}
	}

	async #visitOnce(signal: AbortSignal): Promise<void> {
		const { value } = await this.#register.read();
		for (const entry of value?.organizations ?? []) {
			if (signal.aborted) return;
			const { deleted } = entry;
			const isRecent =
				deleted !== null &&
				this.#deps.clock.now() - Date.parse(deleted) < 2 * limits.organizationVisitMs;
			if (isRecent) await this.#restoreUsed(entry.key);
			if (deleted !== null || this.#pool.isOpen(organizationOf(entry))) continue;
			await this.#lend(entry, (open) =>
				orUnavailable(() => open.core.parts.sweeper.sweep(signal, true)),
			);
		}
	}
}

function stillUsed(): DomainError {
	return new DomainError("conflict", "the organization still has units", {
		hint: "delete its units first; `taco unit ls --org <name>` lists them",
	});
}
