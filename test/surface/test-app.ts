/** The whole application on a store in memory, called directly or over a socket. */
import { anonymousPrincipal, ChosenTokenVerifier } from "../../src/auth/admin-verifier.ts";
import { type Identities, openIdentities } from "../../src/auth/identity.ts";
import { Sts } from "../../src/auth/sts/credentials.ts";
import { type Core, createCore } from "../../src/core/core.ts";
import { limits } from "../../src/core/limits.ts";
import { type Organization, rootOrganization } from "../../src/core/organization/organization.ts";
import type { Organizations } from "../../src/core/organization/organizations.ts";
import type { BlobStore } from "../../src/core/ports/blob-store.ts";
import type { Caller, Principal } from "../../src/core/principal.ts";
import { type Decide, decideAdminOnly } from "../../src/core/rbac/grant.ts";
import { parseUnitId } from "../../src/core/unit/unit-id.ts";
import { type App, createApp } from "../../src/server/app.ts";
import { systemClock, systemRandom } from "../../src/server/machine.ts";
import { ServerMetrics } from "../../src/server/metrics.ts";
import { parseRange } from "../../src/server/shared/addresses.ts";
import { IdentityGate, openAuthenticator } from "../../src/server/shared/authn.ts";
import { createLog } from "../../src/server/shared/log.ts";
import { Readiness } from "../../src/server/surfaces/health/index.ts";
import { S3Surface } from "../../src/server/surfaces/s3/handler.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { testOrganizations } from "../support/organizations.ts";
import { fixedKeys } from "../unit/auth/sts/keys.ts";

/** A canary: it must never appear in a response or in the log. */
export const adminToken = "otc_admin_CANARY-token-7f3a9c21d8e4";

export interface TestAppOptions {
	/** Everything for the admin without it; `roles`: what the stored roles say. */
	readonly decide?: Decide | "roles";
	/** Who sends which token, beside the admin. */
	readonly principals?: Readonly<Record<string, Principal>>;
	/** For `roles`: e-mail addresses of administrators. */
	readonly admins?: readonly string[];
	readonly isAuthDisabled?: boolean;
	readonly allowedHosts?: readonly string[];
	readonly stateBytesMax?: number;
	readonly requestsAtOnceMax?: number;
	readonly store?: BlobStore;
	readonly isTls?: boolean;
	readonly trustedProxies?: readonly string[];
	readonly actDeadlineMs?: number;
}

export interface TestApp extends AsyncDisposable {
	readonly app: App;
	/** Of the default organization. */
	readonly core: Core;
	readonly organizations: Organizations;
	readonly store: BlobStore;
	readonly identities: Promise<Identities>;
	/** What was logged, JSON lines at every level. */
	readonly log: string[];
	isDraining: boolean;
	send(method: string, path: string, init?: SendOptions): Promise<Response>;
}

export interface SendOptions {
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string | Uint8Array<ArrayBuffer>;
	/** The admin by default; `nobody` sends no credential. */
	readonly as?: "admin" | "nobody" | "wrong";
	readonly origin?: string;
}

