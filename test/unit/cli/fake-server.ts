/**
 * A small `/v1` in memory, strict about what the client must send, with faults on demand. It knows
 * the contract's shapes, not the server's rules.
 */
import { createHash, randomUUID } from "node:crypto";
import type { LockView, UnitView, VersionView } from "../../../src/api/units.ts";

export interface Seen {
	readonly method: string;
	/** Path and query. */
	readonly target: string;
	readonly headers: Headers;
	readonly body: Uint8Array;
}

/** Instead of the normal answer. `after` runs the request first, so that it has its effect. */
export type Fault = (seen: Seen, after: () => Promise<Response>) => Response | Promise<Response>;

interface FakeUnit {
	labels: Record<string, string>;
	lock: LockView | undefined;
	released: Set<string>;
	versions: { view: VersionView; body: Uint8Array }[];
	deleted: boolean;
}

const time = "2026-01-02T03:04:05Z";

export class FakeServer {
	readonly units = new Map<string, FakeUnit>();
	readonly requests: Seen[] = [];
	/** Faults for the next requests, one each. */
	readonly faults: Fault[] = [];
	/** The token that is accepted; null accepts all. */
	token: string | null = null;
	readonly #server: Bun.Server<undefined>;

	constructor() {
		this.#server = Bun.serve({
			port: 0,
			hostname: "127.0.0.1",
			development: false,
			fetch: (request) => this.#answer(request),
		});
	}

	get url(): string {
		return `http://127.0.0.1:${this.#server.port}`;
	}

	stop(): Promise<void> {
		return this.#server.stop(true);
	}

	unit(id: string, state?: string): FakeUnit {
		const unit: FakeUnit = {
			labels: {},
			lock: undefined,
			released: new Set(),
			versions: [],
			deleted: false,
		};
		this.units.set(id, unit);
		if (state !== undefined) this.#write(unit, new TextEncoder().encode(state), "write");
		return unit;
	}

	lockOf(id: string, lockId: string, who = "bob@desk"): void {
		const unit = this.units.get(id);
		if (unit !== undefined) unit.lock = lockView(lockId, who);
	}

	state(id: string): string | null {
		const last = this.units.get(id)?.versions[0];
		return last === undefined ? null : new TextDecoder().decode(last.body);
	}

	async #answer(request: Request): Promise<Response> {
		const url = new URL(request.url);
		const seen: Seen = {
			method: request.method,
			target: url.pathname + url.search,
			headers: request.headers,
			body: new Uint8Array(await request.arrayBuffer()),
		};
		this.requests.push(seen);
		const normal = async (): Promise<Response> => this.#route(seen, url);
		const fault = this.faults.shift();
		return fault === undefined ? normal() : fault(seen, normal);
	}

	#route(seen: Seen, url: URL): Response {
		if (this.token !== null && seen.headers.get("authorization") !== `Bearer ${this.token}`) {
			return failure(401, "unauthenticated", "no valid token", "log in");
		}
		const parts = url.pathname.split("/").slice(1).map(decodeURIComponent);
		if (url.pathname === "/v1/info") {
			return Response.json({
				version: "9.9.9",
				storage: { type: "memory", durable: false },
				features: [],
			});
		}
		if (parts[0] !== "v1" || parts[1] !== "units") return new Response("<html>", { status: 404 });
		const json = parseJson(seen);
		if (parts[2] === undefined) {
			return seen.method === "POST" ? this.#create(json) : this.#list(url.searchParams);
		}
		const id = parts[2].startsWith("__") ? parts[2] : parts[2].replaceAll("__", "/");
		const unit = this.units.get(id);
		if (unit === undefined || (unit.deleted && parts[3] !== "undelete")) {
			return failure(404, "unit_not_found", "the unit does not exist", `taco unit create ${id}`);
		}
		return this.#unit(id, unit, parts.slice(3), seen, url.searchParams, json);
	}

	#create(json: Record<string, unknown>): Response {
		const id = String(json.id);
		if (this.units.has(id)) return failure(409, "unit_exists", "the unit exists", "");
		this.unit(id).labels = (json.labels ?? {}) as Record<string, string>;
		return Response.json({ id, created: time }, { status: 201 });
	}

	#list(query: URLSearchParams): Response {
		const prefix = query.get("prefix") ?? "";
		const deleted = query.get("deleted") === "true";
		const labels = query.getAll("label").map((pair) => pair.split("="));
		const all = [...this.units]
			.filter(([id, unit]) => id.startsWith(prefix) && unit.deleted === deleted)
			.filter(([, unit]) => labels.every(([key, value]) => unit.labels[key ?? ""] === value))
			.map(([id, unit]) => view(id, unit))
			.sort((a, b) => (a.id < b.id ? -1 : 1));
		const start = Number(query.get("cursor") ?? 0);
		const end = start + Number(query.get("limit") ?? all.length);
		const next = end < all.length ? { next: String(end) } : {};
		const units = all.slice(start, end);
		return Response.json({ units, count: units.length, ...next });
	}

	#unit(
		id: string,
		unit: FakeUnit,
		action: string[],
		seen: Seen,
		query: URLSearchParams,
		json: Record<string, unknown>,
	): Response {
		const key = `${seen.method} ${action.map((word) => (/^\d+$/.test(word) ? "N" : word)).join("/")}`;
		const found = unit.versions.find(({ view }) => view.version === Number(action[1]));
		switch (key) {
			case "GET ":
				return Response.json(view(id, unit), { headers: { etag: '"g1"' } });
			case "PATCH ":
				unit.labels = json.labels as Record<string, string>;
				return Response.json(view(id, unit));
			case "DELETE ":
				if (unit.lock !== undefined && query.get("force") !== "true") return locked(unit.lock);
				unit.deleted = true;
				return new Response(null, { status: 204 });
			case "POST undelete":
				unit.deleted = false;
				return Response.json(view(id, unit));
			case "GET download":
				return download(unit.versions[0]);
			case "GET versions/N/download":
				return found ? download(found) : failure(404, "version_not_found", "no such version", "");
			case "GET versions/N":
				return found
					? Response.json(found.view)
					: failure(404, "version_not_found", "no such version", "");
			case "GET versions":
				return Response.json({
					unit_id: id,
					versions: unit.versions.map(({ view }) => view),
					count: unit.versions.length,
				});
			case "POST upload":
				return this.#upload(unit, seen, query);
			case "POST lock":
				return lock(unit, json);
			case "DELETE unlock":
				return unlock(unit, String(json.id));
			case "POST force-unlock":
				return forceUnlock(unit);
			case "POST restore":
				return this.#restore(id, unit, json);
			default:
				return failure(404, "route_not_found", "no such route", "");
		}
	}

	#upload(unit: FakeUnit, seen: Seen, query: URLSearchParams): Response {
		const wanted = query.get("if_locked_by");
		if (seen.headers.get("content-length") !== String(seen.body.length)) {
			return failure(411, "length_required", "no length", "");
		}
		const md5 = createHash("md5").update(seen.body).digest("base64");
		if (seen.headers.get("content-md5") !== md5) {
			return failure(400, "checksum_mismatch", "the checksum is wrong or missing", "");
		}
		if (wanted !== null && unit.lock?.id !== wanted) {
			return failure(409, "lock_mismatch", "not that lock", "", unit.lock);
		}
		if (wanted === null && unit.lock !== undefined) return locked(unit.lock);
		const same = unit.versions[0] && Buffer.compare(unit.versions[0].body, seen.body) === 0;
		if (!same) this.#write(unit, seen.body, query.get("force") === "true" ? "forced" : "write");
		return Response.json({
			message: "ok",
			version: unit.versions[0]?.view.version,
			unchanged: same === true,
		});
	}

	#write(
		unit: FakeUnit,
		body: Uint8Array,
		cause: string,
		restoredFrom: number | null = null,
	): void {
		for (const { view } of unit.versions) view.current = false;
		const version = unit.versions.length + 1;
		unit.versions.unshift({ view: versionView(version, body, cause, restoredFrom), body });
	}

	#restore(id: string, unit: FakeUnit, json: Record<string, unknown>): Response {
		const from = unit.versions.find(({ view }) => view.version === json.version);
		if (from === undefined) return failure(404, "version_not_found", "no such version", "");
		if (unit.lock !== undefined && json.lock_id !== unit.lock.id) return locked(unit.lock);
		const previous = unit.versions[0]?.view.serial ?? null;
		if (json.preview !== true) this.#write(unit, from.body, "restore", from.view.version);
		return Response.json({
			unit_id: id,
			restored_version: from.view.version,
			restored_timestamp: from.view.timestamp,
			version: json.preview === true ? null : unit.versions.length,
			serial: (previous ?? 0) + 1,
			previous_serial: previous,
			size: from.body.length,
			verbatim: false,
			preview: json.preview === true,
			message: "restored",
		});
	}
}

