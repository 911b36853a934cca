/** Keeps the texts of ranges while the bytes that they stand in pass by. */

/** One range: from where on it may begin is known, where it begins and ends comes later. */
export class Capture {
	/** Nothing before this is asked for. */
	readonly #from: number;
	readonly #bytesMax: number;
	start: number;
	end: number | null = null;
	#parts: Uint8Array[] = [];
	/** Where the first part stands. */
	#keptFrom: number | null = null;
	#keptBytes = 0;
	#isDropped = false;

	constructor(from: number, bytesMax: number) {
		this.#from = from;
		this.start = from;
		this.#bytesMax = bytesMax;
	}

	/** Its bytes once it has ended. */
	get sizeBytes(): number {
		return this.end === null ? 0 : this.end - this.start;
	}

	/** Gives it up: it has no text. */
	drop(): void {
		this.#isDropped = true;
		this.#parts = [];
	}

	/** Takes what the chunk has of the range. */
	take(chunk: Uint8Array, base: number): void {
		if (this.#isDropped) return;
		const from = Math.max(this.#from - base, 0);
		const to = this.end === null ? chunk.length : Math.max(this.end - base, from);
		if (to <= from) return;
		this.#keptBytes += to - from;
		if (this.#keptBytes > this.#bytesMax) {
			this.drop();
			return;
		}
		this.#keptFrom ??= base + from;
		this.#parts.push(chunk.slice(from, to));
	}

	/** The text when all bytes have passed; null when it was given up or is larger than its bound. */
	get text(): string | null {
		if (this.#isDropped || this.#keptFrom === null) return null;
		const bytes = Buffer.concat(this.#parts);
		return bytes.subarray(this.start - this.#keptFrom).toString("utf8");
	}
}

/** The ranges that are being kept. */
export class Captures {
	#active: Capture[] = [];

	/** Begins to keep what stands from `from` on, at most `bytesMax` of it. */
	begin(from: number, bytesMax: number): Capture {
		const capture = new Capture(from, bytesMax);
		this.#active.push(capture);
		return capture;
	}

	/** To be called with each chunk after it was scanned. */
	take(chunk: Uint8Array, base: number): void {
		if (this.#active.length === 0) return;
		for (const capture of this.#active) capture.take(chunk, base);
		this.#active = this.#active.filter((capture) => capture.end === null);
	}
}
