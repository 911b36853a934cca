/** Passwords as argon2id hashes (RFC 9106; the cost that OWASP recommends), few at a time. */
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";

const algorithm = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;

/** Hashes and verifies passwords, a bounded number at once. */
export class Passwords {
	#running = 0;
	#decoy: Promise<string> | null = null;

	/** Fails with `invalid_request` for a password that is too short or too long, `overloaded`. */
	async hash(password: string): Promise<string> {
		const bytes = Buffer.byteLength(password);
		if (bytes < limits.passwordBytesMin || bytes > limits.passwordBytesMax) {
			throw new DomainError(
				"invalid_request",
				`a password has ${limits.passwordBytesMin} to ${limits.passwordBytesMax} bytes`,
			);
		}
		return await this.#bounded(() => Bun.password.hash(password, algorithm));
	}

	/** Takes the same time for `hash` null, so that a missing user does not show. */
	async verify(password: string, hash: string | null): Promise<boolean> {
		if (Buffer.byteLength(password) > limits.passwordBytesMax) return false;
		return await this.#bounded(async () => {
			this.#decoy ??= Bun.password.hash("a password that nobody has", algorithm);
			const against = hash ?? (await this.#decoy);
			const isRight = await Bun.password.verify(password, against);
			return isRight && hash !== null;
		});
	}

	async #bounded<T>(work: () => Promise<T>): Promise<T> {
		if (this.#running >= limits.passwordChecksAtOnceMax) {
			throw new DomainError("overloaded", "too many logins at once", { hint: "try again" });
		}
		this.#running += 1;
		try {
			return await work();
		} finally {
			this.#running -= 1;
		}
	}
}
