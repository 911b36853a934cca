/**
 * Turns for what reads whole large states beside the transfers of clients: copying them, looking
 * whether a copy is the same, indexing them. Each such pass takes memory, however little of the
 * state it holds; all cores of a process share these turns.
 */
import { limits } from "./limits.ts";

/**
 * Passes that a request waits for never wait for those that nobody waits for. A `range` is a part of
 * a state that is put together in memory for an answer; clients ask for ten of them at once.
 */
export type PassKind = "asked" | "background" | "range";

/** Lets large passes begin one after the other. */
export class LargePasses {
	readonly #running = { asked: 0, background: 0, range: 0 };
	readonly #waiting: Readonly<Record<PassKind, (() => void)[]>> = {
		asked: [],
		background: [],
		range: [],
	};

	/**
	 * Runs the work in its turn, at once when the state is small; null is a size that is not known
	 * yet. Fails as the work does.
	 */
	async run<T>(kind: PassKind, sizeBytes: number | null, work: () => Promise<T>): Promise<T> {
		if (sizeBytes !== null && sizeBytes <= limits.bufferedBodyBytesMax) return await work();
		await this.#begin(kind);
		try {
			return await work();
		} finally {
			this.#running[kind]--;
			this.#wake("asked");
			this.#wake("background");
			this.#wake("range");
		}
	}

	async #begin(kind: PassKind): Promise<void> {
		if (this.#mayBegin(kind)) {
			this.#running[kind]++;
			return;
		}
		const turn = Promise.withResolvers<void>();
		this.#waiting[kind].push(turn.resolve);
		await turn.promise;
	}

	#mayBegin(kind: PassKind): boolean {
		const { asked, background, range } = this.#running;
		if (kind === "range") return range < limits.bufferedRangesAtOnceMax;
		if (kind === "asked") return asked < limits.askedLargePassesMax;
		return asked === 0 && background < limits.backgroundLargePassesMax;
	}

	#wake(kind: PassKind): void {
		while (this.#waiting[kind].length > 0 && this.#mayBegin(kind)) {
			this.#running[kind]++;
			this.#waiting[kind].shift()?.();
		}
	}
}
