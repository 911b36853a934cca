import type { StsKey, StsKeys } from "../../../../src/auth/sts/credentials.ts";

/** One secret, made up anew. */
export function fixedKeys(kid: string): StsKeys {
	const key: StsKey = { kid, secret: crypto.getRandomValues(new Uint8Array(32)) };
	return {
		async current() {
			return key;
		},
		async find(wanted) {
			return wanted === kid ? key : null;
		},
	};
}
