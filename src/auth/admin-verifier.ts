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

	async #verify(token: string, ageMaxMs: number): Promise<Principal | null> {
		const entry = await this.#register.read(ageMaxMs);
		return entry !== null && matchesHash(token, entry.sha256) ? adminWith(entry.sha256) : null;
	}
}

function adminWith(hash: string): Principal {
	return { id: "admin", credentialKind: "admin-token", loginId: hash.slice(0, 16) };
}
