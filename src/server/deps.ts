/** The composition root: builds the store, the core and the application. No logic of its own. */
import { join } from "node:path";
import { anonymousPrincipal } from "../auth/admin-verifier.ts";
import type { Identities, LoginNote } from "../auth/identity.ts";
import { Sts } from "../auth/sts/credentials.ts";
import type { LoginAttempt } from "../core/audit/chain.ts";
import { type Core, createCore } from "../core/core.ts";
import { LargePasses } from "../core/large-passes.ts";
import { limits } from "../core/limits.ts";
import { namesOf, type Organization, rootOrganization } from "../core/organization/organization.ts";
import { Organizations } from "../core/organization/organizations.ts";
import type { BlobStore } from "../core/ports/blob-store.ts";
import { type CoreMetrics, silentMetrics } from "../core/ports/metrics.ts";
import type { Decide } from "../core/rbac/grant.ts";
import { openStore, probeStore, type StoreTarget } from "../storage/open.ts";
import { type AccessParts, adminAccessOf, machineFolder } from "./admin-access.ts";
import { type App, createApp } from "./app.ts";
import type { ServerConfig, StorageConfig } from "./config.ts";
import { graphAddresses } from "./graph-addresses.ts";
import { identitiesOf } from "./identity.ts";
import { collectGarbage } from "./machine.ts";
import { ServerMetrics } from "./metrics.ts";
import { isLoopback } from "./shared/addresses.ts";
import { IdentityGate, openAuthenticator } from "./shared/authn.ts";
import type { SurfaceDeps } from "./shared/surface-deps.ts";
import { stsKeysOf } from "./sts-keys.ts";
import { Readiness } from "./surfaces/health/index.ts";
import { S3Surface } from "./surfaces/s3/handler.ts";
import { certificateNames, loadTls, type TlsMaterial } from "./tls.ts";

export interface ServerParts extends AccessParts {
	/** Tests decide for themselves. */
	readonly decide?: Decide;
}

export interface BuiltServer {
	readonly app: App;
	readonly core: Core;
	readonly store: BlobStore;
	readonly tls: TlsMaterial | null;
	/** From now on `/readyz` says no. */
	beginDraining(): void;
	/** Ends the background work and releases the store. */
	close(): Promise<void>;
}

/** Forgets single uses of what has expired, once a day. */
async function sweepUses(
	identities: Identities,
	clock: AccessParts["clock"],
	signal: AbortSignal,
): Promise<void> {
	while (!signal.aborted) {
		await identities.used.sweep().catch(() => undefined);
		await clock.sleep(limits.sweepIntervalMs, signal).catch(() => undefined);
	}
}

function targetOf(storage: StorageConfig): StoreTarget {
	if (storage.kind !== "s3") return storage;
	const { endpoint, ...rest } = storage;
	return endpoint === null ? rest : { ...rest, endpoint };
}

/** Builds everything; throws ConfigError, or DomainError `storage_unavailable` that says why. */
export async function buildServer(config: ServerConfig, parts: ServerParts): Promise<BuiltServer> {
	const { clock, random, log } = parts;
	const state = { isDraining: false, inFlight: () => 0 };
	const metrics = new ServerMetrics(() => state.inFlight());
	const store = await openStore(targetOf(config.storage), {
		...{ clock, random, observer: metrics },
		collect: collectGarbage,
	});
	const report = await probeStore(store, clock);
	for (const warning of report.warnings) log.write("warn", warning, {});
	log.write("info", "storage is ready", {
		storage: store.capabilities.kind,
		location: report.location,
		durable: report.durable,
		round_trip_ms: Math.round(report.roundTripMs),
	});
	const tls = await tlsOf(config, parts);
	const stopping = new AbortController();
	const { verifier: admin, forget } = await adminAccessOf(config, parts, store);
	const scope = { store, metrics, passes: new LargePasses() };
	const core = coreOf(config, parts, scope);
	const organizations = organizationsOf(config, parts, { core, ...scope });
	await organizations.checkDefaultName();
	const noteLogin = (note: LoginNote) => core.parts.chain.login(attemptOf(note));
	const identities = await identitiesOf(config, {
		...{ parts, store, admin, noteLogin },
		organizationKey: (name) => organizations.keyOf(name),
	});
	const isDraining = () => state.isDraining;
	const s3 = s3Of(config, parts, { organizations, store, identities });
	const app = createApp({
		core,
		organizations,
		clock,
		random,
		log,
		stateBytesMax: config.stateBytesMax,
		storage: { kind: store.capabilities.kind, isDurable: store.capabilities.durable },
		identities: Promise.resolve(identities),
		publicBaseUrl: config.publicBaseUrl,
		authenticator:
			config.auth.kind === "disabled"
				? openAuthenticator
				: new IdentityGate(Promise.resolve(identities)),
		readiness: new Readiness({ store, clock, isDraining }),
		metrics,
		hostRules: { allowed: allowedHosts(config) },
		trustedProxies: config.trustedProxies,
		s3: s3.surface,
		s3Credentials: s3.credentials,
		requestsAtOnceMax: config.requestsAtOnceMax,
		isTls: tls !== null,
		isDraining,
	});
	state.inFlight = app.requestsInFlight;
	core.startSweeping(stopping.signal);
	organizations.startSweeping(stopping.signal);
	core.tasks.run("sweep uploads", async () => {
		await s3.surface.sweepUploads();
	});
	core.tasks.run("sweep uses", () => sweepUses(identities, parts.clock, stopping.signal));
	return {
		app,
		core,
		store,
		tls,
		beginDraining() {
			state.isDraining = true;
		},
		async close() {
			stopping.abort();
			await organizations.flush();
			await core.flush();
			await store.close();
			await forget();
		},
	};
}