function parseJson({ body, target }: Seen): Record<string, unknown> {
	if (body.length === 0 || target.includes("/upload")) return {};
	return JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
}

function lock(unit: FakeUnit, json: Record<string, unknown>): Response {
	const id = String(json.id ?? randomUUID());
	if (unit.lock !== undefined && unit.lock.id !== id) return locked(unit.lock);
	unit.lock ??= {
		...lockView(id, String(json.who ?? "")),
		info: String(json.info ?? ""),
		operation: String(json.operation ?? ""),
		version: String(json.version ?? ""),
	};
	return Response.json(unit.lock);
}

function unlock(unit: FakeUnit, id: string): Response {
	if (unit.lock?.id === id) {
		unit.released.add(id);
		unit.lock = undefined;
	} else if (unit.lock !== undefined || !unit.released.has(id)) {
		return failure(409, "lock_mismatch", "another lock is held, or none", "", unit.lock);
	}
	return Response.json({ message: "Unit unlocked successfully" });
}

function forceUnlock(unit: FakeUnit): Response {
	const broken = unit.lock;
	unit.lock = undefined;
	return Response.json({ message: "broken", ...(broken === undefined ? {} : { lock: broken }) });
}

function download(found: { view: VersionView; body: Uint8Array } | undefined): Response {
	if (found === undefined) return failure(404, "no_state", "the unit has no state", "push one");
	return new Response(found.body, {
		headers: {
			"content-type": "application/json",
			etag: `"${found.view.hash}"`,
			"x-opentaco-version": String(found.view.version),
			"x-opentaco-serial": String(found.view.serial),
		},
	});
}

