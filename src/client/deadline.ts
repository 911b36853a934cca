/** One timer that can be pushed back, and the caller's signal, as one signal. */

export class Deadline {
	readonly #controller = new AbortController();
	readonly #outer: AbortSignal | undefined;
	readonly #onOuter = (): void => this.#controller.abort(this.#outer?.reason);
	#timer: ReturnType<typeof setTimeout> | null = null;
	#expired = false;

	/** Starts at once. */
	constructor(ms: number, outer?: AbortSignal | undefined) {
		this.#outer = outer;
		if (outer?.aborted) this.#onOuter();
		else outer?.addEventListener("abort", this.#onOuter, { once: true });
		this.restart(ms);
	}

	get signal(): AbortSignal {
		return this.#controller.signal;
	}

	/** True when the time ran out, false when the caller's signal ended it. */
	get expired(): boolean {
		return this.#expired;
	}

	get interrupted(): boolean {
		return this.#outer?.aborted === true;
	}

	/** From now on. */
	restart(ms: number): void {
		this.pause();
		if (this.signal.aborted) return;
		this.#timer = setTimeout(() => {
			this.#expired = true;
			this.#controller.abort(new Error("the time ran out"));
		}, ms);
	}

	/** Until the next `restart`; the caller's signal still counts. */
	pause(): void {
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#timer = null;
	}

	/** For good. */
	stop(): void {
		this.pause();
		this.#outer?.removeEventListener("abort", this.#onOuter);
	}
}
