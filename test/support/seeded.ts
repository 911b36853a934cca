/** Reproducible randomness: the seed goes into the failure's message. */
export class Seeded {
	readonly seed: number;
	#state: number;

	constructor(seed: number) {
		this.seed = seed;
		this.#state = seed >>> 0;
	}

	/** In [0, 1): mulberry32. */
	fraction(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let t = this.#state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	}

	/** A whole number in [0, below). */
	below(below: number): number {
		return Math.floor(this.fraction() * below);
	}

	/** One of the items. */
	pick<T>(items: readonly T[]): T {
		return items[this.below(items.length)] as T;
	}

	/** Up to `most` of the items, at least `least`, perhaps twice the same. */
	some<T>(items: readonly T[], most: number, least = 0): T[] {
		return Array.from({ length: least + this.below(most - least + 1) }, () => this.pick(items));
	}

	/** The items in another order. */
	shuffled<T>(items: readonly T[]): T[] {
		return items
			.map((item) => [this.fraction(), item] as const)
			.sort(([a], [b]) => a - b)
			.map(([, item]) => item);
	}
}

/** Runs `check` for many seeds and names the one that fails. */
export function forSeeds(count: number, check: (random: Seeded) => void, first = 1): void {
	for (let seed = first; seed < first + count; seed++) {
		try {
			check(new Seeded(seed));
		} catch (error) {
			throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
		}
	}
}