function locked(lock: LockView): Response {
	return failure(409, "locked", "the unit is locked", "wait, or ask the holder", lock);
}

export function failure(
	status: number,
	error: string,
	message: string,
	hint: string,
	lock?: LockView,
): Response {
	const body = { error, message, hint, request_id: "req-1", ...(lock ? { lock } : {}) };
	return Response.json(body, { status });
}

export function lockView(id: string, who: string): LockView {
	return {
		id,
		who,
		version: "1.11.4",
		created: time,
		operation: "OperationTypeApply",
		info: "",
		path: "",
		principal: "admin",
		surface: "http-backend",
		since: time,
	};
}

function versionView(
	version: number,
	body: Uint8Array,
	cause: string,
	restoredFrom: number | null,
): VersionView {
	return {
		version,
		timestamp: time,
		hash: createHash("sha256").update(body).digest("hex"),
		size: body.length,
		serial: version,
		lineage: "lineage",
		terraform_version: "1.11.4",
		encrypted: false,
		author: "admin",
		surface: "management",
		cause,
		restored_from: restoredFrom,
		lock: null,
		current: true,
		available: true,
	};
}

function view(id: string, unit: FakeUnit): UnitView {
	const current = unit.versions[0]?.view;
	return {
		id,
		size: current?.size ?? 0,
		updated: time,
		created: time,
		locked: unit.lock !== undefined,
		...(unit.lock === undefined ? {} : { lock: unit.lock }),
		labels: unit.labels,
		has_state: current !== undefined,
		serial: current?.serial ?? null,
		lineage: current?.lineage ?? null,
		terraform_version: null,
		encrypted: false,
		version: current?.version ?? null,
		generation: 1,
		adopted: true,
		...(unit.deleted ? { deleted: time } : {}),
		kept_aside: [],
	};
}
