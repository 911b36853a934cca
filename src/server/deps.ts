/** The composition root: builds the store, the core and the application. No logic of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import {
	type AdminTokenEntry,
	type AdminTokenRegister,
	ensureAdminToken,
	parseAdminTokenEntry,
	type TokenDelivery,
} from "../auth/admin-token.ts";
import { ChosenTokenVerifier, RegisterTokenVerifier } from "../auth/admin-verifier.ts";
import { type Core, createCore } from "../core/core.ts";
import { isDomainError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { BlobStore } from "../core/ports/blob-store.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Log } from "../core/ports/log.ts";
import { type Random, randomId } from "../core/ports/random.ts";
import { systemPrincipal } from "../core/principal.ts";
import { type Decide, decideAdminOnly, Gate } from "../core/rbac/grant.ts";
import { Register } from "../core/register/register.ts";
import { openStore, probeStore, type StoreTarget } from "../storage/open.ts";
import { type App, createApp } from "./app.ts";
import type { ServerConfig, StorageConfig } from "./config.ts";
import { ServerMetrics } from "./metrics.ts";
import { ConfigError } from "./setting-values.ts";
import { isLoopback } from "./shared/addresses.ts";
import { type Authenticator, openAuthenticator, TokenAuthenticator } from "./shared/authn.ts";
import { Readiness } from "./surfaces/health/index.ts";
import { certificateNames, loadTls, type TlsMaterial } from "./tls.ts";
import { fileDelivery, terminalDelivery } from "./token-delivery.ts";

export interface ServerParts {
	readonly clock: Clock;
	readonly random: Random;
	readonly log: Log;
	/** Shows a token to the person at the terminal; null when there is none. */
	readonly showToken: ((token: string) => void) | null;
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

function targetOf(storage: StorageConfig): StoreTarget {
	if (storage.kind !== "s3") return storage;
	const { endpoint, ...rest } = storage;
	return endpoint === null ? rest : { ...rest, endpoint };
}

/**
 * What belongs to this machine and is no object of the store, below the data folder. The store's
 * listings of units do not reach it.
 */
function machineFolder(config: ServerConfig): string {
	return resolve(config.dataDirectory, "__opentaco", "server");
}

/** Builds everything; throws ConfigError, or DomainError `storage_unavailable` that says why. */
export async function buildServer(config: ServerConfig, parts: ServerParts): Promise<BuiltServer> {
	const { clock, random, log } = parts;
	const state = { isDraining: false, inFlight: () => 0 };
	const metrics = new ServerMetrics(() => state.inFlight());
	const store = await openStore(targetOf(config.storage), { clock, random, observer: metrics });
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
	const { authenticator, forget } = await authenticatorOf(config, parts, store);
	const core = coreOf(config, parts, store, metrics);
	const isDraining = () => state.isDraining;
	const app = createApp({
		core,
		clock,
		random,
		log,
		stateBytesMax: config.stateBytesMax,
		storage: { kind: store.capabilities.kind, isDurable: store.capabilities.durable },
		authenticator,
		readiness: new Readiness({ store, clock, isDraining }),
		metrics,
		hostRules: { allowed: allowedHosts(config) },
		trustedProxies: config.trustedProxies,
		requestsAtOnceMax: config.requestsAtOnceMax,
		isTls: tls !== null,
		isDraining,
	});
	state.inFlight = app.requestsInFlight;
	core.startSweeping(stopping.signal);
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
			await core.flush();
			await store.close();
			await forget();
		},
	};
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

function coreOf(
	config: ServerConfig,
	parts: ServerParts,
	store: BlobStore,
	metrics: ServerMetrics,
): Core {
	return createCore({
		store,
		clock: parts.clock,
		random: parts.random,
		log: parts.log,
		metrics,
		decide: parts.decide ?? decideAdminOnly,
		settings: {
			versionsKept: config.versionsKept,
			recordsKept: 0,
			isAutoCreating: config.isAutoCreating,
			pruneGraceMs: limits.pruneGraceMs,
			headAgeMaxMs: limits.headAgeMaxMs,
			actDeadlineMs: limits.actDeadlineMs,
			projectionSettleMs: limits.projectionDelaySettleMs,
			directoryFreshMs: limits.directoryFreshMs,
		},
	});
}

interface Gatekeeper {
	readonly authenticator: Authenticator;
	/** Removes what only this process needed. */
	forget(): Promise<void>;
}

async function authenticatorOf(
	config: ServerConfig,
	parts: ServerParts,
	store: BlobStore,
): Promise<Gatekeeper> {
	const forget = async () => {};
	if (config.auth.kind === "disabled") return { authenticator: openAuthenticator, forget };
	if (config.auth.token !== null) {
		return {
			authenticator: new TokenAuthenticator(new ChosenTokenVerifier(config.auth.token)),
			forget,
		};
	}
	const register = tokenRegister(parts, store);
	const { delivery, ...way } = await deliveryOf(config, parts);
	try {
		await ensureAdminToken(register, parts, { isReset: config.auth.isReset, delivery });
	} catch (error) {
		if (!isDomainError(error, "unauthenticated")) throw error;
		throw new ConfigError(
			"there is no admin token yet and no terminal to show one on: set OPENTACO_ADMIN_TOKEN, or start once from a terminal",
		);
	}
	return { authenticator: new TokenAuthenticator(new RegisterTokenVerifier(register)), ...way };
}

/** The core's register as the admin token needs it. */
export function tokenRegister(parts: ServerParts, store: BlobStore): AdminTokenRegister {
	const register = new Register<AdminTokenEntry>(
		{
			store,
			clock: parts.clock,
			random: parts.random,
			headAgeMaxMs: limits.headAgeMaxMs,
			actDeadlineMs: limits.actDeadlineMs,
		},
		"admin-token",
		parseAdminTokenEntry,
	);
	return {
		async read(ageMaxMs) {
			return (await register.readCached(ageMaxMs)).value;
		},
		async replace(entry, previousNonce) {
			const gate = new Gate(decideAdminOnly);
			const caller = {
				principal: systemPrincipal,
				surface: "system",
				requestId: randomId(parts.random),
			} as const;
			const grant = await gate.authorize(caller, "system.manage", "*");
			return await register.update(grant, (current) =>
				(current?.nonce ?? null) === previousNonce
					? { operation: "admin-token", value: entry, result: entry }
					: { answer: current ?? entry },
			);
		},
	};
}

async function deliveryOf(
	config: ServerConfig,
	parts: ServerParts,
): Promise<{ delivery: TokenDelivery | null; forget: () => Promise<void> }> {
	const tell = (path: string) =>
		parts.log.write("info", "the admin token was written to a file", { path });
	const forget = async () => {};
	if (parts.showToken !== null) return { delivery: terminalDelivery(parts.showToken), forget };
	if (config.storage.kind === "filesystem") {
		return { delivery: fileDelivery(join(machineFolder(config), "admin-token"), tell), forget };
	}
	if (config.storage.kind === "s3") return { delivery: null, forget };
	const path = join(await mkdtemp(join(tmpdir(), "opentaco-")), "admin-token");
	return {
		delivery: fileDelivery(path, tell),
		forget: () => rm(dirname(path), { recursive: true, force: true }),
	};
}
