/** A bounded map that forgets what was set or read longest ago. */
export class HeadCache<V> {
	readonly #entries = new Map<string, V>();
	readonly #entriesMax: number;

	constructor(entriesMax: number) {
		this.#entriesMax = entriesMax;
	}

	/** The value, which becomes the youngest. */
	get(key: string): V | undefined {
		const value = this.#entries.get(key);
		if (value !== undefined) {
			this.#entries.delete(key);
			this.#entries.set(key, value);
		}
		return value;
	}

	/** Adds or replaces; the oldest goes when there are too many. */
	set(key: string, value: V): void {
		this.#entries.delete(key);
		this.#entries.set(key, value);
		if (this.#entries.size > this.#entriesMax) {
			const oldest = this.#entries.keys().next().value;
			if (oldest !== undefined) this.#entries.delete(oldest);
		}
	}

	/** Forgets one. */
	delete(key: string): void {
		this.#entries.delete(key);
	}
}
