/** Clients that behave like Terraform, people with a command line, and programs that know nothing of us. */
import { lockOfLogin } from "../../src/core/lock/rules.ts";
import type { Bucket } from "./bucket.ts";
import {
	type Act,
	acts,
	type Desk,
	insist,
	newEdge,
	parseState,
	type Seen,
	type StateText,
	send,
	sha256,
	stateBytes,
} from "./client.ts";
import type { AttemptKind, Intent } from "./history.ts";
import type { Prng } from "./prng.ts";
import { plainKeyOf } from "./scopes.ts";
import type { SimServer } from "./server.ts";
import type { Deed, Mix } from "./swarm.ts";

export interface Workplace extends Desk {
	readonly mix: Mix;
	readonly bucket: Bucket;
	readonly units: readonly string[];
	/** The unit whose state shows live values, if there is one. */
	readonly systemUnit: string | null;
	nextOp: number;
}

/** One client, until the time is up. */
export class Client {
	readonly #place: Workplace;
	readonly #prng: Prng;
	readonly #name: string;
	readonly #principal: string;
	readonly #isOverS3: boolean;
	#server = 0;
	#lockIds: { unit: string; id: string }[] = [];

	constructor(place: Workplace, prng: Prng, name: string, isOverS3: boolean) {
		this.#place = place;
		this.#prng = prng;
		this.#name = name;
		this.#isOverS3 = isOverS3;
		this.#principal = place.mix.isOnePrincipal ? "admin" : name;
		this.#server = prng.between(0, place.servers.length - 1);
	}

	async run(): Promise<void> {
		const { scheduler, mix } = this.#place;
		const deeds = Object.entries(mix.weights) as [Deed, number][];
		const total = deeds.reduce((sum, [, weight]) => sum + weight, 0);
		while (scheduler.now < mix.durationMs) {
			await scheduler.sleep(this.#prng.between(0, mix.thinkMsMax));
			let left = this.#prng.fraction() * total;
			const deed = deeds.find(([, weight]) => {
				left -= weight;
				return left < 0;
			});
			await this.#do(deed?.[0] ?? "read", this.#prng.pick(this.#place.units));
		}
	}

	async #do(deed: Deed, unit: string): Promise<void> {
		switch (deed) {
			case "apply":
				return await this.#apply(unit, "OperationTypeApply");
			case "push":
				return await this.#apply(unit, "state-push");
			case "unlocked-write":
				return await this.#writeUnlocked(unit);
			case "read":
				await (this.#prng.chance(0.5) ? this.#read(unit) : this.#ask("get", unit, acts.get()));
				return;
			case "force-unlock":
				await this.#ask("force-unlock", unit, acts.forceUnlock());
				return;
			case "delete":
				await this.#ask("delete", unit, acts.delete(this.#prng.chance(0.3)));
				return;
			case "undelete":
				await this.#ask("undelete", unit, acts.undelete());
				return;
			case "restore":
				await this.#ask("restore", unit, acts.restore(this.#prng.between(1, 5), null));
				return;
			case "label":
				await this.#ask("update", unit, acts.update(`value-${this.#place.nextOp}`));
				return;
			case "relock":
				return await this.#relock(unit);
		}
	}

	/** terraform apply: lock, read, write once or twice, unlock, whatever became of the writes. */
	async #apply(unit: string, operation: string): Promise<void> {
		const lockId = `lock-${this.#place.nextOp}`;
		const locked = await this.#ask("lock", unit, acts.lock(lockId, operation), { lockId });
		if (locked.outcome !== "ok") return;
		this.#lockIds.push({ unit, id: lockId });
		const before = await this.#read(unit);
		if (before !== null) {
			let { serial } = before;
			const writes = this.#prng.between(1, 2);
			for (let i = 0; i < writes; i++) {
				await this.#think();
				serial = operation === "state-push" ? this.#prng.between(1, serial + 1) : serial + 1;
				await this.#write(unit, serial, before, lockId, operation === "state-push");
			}
		}
		await this.#think();
		// Some crash here and leave their lock behind.
		if (this.#prng.chance(0.05)) return;
		await this.#ask("unlock", unit, acts.unlock(lockId), { lockId });
	}

	/** terraform apply -lock=false. */
	async #writeUnlocked(unit: string): Promise<void> {
		const before = await this.#read(unit);
		if (before === null) return;
		await this.#think();
		await this.#write(unit, before.serial + 1, before, null, false);
	}

