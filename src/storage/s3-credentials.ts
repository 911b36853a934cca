/** Credentials for S3: given ones, or those of the AWS SDK's provider chain, renewed in time. */

import { StoreError } from "../core/ports/blob-store.ts";
import type { Clock } from "../core/ports/clock.ts";

export interface S3Credentials {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly sessionToken?: string | undefined;
	/** When they end; without it they last. */
	readonly expiration?: Date | undefined;
}

/** Gives credentials anew; the default is the AWS SDK's chain for Node. */
export type LoadCredentials = () => Promise<S3Credentials>;

/** Renewed this long before they expire. */
const renewBeforeMs = 5 * 60 * 1000;

/** Keeps credentials and renews them, one load at a time. */
export class CredentialSource {
	readonly #load: LoadCredentials;
	readonly #clock: Pick<Clock, "now">;
	#current: S3Credentials | null = null;
	#loading: Promise<S3Credentials> | null = null;

	constructor(load: LoadCredentials, clock: Pick<Clock, "now">) {
		this.#load = load;
		this.#clock = clock;
	}

	/**
	 * Credentials that are good for some minutes more; the same object until they change. Where a
	 * renewal fails before the old ones have ended, the old ones. Throws `StoreError("denied")` when
	 * there are none.
	 */
	async current(): Promise<S3Credentials> {
		const known = this.#current;
		if (known !== null && this.#leftMs(known) > renewBeforeMs) return known;
		this.#loading ??= this.#reload().finally(() => {
			this.#loading = null;
		});
		return this.#loading;
	}

	/** Called when the server did not take `refused`: the next call loads anew. */
	forget(refused: S3Credentials): void {
		if (this.#current === refused) this.#current = null;
	}

	async #reload(): Promise<S3Credentials> {
		try {
			this.#current = await this.#load();
			return this.#current;
		} catch (error) {
			const old = this.#current;
			if (old !== null && this.#leftMs(old) > 0) return old;
			throw new StoreError(
				"denied",
				"no AWS credentials: neither options, environment, profile nor the machine's role gave any",
				{ notDone: true, cause: error },
			);
		}
	}

	#leftMs(credentials: S3Credentials): number {
		return credentials.expiration === undefined
			? Number.POSITIVE_INFINITY
			: credentials.expiration.getTime() - this.#clock.now();
	}
}

/**
 * The SDK's chain: environment, shared files, SSO, web identity, container and instance roles. A new
 * chain each time, for a chain remembers what it found.
 */
export function providerChain(region: string): LoadCredentials {
	return async () => {
		const { fromNodeProviderChain } = await import("@aws-sdk/credential-providers");
		return fromNodeProviderChain({ clientConfig: { region } })();
	};
}
