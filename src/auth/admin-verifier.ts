/** Turns a presented admin token into a principal, and notices when another server replaces it. */
import { limits } from "../core/limits.ts";
import type { Principal } from "../core/principal.ts";
import { type AdminTokenRegister, matchesHash, tokenHash } from "./admin-token.ts";

/** Proves who presents a token. */
export interface TokenVerifier {
	/**
	 * The principal, or null when the token proves nothing.
	 * Fails with `storage_unavailable` when that cannot be told (I14).
	 */
	verify(token: string): Promise<Principal | null>;
	/**
	 * Whether the token that a principal came with, by its public part, is still the admin token.
	 * Fails as `verify`.
	 */
	isCurrent(adminTokenId: string): Promise<boolean>;
}

/** What `--auth-disable` makes of everybody. */
export const anonymousPrincipal: Principal = {
	id: "anonymous",
	credentialKind: "auth-disabled",
	loginId: "anonymous",
};

/** Verifies against a token that the operator chose: it changes only with a restart. */
export class ChosenTokenVerifier implements TokenVerifier {
	readonly #hash: string;

	constructor(token: string) {
		this.#hash = tokenHash(token);
	}

	async verify(token: string): Promise<Principal | null> {
		return matchesHash(token, this.#hash) ? adminWith(this.#hash) : null;
	}

	async isCurrent(adminTokenId: string): Promise<boolean> {
		return publicPartOf(this.#hash) === adminTokenId;
	}
}

/**
 * Verifies against the register, in which another server may have replaced the token: what is older
 * than `adminTokenFreshMs` is read again, and for a token that does not match the register is
 * looked at once more.
 */
export class RegisterTokenVerifier implements TokenVerifier {
	readonly #register: AdminTokenRegister;

	constructor(register: AdminTokenRegister) {
		this.#register = register;
	}

	async verify(token: string): Promise<Principal | null> {
		return (
			(await this.#verify(token, limits.adminTokenFreshMs)) ??
			(await this.#verify(token, limits.adminTokenRecheckMs))
		);
	}

	async isCurrent(adminTokenId: string): Promise<boolean> {
		for (const ageMaxMs of [limits.adminTokenFreshMs, limits.adminTokenRecheckMs]) {
			const entry = await this.#register.read(ageMaxMs);
			if (entry !== null && publicPartOf(entry.sha256) === adminTokenId) return true;
		}
		return false;
	}

	async #verify(token: string, ageMaxMs: number): Promise<Principal | null> {
		const entry = await this.#register.read(ageMaxMs);
		return entry !== null && matchesHash(token, entry.sha256) ? adminWith(entry.sha256) : null;
	}
}

function adminWith(hash: string): Principal {
	const adminTokenId = publicPartOf(hash);
	return { id: "admin", credentialKind: "admin-token", loginId: adminTokenId, adminTokenId };
}

/** Names a token without helping to find it. */
function publicPartOf(hash: string): string {
	return hash.slice(0, 16);
}
