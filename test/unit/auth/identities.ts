/** Identities over a store in memory, with a clock that tests move. */
import type { TokenVerifier } from "../../../src/auth/admin-verifier.ts";
import {
	type Identities,
	type IdentityConfig,
	openIdentities,
} from "../../../src/auth/identity.ts";
import type { Fetch } from "../../../src/auth/oidc/bounded-fetch.ts";
import type { SharedState } from "../../../src/auth/shared-state.ts";
import { DomainError } from "../../../src/core/errors.ts";
import { limits } from "../../../src/core/limits.ts";
import type { BlobStore } from "../../../src/core/ports/blob-store.ts";
import type { Clock } from "../../../src/core/ports/clock.ts";
import { silentLog } from "../../../src/core/ports/log.ts";
import { MemoryStore } from "../../../src/storage/memory.ts";
import { realRandom } from "../../support/core.ts";
import { ManualClock } from "../../support/store-clock.ts";

export const adminToken = "the-admin-token-of-these-tests";

export const admin: TokenVerifier = {
	async verify(token) {
		return token === adminToken
			? { id: "admin", credentialKind: "admin-token", loginId: "t1", adminTokenId: "t1" }
			: null;
	},
	async isCurrent(adminTokenId) {
		return adminTokenId === "t1";
	},
};

export const defaultConfig: IdentityConfig = {
	privateKey: null,
	accessTokenMs: limits.accessTokenMs,
	refreshTokenMs: limits.refreshTokenMs,
	terraformTokenMs: null,
	stateKey: null,
	provider: null,
	isLocalLogin: true,
	trustedIssuers: [],
	publicBaseUrl: null,
};

export interface Opened {
	readonly store: BlobStore;
	readonly clock: ManualClock;
	readonly shared: SharedState;
}

export function sharedOver(store: BlobStore, clock: Clock): SharedState {
	return {
		store,
		clock,
		random: realRandom,
		log: silentLog,
		headAgeMaxMs: limits.headAgeMaxMs,
		actDeadlineMs: limits.actDeadlineMs,
	};
}

export function openShared(): Opened {
	const clock = new ManualClock(Date.parse("2026-01-02T03:04:05Z"));
	const store = new MemoryStore(clock);
	return { store, clock, shared: sharedOver(store, clock) };
}

/** A server over `shared`: several over the same one are several instances. */
export async function openServer(
	shared: SharedState,
	config: Partial<IdentityConfig> = {},
	fetch: Fetch = async () => {
		throw new Error("no network in this test");
	},
	verifier: TokenVerifier = admin,
): Promise<Identities> {
	// Its own caches, over the same store: that is what makes it another server.
	return await openIdentities(
		{
			...{ shared: { ...shared }, fetch, admin: verifier },
			async organizationKey(name) {
				if (name === "acme") return "acme.2";
				throw new DomainError("not_found", "there is no such organization");
			},
		},
		{ ...defaultConfig, ...config },
	);
}
