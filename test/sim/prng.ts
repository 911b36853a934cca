/** Seeded randomness: the only source of chance in the simulation. */
import type { Random } from "../../src/core/ports/random.ts";

/** sfc32, seeded by hashing a text, so that streams of different names are independent. */
export class Prng implements Random {
	#a: number;
	#b: number;
	#c: number;
	#counter = 1;

	constructor(seed: string) {
		let hash = 0x811c9dc5;
		for (let i = 0; i < seed.length; i++) {
			hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
		}
		this.#a = hash | 0;
		this.#b = Math.imul(hash ^ 0x9e3779b9, 0x85ebca6b) | 0;
		this.#c = Math.imul(hash ^ 0x7f4a7c15, 0xc2b2ae35) | 0;
		for (let i = 0; i < 12; i++) this.next();
	}

	/** A whole number in [0, 2^32). */
	next(): number {
		const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
		this.#counter = (this.#counter + 1) | 0;
		this.#a = this.#b ^ (this.#b >>> 9);
		this.#b = (this.#c + (this.#c << 3)) | 0;
		this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
		return sum >>> 0;
	}

	/** A number in [0, 1). */
	fraction(): number {
		return this.next() / 4294967296;
	}

	/** A whole number from `min` to `max`, both included. */
	between(min: number, max: number): number {
		return min + Math.floor(this.fraction() * (max - min + 1));
	}

	chance(probability: number): boolean {
		return this.fraction() < probability;
	}

	pick<T>(items: readonly T[]): T {
		return items[Math.floor(this.fraction() * items.length)] as T;
	}

	bytes(bytes: number): Uint8Array {
		const out = new Uint8Array(bytes);
		for (let i = 0; i < bytes; i++) out[i] = this.next() & 0xff;
		return out;
	}
}