	/** A lock, once more, that was held before: by a client that lost count. */
	async #relock(unit: string): Promise<void> {
		const old = this.#lockIds.findLast((lock) => lock.unit === unit);
		if (old === undefined) return;
		await this.#ask("lock", unit, acts.lock(old.id), { lockId: old.id });
		await this.#ask("unlock", unit, acts.unlock(old.id), { lockId: old.id });
	}

	/** The state, serial 0 when there is none, null when it cannot be read. */
	async #read(unit: string): Promise<StateText | null> {
		let bytes: Uint8Array | null = null;
		const seen = await this.#ask(
			"read",
			unit,
			acts.read((got) => {
				bytes = got;
			}),
		);
		if (seen.outcome === "ok" && bytes !== null) return parseState(bytes);
		if (seen.code === "no_state" || seen.code === "unit_not_found") {
			return { serial: 0, lineage: `lineage-${this.#place.nextOp}` };
		}
		return null;
	}

	async #write(
		unit: string,
		serial: number,
		before: StateText,
		lockId: string | null,
		isForced: boolean,
	): Promise<void> {
		// Terraform writes back what it has read of an edge.
		const edge = unit === this.#place.systemUnit ? (before.edge ?? newEdge) : undefined;
		const bytes = stateBytes(serial, before.lineage, `op${this.#place.nextOp}`, edge);
		const claim = this.#isOverS3 ? lockOfLogin : lockId;
		await this.#ask("write", unit, acts.write(bytes, claim, this.#prng.chance(0.25)), {
			lockId: this.#isOverS3 ? null : lockId,
			sha256: sha256(bytes),
			isForced,
		});
	}

	async #ask(kind: AttemptKind, unit: string, act: Act, more: Partial<Intent> = {}): Promise<Seen> {
		const { scheduler, mix } = this.#place;
		const intent: Intent = {
			op: this.#place.nextOp++,
			client: this.#name,
			principal: this.#principal,
			...(this.#isOverS3 ? { surface: "s3" as const } : {}),
			unit,
			kind,
			lockId: null,
			sha256: null,
			isForced: false,
			...more,
		};
		const seen = await insist(this.#place, () => this.#choose(), intent, act);
		if (this.#prng.chance(mix.duplicateRate)) {
			scheduler.after(this.#prng.between(10, 4000), "duplicate", () => {
				void send(this.#place, this.#choose(), intent, act);
			});
		}
		return seen;
	}

	#choose(): SimServer {
		const { servers, mix } = this.#place;
		if (!this.#prng.chance(mix.stickiness)) {
			this.#server = this.#prng.between(0, servers.length - 1);
		}
		return servers[this.#server] as SimServer;
	}

	async #think(): Promise<void> {
		await this.#place.scheduler.sleep(this.#prng.between(0, this.#place.mix.thinkMsMax));
	}
}

/** Somebody who writes the plain state, as Terraform's own S3 backend does. */
export async function writeBehindOurBack(place: Workplace, prng: Prng): Promise<void> {
	const { scheduler, mix, bucket } = place;
	while (scheduler.now < mix.durationMs) {
		await scheduler.sleep(prng.between(1, 2 * mix.foreignEveryMs));
		const unit = prng.pick(place.units);
		const key = plainKeyOf(unit);
		const there = bucket.get(key);
		const before = there === undefined ? null : parseState(there.bytes);
		const isOther = before === null || prng.chance(0.2);
		const bytes = stateBytes(
			(before?.serial ?? 0) + prng.between(0, 2),
			isOther ? `foreign-${place.nextOp++}` : before.lineage,
			`foreign${place.nextOp++}`,
			unit === place.systemUnit ? newEdge : undefined,
		);
		if (scheduler.now < mix.durationMs) bucket.put(key, bytes, "foreign", scheduler.now);
	}
}
