/** The admin token, as the configuration says: sees to it that there is one. */
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
import {
	ChosenTokenVerifier,
	RegisterTokenVerifier,
	type TokenVerifier,
} from "../auth/admin-verifier.ts";
import { isDomainError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { BlobStore } from "../core/ports/blob-store.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Log } from "../core/ports/log.ts";
import { type Random, randomId } from "../core/ports/random.ts";
import { systemPrincipal } from "../core/principal.ts";
import { decideAdminOnly, Gate } from "../core/rbac/grant.ts";
import { Register } from "../core/register/register.ts";
import type { ServerConfig } from "./config.ts";
import { ConfigError } from "./setting-values.ts";
import { fileDelivery, terminalDelivery } from "./token-delivery.ts";

export interface AccessParts {
	readonly clock: Clock;
	readonly random: Random;
	readonly log: Log;
	/** Shows a token to the person at the terminal; null when there is none. */
	readonly showToken: ((token: string) => void) | null;
}

/**
 * What belongs to this machine and is no object of the store, below the data folder. The store's
 * listings of units do not reach it.
 */
export function machineFolder(config: ServerConfig): string {
	return resolve(config.dataDirectory, "__opentaco", "server");
}

export interface AdminAccess {
	/** Proves the admin token. */
	readonly verifier: TokenVerifier;
	/** Removes what only this process needed. */
	forget(): Promise<void>;
}

/** What nobody can prove: there is no admin token when everybody is let in. */
const noAdmin: TokenVerifier = {
	async verify() {
		return null;
	},
	async isCurrent() {
		return false;
	},
};

/** The admin token's verifier. Throws ConfigError when one is needed and nobody can be told it. */
export async function adminAccessOf(
	config: ServerConfig,
	parts: AccessParts,
	store: BlobStore,
): Promise<AdminAccess> {
	const forget = async () => {};
	if (config.auth.kind === "disabled") return { verifier: noAdmin, forget };
	if (config.auth.token !== null) {
		return { verifier: new ChosenTokenVerifier(config.auth.token), forget };
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
	return { verifier: new RegisterTokenVerifier(register), ...way };
}

/** The core's register as the admin token needs it. */
export function tokenRegister(
	parts: Pick<AccessParts, "clock" | "random">,
	store: BlobStore,
): AdminTokenRegister {
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
	parts: AccessParts,
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
