/** Facts of bytes that somebody else wrote: kept whatever they are, understood as far as possible. */
import { isDomainError } from "../errors.ts";
import { type StateFacts, StateScanner } from "./tfstate.ts";

/** A StateScanner that accepts anything: what is no state has no version, serial and lineage. */
export class LenientScanner {
	readonly #strict = new StateScanner();
	readonly #sha256 = new Bun.CryptoHasher("sha256");
	readonly #md5 = new Bun.CryptoHasher("md5");
	#sizeBytes = 0;
	#isState = true;

	/** The next bytes. */
	push(chunk: Uint8Array): void {
		this.#sha256.update(chunk);
		this.#md5.update(chunk);
		this.#sizeBytes += chunk.length;
		if (this.#isState) this.#try(() => this.#strict.push(chunk));
	}

	/** Ends the body. */
	finish(): StateFacts {
		let facts: StateFacts | null = null;
		if (this.#isState) {
			this.#try(() => {
				facts = this.#strict.finish();
			});
		}
		return (
			facts ?? {
				version: null,
				terraformVersion: null,
				serial: null,
				lineage: null,
				encrypted: false,
				sizeBytes: this.#sizeBytes,
				serialAt: null,
				sha256: this.#sha256.digest("hex"),
				md5: this.#md5.digest("base64"),
			}
		);
	}

	#try(work: () => void): void {
		try {
			work();
		} catch (error) {
			if (!isDomainError(error, "invalid_state")) throw error;
			this.#isState = false;
		}
	}
}