export function basic(password: string, username = "anybody"): string {
	return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

export function createTestApp(options: TestAppOptions = {}): TestApp {
	const log: string[] = [];
	const clock = systemClock;
	const store = options.store ?? new MemoryStore(clock);
	const serverLog = createLog({
		level: "debug",
		format: "json",
		clock,
		write: (line) => log.push(line),
	});
	const metrics = new ServerMetrics(() => 0);
	const coreOn = (organization: Organization, scope: BlobStore) =>
		createCore({
			organization,
			store: scope,
			clock,
			random: systemRandom,
			log: serverLog,
			metrics,
			decide: options.decide === "roles" ? undefined : (options.decide ?? decideAdminOnly),
			admins: options.admins,
			settings: {
				versionsKept: 10,
				recordsKept: 0,
				isAutoCreating: true,
				pruneGraceMs: limits.pruneGraceMs,
				headAgeMaxMs: limits.headAgeMaxMs,
				actDeadlineMs: options.actDeadlineMs ?? limits.actDeadlineMs,
				projectionSettleMs: 0,
				directoryFreshMs: limits.directoryFreshMs,
				systemStateSettleMs: limits.systemStateSettleMs,
			},
		});
	const core = coreOn(rootOrganization(), store);
	const organizations = testOrganizations({ core, store, openCore: coreOn, log: serverLog });
	const state = { isDraining: false };
	const isDraining = () => state.isDraining;
	const sts = new Sts({ keys: fixedKeys("test"), clock, random: systemRandom });
	const identities = openIdentities(
		{
			shared: {
				...{ store, clock, random: systemRandom, log: serverLog },
				headAgeMaxMs: limits.headAgeMaxMs,
				actDeadlineMs: limits.actDeadlineMs,
			},
			fetch: (url, init) => fetch(url, init),
			admin: {
				verify: async (token) =>
					options.principals?.[token] ?? (await new ChosenTokenVerifier(adminToken).verify(token)),
				isCurrent: (id) => new ChosenTokenVerifier(adminToken).isCurrent(id),
			},
		},
		{
			privateKey: null,
			accessTokenMs: limits.accessTokenMs,
			refreshTokenMs: limits.refreshTokenMs,
			terraformTokenMs: null,
			stateKey: null,
			provider: null,
			isLocalLogin: true,
			trustedIssuers: [],
			publicBaseUrl: null,
		},
	);
	identities.catch(() => undefined);
	const app = createApp({
		identities,
		publicBaseUrl: null,
		core,
		organizations,
		clock,
		random: systemRandom,
		log: serverLog,
		stateBytesMax: options.stateBytesMax ?? 8 * 1024 * 1024,
		storage: { kind: "memory", isDurable: false },
		authenticator: options.isAuthDisabled ? openAuthenticator : new IdentityGate(identities),
		readiness: new Readiness({ store, clock, isDraining }),
		metrics,
		hostRules: { allowed: options.allowedHosts ?? [] },
		s3: new S3Surface({
			organizations,
			clock,
			random: systemRandom,
			log: serverLog,
			authentication: options.isAuthDisabled
				? { kind: "open", principal: anonymousPrincipal }
				: {
						kind: "signature",
						sts,
						renewPrincipal: async (principal) =>
							await (await identities).authenticator.renewPrincipal(principal),
					},
			stateBytesMax: options.stateBytesMax ?? 8 * 1024 * 1024,
		}),
		s3Credentials: { issue: (principal) => sts.issue({ principal, ttlMs: limits.stsTtlMs }) },
		trustedProxies: (options.trustedProxies ?? []).flatMap((text) => parseRange(text) ?? []),
		requestsAtOnceMax: options.requestsAtOnceMax ?? 100,
		isTls: options.isTls ?? false,
		isDraining,
	});
	return {
		app,
		core,
		organizations,
		store,
		identities,
		log,
		get isDraining() {
			return state.isDraining;
		},
		set isDraining(value) {
			state.isDraining = value;
		},
		async send(method, path, init = {}) {
			const headers = new Headers(init.headers);
			if (init.as === "wrong") headers.set("authorization", basic("not-the-token-at-all"));
			else if (init.as !== "nobody" && !headers.has("authorization")) {
				headers.set("authorization", `Bearer ${adminToken}`);
			}
			const body = init.body === undefined ? {} : { body: init.body };
			const url = `${init.origin ?? "http://taco.test"}${path}`;
			const request = new Request(url, { method, headers, ...body });
			if (init.body !== undefined && !headers.has("content-length")) {
				request.headers.set("content-length", String(Buffer.byteLength(init.body)));
			}
			return await app.fetch(request);
		},
		async [Symbol.asyncDispose]() {
			await organizations.flush();
			await core.flush();
		},
	};
}

export const lineage = "3f6a2b1c-0000-4000-8000-00000000cafe";

/** A state that holds a canary of its own: it must never be logged. */
export function stateText(serial: number, value = "one", own = lineage): string {
	const state = {
		version: 4,
		terraform_version: "1.11.4",
		serial,
		lineage: own,
		outputs: { o: { value: `CANARY-output-${value}`, type: "string" } },
		resources: [],
		check_results: null,
	};
	return `${JSON.stringify(state, null, 2)}\n`;
}

export const lockInfo = {
	ID: "11111111-2222-3333-4444-555555555555",
	Operation: "OperationTypeApply",
	Info: "",
	Who: "alice@laptop",
	Version: "1.11.4",
	Created: "2026-01-02T03:04:05.678901Z",
	Path: "",
};

const seeder: Caller = {
	principal: { id: "admin", credentialKind: "admin-token", loginId: "seed" },
	surface: "management",
	requestId: "seed",
};

/**
 * `app/prod` has the versions 1 and 2 (serials 1 and 2), `app/empty` has no state, `app/held` is
 * locked by alice over the HTTP backend, `app/gone` is deleted.
 */
export async function seed({ core }: TestApp): Promise<void> {
	const [prod, empty, held, gone] = ["app/prod", "app/empty", "app/held", "app/gone"].map(
		parseUnitId,
	) as [ReturnType<typeof parseUnitId>, ...ReturnType<typeof parseUnitId>[]];
	for (const id of [prod, empty, held, gone]) {
		if (id !== undefined) await core.units.create(seeder, id, { labels: { team: "core" } });
	}
	for (const serial of [1, 2]) {
		await core.states.write(seeder, prod, {
			body: new TextEncoder().encode(stateText(serial)),
			lockId: null,
			md5: null,
			force: false,
			autoCreate: false,
		});
	}
	if (held !== undefined) {
		const caller: Caller = { ...seeder, surface: "http-backend" };
		await core.locks.lock(caller, held, lockInfo, { autoCreate: false });
	}
	if (gone !== undefined) await core.units.delete(seeder, gone, { force: false });
}