/** The S3 surface, and the credentials that open it. */
function s3Of(
	config: ServerConfig,
	parts: ServerParts,
	{
		organizations,
		store,
		identities,
	}: { organizations: Organizations; store: BlobStore; identities: Identities },
) {
	const { clock, random, log } = parts;
	const sts = new Sts({ keys: stsKeysOf(config.sts, parts, store), clock, random });
	const surface = new S3Surface({
		organizations,
		clock,
		random,
		log,
		authentication:
			config.auth.kind === "disabled"
				? { kind: "open", principal: anonymousPrincipal }
				: {
						kind: "signature",
						sts,
						renewPrincipal: (principal) => identities.authenticator.renewPrincipal(principal),
					},
		stateBytesMax: config.stateBytesMax,
	});
	const credentials: SurfaceDeps["s3Credentials"] = {
		issue: (principal) => sts.issue({ principal, ttlMs: config.sts.ttlMs }),
	};
	return { surface, credentials };
}

function attemptOf(note: LoginNote): LoginAttempt {
	const { outcome, operation, subject, address, requestId } = note;
	const attempt = { outcome, operation, address, requestId };
	if (subject === null) return attempt;
	const principal = { id: subject, credentialKind: "access-token", loginId: "" } as const;
	return { ...attempt, caller: { principal, surface: "management", requestId } };
}

/** A server without authentication on this machine answers to this machine's names only. */
function allowedHosts(config: ServerConfig): readonly string[] {
	if (config.allowedHosts.length > 0 || config.auth.kind !== "disabled") return config.allowedHosts;
	return isLoopback(config.host) ? ["localhost", "127.0.0.1", "[::1]"] : [];
}

function tlsOf(config: ServerConfig, parts: ServerParts): Promise<TlsMaterial | null> {
	const names = [config.host];
	if (config.publicBaseUrl !== null) names.push(new URL(config.publicBaseUrl).hostname);
	const folder = join(machineFolder(config), "tls");
	return loadTls(parts, config.tls, folder, certificateNames(names));
}

interface Scope {
	readonly store: BlobStore;
	readonly metrics: CoreMetrics;
	readonly passes: LargePasses;
	readonly organization?: Organization;
}

function organizationsOf(
	config: ServerConfig,
	parts: ServerParts,
	{ core, store, metrics, passes }: Scope & { readonly core: Core },
): Organizations {
	return new Organizations({
		...{ core, store, clock: parts.clock, random: parts.random, log: parts.log },
		headAgeMaxMs: limits.headAgeMaxMs,
		actDeadlineMs: limits.actDeadlineMs,
		defaultName: config.organization,
		tasks: core.tasks,
		openCore: (organization, scoped) =>
			coreOf(config, parts, { store: scoped, metrics, passes, organization }),
	});
}

function coreOf(
	config: ServerConfig,
	parts: ServerParts,
	{ store, metrics, passes, organization = rootOrganization(config.organization) }: Scope,
): Core {
	return createCore({
		store,
		passes,
		organization,
		clock: parts.clock,
		random: parts.random,
		log: parts.log,
		metrics,
		decide: parts.decide,
		admins: config.admins,
		secretKeys: config.secretKeys,
		auditRetentionMs: config.auditRetentionMs,
		systemUnit: config.systemUnit,
		addresses: graphAddresses(config, namesOf(organization), organization.isDefault),
		settings: {
			versionsKept: config.versionsKept,
			recordsKept: 0,
			isAutoCreating: config.isAutoCreating,
			pruneGraceMs: limits.pruneGraceMs,
			headAgeMaxMs: limits.headAgeMaxMs,
			actDeadlineMs: limits.actDeadlineMs,
			projectionSettleMs: limits.projectionDelaySettleMs,
			directoryFreshMs: limits.directoryFreshMs,
			systemStateSettleMs: limits.systemStateSettleMs,
		},
	});
}

export interface OpenedStore {
	/** Each with its core and its part of the store. */
	readonly organizations: Organizations;
	close(): Promise<void>;
}

/** The store and the core alone: not probed, nothing swept, nothing written before it is asked. */
export async function openForDoctor(
	config: ServerConfig,
	parts: ServerParts,
): Promise<OpenedStore> {
	const { clock, random } = parts;
	const store = await openStore(targetOf(config.storage), { clock, random });
	const scope = { store, metrics: silentMetrics, passes: new LargePasses() };
	const core = coreOf(config, parts, scope);
	const organizations = organizationsOf(config, parts, { core, ...scope });
	return {
		organizations,
		async close() {
			await organizations.flush();
			await core.flush();
			await store.close();
		},
	};
}
