/** A person who is logged in. */
import type { Principal } from "../../src/core/principal.ts";

/** With an address made of the name. */
export function person(name: string, more: Partial<Principal> = {}): Principal {
	return {
		id: `oidc:${name}`,
		credentialKind: "access-token",
		loginId: `login-${name}`,
		email: `${name}@example.com`,
		...more,
	};
}
