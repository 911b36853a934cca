/** Turns a presented admin token into a principal, and notices when another server replaces it. */
import { isDomainError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { BlobStore } from "../core/ports/blob-store.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Log } from "../core/ports/log.ts";
import type { Principal } from "../core/principal.ts";
import {
	type AdminCredential,
	isSameDigest,
	readAdminCredential,
	tokenDigest,
} from "./admin-token.ts";

/** Proves who presents a token. */
export interface TokenVerifier {
	/** The principal, or null when the token proves nothing. Never throws. */
	verify(token: string): Promise<Principal | null>;
}

/** What `--auth-disable` makes of everybody. */
export const anonymousPrincipal: Principal = {
	id: "anonymous",
	credentialKind: "auth-disabled",
	loginId: "anonymous",
};

/** Verifies against a token that the operator chose: it changes only with a restart. */
export class FixedTokenVerifier implements TokenVerifier {
	readonly #credential: AdminCredential;

	constructor(credential: AdminCredential) {
		this.#credential = credential;
	}

	async verify(token: string): Promise<Principal | null> {
		return principalFor(token, this.#credential);
	}
}

export interface RegisterVerifierDeps {
	readonly store: BlobStore;
	readonly clock: Pick<Clock, "monotonic">;
	readonly log: Log;
}

/**
 * Verifies against the store's register, which another server may have replaced the token in: what
 * is older than `adminTokenFreshMs` is read again first, and a token that does not match is looked
 * up once more. While the store does not answer, the last known token counts.
 */
export class RegisterTokenVerifier implements TokenVerifier {
	readonly #deps: RegisterVerifierDeps;
	#credential: AdminCredential;
	#readAt: number;
	#reading: Promise<void> | null = null;

	constructor(deps: RegisterVerifierDeps, credential: AdminCredential) {
		this.#deps = deps;
		this.#credential = credential;
		this.#readAt = deps.clock.monotonic();
	}

	async verify(token: string): Promise<Principal | null> {
		await this.#refreshIfOlderThan(limits.adminTokenFreshMs);
		const principal = principalFor(token, this.#credential);
		if (principal !== null) return principal;
		await this.#refreshIfOlderThan(limits.adminTokenRecheckMs);
		return principalFor(token, this.#credential);
	}

	async #refreshIfOlderThan(ageMs: number): Promise<void> {
		if (this.#deps.clock.monotonic() - this.#readAt <= ageMs) return;
		this.#reading ??= this.#refresh().finally(() => {
			this.#reading = null;
		});
		await this.#reading;
	}

	async #refresh(): Promise<void> {
		this.#readAt = this.#deps.clock.monotonic();
		try {
			const signal = AbortSignal.timeout(limits.readyDeadlineMs);
			const credential = await readAdminCredential(this.#deps.store, signal);
			if (credential !== null) this.#credential = credential;
		} catch (error) {
			this.#deps.log.write(
				"warn",
				"the admin token could not be looked up; the last known counts",
				{
					reason: isDomainError(error) ? error.code : "storage_unavailable",
				},
			);
		}
	}
}

function principalFor(token: string, credential: AdminCredential): Principal | null {
	if (!isSameDigest(tokenDigest(token), credential.digest)) return null;
	const loginId = Buffer.from(credential.digest).toString("hex").slice(0, 16);
	return { id: "admin", credentialKind: "admin-token", loginId };
}
